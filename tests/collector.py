"""A collector of OpenTelemetry, as far as tests need one: it takes OTLP over HTTP, and decodes what came."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Span:
    """A span as it came; ids in hexadecimal, as people read them."""

    name: str
    kind: int
    trace_id: str
    span_id: str
    parent: str
    state: str
    failed: bool
    attributes: dict[str, Any]
    links: int
    resource: dict[str, Any]


@dataclass
class Collector:
    """What came, and where it is sent."""

    url: str = ""
    spans: list[Span] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]


def _values(attributes: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, str(each.value.WhichOneof("value"))) for each in attributes}


def _spans(request: Any) -> Iterator[Span]:
    for group in request.resource_spans:
        resource = _values(group.resource.attributes)
        for scope in group.scope_spans:
            for each in scope.spans:
                ids = each.trace_id.hex(), each.span_id.hex(), each.parent_span_id.hex()
                failed, links = each.status.code == each.status.STATUS_CODE_ERROR, len(each.links)
                yield Span(each.name, each.kind, *ids, each.trace_state, failed, _values(each.attributes), links, resource)


@contextmanager
def running_collector() -> Iterator[Collector]:
    """A collector on a port of its own."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = ExportTraceServiceRequest()
            request.ParseFromString(self.rfile.read(int(self.headers["Content-Length"])))
            collector.paths.append(self.path)
            collector.spans.extend(_spans(request))
            body = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
