from __future__ import annotations

import socket
import threading
from dataclasses import replace

import pytest

from ottla.local.faults.answering import FRAMED_REQUEST, Answer, ask
from ottla.local.faults.fault import Evidence
from ottla.local.ports import free_port
from ottla.local.record import NodeAddress

TLS_HANDSHAKE = 22  # the first byte of a record with a ClientHello (RFC 8446, 5.1)


def node_at(port: int) -> NodeAddress:
    return NodeAddress(1, "127.0.0.1", port, port + 1, port + 2)


def test_a_port_that_nobody_listens_on_refuses() -> None:
    assert ask([node_at(free_port("127.0.0.1", taken=set(), start=21_000))], patience=0.2) == {1: Answer.REFUSED}


def test_a_connection_that_only_the_kernel_takes_is_silent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody_accepts:
        assert ask([node_at(nobody_accepts.getsockname()[1])], patience=0.2) == {1: Answer.SILENT}


def test_all_are_asked_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, socket.create_server(("127.0.0.1", 0)) as other:
        nodes = [node_at(silent.getsockname()[1]), replace(node_at(other.getsockname()[1]), node_id=2)]
        answers: list[object] = []
        asking = threading.Thread(target=lambda: answers.append(ask(nodes, patience=0.5)))
        asking.start()
        asking.join(0.9)
        assert answers == [{1: Answer.SILENT, 2: Answer.SILENT}]


@pytest.mark.parametrize("secured", [False, True])
def test_an_open_node_is_asked_for_api_versions_and_a_secured_one_is_greeted_by_tls(*, secured: bool) -> None:
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                heard.append(connection.recv(4096))
                connection.sendall(b"an answer")

        answering = threading.Thread(target=answer)
        answering.start()
        port = server.getsockname()[1]
        node = replace(node_at(port - 2 if secured else port), secured=secured)  # its port for passwords
        assert ask([node]) == {1: Answer.ANSWERED}
        answering.join()
    assert heard[0][0] == TLS_HANDSHAKE if secured else heard[0] == FRAMED_REQUEST


def test_evidence_of_nothing_or_with_one_doubt_is_not_shown() -> None:
    assert not Evidence.of([]).shown
    assert Evidence.of([(True, "one"), (False, "two")]) == Evidence(shown=False, lines=("one", "two"))
    assert Evidence.of([(True, "one")]).shown
