"""The engine's session and its files: many runs, complete results only, messages with their place."""

from __future__ import annotations

import numpy as np
import pytest
from citymains.engine_host.client import engine_host
from citymains.model.scenario import Scenario
from citymains_drainage.engine_input import engine_input
from citymains_drainage.network import parse_document, read_network
from citymains_drainage.options import read_options
from citymains_drainage.output_file import IncompleteOutputError, read_levels
from citymains_drainage.report_file import read_messages


def text_of(small, source):
    document = parse_document(read_network(source(small)).document)
    options, _ = read_options(document)
    return engine_input(document, options, scenario=Scenario(), hours=None).text


def test_one_session_runs_many_times_also_after_a_refusal(small, source):
    text = text_of(small, source)
    with engine_host().session("swmm", {"inp": text}) as session:
        first = session.run({})
        refused = session.run({"inp": text.replace("C1 CIRCULAR", "C1 ROUND")})
        again = [session.run({}) for _ in range(20)]
    assert [one["level"] for one in refused["messages"]] == ["error"] * len(refused["messages"])
    assert refused["messages"]
    for answer in again:
        assert answer["totals"] == first["totals"]
        assert np.array_equal(answer["levels"]["depth"], first["levels"]["depth"])


def test_the_engine_always_gets_one_thread(small, source):
    text = text_of(small.replace("THREADS 4", "THREADS 8\nthreads 16"), source)
    assert [line for line in text.upper().split("\n") if line.startswith("THREADS")] == ["THREADS 1"]


@pytest.fixture(scope="module")
def results(tmp_path_factory, small, source):
    """A complete results file, made by the engine in a process of its own."""
    import subprocess
    import sys

    folder = tmp_path_factory.mktemp("out")
    (folder / "m.inp").write_text(text_of(small, source), encoding="utf-8")
    code = "import sys; from swmm.toolkit import solver; solver.swmm_run('m.inp', 'm.rpt', 'm.out')"
    subprocess.run([sys.executable, "-c", code], cwd=folder, check=True, capture_output=True)
    return (folder / "m.out").read_bytes()


def test_levels_of_a_complete_file(tmp_path, results):
    path = tmp_path / "m.out"
    path.write_bytes(results)
    levels = read_levels(path, node_count=5, most_values=1000)
    assert levels.depths.shape == (12, 5)
    thinned = read_levels(path, node_count=5, most_values=20)
    assert thinned.every == 3
    assert np.array_equal(thinned.depths, levels.depths[::3])


@pytest.mark.parametrize("kept", [0, 10, 60, 500, -1, -4, -24, -28])
def test_a_cut_results_file_is_never_read(tmp_path, results, kept):
    path = tmp_path / "m.out"
    path.write_bytes(results[:kept] if kept < 0 else results[: min(kept, len(results))])
    with pytest.raises(IncompleteOutputError):
        read_levels(path, node_count=5, most_values=1000)


def test_a_results_file_of_another_model_is_never_read(tmp_path, results):
    path = tmp_path / "m.out"
    path.write_bytes(results)
    with pytest.raises(IncompleteOutputError):
        read_levels(path, node_count=6, most_values=1000)
    with pytest.raises(IncompleteOutputError):
        read_levels(tmp_path / "absent.out", node_count=5, most_values=1000)


REPORT = """
  ERROR 209: undefined object SUX at line 98 of [PUMP] section:
  P1 J2 SUX Curve1           ON     0        0
  ERROR 205: invalid keyword  at line 274 of input file:
  [END]
  ERROR 138: Node J7 has initial depth greater than maximum depth.
  ERROR 115: adverse slope for Conduit C-12.
  ERROR 200: one or more errors in input file.
  WARNING 04: minimum elevation drop used for Conduit C2
"""


def test_messages_of_a_report():
    found = read_messages(REPORT)
    assert [(one.level, one.code, one.line, one.section, one.element) for one in found] == [
        ("error", 209, 98, "PUMP", "SUX"),
        ("error", 205, 274, "", "[END]"),
        ("error", 138, 0, "", "J7"),
        ("error", 115, 0, "", "C-12"),
        ("warning", 4, 0, "", "C2"),
    ]
    assert found[0].text == "undefined object SUX"
