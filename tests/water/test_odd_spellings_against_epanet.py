"""Odd spellings: what EPANET 2.2 or 2.3 opens is opened here, and what it is fed gives the same heads."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from citymains.intake.source import SourceFile
from citymains_water.engine_input import Demands, engine_ids_of, engine_text, stored_document
from citymains_water.network import read_network
from citymains_water.solver import library_path
from citymains_water.solver_22 import library as library_22

HERE = Path(__file__).parent
BASE = (HERE / "odd_base.inp").read_text(encoding="utf-8")
TOLERANCE = 1e-3

#: Refused although EPANET goes on, and why.
REFUSED = {
    "no_end_nonl": "cannot be told from a file that was cut off",
    "junc_hex": "0xA is ten to one C library, zero to another",
    "tank_diam0": "a tank without a section",
    "pipe_zerorough": "2.3 refuses it",
    "pipe_neg": "2.3 refuses it",
    "pipe_five": "2.3 invents a roughness of 130, 2.2 refuses it",
    "pump_comma": "2.3 loses the pump without a word, 2.2 refuses it",
    "valve_minorneg": "2.3 refuses it",
    "opt_hydsave": "a model may not name files",
    "rep_file": "a model may not name files",
    "time_dur_neg": "a duration below zero",
    "nul": "a character that ends a string in C",
    "open_quote": "a word nobody closed may be anything",
    "slash_comment": "no comment to EPANET: 2.3 loses the row without a word, 2.2 refuses it",
    "hash_comment": "as above",
    "dash_line": "as above",
}


def spellings() -> dict[str, str]:
    """Each odd model by name: those of the table, and the whole file written differently."""
    found = {"base": BASE}
    for line in (HERE / "odd_spellings.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        name, how, where, text = (
            part.encode("latin-1", "backslashreplace").decode("unicode_escape") for part in line.split("\t")
        )
        if how == "append":
            heading, following = f"[{where}]\n", BASE.partition(f"[{where}]\n")[2]
            rows = following.partition("\n[")[0]
            found[name] = BASE.replace(heading + rows, f"{heading}{rows}\n{text}")
        else:
            assert where in BASE, name
            found[name] = BASE.replace(where, text, 1)
    lines = BASE.split("\n")
    found |= {
        "lower_case": BASE.lower(),
        "tabs": BASE.replace(" ", "\t"),
        "windows": BASE.replace("\n", "\r\n"),
        "indented": "\n".join("   " + line for line in lines),
        "comments": "\n".join(f"{line} ;comment" if line else line for line in lines),
        "comments_close": "\n".join(f"{line};comment" if line else line for line in lines),
        "heading_words": re.sub(r"(\[\w+\])", r"\1 more words", BASE),
        "blank_lines": BASE.replace("\n", "\n   \t\n"),
        "dos_end": BASE + "\x1a",
        "dos_end_alone": BASE.replace("[END]\n", "") + "\x1a\n",
        "text_before": "some text\n" + BASE,
        "options_first": "[OPTIONS]\nUNITS LPS\n" + BASE.replace("UNITS LPS\n", ""),
        "no_title": BASE.replace("[TITLE]\nTest\n", ""),
        "no_times": re.sub(r"\[TIMES\].*?(?=\[)", "", BASE, flags=re.S),
        "no_options": re.sub(r"\[OPTIONS\].*?(?=\[)", "", BASE, flags=re.S),
        "after_end": BASE + "junk here\n[JUNCTIONS]\nJ9 1 1\n",
        "names_of_31": BASE.replace("J5", "J5" + "x" * 29),
        "chinese": BASE.replace("J5", "节点5"),
        "odd_names": BASE.replace("J5", "J-5/#$%(a)"),
        "same_name_of_node_and_link": BASE.replace("L5", "J5"),
        "pattern_of_39": BASE.replace("P2 1 0.9", "P2 " + "1 0.9 " * 19 + "1"),
    }
    return found


MODELS = spellings()


def read(folder: Path, name: str):
    path = folder / f"{name}.inp"
    path.write_text(MODELS[name], encoding="utf-8", newline="")
    return path, read_network(SourceFile.read(path))


@pytest.fixture(scope="module")
def answers(tmp_path_factory, run_program):
    """Of both versions: heads from the files as they are, and from what they are fed here."""
    folder = tmp_path_factory.mktemp("odd")
    fed = folder / "fed"
    fed.mkdir()
    for name in MODELS:
        _, intake = read(folder, name)
        if not intake.errors:
            document = stored_document(intake.document, name)
            ids = engine_ids_of({table.name: table for table in intake.tables}, document)
            model = intake.options["demand_model"]
            demands = Demands(model) if model == "DDA" else Demands(model, 0.0, 0.1, 0.5)
            (fed / f"{name}.inp").write_text(engine_text(document, ids, demands), encoding="ascii")
    libraries = {"2.3": library_path(), "2.2": library_22()._name}
    found = {}
    for version, library in libraries.items():
        for what, place in (("file", folder), ("fed", fed)):
            out = place / f"{version}.json"
            files = sorted(place.glob("*.inp"))
            run_program("native_epanet.py", library, out, *files, cwd=place)
            found[what, version] = {
                key.removesuffix(".inp"): value for key, value in json.loads(out.read_text()).items()
            }
    return found


def test_enough_is_odd(answers):
    opened = {*answers["file", "2.2"], *answers["file", "2.3"]}
    assert len(opened) > 200
    assert len(MODELS) - len(opened) > 100


@pytest.mark.parametrize("name", MODELS)
def test_what_epanet_opens_is_opened_and_is_the_same(answers, tmp_path, name):
    version = next((one for one in ("2.3", "2.2") if name in answers["file", one]), None)
    _, intake = read(tmp_path, name)
    if version is None:
        return  # what no version calculates may be refused or mended
    if name in REFUSED:
        assert intake.errors, f"no longer refused: {name}"
        return
    assert not intake.errors, [(one.code, one.line, one.value) for one in intake.errors]
    theirs, ours = answers["file", version][name], answers["fed", version][name]
    assert len(theirs) == len(ours)
    for (node, heads), others in zip(theirs.items(), ours.values(), strict=True):
        assert others == pytest.approx(heads, abs=TOLERANCE), node


def test_every_word_that_is_mended_is_told_and_stays_mended(tmp_path):
    for name in MODELS:
        _, intake = read(tmp_path, name)
        if intake.errors:
            continue
        again = read_network(SourceFile(f"{name}.inp", intake.document))
        assert again.document == intake.document, name
        assert not [one for one in again.issues if one.severity == "repair"], name
