"""Every RPC, message and field of every face against its proto, and the proto against its stubs."""

from __future__ import annotations

import dataclasses
import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import wire_echo
from citymains.plugins.manager import plugin_manager
from citymains.question import Face, Parameter, Question, Shape
from citymains.wire.binding import decode, encode, record_codec
from citymains.wire.faces import FRAME_FACES
from citymains.wire.plan import disagreements, plans, service_descriptor
from citymains.wire.requests import RequestCodec
from citymains_echo.v1 import echo_pb2

REPOSITORY = Path(__file__).resolve().parents[2]
PROTOS = sorted((REPOSITORY / "proto").rglob("*.proto"))
#: RPCs that start questions instead of being one.
NOT_QUESTIONS = {"studies": frozenset({"StartQuestion"})}
FACES = ["echo", *FRAME_FACES, *plugin_manager().utilities()]


def face_class(name: str) -> type[Face]:
    """A face by name; a utility that is not there yet is skipped."""
    if name == "echo":
        return wire_echo.Echo
    if name in FRAME_FACES:
        return FRAME_FACES[name]
    face = plugin_manager().utility(name).load_face()
    if importlib.util.find_spec(face.api) is None:
        pytest.skip(f"{face.api} is not generated")
    return face


@pytest.mark.parametrize("name", FACES)
def test_face_and_service_agree(name: str) -> None:
    face = face_class(name)
    assert disagreements(face, answered_elsewhere=NOT_QUESTIONS.get(name, frozenset())) == []
    assert face.service.rpartition(".")[0] == face.api.rpartition(".")[0]


@pytest.mark.parametrize("name", [name for name in FACES if name not in FRAME_FACES])
def test_a_bare_record_of_every_question_comes_back(name: str) -> None:
    for plan in plans(face_class(name)).values():
        try:
            record = plan.record()
        except TypeError:
            continue  # its fields have no defaults; the contract is checked field by field above
        message = encode(record, plan.response_class)
        back = decode(plan.response_class.FromString(message.SerializeToString()), plan.record)
        assert encode(back, plan.response_class) == message


@pytest.mark.parametrize("name", [name for name in FACES if name not in FRAME_FACES and name != "echo"])
def test_every_utility_has_the_two_common_rpcs(name: str) -> None:
    methods = service_descriptor(face_class(name)).methods_by_name
    assert {"ImportNetwork", "ValidateNetwork"} <= set(methods)
    assert methods["ImportNetwork"].input_type.full_name == "citymains.api.network.v1.ImportNetworkRequest"


# -- the walk notices ------------------------------------------------------------------------------------


def _build_extra(self: Any, *, row_count: int = 3, more: str = "") -> wire_echo.Rows: ...
def _build_missing(self: Any) -> wire_echo.Rows: ...
def _build_typed(self: Any, *, row_count: float = 3.0) -> wire_echo.Rows: ...
def _build_answer(self: Any, *, row_count: int = 3) -> wire_echo.Plain: ...


@pytest.mark.parametrize(
    ("function", "rpc", "shape", "says"),
    [
        (_build_extra, "Build", Shape.UNARY, "more"),
        (_build_missing, "Build", Shape.UNARY, "row_count: no such parameter"),
        (_build_typed, "Build", Shape.UNARY, "float travels as double"),
        (_build_answer, "Build", Shape.UNARY, "the message is named Rows"),
        (_build_extra, "Nowhere", Shape.UNARY, "no RPC Nowhere"),
        (_build_extra, "Count", Shape.UNARY, "streams"),
        (_build_extra, "Build", Shape.LONG, "is long and returns no"),
    ],
)
def test_a_disagreement_is_found(function: Any, rpc: str, shape: Shape, says: str) -> None:
    question = Question("build", rpc, shape, function, "")
    marked = lambda self: None  # noqa: E731 -- only what it is marked with counts
    marked.__question__ = question  # type: ignore[attr-defined]
    assert any(says in one for one in disagreements(type("Changed", (wire_echo.Echo,), {"build": marked})))


@pytest.mark.parametrize(
    ("required", "default", "says"),
    [
        (True, None, "a forgotten one is not zero"),
        (False, 3, "its default is 3"),
        (False, None, "its default is None"),
        (False, 0, ""),
    ],
)
def test_a_zero_that_is_not_the_default_is_found(required: bool, default: Any, says: str) -> None:
    parameters = [Parameter("up_to", int, required, default, "")]
    if not says:
        RequestCodec(parameters, echo_pb2.CountRequest.DESCRIPTOR)
        return
    with pytest.raises(TypeError, match=says):
        RequestCodec(parameters, echo_pb2.CountRequest.DESCRIPTOR)


def test_a_field_the_record_has_not_is_found() -> None:
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Plain:
        text: str = ""

    with pytest.raises(TypeError, match="number: no such field"):
        record_codec(Plain, echo_pb2.Plain.DESCRIPTOR)


def test_a_field_that_cannot_say_none_is_found() -> None:
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Plain:
        text: str | None = None
        number: int = 0

    with pytest.raises(TypeError, match="has to be optional"):
        record_codec(Plain, echo_pb2.Plain.DESCRIPTOR)


# -- the protos themselves -------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PROTOS, ids=lambda path: path.stem)
def test_every_element_of_a_proto_is_commented(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    element = re.compile(
        r"^\s*(message|enum|service|rpc|oneof)\s+\w+|^\s*(repeated |optional |map<)?[\w.<>, ]+\s+\w+\s*=\s*\d+"
    )
    bare = [
        f"{path.name}:{number + 1}: {line.strip()}"
        for number, line in enumerate(lines)
        if element.match(line) and not lines[number - 1].strip().startswith("//")
    ]
    assert bare == []


@pytest.mark.parametrize("path", PROTOS, ids=lambda path: path.stem)
def test_no_unsigned_and_no_single_precision(path: Path) -> None:
    assert not re.search(
        r"^\s*(optional |repeated )?(uint|fixed|float)\w*\s+\w+ = ", path.read_text(encoding="utf-8"), re.M
    )


def test_the_stubs_are_what_the_protos_give() -> None:
    done = subprocess.run(
        [sys.executable, str(REPOSITORY / "proto" / "generate.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    if "skipped" in done.stderr:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr


def test_buf_lint() -> None:
    if shutil.which("buf") is None and not (REPOSITORY / "node_modules" / ".bin" / "buf").exists():
        pytest.skip("buf is not installed: npm install @bufbuild/buf")
    done = subprocess.run(
        [sys.executable, str(REPOSITORY / "proto" / "generate.py"), "--lint"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
