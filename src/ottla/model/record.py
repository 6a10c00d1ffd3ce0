"""A record as it is in a partition: exact bytes, None where Kafka has null."""

from __future__ import annotations

from typing import NamedTuple


class Record(NamedTuple):
    """A record that was read. ``timestamp`` is in milliseconds since 1970 (None: the record has none).

    A named tuple because there are millions of them. ``headers`` keep their order, their repeats and their nulls.
    """

    topic: str
    partition: int
    offset: int
    timestamp: int | None
    timestamp_type: str | None
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


class Outgoing(NamedTuple):
    """A record to be written. ``partition`` None leaves the choice to the partitioner, ``timestamp`` None means now."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    partition: int | None = None
    timestamp: int | None = None
