"""Asking an exporter how it is, as a probe does."""

from __future__ import annotations

import ssl
from contextlib import closing
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ottla.model.secret import Secret
    from ottla.spec.exporter import Listen

TIMEOUT = 5.0  # seconds
HERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  (compared with, not bound)


def is_healthy(listen: Listen, chain: Secret | None = None) -> bool:
    """Whether the exporter that listens there says so of itself; ``chain`` is the certificate of its port, if it has one."""
    host = HERE.get(listen.host, listen.host)
    try:
        with closing(_client(host, listen.port, chain)) as client:
            client.request("GET", "/healthz")
            return client.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False


def _client(host: str, port: int, chain: Secret | None) -> HTTPConnection:
    """Of a certificate it is asked whether it is that one, not whose name is in it, nor who signed it."""
    if chain is None:
        return HTTPConnection(host, port, timeout=TIMEOUT)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(cadata=chain.reveal())
    return HTTPSConnection(host, port, timeout=TIMEOUT, context=context)
