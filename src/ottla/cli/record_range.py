"""From where records are read, and which of them are wanted: what ``--from`` and the filters of ``consume`` mean."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING

from ottla.errors import UsageError
from ottla.kafka.consume import Span
from ottla.model.units import parse_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ottla.model.record import Record
    from ottla.platform.access import Access


class Edge(Enum):
    """Where a partition begins and ends."""

    BEGINNING = "beginning"
    END = "end"


@dataclass(frozen=True, slots=True)
class AtOffset:
    """An offset; a negative one counts from the end."""

    offset: int


@dataclass(frozen=True, slots=True)
class AtTime:
    """Milliseconds since 1970."""

    timestamp: int


Start = Edge | AtOffset | AtTime


def parse_start(text: str, *, now: int) -> Start:
    """``beginning``, ``end``, ``120``, ``-5``, ``2026-11-20T10:00``, ``15m`` (ago; ``now`` is in milliseconds) or ``@MS``.

    A time without a zone is the machine's own. Raises UsageError.
    """
    if text in {edge.value for edge in Edge}:
        return Edge(text)
    if re.fullmatch(r"-?[0-9]{1,18}", text):
        return AtOffset(int(text))
    if re.fullmatch(r"@[0-9]{1,18}", text):
        return AtTime(int(text[1:]))
    try:
        return AtTime(int(datetime.fromisoformat(text).timestamp() * 1000))
    except (ValueError, OverflowError, OSError):
        pass
    try:
        return AtTime(max(0, now - parse_duration(text)))
    except ValueError:
        hint = "one of: beginning, end, 120 (offset), -5 (the last five offsets), 2026-11-20T10:00, 15m (ago), @1790000000000"
        raise UsageError(f"--from {text}: not a place to begin", hint=hint) from None


def spans_from(
    access: Access, topic: str, start: Start, *, partitions: Sequence[int] = (), follow: bool = False
) -> dict[tuple[str, int], Span]:
    """What is read of each partition, up to its end as it is now, unless ``follow``. Raises UsageError, ClusterError."""
    ranges = access.partition_ranges(topic, partitions)
    at = access.offsets_at(topic, start.timestamp) if isinstance(start, AtTime) else {}
    spans = {}
    for partition, found in ranges.items():
        match start:
            case Edge.BEGINNING:
                first = found.start
            case Edge.END:
                first = found.end
            case AtOffset(offset):
                first = offset if offset >= 0 else found.end + offset
            case AtTime():
                later = at.get(partition)
                first = found.end if later is None else later
        first = min(max(found.start, first), found.end)
        spans[topic, partition] = Span(first, None if follow else found.end)
    return spans


def wanted(
    key: str | None, key_match: str | None, headers: Sequence[str], value_match: str | None
) -> Callable[[Record], bool] | None:
    """A record passes if it meets every condition; None if there is none. Raises UsageError for a bad pattern."""
    tests: list[Callable[[Record], bool]] = []
    if key is not None:
        exact = os.fsencode(key)
        tests.append(lambda record: record.key == exact)
    if key_match is not None:
        of_key = _pattern("--key-match", key_match)
        tests.append(lambda record: record.key is not None and of_key.search(record.key) is not None)
    if value_match is not None:
        of_value = _pattern("--value-match", value_match)
        tests.append(lambda record: record.value is not None and of_value.search(record.value) is not None)
    tests += [_has_header(text) for text in headers]
    return (lambda record: all(test(record) for test in tests)) if tests else None


def _has_header(text: str) -> Callable[[Record], bool]:
    name, separator, value = text.partition("=")
    if separator:
        pair = (name, os.fsencode(value))
        return lambda record: pair in record.headers
    return lambda record: any(name == each for each, _ in record.headers)


def _pattern(option: str, text: str) -> re.Pattern[bytes]:
    try:
        return re.compile(os.fsencode(text))
    except re.error as error:
        raise UsageError(f"{option} {text}: not a regular expression: {error}") from None
