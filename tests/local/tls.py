"""Real TLS 1.3 and 1.2 handshakes on loopback, with the files that Ottla makes."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Refused(Exception):
    """One side did not take the other's certificate."""


def shake_hands(
    *,
    server: Path,
    server_trusts: Path,
    client: Path | None,
    client_trusts: Path,
    host: str = "127.0.0.1",
    version: str = "TLSv1_3",
    strict: bool = True,
) -> str:
    """A client calls a server that asks for its certificate, as a broker does; the CN that the server sees in it.

    Raises Refused, with the reason of the side that refused.
    """
    to_server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    to_server.load_cert_chain(server)
    to_server.load_verify_locations(server_trusts)
    to_server.verify_mode = ssl.CERT_REQUIRED
    from_client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    from_client.load_verify_locations(client_trusts)
    from_client.minimum_version = from_client.maximum_version = ssl.TLSVersion[version]
    if client is not None:
        from_client.load_cert_chain(client)
    if strict:  # as Python 3.13 does by itself: RFC 5280 to the letter
        to_server.verify_flags |= ssl.VERIFY_X509_STRICT
        from_client.verify_flags |= ssl.VERIFY_X509_STRICT
    refusals: list[ssl.SSLError] = []
    with _serving(to_server, refusals) as port:
        try:
            with (
                socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
                from_client.wrap_socket(plain, server_hostname=host) as secured,
            ):
                seen = secured.recv(100).decode()
        except (ssl.SSLError, ConnectionError) as error:
            raise Refused(str(error)) from error
    if refusals:
        raise Refused(str(refusals[0]))
    return seen


@contextlib.contextmanager
def _serving(context: ssl.SSLContext, refusals: list[ssl.SSLError]) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        answering = threading.Thread(target=_answer, args=(listener, context, refusals))
        answering.start()
        yield listener.getsockname()[1]
        answering.join(10)


def _answer(listener: socket.socket, context: ssl.SSLContext, refusals: list[ssl.SSLError]) -> None:
    plain, _ = listener.accept()
    with plain, contextlib.suppress(ConnectionError):
        plain.settimeout(10)
        try:
            with context.wrap_socket(plain, server_side=True) as secured:
                seen = x509.load_der_x509_certificate(secured.getpeercert(binary_form=True) or b"")
                secured.sendall(str(seen.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value).encode())
        except ssl.SSLError as error:
            refusals.append(error)
