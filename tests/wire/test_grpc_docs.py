"""Every command of docs/grpc.md runs as it stands, and every RPC has one there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from citymains.plugins.manager import plugin_manager
from citymains.wire.errors import CLASSES
from citymains.wire.faces import FRAME_FACES
from citymains.wire.plan import service_descriptor

PAGE = Path(__file__).resolve().parents[2] / "docs" / "grpc.md"
BLOCKS = re.findall(r"```bash\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
MODELS = {"water": ("Net1", "water.inp"), "gas": ("schutterwald", "gas.json"),
          "heating": ("schutterwald_heat", "heating.json"), "drainage": ("district", "drainage.inp")}  # fmt: skip


def test_every_rpc_has_a_call() -> None:
    text = "\n".join(BLOCKS)
    faces = [*FRAME_FACES.values(), *(plugin_manager().utility(name).load_face() for name in MODELS)]
    for face in faces:
        package, _, service = face.service.removeprefix("citymains.api.").rpartition(".")
        for rpc in service_descriptor(face).methods_by_name:
            if rpc in ("ImportNetwork", "CompareReports"):  # by the shell functions `upload` and `compare`
                assert re.search(rf"(upload|compare) .* {package}\.{service}\b", text), rpc
            else:
                assert f"$api.{package}.{service}/{rpc} " in text, rpc
    for rpc in ("Get", "List", "Wait", "Cancel", "Delete"):
        assert f"$ops/{rpc}Operation" in text


def test_every_error_class_is_listed() -> None:
    table = PAGE.read_text(encoding="utf-8").partition("## Errors")[2]
    for name in set(CLASSES) - {"CitymainsError"}:
        assert f"`{name}`" in table, name


@pytest.mark.timeout(900)  # every question of four utilities, one after the other
@pytest.mark.skipif(shutil.which("buf") is None, reason="buf is not installed: npm install @bufbuild/buf")
def test_every_command_runs(run_server: Any, tmp_path: Path) -> None:
    from citymains.workbench import Workbench

    workbench = Workbench(
        database=f"sqlite:///{tmp_path / 'x.db'}", files=tmp_path / "files", reads_paths=False
    )
    faces = [plugin_manager().utility(name).load_face()(workbench) for name in MODELS]
    for face, (net, file) in zip(faces, MODELS.values(), strict=True):
        shutil.copy(face.bundled()[net], tmp_path / file)
    running = run_server(*faces, workbench=workbench)
    script = "set -euo pipefail\n" + "\n".join(BLOCKS)
    environment = {**os.environ, "URL": f"http://{running.target}"}
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
