"""Whether nodes answer on a port: the kernel takes connections for a process that is stopped, so more than that is asked.

An open client listener is asked for ApiVersions, the first request of every client (KIP-35). A listener with TLS is greeted
with a ClientHello (RFC 8446): only a process that runs answers one, whatever it thinks of the certificate that comes later.
"""

from __future__ import annotations

import socket
import ssl
import struct
import time
from contextlib import ExitStack, suppress
from enum import Enum
from typing import TYPE_CHECKING

from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ottla.local.record import NodeAddress

PATIENCE = 1.0  # seconds
ANSWER_TIMEOUT = 30.0
API_VERSIONS, VERSION, CORRELATION_ID = 18, 0, 7_041
NO_CLIENT_ID = -1
REQUEST = struct.pack(">hhih", API_VERSIONS, VERSION, CORRELATION_ID, NO_CLIENT_ID)
FRAMED_REQUEST = struct.pack(">i", len(REQUEST)) + REQUEST


class Answer(Enum):
    """What became of a question."""

    REFUSED = "refuses connections"
    SILENT = "takes a connection and does not answer"
    ANSWERED = "answers"


def ask(nodes: Sequence[NodeAddress], *, patience: float = PATIENCE) -> Mapping[int, Answer]:
    """Ask all ``nodes`` at once on the port that opens last; who has not answered within ``patience`` (seconds) is silent."""
    answers: dict[int, Answer] = {}
    with ExitStack() as connections:
        deadline = time.monotonic() + patience
        waiting = {}
        for node in nodes:
            try:
                connection = socket.create_connection((node.host, node.ports[0]), timeout=patience)
            except OSError:
                answers[node.node_id] = Answer.REFUSED
            else:
                waiting[node.node_id] = connections.enter_context(connection)
                with suppress(OSError):  # one that ends meanwhile is heard below
                    connection.sendall(_question(node))
        for node_id, connection in waiting.items():
            answers[node_id] = _hear(connection, deadline)
    return answers


def wait_for_answers(nodes: Sequence[NodeAddress]) -> Mapping[int, Answer]:
    """Ask until all ``nodes`` answer: one that just started, or woke up, has other things to do first. Raises WaitTimeout."""
    return wait_until(
        lambda: ask(nodes),
        lambda answers: all(answer is Answer.ANSWERED for answer in answers.values()),
        what="nodes to answer",
        timeout=ANSWER_TIMEOUT,
    )


def speaks_tls(node: NodeAddress) -> bool:
    """Whether the port that is asked has TLS: every one but the client listener of an open broker."""
    return node.secured or not node.is_broker


def _question(node: NodeAddress) -> bytes:
    if not speaks_tls(node):
        return FRAMED_REQUEST
    outgoing = ssl.MemoryBIO()
    context = ssl.create_default_context()  # nothing is checked: the handshake is never finished
    with suppress(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=node.host).do_handshake()
    return outgoing.read()


def _hear(connection: socket.socket, deadline: float) -> Answer:
    """Whether anything comes back. What it says does not matter: a process that is stopped says nothing at all."""
    connection.settimeout(max(0.001, deadline - time.monotonic()))
    try:
        return Answer.ANSWERED if connection.recv(1) else Answer.REFUSED
    except TimeoutError:
        return Answer.SILENT
    except OSError:
        return Answer.REFUSED
