"""A server that Alertmanager tells of alerts, and what it was told."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FIRING, RESOLVED = "firing", "resolved"


@dataclass(frozen=True)
class Notice:
    """What was said of an alert, and when it came (``time.monotonic()``)."""

    name: str
    status: str
    labels: Mapping[str, str]
    came: float

    def __str__(self) -> str:
        return f"{self.name} {self.status} {dict(self.labels)}"


@dataclass
class Webhook:
    """Everything that came, in its order."""

    url: str
    notices: list[Notice] = field(default_factory=list)

    def take(self, posted: Mapping[str, Any]) -> None:
        came = time.monotonic()
        self.notices += [
            Notice(alert["labels"]["alertname"], alert["status"], alert["labels"], came) for alert in posted["alerts"]
        ]

    def since(self, moment: float, status: str = FIRING) -> list[Notice]:
        return [notice for notice in self.notices if notice.came >= moment and notice.status == status]

    def fired(self, alert: str, timeout: float, *, since: float, **labels: str) -> Notice:
        """Wait until the alert came, with such labels; the first one."""
        return self._wait(alert, FIRING, timeout, since, labels)

    def resolved(self, alert: str, timeout: float, *, since: float, **labels: str) -> Notice:
        """The same, until it is over."""
        return self._wait(alert, RESOLVED, timeout, since, labels)

    def _wait(self, alert: str, status: str, timeout: float, since: float, labels: Mapping[str, str]) -> Notice:
        def found() -> list[Notice]:
            said = [notice for notice in self.since(since, status) if notice.name == alert]
            return [notice for notice in said if labels.items() <= notice.labels.items()]

        return wait_until(found, bool, what=f"{alert} to be {status}", timeout=timeout, every=0.1)[0]


@contextmanager
def listening() -> Iterator[Webhook]:
    """A webhook on a free port of this machine; its thread ends with the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            webhook.take(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing is printed for what is kept."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        webhook = Webhook(f"http://127.0.0.1:{server.server_port}/")
        thread = threading.Thread(target=server.serve_forever, name="webhook")
        thread.start()
        try:
            yield webhook
        finally:
            server.shutdown()
            thread.join()
