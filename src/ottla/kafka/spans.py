"""Spans of records that our clients send and process: one trace from the producer to the consumer.

A consumer's span is the child of the producer's, and not a link to it: the record's headers say who its parent is. Names are
those of OpenTelemetry's semantic conventions for Kafka. Neither keys nor values of records are in a span.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
    set_span_in_context,
)

from ottla.kafka.trace_context import (
    TRACEPARENT,
    TRACESTATE,
    Headers,
    TraceParent,
    format_traceparent,
    has_parent,
    parent_in,
    states_in,
    without_context,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opentelemetry.context import Context
    from opentelemetry.trace import Span, Tracer

    from ottla.model.record import Record

SEND, PROCESS = "send", "process"
PARTITION, OFFSET, ERROR_TYPE = "messaging.destination.partition.id", "messaging.kafka.offset", "error.type"
TOMBSTONE = "messaging.kafka.message.tombstone"


class Spans:
    """Makes the spans of a client that reaches the cluster by ``servers`` (host:port); ``group`` is a consumer's, or None."""

    def __init__(self, tracer: Tracer, servers: Sequence[str], *, group: str | None = None) -> None:
        self._tracer = tracer
        self._always: dict[str, Any] = {"messaging.system": "kafka"}
        host, _, port = (servers[0] if servers else "").rpartition(":")
        if host and port.isdigit():
            self._always |= {"server.address": host.strip("[]"), "server.port": int(port)}
        if group is not None:
            self._always["messaging.consumer.group.name"] = group

    def send(self, topic: str, headers: Headers, *, tombstone: bool = False) -> tuple[Span, Headers]:
        """Begin the span of a record that is sent, and say which headers it is sent with; ``sent`` ends the span.

        A record that has a traceparent keeps its headers as they are, and the span is a child of that one. A tracestate alone
        belongs to no trace, and so not to the new one either: it is left out.
        """
        span = self._begin(SEND, SpanKind.PRODUCER, topic, headers, {TOMBSTONE: True} if tombstone else {})
        written = () if has_parent(headers) else _written(span.get_span_context())
        return span, (*without_context(headers), *written) if written else headers

    @staticmethod
    def sent(span: Span, *, partition: int, offset: int | None) -> None:
        """End the span of a record that was acknowledged."""
        span.set_attribute(PARTITION, str(partition))
        if offset is not None:
            span.set_attribute(OFFSET, offset)
        span.end()

    @staticmethod
    def not_sent(span: Span, error_type: str, text: str) -> None:
        """End the span of a record that was not."""
        _failed(span, error_type, text)
        span.end()

    @contextmanager
    def processing(self, record: Record) -> Iterator[None]:
        """The span of what is done with a record inside the ``with`` block."""
        span = self.received(record.topic, record.partition, record.offset, record.headers, tombstone=record.value is None)
        try:
            yield
        except BaseException as error:
            _failed(span, type(error).__name__, str(error))
            raise
        finally:
            span.end()

    def received(self, topic: str, partition: int, offset: int, headers: Headers, *, tombstone: bool = False) -> Span:
        """Begin the span of a record that came; whoever has it ends it."""
        place = {PARTITION: str(partition), OFFSET: offset, **({TOMBSTONE: True} if tombstone else {})}
        return self._begin(PROCESS, SpanKind.CONSUMER, topic, headers, place)

    def _begin(self, operation: str, kind: SpanKind, topic: str, headers: Headers, more: dict[str, Any]) -> Span:
        return self._tracer.start_span(
            f"{operation} {topic}",
            context=_context(headers),
            kind=kind,
            attributes={
                **self._always,
                "messaging.operation.type": operation,
                "messaging.operation.name": operation,
                "messaging.destination.name": topic,
                **more,
            },
        )


def _failed(span: Span, error_type: str, text: str) -> None:
    span.set_attribute(ERROR_TYPE, error_type)
    span.set_status(Status(StatusCode.ERROR, text))


def _context(headers: Headers) -> Context | None:
    """What a span is begun in: the record's parent, or None for a new trace."""
    parent = parent_in(headers)
    if parent is None:
        return None
    state = TraceState.from_header(states_in(headers))
    remote = SpanContext(parent.trace_id, parent.span_id, is_remote=True, trace_flags=TraceFlags(parent.flags), trace_state=state)
    return set_span_in_context(NonRecordingSpan(remote))


def _written(context: SpanContext) -> Headers:
    if not context.is_valid:
        return ()
    parent = (TRACEPARENT, format_traceparent(TraceParent(context.trace_id, context.span_id, context.trace_flags)))
    state = context.trace_state.to_header() if context.trace_state else ""
    return (parent, (TRACESTATE, state.encode("ascii"))) if state else (parent,)
