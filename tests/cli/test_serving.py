"""`citymains serve` and `--server`: the same answer here and there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from citymains.demo.town import write_town

_CALL = [sys.executable, "-m", "citymains.cli.main"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a drainage server with a token."""
    import os

    home = tmp_path_factory.mktemp("server")
    command = [*_CALL, "serve", "drainage", "--port", "0", "--token", "secret"]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env=os.environ | {"CITYMAINS_HOME": str(home)}
    ) as process:
        assert process.stderr is not None
        address = None
        for line in process.stderr:
            address = re.search(r"127\.0\.0\.1:[1-9]\d*", line)
            if address:
                break
        assert address, "the server ended before it listened"
        yield address.group()
        process.terminate()
        assert process.wait(timeout=30) == 0


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*_CALL, *arguments], capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_town(tmp_path_factory.mktemp("town"))["drainage"]


def test_a_server_gives_the_same_json(server, model, tmp_path):
    local = _run("drainage", "simulate", str(model), "--json")
    target = tmp_path / "r.html"
    remote = _run(
        "drainage",
        "simulate",
        str(model),
        "--json",
        "--server",
        server,
        "--token",
        "secret",
        "--out",
        str(target),
    )
    assert (local.returncode, remote.returncode) == (0, 0), local.stderr + remote.stderr
    assert remote.stdout == local.stdout
    assert json.loads(local.stdout)["provenance"]["question"] == "drainage.simulate"
    assert 'class="map"' in target.read_text(encoding="utf-8")


def test_a_wrong_token_is_refused(server, model):
    said = _run("drainage", "simulate", str(model), "--server", server, "--token", "wrong")
    assert (said.returncode, said.stdout) == (2, "")
    assert "UNAUTHENTICATED" in said.stderr


def test_a_server_that_is_not_there():
    said = _run("drainage", "validate", "district", "--server", "127.0.0.1:9", "--timeout", "20")
    assert (said.returncode, said.stdout) == (4, "")
    assert "UNAVAILABLE" in said.stderr


def test_an_error_of_the_server_has_the_same_exit_code(server, tmp_path):
    (tmp_path / "bad.inp").write_text("[JUNCTIONS]\nJ1 x\n", encoding="utf-8")
    local = _run("drainage", "load", str(tmp_path / "bad.inp"))
    remote = _run("drainage", "load", str(tmp_path / "bad.inp"), "--server", server, "--token", "secret")
    assert local.returncode == remote.returncode == 2
    assert remote.stderr == local.stderr


def _pems(folder: Path) -> dict[str, Path]:
    (folder / "none.pem").write_text("no certificate", encoding="utf-8")
    (folder / "odd.pem").write_text(
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", encoding="utf-8"
    )
    return {"missing": folder / "missing.pem", "none": folder / "none.pem", "odd": folder / "odd.pem"}


@pytest.mark.parametrize(
    ("pem", "code"),
    [("missing", "FILE_NOT_FOUND"), ("none", "CERTIFICATE_INVALID"), ("odd", "CERTIFICATE_INVALID")],
)
def test_a_server_whose_certificate_is_none_says_so(tmp_path: Path, pem: str, code: str) -> None:
    file = str(_pems(tmp_path)[pem])
    done = _run("serve", "drainage", "--port", "0", "--tls-cert", file, "--tls-key", file)
    assert (done.returncode, code in done.stderr, pem in done.stderr) == (2, True, True), done.stderr


@pytest.mark.parametrize(
    ("database", "code", "status"),
    [("nonsense", "ARGUMENT_INVALID", 2), ("postgresql://nobody@127.0.0.1:1/x", "STORE_UNAVAILABLE", 2)],
)
def test_a_server_without_its_database_does_not_start(database: str, code: str, status: int) -> None:
    done = _run("serve", "drainage", "--port", "0", "--database", database)
    assert (done.returncode, code in done.stderr) == (status, True), done.stderr
