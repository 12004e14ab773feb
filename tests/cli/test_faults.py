"""Exit codes, and errors in two languages without a traceback."""

from __future__ import annotations

import pytest
from citymains import errors
from citymains.cli.faults import exit_code


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (("sketch", "fail", "crash"), 3, "ENGINE_CRASHED"),
        (("sketch", "fail", "gone"), 4, "NOT_FOUND"),
        (("sketch", "fail", "bug"), 5, "INTERNAL"),
        (("sketch", "fail", "interrupt"), 130, "interrupted"),
        (("sketch", "echo", "networks/" + "0" * 64), 4, "NETWORK_NOT_FOUND"),
        (("sketch", "echo", "no/such/file"), 2, "FILE_NOT_FOUND"),
        (("sketch", "renewal", "net", "--close", "P-1"), 4, "NOT_BUILT"),
        (("study", "run", "x.toml"), 4, "NOT_BUILT"),
        (("report", "studies/1", "--out", "x.html"), 4, "NOT_BUILT"),
        (("report", "nothing.json", "--out", "x.html"), 2, "FILE_NOT_FOUND"),
        (("nonsense",), 2, "nonsense"),
        (("sketch", "nonsense"), 2, "nonsense"),
        (("demo", "--scale", "0"), 2, "scale"),
        (("serve", "nonsense"), 4, "nonsense"),
        (("serve", "sketch", "--host", "0.0.0.0"), 2, "LISTEN_UNSAFE"),
        (("broken",), 2, "PLUGIN_FAILED"),
    ],
)
def test_exit_code_and_message(call, arguments, code, word):
    said = call(*arguments)
    assert said.code == code, said.err
    assert said.out == ""
    assert word in said.err
    assert "Traceback" not in said.err


def test_a_promised_question_says_that_it_is_not_built(call):
    import citymains_sketch
    from citymains.question import questions
    from citymains.utility import PLANNED

    promised = sorted(PLANNED[""] - set(questions(citymains_sketch.Sketch)))
    if not promised:
        pytest.skip("every question of every utility is built")
    for name in promised:
        said = call("sketch", name.replace("_", "-"), "net", "--pipes", "P-1")
        assert (said.code, said.out) == (4, "")
        assert "NOT_BUILT" in said.err
        assert name in said.err


def test_both_languages_the_users_first(call):
    english = call("sketch", "fail", "crash").err.splitlines()
    chinese = call("sketch", "fail", "crash", "--lang", "zh").err.splitlines()
    assert english[0].startswith("ENGINE_CRASHED: The engine sketch died with SIGSEGV")
    assert "异常终止" in english[1]
    assert "异常终止" in chinese[0]
    assert "died with SIGSEGV" in chinese[1]


def test_debug_shows_where(call, monkeypatch):
    monkeypatch.setenv("CITYMAINS_DEBUG", "1")
    assert "Traceback" in call("sketch", "fail", "bug").err


def test_every_error_class_has_an_exit_code():
    def classes(cls):
        yield cls
        for sub in cls.__subclasses__():
            yield from classes(sub)

    made = {cls: cls({}) if cls is errors.BatchError else cls() for cls in classes(errors.CitymainsError)}
    codes = {cls.__name__: exit_code(error) for cls, error in made.items()}
    assert set(codes.values()) <= {2, 3, 4, 5}
    assert (
        codes["InputError"] == codes["LimitError"] == codes["PluginError"] == codes["MissingExtraError"] == 2
    )
    assert codes["SolverError"] == codes["NotConvergedError"] == codes["BatchError"] == 3
    assert codes["NotFoundError"] == codes["NotBuiltError"] == 4
    assert codes["InternalError"] == 5
    assert exit_code(errors.TransportError("UNAVAILABLE")) == 4
    assert exit_code(errors.TransportError("UNAUTHENTICATED")) == 2
