"""`citymains demo`: what a newcomer runs first."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys

import openpyxl


def test_four_networks_calculated_and_drawn_in_a_minute(tmp_path):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "citymains.cli.main", "demo", "--out", "report"]
    said = subprocess.run(
        command,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env=os.environ | {"CITYMAINS_LANG": "en"},
    )
    assert said.returncode == 0, said.stdout + said.stderr
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Processor time, its solvers included: what else the machine does makes no difference.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 60
    assert re.findall(r"^(\w[\w ]*): .*VALID", said.stdout, re.M) == ["Water", "Gas", "Heating", "Drainage"]
    assert said.stdout.count("worst: ") == 4
    assert said.stdout.splitlines()[-5:] == [
        f"report/{name}"
        for name in ("report.html", "water.xlsx", "gas.xlsx", "heating.xlsx", "drainage.xlsx")
    ]
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    scenes = json.loads(re.search(r'id="scenes">(.*?)</script>', page, re.S).group(1))
    assert len(scenes) == 4
    for drawn in scenes:
        shown = [layer for layer in drawn["layers"] if layer["shown"]]
        assert {layer["links"] for layer in shown} == {True, False}
        assert sum(len(layer["ids"]) for layer in shown) > 60
    assert openpyxl.load_workbook(tmp_path / "report" / "water.xlsx").sheetnames[0] == "摘要 Summary"


def test_a_utility_that_fails_does_not_stop_the_others(tmp_path, monkeypatch):
    from citymains.cities import City
    from citymains.demo.run import run_demo
    from citymains.errors import EngineCrashedError

    ask = City.utility

    def utility(self, name):
        if name != "drainage":
            raise EngineCrashedError(engine=name, value="SIGSEGV", element="net")
        return ask(self, name)

    monkeypatch.setattr(City, "utility", utility)
    lines: list[str] = []
    answer = run_demo(tmp_path / "out", say=lines.append)
    assert list(answer.records) == ["drainage"]
    assert len(answer.failures) == 3
    assert [path.name for path in answer.paths] == ["report.html", "drainage.xlsx"]
    assert sum("ENGINE_CRASHED" in line for line in lines) == 3
