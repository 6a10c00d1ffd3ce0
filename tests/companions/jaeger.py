"""A Jaeger on free ports of this machine, and the traces that it shows."""

from __future__ import annotations

import json
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import psutil
from tests.companions.go.build import Program
from tests.companions.program import running_program
from tests.ports import free_ports

from ottla.local.ports import LOOPBACK
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROGRAM = Program("jaeger", "github.com/jaegertracing/jaeger/cmd/jaeger")
READY_TIMEOUT = 30.0  # seconds


@dataclass(frozen=True)
class Span:
    """A span as Jaeger shows it. ``parents`` are the traces and spans that it names as what it is a child of."""

    trace: str
    id: str
    name: str
    service: str
    parents: tuple[tuple[str, str], ...]
    tags: dict[str, Any]


@dataclass(frozen=True)
class Jaeger:
    """Where spans are sent, where traces are looked at, and what runs."""

    endpoint: str
    port: int
    process: psutil.Process

    def services(self) -> set[str]:
        """Whose spans it has."""
        return set(self._list("/api/services"))

    def traces(self, service: str, **tags: str) -> list[list[Span]]:
        """The traces that a service has a span in, with such tags."""
        query = {"service": service, "limit": 1000, "tags": json.dumps(tags)}
        return [_spans(trace) for trace in self._list(f"/api/traces?{urlencode(query)}")]

    def trace_of(self, topic: str, service: str, *, spans: int) -> list[Span]:
        """The one trace about a topic, once it has so many spans."""

        def look() -> list[Span]:
            found = self.traces(service, **{"messaging.destination.name": topic})
            assert len(found) <= 1
            return found[0] if found else []

        return wait_until(look, lambda seen: len(seen) >= spans, what=f"{spans} spans about {topic}", timeout=20)

    def answers(self) -> bool:
        """Whether traces can be looked at."""
        try:
            self.services()
        except ConnectionError:
            return False
        return True

    def _list(self, path: str) -> list[Any]:
        """The ``data`` of an answer of its HTTP API, which is null where there is nothing. Raises ConnectionError."""
        with closing(HTTPConnection(LOOPBACK, self.port, timeout=10)) as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            text = answer.read().decode()
        assert answer.status == HTTPStatus.OK, text
        return list(json.loads(text)["data"] or ())


def _spans(trace: dict[str, Any]) -> list[Span]:
    services = {key: process["serviceName"] for key, process in trace["processes"].items()}
    return [
        Span(
            each["traceID"],
            each["spanID"],
            each["operationName"],
            services[each["processID"]],
            tuple((of["traceID"], of["spanID"]) for of in each["references"] if of["refType"] == "CHILD_OF"),
            {tag["key"]: tag["value"] for tag in each["tags"]},
        )
        for each in sorted(trace["spans"], key=lambda each: int(each["startTime"]))
    ]


@contextmanager
def running_jaeger(program: Path, folder: Path) -> Iterator[Jaeger]:
    """Run it until the block ends; it keeps traces in memory, and its log in the folder."""
    otlp, http, grpc = (f"{LOOPBACK}:{port}" for port in free_ports(3))
    config, log = folder / "jaeger.json", folder / "jaeger.log"
    config.write_text(json.dumps(_config(otlp, http, grpc)))
    with running_program([str(program), f"--config={config}"], log) as process:
        jaeger = Jaeger(f"http://{otlp}", int(http.rpartition(":")[2]), psutil.Process(process.pid))
        wait_until(
            lambda: process.poll() is not None or jaeger.answers(),
            bool,
            what="Jaeger",
            timeout=READY_TIMEOUT,
            hint=f"see why: {log}",
        )
        assert process.poll() is None, log.read_text()
        yield jaeger


def _config(otlp: str, http: str, grpc: str) -> dict[str, Any]:
    """What its all-in-one configuration has, less the listeners that nobody here asks, and less traces of itself."""
    query = {"storage": {"traces": "memory"}, "http": {"endpoint": http}, "grpc": {"endpoint": grpc}, "enable_tracing": False}
    return {
        "service": {
            "extensions": ["jaeger_storage", "jaeger_query"],
            "pipelines": {"traces": {"receivers": ["otlp"], "processors": [], "exporters": ["jaeger_storage_exporter"]}},
            "telemetry": {"metrics": {"level": "none"}, "logs": {"level": "warn"}},
        },
        "extensions": {
            "jaeger_storage": {"backends": {"memory": {"memory": {"max_traces": 10_000}}}},
            "jaeger_query": query,
        },
        "receivers": {"otlp": {"protocols": {"http": {"endpoint": otlp}}}},
        "exporters": {"jaeger_storage_exporter": {"trace_storage": "memory"}},
    }
