"""The port that Prometheus asks: /metrics, and /healthz for whoever restarts what hangs. A scrape reads nothing from Kafka."""

from __future__ import annotations

import base64
import hmac
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import AF_INET6
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ottla.errors import OttlaError
from ottla.metrics.exposition import CONTENT_TYPE
from ottla.spec.exporter import Listen
from ottla.telemetry.compressed import takes_gzip

if TYPE_CHECKING:
    from ottla.model.secret import Secret
    from ottla.telemetry.exporter import Exporter

REALM = "ottla exporter"
PAGE = b'<!doctype html><title>Ottla exporter</title><p><a href="/metrics">/metrics</a> <a href="/healthz">/healthz</a>\n'
CLIENT_TIMEOUT = 30.0  # seconds that a client may take to say what it wants, or to take what it gets


@dataclass(frozen=True, slots=True)
class Guard:
    """Who may ask: whoever knows this name and password (RFC 7617)."""

    user: str
    password: Secret

    def admits(self, header: str | None) -> bool:
        """Whether the header ``Authorization`` has both."""
        right = base64.b64encode(f"{self.user}:{self.password.reveal()}".encode())
        scheme, _, given = (header or "").partition(" ")
        return scheme.lower() == "basic" and hmac.compare_digest(given.strip().encode(), right)


@dataclass(frozen=True, slots=True)
class Certificate:
    """The certificate of the port, with those of CAs below it, and its key: PEM."""

    chain: Secret
    key: Secret


class Server:
    """Serves an exporter's snapshots until it is closed; a thread accepts, and each client has one of its own."""

    def __init__(
        self, exporter: Exporter, host: str, port: int, *, guard: Guard | None = None, certificate: Certificate | None = None
    ) -> None:
        """Listen. Raises OttlaError where that cannot be done."""
        handler = type("Handler", (_Handler,), {"exporter": exporter, "guard": guard})
        tls = None if certificate is None else _tls(certificate)
        self._http = _bound(host, port, handler)
        self._http.tls = tls
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        self.host, self.port = host, int(self._http.server_address[1])

    @property
    def url(self) -> str:
        """Where Prometheus finds it."""
        return Listen(self.host, self.port).url(tls=self._http.tls is not None)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def close(self) -> None:
        """Answer no more."""
        if self._thread.is_alive():
            self._http.shutdown()
        self._http.server_close()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    tls: ssl.SSLContext | None = None

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands in the client's own thread: one that never does keeps nobody waiting."""
        request.settimeout(CLIENT_TIMEOUT)
        with suppress(OSError):  # ssl.SSLError among them: it is gone, or means something else
            if self.tls is not None:
                with self.tls.wrap_socket(request, server_side=True) as encrypted:
                    super().finish_request(encrypted, client_address)
            else:
                super().finish_request(request, client_address)


class _Http6(_Http):
    address_family = AF_INET6


def _bound(host: str, port: int, handler: type[BaseHTTPRequestHandler]) -> _Http:
    kind = _Http6 if ":" in host else _Http
    try:
        return kind((host, port), handler)
    except OSError as error:
        raise OttlaError(
            f"cannot listen on {host}:{port}: {error.strerror or error}",
            hint="choose another address: `exporter.listen` of the spec, or --listen HOST:PORT",
        ) from error


def _tls(certificate: Certificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    with TemporaryDirectory(prefix="ottla-exporter-") as folder:  # for its owner alone; Python reads certificates from files only
        chain, key = Path(folder, "chain.pem"), Path(folder, "key.pem")
        chain.write_text(certificate.chain.reveal())
        key.write_text(certificate.key.reveal())
        try:
            context.load_cert_chain(chain, key, password=lambda: b"")  # not asked of whoever sits at the terminal
        except (OSError, ValueError) as error:
            raise OttlaError(
                f"the exporter's certificate or its key cannot be used: {error}",
                hint="look at exporter.tls: PEM, and the key belongs to the certificate and is not encrypted",
            ) from error
    return context


class _Handler(BaseHTTPRequestHandler):
    exporter: Exporter
    guard: Guard | None
    protocol_version = "HTTP/1.1"
    server_version = "ottla"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer a scrape."""
        path = self.path.partition("?")[0]
        if path == "/healthz":  # for a probe, which has no password: it is told nothing else
            fresh = self.exporter.is_fresh
            self._answer(*((HTTPStatus.OK, b"healthy\n") if fresh else (HTTPStatus.SERVICE_UNAVAILABLE, b"unhealthy\n")))
        elif self.guard is not None and not self.guard.admits(self.headers["Authorization"]):
            self._answer(HTTPStatus.UNAUTHORIZED, b"", {"WWW-Authenticate": f'Basic realm="{REALM}", charset="UTF-8"'})
        elif path == "/metrics":
            self._answer_scrape()
        elif path == "/":
            self._answer(HTTPStatus.OK, PAGE, {"Content-Type": "text/html; charset=utf-8"})
        else:
            self._answer(HTTPStatus.NOT_FOUND, b"there is /metrics and /healthz\n")

    do_HEAD = do_GET  # noqa: N815  (as http.server calls it)

    def _answer_scrape(self) -> None:
        snapshot, headers = self.exporter.snapshot, {"Content-Type": CONTENT_TYPE, "Vary": "Accept-Encoding"}
        if snapshot is None:
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, b"nothing was collected yet\n")
        elif takes_gzip(self.headers["Accept-Encoding"]):
            self.exporter.compresses = True
            self._answer(HTTPStatus.OK, snapshot.scrape_gzipped(), {**headers, "Content-Encoding": "gzip"})
        else:
            self._answer(HTTPStatus.OK, snapshot.scrape(), headers)

    def _answer(self, status: HTTPStatus, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "text/plain; charset=utf-8", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """A scrape every few seconds is nothing to write down."""
