"""What a collection says of a cluster that it sees no more."""

from __future__ import annotations

import socket
import ssl
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509

from ottla.errors import ClusterError
from ottla.local.certificates import make_authority, make_own_certificate
from ottla.local.layout import Layout
from ottla.metrics.cluster_metrics import CERTIFICATE_EXPIRY
from ottla.metrics.samples import Sample, Series
from ottla.telemetry.collection import Collection
from ottla.telemetry.view import View

if TYPE_CHECKING:
    from pathlib import Path
    from typing import NoReturn


@pytest.mark.parametrize(("has_choice", "times"), [(True, 2), (False, 1)])
def test_who_is_silent_is_asked_again_only_where_another_node_may_answer(times: int, *, has_choice: bool) -> None:
    asked = []

    def send(request: object) -> NoReturn:
        asked.append(request)
        raise ClusterError("silent")

    connection: Any = SimpleNamespace(send=send, has_choice=has_choice, listen_again=lambda: None)
    collection = Collection(View())
    collection.collect(connection)
    assert (len(asked), collection.outcomes.of["brokers"].failures) == (times, ["silent"])


def answer_once(listener: socket.socket, context: ssl.SSLContext) -> None:
    plain, _ = listener.accept()
    with plain, context.wrap_socket(plain, server_side=True) as secured:
        secured.recv(1)


def test_when_certificates_expire_is_said_too_where_nobody_answers_any_more(tmp_path: Path) -> None:
    """One that has expired is why nobody answers, as often as not."""
    layout = Layout(tmp_path)
    make_authority(layout, "shop")
    make_own_certificate(layout)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(layout.own_store)
    collection = Collection(View())
    samples: list[Sample | Series] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        answering = threading.Thread(target=answer_once, args=(listener, context))
        answering.start()
        connection: Any = SimpleNamespace(options={"security_protocol": "SSL"})
        collection._see_certificates(connection, {1: address}, samples)
        answering.join(10)
    expires = x509.load_pem_x509_certificate(layout.own_store.read_bytes()).not_valid_after_utc.timestamp()
    [seen] = samples
    assert seen == Sample(CERTIFICATE_EXPIRY, ("1", address), expires)
    assert seen in collection.nothing_seen("nobody answers")
    assert collection.outcomes.of["brokers"].failures == ["nobody answers"]
