"""Bearer tokens: who does not bring the right one is told so, whatever shape the RPC has."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc

from citymains.errors import TransportError
from citymains.wire.handlers import RpcHandler, abort

#: Probes of load balancers carry no token.
_OPEN = ("/grpc.health.v1.Health/",)


class TokenInterceptor(grpc.aio.ServerInterceptor):
    """Lets in calls with ``authorization: Bearer <token>``.

    Parameters
    ----------
    token : str
        The shared secret.
    """

    def __init__(self, token: str) -> None:
        self._expected = f"Bearer {token}".encode()

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        """Pass the call on, or put a denial of the same arity in its place."""
        handler = await continuation(handler_call_details)
        given = dict(handler_call_details.invocation_metadata or ()).get("authorization", "")
        allowed = hmac.compare_digest(str(given).encode(), self._expected)
        if allowed or handler_call_details.method.startswith(_OPEN):
            return handler
        return _denial(handler)


async def _deny(_: Any, context: Any) -> bytes:
    await abort(context, TransportError("UNAUTHENTICATED"))
    return b""


async def _deny_stream(_: Any, context: Any) -> AsyncIterator[bytes]:
    await abort(context, TransportError("UNAUTHENTICATED"))
    yield b""


def _denial(handler: Any) -> RpcHandler:
    if handler is None:  # an unknown method is no business of a stranger either
        return grpc.unary_unary_rpc_method_handler(_deny)
    if handler.request_streaming and handler.response_streaming:
        return grpc.stream_stream_rpc_method_handler(_deny_stream)
    if handler.request_streaming:
        return grpc.stream_unary_rpc_method_handler(_deny)
    if handler.response_streaming:
        return grpc.unary_stream_rpc_method_handler(_deny_stream)
    return grpc.unary_unary_rpc_method_handler(_deny)
