"""The exporter's port, asked as Prometheus asks it."""

from __future__ import annotations

import base64
import datetime as dt
import gzip
import http.client
import ipaddress
import socket
import ssl
import time
import urllib.error
import urllib.request
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, NoReturn

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ottla.errors import OttlaError
from ottla.metrics.exporter_metrics import EXPORTER_INFO
from ottla.metrics.samples import Sample
from ottla.model.secret import Secret
from ottla.spec.exporter import Listen
from ottla.telemetry.exporter import Exporter
from ottla.telemetry.probe import is_healthy
from ottla.telemetry.server import Certificate, Guard, Server
from ottla.telemetry.snapshot import take_snapshot
from ottla.telemetry.view import View

if TYPE_CHECKING:
    from collections.abc import Iterator

GUARD = Guard("prometheus", Secret("p:äss"))
INFO = [Sample(EXPORTER_INFO, ("1",), 1)]


def never() -> NoReturn:
    raise AssertionError("a scrape reads nothing from Kafka")


@contextmanager
def serving(*, guard: Guard | None = None, certificate: Certificate | None = None, empty: bool = False) -> Iterator[Server]:
    exporter = Exporter(never, View())
    exporter.snapshot = None if empty else take_snapshot(INFO, 10)
    exporter.has_seen = not empty
    with closing(Server(exporter, "127.0.0.1", 0, guard=guard, certificate=certificate)) as server:
        server.start()
        yield server


def ask(url: str, *, headers: dict[str, str] | None = None, trusts: str | None = None) -> tuple[int, str]:
    context = ssl.create_default_context(cadata=trusts) if trusts else None
    request = urllib.request.Request(url, headers=headers or {})  # noqa: S310  (a loopback address)
    try:
        with urllib.request.urlopen(request, timeout=10, context=context) as answer:  # noqa: S310  (as above)
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


@pytest.fixture(scope="module")
def certificate() -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "exporter")]), dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + dt.timedelta(days=1))
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    signed = builder.add_extension(alternative, critical=False).sign(key, hashes.SHA256())
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    return Certificate(Secret(signed.public_bytes(pem).decode()), Secret(private.decode()))


def test_a_scrape_gets_the_last_snapshot_and_its_age() -> None:
    with serving() as server:
        status, text = ask(server.url)
        assert (status, 'ottla_exporter_info{version="1"} 1' in text) == (200, True)
        assert float(text.rsplit(maxsplit=1)[1]) < 10
        assert ask(server.url.replace("/metrics", "/healthz")) == (200, "healthy\n")
        assert ask(server.url.replace("/metrics", "/"))[0] == 200
        assert ask(server.url.replace("/metrics", "/nothing"))[0] == 404


def test_nothing_is_made_up_before_anything_was_collected() -> None:
    with serving(empty=True) as server:
        assert ask(server.url)[0] == 503
        assert ask(server.url.replace("/metrics", "/healthz")) == (503, "unhealthy\n")
        assert ask(server.url.replace("/metrics", "/"))[0] == 200  # that it runs: a startup probe asks this


@pytest.mark.parametrize("headers", [{}, basic("prometheus", "wrong"), basic("x", "p:äss"), {"Authorization": "Basic"}])
def test_whoever_has_no_password_gets_nothing(headers: dict[str, str]) -> None:
    with serving(guard=GUARD) as server:
        for path in ("/metrics", "/", "/nothing", "/healthz/../metrics", "/metrics?/healthz"):
            status, text = ask(server.url.replace("/metrics", path), headers=headers)
            assert (status, text) == (401, "")
        assert ask(server.url, headers=basic("prometheus", "p:äss"))[0] == 200


def test_a_probe_needs_no_password_and_learns_whether_it_is_well_and_nothing_else() -> None:
    with serving(guard=GUARD) as server:
        assert ask(server.url.replace("/metrics", "/healthz")) == (200, "healthy\n")
        assert ask(server.url.replace("/metrics", "/healthz"), headers=basic("prometheus", "wrong")) == (200, "healthy\n")
    with serving(guard=GUARD, empty=True) as server:
        assert ask(server.url.replace("/metrics", "/healthz?why")) == (503, "unhealthy\n")


def test_prometheus_gets_it_gzipped_and_whoever_does_not_ask_for_that_as_it_is() -> None:
    with serving() as server, closing(http.client.HTTPConnection(server.host, server.port)) as client:
        for accepts, coding in (("gzip", "gzip"), ("identity", None), ("deflate, GZIP;q=0.5", "gzip"), ("gzip;q=0, *", None)):
            client.request("GET", "/metrics", headers={"Accept-Encoding": accepts})
            answer = client.getresponse()
            body = answer.read()
            assert (answer.headers["Content-Encoding"], answer.headers["Vary"]) == (coding, "Accept-Encoding")
            text = (gzip.decompress(body) if coding else body).decode()
            assert 'ottla_exporter_info{version="1"} 1' in text
            assert "\nottla_exporter_snapshot_age_seconds " in text
            assert answer.headers["Content-Length"] == str(len(body))


def test_with_a_certificate_it_speaks_tls_and_nothing_else(certificate: Certificate) -> None:
    with serving(certificate=certificate) as server:
        assert server.url.startswith("https://127.0.0.1:")
        assert ask(server.url, trusts=certificate.chain.reveal())[0] == 200
        with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
            ask(server.url)
        with pytest.raises(OSError):  # noqa: PT011  (whatever way the connection ends)
            ask(server.url.replace("https", "http"))
        assert ask(server.url, trusts=certificate.chain.reveal())[0] == 200


def test_an_exporter_is_healthy_if_it_says_so_and_shows_its_own_certificate(certificate: Certificate) -> None:
    with serving(guard=GUARD) as server:
        assert is_healthy(Listen(server.host, server.port))
        assert is_healthy(Listen("0.0.0.0", server.port))  # noqa: S104  (asked, not bound)
        assert not is_healthy(Listen(server.host, server.port), certificate.chain)
    assert not is_healthy(Listen(server.host, server.port))
    with serving(empty=True) as server:
        assert not is_healthy(Listen(server.host, server.port))
    with serving(certificate=certificate) as server:
        assert is_healthy(Listen(server.host, server.port), certificate.chain)
        assert not is_healthy(Listen(server.host, server.port))
        other = ssl.get_server_certificate((server.host, server.port))
        assert other == certificate.chain.reveal()


def test_a_client_that_says_nothing_keeps_nobody_waiting(certificate: Certificate) -> None:
    with serving(certificate=certificate) as server:
        silent = [socket.create_connection((server.host, server.port)) for _ in range(5)]
        started = time.monotonic()
        assert ask(server.url, trusts=certificate.chain.reveal())[0] == 200
        assert time.monotonic() - started < 5
        for each in silent:
            each.close()


def test_a_key_of_another_certificate_is_an_error_without_the_key(certificate: Certificate) -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    text = other.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain).decode()
    for key in (text, "no key"):
        with (
            pytest.raises(OttlaError, match="cannot be used") as caught,
            serving(certificate=Certificate(certificate.chain, Secret(key))),
        ):
            pass
        assert key not in str(caught.value)


def test_a_port_that_somebody_has_is_an_error() -> None:
    with serving() as server, pytest.raises(OttlaError, match=f"127.0.0.1:{server.port}") as caught:
        Server(Exporter(never, View()), "127.0.0.1", server.port)
    assert "--listen" in str(caught.value)
