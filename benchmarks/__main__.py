"""Run all benchmarks, or those named on the command line, and print one table."""

from __future__ import annotations

import importlib
import os
import platform
import sys
from pathlib import Path


def machine() -> str:
    """The machine the table was made on."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = [
            line.partition(":")[2].strip()
            for line in info.read_text().splitlines()
            if line.startswith("model name")
        ]
        model = lines[0] if lines else model
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}"


def main(topics: list[str]) -> int:
    """Print the rows of each topic; the exit code is 1 if a topic failed."""
    known = sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))
    print(f"# {machine()}\n", flush=True)
    print("| what | against | theirs | ours | ratio | goal | answers |")
    print("|---|---|--:|--:|--:|---|---|")
    failed = 0
    for topic in topics or known:
        try:
            for row in importlib.import_module(f"benchmarks.bench_{topic}").run():
                print(
                    f"| {row.name} | {row.peer} | {_time(row.peer_s)} | {_time(row.ours_s)} | {row.ratio:.1f} |"
                    f" {row.goal} | {row.agreement} |",
                    flush=True,
                )
        except Exception as error:
            failed = 1
            print(f"| {topic} | failed | | | | | {type(error).__name__}: {error} |", flush=True)
    return failed


def _time(seconds: float) -> str:
    return f"{seconds * 1e3:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
