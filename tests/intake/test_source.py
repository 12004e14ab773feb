"""Files as bytes: whatever cannot be read is an InputError that says why."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from citymains.errors import InputError, LimitError
from citymains.intake.source import SourceFile


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("no/such/file", "FILE_NOT_FOUND"),
        (".", "FILE_UNREADABLE"),
        ("x" * 5000, "FILE_UNREADABLE"),
        (__file__ + "/below", "FILE_UNREADABLE"),
        ("a\0b", "ARGUMENT_INVALID"),
        (b"bytes", "ARGUMENT_INVALID"),
        (3, "ARGUMENT_INVALID"),
        (None, "ARGUMENT_INVALID"),
    ],
)
def test_what_is_no_readable_file_is_refused(path: object, code: str) -> None:
    with pytest.raises(InputError) as caught:
        SourceFile.read(path)  # type: ignore[arg-type]
    assert caught.value.code == code
    assert len(str(caught.value)) < 1000


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="looks at /dev")
def test_an_endless_file_ends_at_the_limit() -> None:
    with pytest.raises(LimitError):
        SourceFile.read("/dev/zero", max_bytes=10_000)


def test_a_file_at_the_limit_is_read_and_one_byte_more_is_not(tmp_path: Path) -> None:
    path = tmp_path / "模型 1.inp"
    path.write_bytes(b"x" * 100)
    assert SourceFile.read(path, max_bytes=100) == SourceFile("模型 1.inp", b"x" * 100)
    with pytest.raises(LimitError):
        SourceFile.read(path, max_bytes=99)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(b"y" * 200_000,))
    writer.start()
    assert SourceFile.read(path).content == b"y" * 200_000
    writer.join()
