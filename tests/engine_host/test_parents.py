"""Whatever the parent is: a script on standard input, without main guard, a notebook, a server that is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

HERE = Path(__file__).parent
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

#: No main guard, and it forks a child at once: multiprocessing's start methods would run it again and again.
SCRIPT = """
import sys
from citymains.engine_host.client import engine_host
print("started")
with engine_host().session("fake_engine:FakeEngine", {"名": "管网"}) as session:
    print(session.run({"do": "echo"})["model"]["名"].encode("unicode_escape").decode())
assert "fake_engine" not in sys.modules
assert "citymains_water.solver" not in sys.modules
"""
OUTPUT = "started\n\\u7ba1\\u7f51\n"


@pytest.fixture(params=["template", "fresh"])
def environment(request: pytest.FixtureRequest) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(HERE / "engines"), "CITYMAINS_ENGINE_START": request.param}


def run(
    command: list[str], environment: dict[str, str], **options: object
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=60, check=False, **options
    )  # type: ignore[call-overload,no-any-return]


def assert_fine(done: subprocess.CompletedProcess[str]) -> None:
    assert (done.returncode, done.stdout, done.stderr) == (0, OUTPUT, "")


def test_from_standard_input(environment: dict[str, str]) -> None:
    assert_fine(run([sys.executable, "-"], environment, input=SCRIPT))


def test_from_a_script_without_main_guard_under_a_chinese_path(
    environment: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "张三 的项目"
    folder.mkdir()
    (folder / "计算.py").write_text(SCRIPT, encoding="utf-8")
    assert_fine(run([sys.executable, str(folder / "计算.py")], environment, cwd=folder))


def test_from_a_command_with_warnings_as_errors(environment: dict[str, str]) -> None:
    assert_fine(run([sys.executable, "-X", "dev", "-W", "error", "-c", SCRIPT], environment))


def test_from_a_thread_that_ends_before_the_session(environment: dict[str, str]) -> None:
    """A child bound to the thread that started it would die with that thread."""
    script = """
import threading, time
from citymains.engine_host.client import engine_host
made = []
thread = threading.Thread(target=lambda: made.append(engine_host().session("fake_engine:FakeEngine", {})))
thread.start(); thread.join(); time.sleep(0.3)
print(made[0].run({"do": "echo", "n": 5})["task"]["n"])
made[0].close()
"""
    done = run([sys.executable, "-c", script], environment)
    assert (done.stdout, done.stderr) == ("5\n", "")


def test_a_folder_of_the_user_that_hides_standard_modules(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """The engine's process does not import what happens to lie in the working directory."""
    for name in ("json", "numpy", "socket", "select"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the wrong module')")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "script.py").write_text(
        "import os\n" + SCRIPT.replace('print("started")', f'print("started")\nos.chdir({str(tmp_path)!r})')
    )
    assert_fine(run([sys.executable, str(tmp_path / "sub" / "script.py")], environment))


def test_a_parent_that_leaves_sessions_open(environment: dict[str, str], tmp_path: Path) -> None:
    environment["TMPDIR"] = str(tmp_path)
    script = SCRIPT + '\nopen_one = engine_host().session("fake_engine:FakeEngine", {})\n'
    started = time.monotonic()
    assert_fine(run([sys.executable, "-c", script], environment))
    assert time.monotonic() - started < 10.0
    assert list(tmp_path.iterdir()) == []


def test_a_server_with_grpc_and_threads(environment: dict[str, str]) -> None:
    pytest.importorskip("grpc")
    script = """
import sys, threading, time
from concurrent import futures
import grpc
from citymains.engine_host.client import engine_host

def answer(request, context):
    with engine_host().session("fake_engine:FakeEngine", {"n": int(request)}) as session:
        assert "grpc" not in session.run({"do": "look"})["modules"]
        time.sleep(0.05)
        return str(session.run({"do": "echo"})["model"]["n"]).encode()

handler = grpc.unary_unary_rpc_method_handler(answer)
server = grpc.server(futures.ThreadPoolExecutor(8))
server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("t.T", {"A": handler})])
port = server.add_insecure_port("127.0.0.1:0")
server.start()
with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
    calls = [channel.unary_unary("/t.T/A").future(str(n).encode()) for n in range(24)]
    print([int(call.result(30)) for call in calls] == list(range(24)))
server.stop(None).wait()
"""
    done = run([sys.executable, "-c", script], environment)
    assert (done.stdout, done.returncode) == ("True\n", 0), done.stderr


KILLED = """
import os, sys, time
from citymains.engine_host.client import engine_host
session = engine_host().session("fake_engine:FakeEngine", {})
pids = session.run({"do": "fork"})["pids"] if sys.argv[1] == "forks" else []
print(session.pid, engine_host().template_pid("fake_engine:FakeEngine") or session.pid, *pids, flush=True)
session.run({"do": "sleep", "seconds": 60})
"""


@linux_only
@pytest.mark.parametrize("how", ["forks", "plain"])
def test_a_parent_that_is_killed_takes_everything_along(
    environment: dict[str, str], tmp_path: Path, how: str
) -> None:
    environment["TMPDIR"] = str(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, how], env=environment, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        if how == "forks" and environment["CITYMAINS_ENGINE_START"] == "fresh":
            os.kill(
                pids.pop(), signal.SIGKILL
            )  # without a template nobody finds a grandchild that left its group
        time.sleep(0.2)
        assert all(Path(f"/proc/{pid}").exists() for pid in pids)
        os.kill(parent.pid, signal.SIGKILL)
    assert all_gone(pids, 2.0)
    assert wait_for_empty(tmp_path, 2.0)


@linux_only
def test_a_parent_that_is_killed_while_an_engine_is_loading(
    environment: dict[str, str], tmp_path: Path
) -> None:
    environment["TMPDIR"] = str(tmp_path)
    script = 'import citymains.engine_host.client as c\nc.engine_host().session("fake_engine:SlowEngine", {})'
    with subprocess.Popen([sys.executable, "-c", script], env=environment) as parent:
        pids: list[int] = []
        while not pids and parent.poll() is None:
            time.sleep(0.05)
            pids = [
                int(pid)
                for task in Path(f"/proc/{parent.pid}/task").iterdir()
                for pid in (task / "children").read_text().split()
            ]
        time.sleep(0.5)
        os.kill(parent.pid, signal.SIGKILL)
    assert all_gone(pids, 5.0)
    assert wait_for_empty(tmp_path, 2.0)


def all_gone(pids: list[int], within_s: float) -> bool:
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if not any(Path(f"/proc/{pid}").exists() for pid in pids):
            return True
        time.sleep(0.02)
    return False


def wait_for_empty(folder: Path, within_s: float) -> bool:
    until = time.monotonic() + within_s
    while list(folder.iterdir()) and time.monotonic() < until:
        time.sleep(0.02)
    return not list(folder.iterdir())


def test_what_engines_and_askers_import_is_light() -> None:
    """Raising an EngineFault needs no numpy; asking needs no solver, no grpc and no pandas."""
    script = """
import sys
import citymains.engine_host.engine
print("numpy" in sys.modules)
import citymains.engine_host.client
print(sorted({name.partition(".")[0] for name in sys.modules} & {"grpc", "pandas", "scipy", "wntr", "epanet", "swmm", "pandapipes", "multiprocessing"}))
"""
    done = run([sys.executable, "-c", script], dict(os.environ))
    assert (done.stdout, done.stderr) == ("False\n[]\n", "")
