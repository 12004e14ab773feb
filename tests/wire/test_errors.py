"""Every class of the error tree raised on the server arrives as itself."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
import wire_echo
from citymains import errors
from citymains.errors import BatchError, CitymainsError, InputError, InternalError
from citymains.wire.connection import PLAIN_DETAILS_BYTES
from citymains.wire.errors import CLASSES, from_status, status_code, to_status
from citymains_echo.v1 import echo_pb2
from google.rpc import error_details_pb2, status_pb2

MADE = wire_echo.made_errors()


def test_the_registry_holds_the_whole_tree() -> None:
    def tree(kind: type[CitymainsError]) -> set[str]:
        return {kind.__name__}.union(
            *(tree(one) for one in kind.__subclasses__() if one.__module__ == errors.__name__)
        )

    assert set(CLASSES) == tree(CitymainsError) == set(MADE)


@pytest.mark.parametrize("name", sorted(MADE))
def test_an_error_arrives_as_it_was_raised(remote: Any, name: str) -> None:
    raised = MADE[name]
    with pytest.raises(CitymainsError) as caught:
        remote.fail(name)
    got = caught.value
    assert type(got) is type(raised)
    assert (got.code, got.context, str(got)) == (raised.code, raised.context, str(raised))
    assert (got.message_en, got.message_zh, got.fix_en, got.fix_zh) == (
        raised.message_en, raised.message_zh, raised.fix_en, raised.fix_zh,
    )  # fmt: skip
    assert getattr(got, "issues", None) == getattr(raised, "issues", None)
    if isinstance(raised, BatchError):
        assert isinstance(got, BatchError)
        assert {i: (type(e), e.code) for i, e in got.failed.items()} == {
            i: (type(e), e.code) for i, e in raised.failed.items()
        }


@pytest.mark.parametrize("name", sorted(set(MADE) - {"InternalError", "CitymainsError"}))
def test_no_error_of_ours_is_internal_or_unknown(name: str) -> None:
    assert status_code(MADE[name]) not in (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN)


def test_a_bug_says_so_and_nothing_more(remote: Any, caplog: Any) -> None:
    with pytest.raises(InternalError) as caught:
        remote.fail("bug")
    assert "ZeroDivisionError" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert any(one.exc_info for one in caplog.records)


def test_thousands_of_issues_arrive_as_far_as_there_is_room(remote: Any) -> None:
    with pytest.raises(InputError) as caught:
        remote.fail("many")
    issues = caught.value.issues
    assert 500 <= len(issues) <= 1000
    assert issues[1].field == "第1项"


def test_a_strange_client_gets_the_standard_details_within_its_headers(echo_server: Any) -> None:
    with grpc.insecure_channel(echo_server.target) as channel:
        call = channel.unary_unary("/citymains_echo.v1.EchoService/Fail")
        with pytest.raises(grpc.RpcError) as caught:
            call(echo_pb2.FailRequest(name="many").SerializeToString())
    error = caught.value
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    packed = dict(error.trailing_metadata())["grpc-status-details-bin"]
    assert len(packed) <= PLAIN_DETAILS_BYTES
    status = status_pb2.Status.FromString(packed)
    kinds = [one.TypeName() for one in status.details]
    assert len(kinds) == len(set(kinds))
    assert {"google.rpc.ErrorInfo", "google.rpc.LocalizedMessage", "google.rpc.BadRequest"} <= set(kinds)


def test_the_standard_details_say_what_ours_do() -> None:
    status = to_status(MADE["InputError"], 100_000)
    info, local, bad = (
        error_details_pb2.ErrorInfo(),
        error_details_pb2.LocalizedMessage(),
        error_details_pb2.BadRequest(),
    )
    for one in status.details:
        for kind in (info, local, bad):
            one.Unpack(kind)
    assert (info.reason, info.domain) == ("ARGUMENT_INVALID", "citymains")
    assert local.locale == "zh-CN"
    assert "参数" in local.message
    assert bad.field_violations[0].field == "镇.inp:7:PIPES:P-1:d"
    assert bad.field_violations[0].reason == "ARGUMENT_INVALID"


def test_overload_says_when_to_come_again() -> None:
    status = to_status(errors.TransportError("OVERLOADED", limit=3), 10_000)
    retry = error_details_pb2.RetryInfo()
    assert any(one.Unpack(retry) for one in status.details)
    assert retry.retry_delay.seconds == 1


def test_a_class_the_server_makes_up_is_never_imported() -> None:
    status = to_status(MADE["StateError"], 10_000)
    for one in status.details:
        if one.TypeName().endswith("ErrorDetail"):
            one.value = one.value.replace(b"StateError", b"os.system_")
    assert type(from_status(status)) is InternalError


def test_a_full_disk_is_a_resource_that_is_exhausted() -> None:
    assert status_code(errors.StateError("STORE_FULL")) is grpc.StatusCode.RESOURCE_EXHAUSTED
