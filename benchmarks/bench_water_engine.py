"""What a water engine child costs to start, and what two threads in one child gain."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from benchmarks.measure import Row
from benchmarks.water_sides import Side

ROUNDS = 5
_TICKS = os.sysconf("SC_CLK_TCK")
#: A batch child may hold none of these before a model is loaded.
_HEAVY = ("wntr", "pandas", "numba", "llvmlite", "scipy", "grpc")
_TINY = "[JUNCTIONS]\nJ 0 1\n[RESERVOIRS]\nR 9\n[PIPES]\nP R J 10 100 100\n[OPTIONS]\nUNITS LPS\n[END]\n"


def run() -> Iterator[Row]:
    """Cold start, then threads."""
    yield cold_start()
    yield threads()


def cold_start() -> Row:
    """CPU time and memory of the processes behind a first session, against importing wntr."""
    from citymains.workbench import Workbench

    with Workbench().engines.session("epanet", {"inp": _TINY, "batch": True}, element="tiny"):
        children = _descendants(os.getpid())
        ours = sum(_cpu_s(one) for one in children)
        memory = max(_peak_mb(one) for one in children)
        held = sorted({name for one in children for name in _HEAVY if _holds(one, name)})
    began = os.times()
    subprocess.run([sys.executable, "-c", "import wntr"], check=True)
    ended = os.times()
    peer = ended.children_user + ended.children_system - began.children_user - began.children_system
    told = (
        f"{ours:.2f} s CPU, {memory:.0f} MB at most, holds {', '.join(held) or 'none of ' + ' '.join(_HEAVY)}"
    )
    return Row("cold start of an EPANET batch child", "import wntr", peer, ours, told, "<= 1 s CPU, <= 80 MB")


def threads() -> Row:
    """24 h of ky4: two threads in one child against one, beside what two spinning processes reach."""
    spun, swept = [], []
    with ExitStack() as stack:
        first, second, one, two = (
            Side(*arguments)
            for arguments in (
                ("spin", "-", 0, "-", 1),
                ("spin", "-", 0, "-", 1),
                ("epanet", "ky4", 24, "DDA", 8),
                ("epanet-two", "ky4", 24, "DDA", 8),
            )
        )
        for side in (first, second, one, two):
            stack.callback(side.close)
            side.ask()
        for _ in range(ROUNDS):
            begin = time.perf_counter()
            first.ask()
            alone = time.perf_counter() - begin
            begin = time.perf_counter()
            first.send()
            second.send()
            first.receive()
            second.receive()
            together = time.perf_counter() - begin
            spun.append(2 * alone / together)
            swept.append((one.ask()["wall_s"], two.ask()["wall_s"]))
    gained = statistics.median(before / after for before, after in swept)
    reached = statistics.median(spun)
    single, double = (statistics.median(column) for column in zip(*swept, strict=True))
    told = f"x{gained:.2f} where two spinning processes reach x{reached:.2f}: {gained / reached:.2f} of it"
    return Row("N-1, 24 h, ky4: two threads, one child", "one thread", single, double, told, ">= 0.9 of it")


def _descendants(of: int) -> list[int]:
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found, fresh = [], [of]
    while fresh:
        fresh = [child for child, parent in parents.items() if parent in fresh]
        found += fresh
    return found


def _cpu_s(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _peak_mb(process: int) -> float:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def _holds(process: int, name: str) -> bool:
    return f"/{name}/" in Path(f"/proc/{process}/maps").read_text()
