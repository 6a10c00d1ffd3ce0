"""The certificates that brokers present, read as any client meets them: in a TLS handshake."""

from __future__ import annotations

import socket
import ssl
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography import x509

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ottla.kafka.connection import Connection


@dataclass(frozen=True, slots=True)
class SeenCertificates:
    """When each certificate expires, in seconds since 1970, by node_id and address; and who could not be asked."""

    expire: dict[tuple[int, str], float] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


def see_certificates(connection: Connection, addresses: Mapping[int, str], *, timeout: float) -> SeenCertificates:
    """Shake hands with each of ``addresses`` (by node_id); ``timeout`` (seconds) is for all of them."""
    seen = SeenCertificates()
    deadline = time.monotonic() + timeout
    for node_id, address in addresses.items():
        left = deadline - time.monotonic()
        try:
            if left <= 0:
                raise TimeoutError("not asked: others were silent for too long")
            seen.expire[node_id, address] = _expiry(connection, address, left)
        except (OSError, ValueError) as error:  # a broken handshake is an OSError, a certificate that is none a ValueError
            seen.failures.append(f"node {node_id} at {address}: {getattr(error, 'reason', None) or error}")
    return seen


def _expiry(connection: Connection, address: str, timeout: float) -> float:
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    with (
        socket.create_connection((host, int(port)), timeout) as plain,
        _context(connection).wrap_socket(plain, server_hostname=host) as secured,
    ):
        presented = secured.getpeercert(binary_form=True)
    if presented is None:
        raise ValueError("it presents no certificate")
    return x509.load_der_x509_certificate(presented).not_valid_after_utc.timestamp()


def _context(connection: Connection) -> ssl.SSLContext:
    """Nothing is sent, so nobody need be trusted: a certificate that has expired, or is not ours, must be read all the same.

    Where clients prove who they are by a certificate, ours is shown: else the broker would count a failed login.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    own = connection.options.get("ssl_certfile")
    if own is not None:
        context.load_cert_chain(own, connection.options.get("ssl_keyfile"), connection.options.get("ssl_password"))
    return context
