"""Where output goes: readers that leave, disks that are full, streams that are closed, files that cannot be written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CITYMAINS = f"{sys.executable} -m citymains.cli.main"
#: Says more than a pipe holds and a reader of one line takes.
TALKS = f"{CITYMAINS} drainage load district --json"


def shell(command: str) -> subprocess.CompletedProcess[str]:
    """What a shell with pipefail says of a command."""
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.skipif(sys.platform != "linux", reason="speaks to bash and /dev/full")
@pytest.mark.parametrize(
    ("command", "code"),
    [
        (f"{TALKS} | head -c 1", 0),
        (f"{CITYMAINS} --help | head -1", 0),
        (f"{CITYMAINS} drainage load district | head -1", 0),
        (f"{TALKS} > /dev/full", 2),
        (f"{TALKS} >&-", 0),
        (f"{TALKS} 2>&- > /dev/null", 0),
    ],
)
def test_output_that_nobody_takes(command: str, code: int) -> None:
    done = shell(command)
    assert done.returncode == code, done.stderr
    assert ("FILE_NOT_WRITTEN" in done.stderr) == bool(code)
    assert "INTERNAL" not in done.stderr
    assert "Exception" not in done.stderr


def test_a_file_that_cannot_be_written_is_the_callers_to_mend(call, net, tmp_path: Path) -> None:
    (tmp_path / "folder.html").mkdir()
    said = call("sketch", "echo", net, "--out", "folder.html")
    assert said.code == 2
    assert "FILE_NOT_WRITTEN" in said.err


def test_what_was_there_stays_until_the_new_file_is_whole(call, net, tmp_path: Path, monkeypatch) -> None:
    from citymains.model.record import Record

    (tmp_path / "r.xlsx").write_bytes(b"before")

    def full(_: object, path: Path) -> None:
        Path(path).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Record, "to_excel", full)
    assert call("sketch", "echo", net, "--out", "r.xlsx").code == 2
    assert (tmp_path / "r.xlsx").read_bytes() == b"before"
    assert [path.name for path in tmp_path.iterdir() if "part" in path.name] == []


@pytest.mark.parametrize("timeout", ["0", "-1", "nan"])
def test_a_time_limit_has_to_leave_some_time(call, net, timeout: str) -> None:
    said = call("sketch", "echo", net, "--timeout", timeout)
    assert (said.code, "--timeout" in said.err) == (2, True)
