"""Every shape of question, asked of a real server."""

from __future__ import annotations

import hashlib
import threading
import time
from typing import Any

import pytest
import wire_echo
from citymains.call import Call
from citymains.errors import (
    CancelledError,
    ConflictError,
    EngineTimeoutError,
    InputError,
    LimitError,
    NotFoundError,
    StateError,
    TransportError,
)
from citymains.intake.source import SourceFile
from citymains.model.scenario import Scenario


def test_a_unary_question_gives_the_same_record(remote: Any) -> None:
    assert remote.build(row_count=50).to_json() == wire_echo.rows(50).to_json()


def test_defaults_stay_the_callees(remote: Any) -> None:
    said = remote.judge("networks/1").text
    assert said == repr(("networks/1", 24.0, None, "RED", (), None, False, True))


def test_given_zeros_are_not_defaults(remote: Any) -> None:
    said = remote.judge(
        "networks/1", hours=0.0, required=0.0, colour="DARK_BLUE", pipes="P-1", careful=False
    ).text
    assert said == repr(("networks/1", 0.0, 0.0, "DARK_BLUE", ("P-1",), None, False, False))


def test_a_scenario_arrives_edit_by_edit(remote: Any) -> None:
    scenario = Scenario.close("P-1", start_s=0.0) + Scenario.burst("P-2", 50) + Scenario.lose(pumps=["A"])
    assert repr(scenario) in remote.judge("networks/1", scenario=scenario).text


def test_every_wrong_argument_is_named_at_once(remote: Any) -> None:
    with pytest.raises(InputError) as caught:
        remote.judge("networks/1", hours="24", colour="GREEN", pipes=["a", 3])
    assert [one.field for one in caught.value.issues] == ["hours", "colour", "pipes[1]"]


def test_a_wrong_name_is_the_same_type_error_as_local(remote: Any) -> None:
    with pytest.raises(TypeError, match="hourz"):
        remote.judge("networks/1", hourz=3)


def test_methods_keep_signature_and_docstring(remote: Any) -> None:
    import inspect

    assert inspect.signature(type(remote).judge) == inspect.signature(wire_echo.Echo.judge)
    assert type(remote).judge.__doc__ == wire_echo.Echo.judge.__doc__


# -- upload ------------------------------------------------------------------------------------------


def test_an_upload_of_several_chunks_arrives_whole(remote: Any) -> None:
    content = bytes(range(256)) * 12_345
    network = remote.load(SourceFile("镇/管网.inp", content), crs="EPSG:4547")
    assert network.id == "networks/" + hashlib.sha256(content).hexdigest()
    assert (network.name, network.crs, network.counts) == ("管网.inp", "EPSG:4547", {"bytes": len(content)})


def test_a_path_as_network_is_loaded_first_and_once(remote: Any, echo: Any, tmp_path: Any) -> None:
    path = tmp_path / "once.inp"
    path.write_bytes(b"[TITLE]")
    before = len(echo.seen)
    for _ in range(2):
        assert hashlib.sha256(b"[TITLE]").hexdigest() in remote.judge(path).text
    assert echo.seen[before:] == ["once.inp"]


def test_a_missing_path_is_refused_by_the_client(remote: Any) -> None:
    with pytest.raises(InputError) as caught:
        remote.judge("no/such/file.inp")
    assert caught.value.code == "FILE_NOT_FOUND"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"byte_length": 9}, "FILE_LENGTH_MISMATCH"),
        ({"byte_length": 11}, "FILE_LENGTH_MISMATCH"),
        ({"sha256": "0" * 64}, "FILE_HASH_MISMATCH"),
        ({"sha256": ""}, "FILE_HASH_MISMATCH"),
        ({"byte_length": -1}, "ARGUMENT_INVALID"),
    ],
)
def test_an_upload_that_is_not_what_it_says_is_refused(
    remote: Any, change: dict[str, Any], code: str
) -> None:
    with pytest.raises(InputError) as caught:
        _upload(remote, b"0123456789", **change)
    assert caught.value.code == code
    assert not isinstance(caught.value, LimitError)


def test_an_oversized_upload_is_refused_by_its_header(remote: Any) -> None:
    with pytest.raises(LimitError) as caught:
        _upload(remote, b"", byte_length=100 * 1024 * 1024)
    assert caught.value.code == "FILE_TOO_LARGE"


def test_an_upload_that_lies_about_its_size_is_refused_at_the_limit(
    run_server: Any, connect_echo: Any
) -> None:
    running = run_server(wire_echo.Echo())
    running.server.answers.max_model_bytes = 1000
    with pytest.raises(LimitError):
        _upload(connect_echo(running.target), b"x" * 2000, byte_length=1000)


def _upload(remote: Any, content: bytes, **change: Any) -> Any:
    from citymains.api.network.v1 import network_pb2

    header = network_pb2.ImportNetworkHeader(
        file_name="x.inp", byte_length=len(content), sha256=hashlib.sha256(content).hexdigest()
    )
    for name, value in change.items():
        setattr(header, name, value)
    parts = [network_pb2.ImportNetworkRequest(header=header), network_pb2.ImportNetworkRequest(chunk=content)]
    plan = remote._asker.plans["load"]
    return remote._line._upload(plan.path, iter([one.SerializeToString() for one in parts]))


# -- long --------------------------------------------------------------------------------------------


def test_a_long_question_tells_its_progress_and_its_answer(remote: Any) -> None:
    operation = remote.toil(steps=30)
    seen = list(operation.watch(0.01))
    assert operation.result(5) == wire_echo.Plain(text="done", number=30)
    assert [share for share, _ in seen] == sorted(share for share, _ in seen)
    assert seen[-1][0] == 1.0
    assert len(seen) > 3


def test_a_long_question_is_cancelled(remote: Any) -> None:
    operation = remote.toil(steps=10_000)
    assert not operation.done()
    operation.cancel()
    with pytest.raises(CancelledError):
        operation.result(5)


def test_a_long_question_fails_with_its_own_error(remote: Any) -> None:
    operation = remote.toil(steps=-1)
    with pytest.raises(InputError) as caught:
        operation.result(5)
    assert caught.value.issues[0].field == "steps"


def test_waiting_has_a_limit(remote: Any) -> None:
    operation = remote.toil(steps=1000)
    with pytest.raises(TimeoutError):
        operation.result(0.1)
    operation.cancel()


def test_the_same_request_id_is_the_same_operation(remote: Any) -> None:
    from citymains.wire.operations import operations_pb2
    from citymains_echo.v1 import echo_pb2

    def start(steps: int) -> str:
        request = echo_pb2.ToilRequest(steps=steps, request_id="4b0c1f7e-0f5a-4f7e-9d43-1f0b3c1f0a55")
        content = remote._line.unary("/citymains_echo.v1.EchoService/Toil", request.SerializeToString())
        return str(operations_pb2.Operation.FromString(content).name)

    assert start(2) == start(2)
    with pytest.raises(ConflictError):
        start(3)


def test_any_question_starts_as_an_operation(remote: Any) -> None:
    operation = remote.city.start("echo.build", row_count=5)
    assert operation.result(5).to_json() == wire_echo.rows(5).to_json()
    assert remote.city.start("echo.toil", steps=3).result(5).number == 3
    with pytest.raises(InputError):
        remote.city.start("echo.count", up_to=3)
    with pytest.raises(NotFoundError):
        remote.city.start("echo.nothing")


def test_operations_are_listed_in_pages_and_deleted(remote: Any) -> None:
    from citymains.wire.operations import operations_pb2

    for _ in range(3):
        remote.toil(steps=0).result(5)
    names: list[str] = []
    token = ""
    while True:
        request = operations_pb2.ListOperationsRequest(page_size=2, page_token=token)
        page = operations_pb2.ListOperationsResponse.FromString(
            remote._line.unary("/google.longrunning.Operations/ListOperations", request.SerializeToString())
        )
        names += [one.name for one in page.operations]
        token = page.next_page_token
        if not token:
            break
    assert len(names) == len(set(names)) >= 3
    request = operations_pb2.DeleteOperationRequest(name=names[0])
    remote._line.unary("/google.longrunning.Operations/DeleteOperation", request.SerializeToString())
    with pytest.raises(NotFoundError):
        remote._line.unary(
            "/google.longrunning.Operations/GetOperation",
            operations_pb2.GetOperationRequest(name=names[0]).SerializeToString(),
        )


# -- watch and duplex -----------------------------------------------------------------------------------


def test_a_watch_gives_records_as_they_come(remote: Any) -> None:
    assert [one.number for one in remote.count(up_to=5)] == [0, 1, 2, 3, 4]


def test_a_watch_gives_what_it_had_before_it_failed(remote: Any) -> None:
    stream = remote.count(up_to=20)
    assert [next(stream).number for _ in range(13)] == list(range(13))
    with pytest.raises(StateError):
        next(stream)


def test_a_watch_left_early_ends_on_the_server(remote: Any, echo_server: Any) -> None:
    stream = remote.count(up_to=10)
    next(stream)
    stream.close()
    _until(lambda: echo_server.server.answers.desk.seats_taken == 0)


def test_a_duplex_question_answers_item_by_item(remote: Any) -> None:
    def items() -> Any:
        for number in (1, 2, 3):
            yield wire_echo.Plain(text=str(number), number=number)

    assert [(one.text, one.number) for one in remote.converse(items(), greeting="hi ")] == [
        ("hi 1", 1), ("hi 2", 3), ("hi 3", 6),
    ]  # fmt: skip


def test_a_duplex_question_that_is_left_frees_its_thread(remote: Any, echo_server: Any) -> None:
    stay = threading.Event()

    def items() -> Any:
        yield wire_echo.Plain(number=1)
        stay.wait(5)

    stream = remote.converse(items())
    assert next(stream).number == 1
    stream.close()
    _until(lambda: echo_server.server.answers.desk.seats_taken == 0)
    stay.set()


# -- deadline, cancel, overload --------------------------------------------------------------------------


def test_a_deadline_ends_the_question_here_and_there(run_server: Any, connect_echo: Any) -> None:
    face = wire_echo.Echo()
    remote = connect_echo(run_server(face).target, timeout_s=0.3)
    start = time.monotonic()
    with pytest.raises(EngineTimeoutError) as caught:
        remote.sleep(5.0)
    assert time.monotonic() - start < 1.0
    assert caught.value.code == "DEADLINE_EXCEEDED"
    _until(lambda: bool(face.ended))


def test_the_current_calls_deadline_travels(remote: Any) -> None:
    with Call(timeout_s=0.2).active(), pytest.raises(EngineTimeoutError):
        remote.sleep(5.0)


def test_a_server_sets_a_deadline_where_the_caller_sets_none(run_server: Any, connect_echo: Any) -> None:
    remote = connect_echo(run_server(wire_echo.Echo(), default_deadline_s=0.2).target)
    with pytest.raises(EngineTimeoutError):
        remote.sleep(5.0)


def test_cancelling_the_call_ends_the_question_there(run_server: Any, connect_echo: Any) -> None:
    face = wire_echo.Echo()
    remote = connect_echo(run_server(face).target)
    call = Call()
    threading.Timer(0.2, call.cancel).start()
    with call.active(), pytest.raises(CancelledError):
        remote.sleep(5.0)
    _until(lambda: face.ended == ["ENGINE_CANCELLED"])


def test_what_does_not_fit_in_the_queue_is_refused_at_once(run_server: Any, connect_echo: Any) -> None:
    face = wire_echo.Echo()
    running = run_server(face, workers=1, queue=1)
    remote = connect_echo(running.target)
    threads = [threading.Thread(target=remote.sleep, args=(0.6,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    _until(lambda: running.server.answers.desk.seats_taken == 2)
    with pytest.raises(TransportError) as caught:
        remote.sleep(0.0)
    assert caught.value.code == "OVERLOADED"
    for thread in threads:
        thread.join()
    assert remote.sleep(0.0).text == "awake"


def test_long_questions_do_not_keep_short_ones_waiting(run_server: Any, connect_echo: Any) -> None:
    remote = connect_echo(run_server(wire_echo.Echo(), workers=1, queue=2).target)
    operations = [remote.toil(steps=10_000) for _ in range(4)]
    assert remote.build().to_json() == wire_echo.rows(3).to_json()
    with pytest.raises(TransportError) as caught:
        remote.toil(steps=1)
    assert caught.value.code == "OVERLOADED"
    for operation in operations:
        operation.cancel()


def test_an_unreachable_server_is_a_transport_error(connect_echo: Any) -> None:
    with pytest.raises(TransportError) as caught:
        connect_echo("localhost:1", timeout_s=5).build()
    assert caught.value.code == "UNAVAILABLE"
    assert "localhost:1" in str(caught.value)


def _until(condition: Any, limit_s: float = 2.0) -> None:
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)
