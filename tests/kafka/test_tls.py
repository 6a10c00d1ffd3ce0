"""Nodes and controllers speak mutual TLS from birth; the listener for clients is plain."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Home

pytestmark = pytest.mark.kafka

# A KIP-511 ApiVersions request, version 0: any Kafka listener that lets a client in answers it.
API_VERSIONS = bytes.fromhex("0000000d 0012 0000 00000001 0003 6f746c".replace(" ", ""))


def ask(stream: socket.socket) -> bytes:
    stream.settimeout(10)
    stream.sendall(API_VERSIONS)
    return stream.recv(8)


def tls(home: Home, port: int, *, certificate: bool) -> bytes:
    layout = home.platform.cluster.layout
    context = ssl.create_default_context(cafile=str(layout.authority))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if certificate:
        context.load_cert_chain(layout.node(1).keystore)
    plain = socket.create_connection(("127.0.0.1", port), timeout=10)
    with plain, context.wrap_socket(plain, server_hostname="127.0.0.1") as stream:
        return ask(stream)


@pytest.mark.parametrize("listener", ["internal_port", "controller_port"])
def test_a_certificate_of_the_clusters_own_ca_opens_the_nodes_listeners_and_nothing_else_does(three: Home, listener: str) -> None:
    port = getattr(three.platform.cluster.made().nodes[0], listener)
    assert len(tls(three, port, certificate=True)) > 0
    with pytest.raises((ssl.SSLError, ConnectionError)):
        tls(three, port, certificate=False)
    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
        # a plain client gets a TLS alert (content type 21) or is cut off
        assert ask(plain)[:1] in {b"", b"\x15"}


def test_the_client_listener_is_plain_and_on_loopback(three: Home) -> None:
    node = three.platform.cluster.made().nodes[0]
    assert node.host == "127.0.0.1"
    with socket.create_connection((node.host, node.client_port), timeout=10) as plain:
        assert len(ask(plain)) > 0


def test_keys_are_readable_by_their_owner_only(three: Home) -> None:
    layout = three.platform.cluster.layout
    for path in (layout.authority_key, layout.node(1).keystore, layout.node(1).properties):
        assert path.stat().st_mode & 0o077 == 0
