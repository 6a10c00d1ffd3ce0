"""W3C trace context in the headers of records: read strictly, written plainly (Trace Context, sections 3.2, 3.3 and 4). Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opentelemetry.trace import Tracer

    from ottla.kafka.settings import ClientSettings
    from ottla.kafka.spans import Spans

TRACEPARENT, TRACESTATE = "traceparent", "tracestate"
FORM = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.DOTALL)
KEY = r"(?:[a-z][a-z0-9_*/-]{0,255}|[a-z0-9][a-z0-9_*/-]{0,240}@[a-z][a-z0-9_*/-]{0,13})"
MEMBER = re.compile(KEY + r"=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]")
MEMBERS = 32  # that is the most
THIS_VERSION, NO_VERSION = b"00", b"ff"
SAMPLED = 1

Headers = tuple[tuple[str, bytes | None], ...]


class TraceParent(NamedTuple):
    """The span that a record comes from; ``flags`` is a byte, of which the lowest bit says that the trace is recorded."""

    trace_id: int
    span_id: int
    flags: int


def parse_traceparent(value: bytes | None) -> TraceParent | None:
    """Read a header; None for one that is not valid, such as one in capital letters or with an id of zeros.

    Of a version that is not known yet the first four fields are read, as the standard asks.
    """
    found = FORM.fullmatch(value or b"")
    if found is None or found[1] == NO_VERSION or (found[1] == THIS_VERSION and found[5] is not None):
        return None
    parent = TraceParent(int(found[2], 16), int(found[3], 16), int(found[4], 16))
    return parent if parent.trace_id and parent.span_id else None


def format_traceparent(parent: TraceParent) -> bytes:
    """Write a header, in version 00."""
    return b"%s-%032x-%016x-%02x" % (THIS_VERSION, parent.trace_id, parent.span_id, parent.flags)


def has_parent(headers: Iterable[tuple[str, bytes | None]]) -> bool:
    """Whether there is any such header, valid or not."""
    return any(name.lower() == TRACEPARENT for name, _ in headers)


def parent_in(headers: Iterable[tuple[str, bytes | None]]) -> TraceParent | None:
    """What the headers of a record say; None where there is no such header, or more than one, or one that is not valid."""
    found = [value for name, value in headers if name.lower() == TRACEPARENT]
    return parse_traceparent(found[0]) if len(found) == 1 else None


def states_in(headers: Iterable[tuple[str, bytes | None]]) -> list[str]:
    """What tracing systems add for themselves (``key=value``), in its order; nothing where any of it is not valid.

    OpenTelemetry would say aloud what is not valid, and that is data of a record.
    """
    found = [value for name, value in headers if name.lower() == TRACESTATE and value]
    if not all(value.isascii() for value in found):
        return []
    members = [member.strip(" \t") for value in found for member in value.decode("ascii").split(",")]
    members = [member for member in members if member]
    return members if len(members) <= MEMBERS and all(map(MEMBER.fullmatch, members)) else []


def spans_of(tracer: Tracer, settings: ClientSettings, *, group: str | None = None) -> Spans:
    """The spans of a client. OpenTelemetry is imported here (0.1 s), and so by nobody who does not trace."""
    from ottla.kafka.spans import Spans  # noqa: PLC0415

    return Spans(tracer, settings.bootstrap_servers, group=group)


def without_context(headers: Headers) -> Headers:
    """The other headers."""
    return tuple(header for header in headers if header[0].lower() not in {TRACEPARENT, TRACESTATE})
