"""The server: faces in, one port out; TLS, token, health, reflection and a graceful end."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from os import PathLike
from typing import Any, Final

import grpc

from citymains.errors import InputError, MissingExtraError, StateError
from citymains.intake.source import MAX_MODEL_BYTES
from citymains.messages import Text, register_messages
from citymains.question import Face
from citymains.rules.face import RuleFace
from citymains.services import NetworkFace, PluginFace, StudyFace
from citymains.wire.answers import Answers
from citymains.wire.auth import TokenInterceptor
from citymains.wire.connection import SERVER_OPTIONS, is_loopback
from citymains.wire.credentials import check_token, server_credentials
from citymains.wire.handlers import Bound, face_handler
from citymains.wire.longrunning import SERVICE as OPERATIONS_SERVICE
from citymains.wire.longrunning import operations_handler, start_question_handler
from citymains.wire.plan import plans
from citymains.workbench import Workbench

register_messages({
    "LISTEN_UNSAFE": Text(
        "{value} can be reached from other machines, and {field} is missing.", "{value} 可被其他机器访问,但缺少 {field}。",
        "Give a certificate, a key and a token, or listen on 127.0.0.1.", "请提供证书、私钥和令牌,或只监听 127.0.0.1。"),
    "LISTEN_FAILED": Text(
        "The server cannot listen on {value}: {limit}", "服务器无法监听 {value}:{limit}",
        "Choose a free port, and an address of this machine.", "请选择空闲端口和本机地址。"),
})  # fmt: skip

_LOG = logging.getLogger("citymains.wire")
DEFAULT_LISTEN: Final = "127.0.0.1:50051"


@dataclass(frozen=True, kw_only=True)
class ServerSettings:
    """How a server listens and how much it takes on.

    Raises
    ------
    StateError
        LISTEN_UNSAFE: an address other machines can reach, without TLS or without a token.
    InputError
        One of certificate and key without the other, or a token that no header can carry.
    """

    listen: str = DEFAULT_LISTEN
    """``host:port``; port 0 takes a free one."""
    token: str | None = field(default=None, repr=False)
    """Callers bring it as ``authorization: Bearer <token>``."""
    certificate: str | PathLike[str] | None = None
    """PEM file of the server's certificate chain."""
    key: str | PathLike[str] | None = field(default=None, repr=False)
    """PEM file of the certificate's key."""
    client_ca: str | PathLike[str] | None = None
    """PEM file of the authority that callers' certificates have to come from (mTLS)."""
    workers: int = min(8, (os.cpu_count() or 2) + 2)
    """Questions answered at the same time."""
    queue: int = 64
    """Questions that may wait."""
    default_deadline_s: float = 600.0
    """Deadline of a question whose caller has set none."""
    grace_s: float = 10.0
    """Time that questions at work have when the server is told to end."""
    reflection: bool = True

    def __post_init__(self) -> None:
        check_token(self.token)
        if bool(self.certificate) != bool(self.key):
            raise InputError("ARGUMENT_MISSING", field="key" if self.certificate else "certificate")
        if self.client_ca and not self.certificate:
            raise InputError("ARGUMENT_MISSING", field="certificate")
        if not is_loopback(self.listen):
            for name, given in (("TLS", self.certificate), ("a token", self.token)):
                if not given:
                    raise StateError("LISTEN_UNSAFE", value=self.listen, field=name)


class Server:
    """A gRPC server of some faces, with the frame's own services beside them.

    Parameters
    ----------
    faces : iterable of Face
        What is served.
    workbench : Workbench, optional
        Store and plugins behind NetworkService and PluginService; without one they are not served.
    settings : ServerSettings
    """

    def __init__(
        self,
        faces: Iterable[Face],
        workbench: Workbench | None = None,
        settings: ServerSettings | None = None,
    ) -> None:
        self.settings = settings or ServerSettings()
        limit = MAX_MODEL_BYTES if workbench is None else workbench.max_model_bytes
        self.answers = Answers(
            workbench,
            workers=self.settings.workers,
            queue=self.settings.queue,
            default_deadline_s=self.settings.default_deadline_s,
            max_model_bytes=limit,
        )
        self.faces = [*faces]
        if workbench is not None:
            self.faces += [
                NetworkFace(workbench, self.answers.shelf.get),
                PluginFace(workbench),
                RuleFace(workbench),
            ]
        self.faces.append(StudyFace(self.faces))
        self.port = 0
        self._server: Any = None
        self._health: Any = None

    async def start(self) -> None:
        """Listen and serve; returns at once.

        Raises
        ------
        StateError
            LISTEN_FAILED.
        MissingExtraError
            The extra `server` is not installed.
        """
        interceptors = [TokenInterceptor(self.settings.token)] if self.settings.token else []
        self._server = grpc.aio.server(options=SERVER_OPTIONS, interceptors=interceptors)
        self._server.add_generic_rpc_handlers(self._handlers())
        await self._add_health_and_reflection()
        try:
            self.port = self._add_port()
        except RuntimeError as error:
            raise StateError("LISTEN_FAILED", value=self.settings.listen, limit=str(error)) from error
        await self._server.start()
        _LOG.info("serving %s on %s", ", ".join(face.name for face in self.faces), self.address)

    @property
    def address(self) -> str:
        """``host:port`` that is listened on."""
        return f"{self.settings.listen.rpartition(':')[0]}:{self.port}"

    async def stop(self, grace_s: float | None = None) -> None:
        """Take no more questions, give those at work their time, end the rest and their engines."""
        if self._health is not None:
            await self._health.enter_graceful_shutdown()
        if self._server is not None:
            await self._server.stop(self.settings.grace_s if grace_s is None else grace_s)
        await asyncio.get_running_loop().run_in_executor(None, self.answers.close)

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT."""
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, ended.set)
        await self.start()
        await ended.wait()
        _LOG.info("ending; questions at work have %g s", self.settings.grace_s)
        await self.stop()

    def _handlers(self) -> tuple[grpc.GenericRpcHandler, ...]:
        bounds = self._bounds()
        start = {"StartQuestion": start_question_handler(bounds, self.answers)}
        faces = [
            face_handler(face, self.answers, start if isinstance(face, StudyFace) else None)
            for face in self.faces
        ]
        return (*faces, operations_handler(self.answers.operations))

    def _bounds(self) -> Mapping[str, Bound]:
        return {
            plan.name: Bound(face, plan, self.answers)
            for face in self.faces
            for plan in plans(type(face)).values()
        }

    async def _add_health_and_reflection(self) -> None:
        try:
            from grpc_health.v1 import health, health_pb2, health_pb2_grpc
            from grpc_reflection.v1alpha import reflection
        except ImportError as error:
            raise MissingExtraError(field="citymains serve", value=error.name, limit="server") from error
        names = [*(face.service for face in self.faces), OPERATIONS_SERVICE]
        self._health = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        for name in ("", *names):
            await self._health.set(name, health_pb2.HealthCheckResponse.SERVING)
        if self.settings.reflection:
            reflection.enable_server_reflection(
                (*names, health.SERVICE_NAME, reflection.SERVICE_NAME), self._server
            )

    def _add_port(self) -> int:
        settings = self.settings
        if settings.certificate is None or settings.key is None:
            return int(self._server.add_insecure_port(settings.listen))
        credentials = server_credentials(settings.certificate, settings.key, settings.client_ca)
        return int(self._server.add_secure_port(settings.listen, credentials))


def serve(
    *utilities: str, workbench: Workbench | None = None, settings: ServerSettings | None = None
) -> None:
    """Serve utilities until the process is told to end.

    Parameters
    ----------
    *utilities : str
        Names of utilities; none: all that the plugins bring.
    workbench : Workbench, optional
        What answers are made with. It must not read paths: a caller's path means nothing here.
    settings : ServerSettings, optional

    Raises
    ------
    NotFoundError, PluginError
        No plugin brings a utility, or the one that does failed.
    StateError
        LISTEN_UNSAFE, LISTEN_FAILED.
    InputError
        A certificate or a key is none, or `workbench` names no database.
    TransportError
        STORE_UNAVAILABLE.
    """
    asyncio.run(city_server(*utilities, workbench=workbench, settings=settings).run())


def city_server(
    *utilities: str, workbench: Workbench | None = None, settings: ServerSettings | None = None
) -> Server:
    """The server that :func:`serve` runs."""
    workbench = workbench or Workbench(reads_paths=False)
    if workbench.reads_paths:
        raise StateError("PATH_ON_SERVER", value="reads_paths=True")
    _ = workbench.store  # a database that cannot be used is told now, not to the first caller
    names = utilities or tuple(workbench.plugins.utilities())
    faces = [workbench.plugins.utility(name).load_face()(workbench) for name in names]
    return Server(faces, workbench, settings)


__all__ = ["Server", "ServerSettings", "city_server", "serve"]
