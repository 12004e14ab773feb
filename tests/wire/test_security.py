"""Who may connect, and how: loopback, TLS, client certificates, tokens."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import grpc
import pytest
import wire_echo
from citymains.errors import CitymainsError, InputError, StateError, TransportError
from citymains.wire.client import connect
from citymains.wire.connection import is_loopback
from citymains.wire.server import ServerSettings
from grpc_health.v1 import health_pb2

HEALTH = "/grpc.health.v1.Health/Check"


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def pems(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ca.pem, and server and client certificates signed by it."""
    folder = tmp_path_factory.mktemp("pems")
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    try:
        _openssl(
            folder,
            "req",
            "-x509",
            *curve,
            "-keyout",
            "ca.key",
            "-out",
            "ca.pem",
            "-subj",
            "/CN=test ca",
            "-days",
            "2",
        )
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    for name in ("server", "client"):
        _openssl(
            folder, "req", *curve, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}"
        )
        (folder / "ext").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        _openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                 "-out", f"{name}.pem", "-days", "2", "-extfile", "ext")  # fmt: skip
    return folder


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "[::]:0", "10.1.2.3:50051", "water.example:50051"])
def test_an_open_address_needs_tls_and_a_token(listen: str, pems: Path) -> None:
    with pytest.raises(StateError) as caught:
        ServerSettings(listen=listen)
    assert caught.value.code == "LISTEN_UNSAFE"
    with pytest.raises(StateError):
        ServerSettings(listen=listen, token="t")
    with pytest.raises(StateError):
        ServerSettings(listen=listen, certificate=pems / "server.pem", key=pems / "server.key")
    ServerSettings(listen=listen, token="t", certificate=pems / "server.pem", key=pems / "server.key")


@pytest.mark.parametrize("listen", ["127.0.0.1:0", "localhost:1", "[::1]:5", "unix:/run/x.sock"])
def test_loopback_needs_neither(listen: str) -> None:
    assert is_loopback(listen)
    ServerSettings(listen=listen)


def test_half_a_certificate_is_refused(pems: Path) -> None:
    with pytest.raises(InputError):
        ServerSettings(certificate=pems / "server.pem")
    with pytest.raises(InputError):
        ServerSettings(client_ca=pems / "ca.pem")


def test_tls_with_the_authority(run_server: Any, connect_echo: Any, pems: Path) -> None:
    target = run_server(wire_echo.Echo(), certificate=pems / "server.pem", key=pems / "server.key").target
    assert connect_echo(target, ca=pems / "ca.pem").build().to_json() == wire_echo.rows(3).to_json()
    with pytest.raises(TransportError):  # the system's authorities do not know ours
        connect_echo(f"dns:///{target}", ca=(pems / "client.pem").read_bytes(), timeout_s=5).build()
    with pytest.raises(TransportError):
        connect_echo(target, timeout_s=5).build()


def test_mutual_tls(run_server: Any, connect_echo: Any, pems: Path) -> None:
    settings = {"certificate": pems / "server.pem", "key": pems / "server.key", "client_ca": pems / "ca.pem"}
    target = run_server(wire_echo.Echo(), **settings).target
    known = connect_echo(target, ca=pems / "ca.pem", cert=pems / "client.pem", key=pems / "client.key")
    assert known.judge("networks/1").text
    with pytest.raises(TransportError) as caught:
        connect_echo(target, ca=pems / "ca.pem", timeout_s=5).build()
    assert caught.value.code == "UNAVAILABLE"
    with pytest.raises(InputError):
        connect_echo(target, cert=pems / "client.pem")


@pytest.mark.parametrize("token", [None, "wrong", ""])
def test_without_the_token_every_shape_is_unauthenticated(
    run_server: Any, connect_echo: Any, token: str | None
) -> None:
    face = wire_echo.Echo()
    remote = connect_echo(run_server(face, token="geheim").target, token=token)
    for ask in (
        remote.build,
        lambda: remote.load(wire_echo.SourceFile("x", b"x" * 3_000_000)),
        remote.toil,
        lambda: list(remote.count(up_to=3)),
        lambda: list(remote.converse(iter([wire_echo.Plain()]))),
        lambda: remote.city.start("echo.build"),
    ):
        with pytest.raises(CitymainsError) as caught:
            ask()
        assert caught.value.code == "UNAUTHENTICATED"
    assert not face.seen


def test_with_the_token_every_shape_answers(run_server: Any, connect_echo: Any) -> None:
    remote = connect_echo(run_server(wire_echo.Echo(), token="geheim").target, token="geheim")
    assert remote.build().verdict
    assert remote.toil(steps=1).result(5).number == 1
    assert len(list(remote.count(up_to=3))) == 3


def test_health_needs_no_token_and_reflection_does(run_server: Any) -> None:
    from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

    target = run_server(wire_echo.Echo(), token="geheim").target
    with grpc.insecure_channel(target) as channel:
        for service in ("", "citymains_echo.v1.EchoService", "google.longrunning.Operations"):
            request = health_pb2.HealthCheckRequest(service=service).SerializeToString()
            answer = health_pb2.HealthCheckResponse.FromString(channel.unary_unary(HEALTH)(request))
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
        ask = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        with pytest.raises(grpc.RpcError) as caught:
            list(ask(iter([request])))
        assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
        (answer,) = ask(iter([request]), metadata=[("authorization", "Bearer geheim")])
        names = {one.name for one in answer.list_services_response.service}
        assert {
            "citymains_echo.v1.EchoService",
            "citymains.api.study.v1.StudyService",
            "grpc.health.v1.Health",
        } <= names


def test_a_taken_port_is_told(run_server: Any) -> None:
    running = run_server(wire_echo.Echo())
    with pytest.raises(StateError) as caught:
        run_server(wire_echo.Echo(), listen=f"127.0.0.1:{running.server.port}")
    assert caught.value.code == "LISTEN_FAILED"


def test_secrets_are_not_printed() -> None:
    from citymains.wire.channel import Destination

    assert "geheim" not in repr(ServerSettings(token="geheim"))
    assert "geheim" not in repr(Destination("localhost:1", token="geheim"))


@pytest.mark.parametrize("token", ["令牌", "a\nb", "a\0"])
def test_a_token_that_no_header_can_carry_is_refused_on_both_sides_and_not_repeated(token: str) -> None:
    for make in (lambda: ServerSettings(token=token), lambda: connect("127.0.0.1:1", token=token)):
        with pytest.raises(InputError, match="token") as caught:
            make()
        assert token not in str(caught.value)


def test_a_connection_needs_a_target() -> None:
    with pytest.raises(InputError, match="target"):
        connect("")


def test_a_client_names_the_pem_file_that_is_none(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("no certificate", encoding="utf-8")
    with pytest.raises(InputError, match=r"CERTIFICATE_INVALID.*ca\.pem"):
        connect("localhost:1", ca=file)
