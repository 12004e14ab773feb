"""Certificates and keys from PEM files, refused in our own words before gRPC sees them.

gRPC takes any bytes and fails later: the server at listening, without saying which file, the
client at its first question, without saying that it is a file at all.
"""

from __future__ import annotations

import os
import ssl
from os import PathLike
from pathlib import Path
from typing import Any

import grpc

from citymains.errors import InputError
from citymains.messages import Text, register_messages

Pem = str | PathLike[str] | bytes

register_messages({
    "CERTIFICATE_INVALID": Text(
        "{file} is not what the {field} has to be: {value}", "{file} 不能用作 {field}:{value}",
        "Give a PEM file; the key has to belong to the certificate and have no password.",
        "请提供 PEM 文件;私钥须与证书匹配且不带密码。"),
})  # fmt: skip


def read_pem(given: Pem | None, field: str) -> bytes | None:
    """The bytes of a PEM file, or the bytes that were given.

    Raises
    ------
    InputError
        FILE_NOT_FOUND, or CERTIFICATE_INVALID where there is no PEM block in them.
    """
    return None if given is None else _pem(given, field)


def check_token(token: str | None) -> None:
    """Refuse a token that no header can carry; what it is is not repeated.

    Raises
    ------
    InputError
        ARGUMENT_INVALID.
    """
    if token and not (token.isascii() and token.isprintable()):
        raise InputError("ARGUMENT_INVALID", field="token", value="***", limit="printable ASCII characters")


def server_credentials(
    certificate: str | PathLike[str], key: str | PathLike[str], client_ca: str | PathLike[str] | None
) -> Any:
    """gRPC's credentials of a server.

    Raises
    ------
    InputError
        FILE_NOT_FOUND, CERTIFICATE_INVALID: a file that is none, or a key of another certificate.
    """
    chain, private = _pem(certificate, "certificate"), _pem(key, "key")
    roots = read_pem(client_ca, "client_ca")
    try:
        # An empty password: a key that needs one is refused instead of asked for on the terminal.
        ssl.create_default_context().load_cert_chain(certificate, key, password="")
    except (ssl.SSLError, ValueError) as error:
        raise InputError(
            "CERTIFICATE_INVALID", file=os.fspath(certificate), field="certificate", value=_reason(error)
        ) from error
    if client_ca is not None:
        try:
            ssl.create_default_context().load_verify_locations(client_ca)
        except ssl.SSLError as error:
            raise InputError(
                "CERTIFICATE_INVALID", file=os.fspath(client_ca), field="client_ca", value=_reason(error)
            ) from error
    return grpc.ssl_server_credentials([(private, chain)], roots, roots is not None)


def _pem(given: Pem, field: str) -> bytes:
    content = given if isinstance(given, bytes) else _read(given)
    if b"-----BEGIN " not in content:
        name = "bytes" if isinstance(given, bytes) else os.fspath(given)
        raise InputError("CERTIFICATE_INVALID", file=name, field=field, value="no PEM block")
    return content


def _read(path: str | PathLike[str]) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InputError("FILE_NOT_FOUND", file=os.fspath(path), value=type(error).__name__) from error


def _reason(error: Exception) -> str:
    return getattr(error, "reason", None) or str(error)
