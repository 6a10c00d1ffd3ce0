"""A history in memory: columns, not objects, because a run has a million records. Pure: no clock and no I/O.

All times are ``time.monotonic_ns()`` of one machine. Index i of each column is the same attempt, read or batch.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

NOBODY = 0xFFFF  # the producer of a record that is not of this run: a phantom
INTACT = 1  # flag of a read: its checksum covers its key and value
NOWHERE = -1  # a partition or an offset that is not known
NO_KEY = -1  # the key number of an attempt without a key


class Kind(IntEnum):
    """What became of an attempt. No outcome at all is UNKNOWN: it may be in the log or not."""

    NONE = 0
    ACKED = 1
    REFUSED = 2
    UNKNOWN = 3


@dataclass(frozen=True, slots=True)
class Load:
    """What was offered: ``rate`` events a second of ``size`` bytes, for ``duration_ms`` after ``warm_up_ms``."""

    rate: int
    size: int
    duration_ms: int
    warm_up_ms: int = 0


@dataclass(frozen=True, slots=True)
class Fault:
    """What was to be done, and to whom: ``kill``, ``node 2, leader of partition 0``."""

    name: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What was run, and on what. ``expects`` is the row of the table in ``ottla.proof.expected``.

    ``producers``, ``readers`` and ``nodes`` say which files there have to be: one that is missing is not "nothing there".
    ``complete`` is whether the run went to its end. ``command`` runs it again.
    ``acts`` is how many faults were planned; ``faults`` are those that were begun. ``jvm`` are the flags of the nodes.
    """

    drill: str
    expects: str
    seed: int
    faults: tuple[Fault, ...]
    load: Load
    topic: str
    group: str
    partitions: int
    replication_factor: int
    min_insync_replicas: int
    acks: str
    idempotent: bool
    session_ms: int
    producers: int
    readers: int
    nodes: tuple[int, ...]
    cluster_id: str
    kafka_version: str
    ottla_version: str
    command: str
    acts: int
    jvm: tuple[str, ...]
    began: str
    began_ns: int
    complete: bool


@dataclass(frozen=True, slots=True)
class Event:
    """A line of the timeline, or of what a member of the group lived through."""

    at: int
    what: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Attempts:
    """What one producer meant to send; the index is its seq. ``kind`` and what follows it are of the outcome."""

    producer: int
    intended: array[int]
    checksum: array[int]
    key: array[int]
    kind: bytearray
    code: array[int]
    partition: array[int]
    offset: array[int]
    at: array[int]

    def __len__(self) -> int:
        return len(self.intended)


@dataclass(frozen=True, slots=True)
class Reads:
    """Records as a reader was given them, in that order."""

    partition: array[int] = field(default_factory=lambda: array("i"))
    offset: array[int] = field(default_factory=lambda: array("q"))
    producer: array[int] = field(default_factory=lambda: array("H"))
    seq: array[int] = field(default_factory=lambda: array("q"))
    checksum: array[int] = field(default_factory=lambda: array("I"))
    at: array[int] = field(default_factory=lambda: array("q"))
    flags: array[int] = field(default_factory=lambda: array("B"))

    def __len__(self) -> int:
        return len(self.offset)


@dataclass(frozen=True, slots=True)
class Member:
    """A member of the consumer group: what it was given, and what it was told of its partitions.

    Its events are ``assigned``, ``revoked``, ``lost`` and ``committed`` with ``partitions`` ({partition: offset or None}) and
    ``reads``: how many reads were before it. ``assigned`` adds to what it had, and its offsets are where reading begins.
    """

    number: int
    reads: Reads
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Final:
    """The verifier's read, after healing: each partition from its start to the end that was frozen then."""

    reads: Reads
    starts: Mapping[int, int]
    ends: Mapping[int, int]
    complete: bool


@dataclass(frozen=True, slots=True)
class Batches:
    """Batches as they stand in the log of one node."""

    partition: array[int]
    base: array[int]
    last: array[int]
    checksum: array[int]
    epoch: array[int]

    def __len__(self) -> int:
        return len(self.base)


@dataclass(frozen=True, slots=True)
class Replica:
    """One node's own log: its batches, and where each partition starts and ends there."""

    node: int
    batches: Batches
    bounds: Mapping[int, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class History:
    """All that is known of a run. ``missing`` and ``torn`` are sentences: which file, and what is not known because of it."""

    run: Run
    timeline: tuple[Event, ...] = ()
    attempts: tuple[Attempts, ...] = ()
    members: tuple[Member, ...] = ()
    final: Final | None = None
    replicas: tuple[Replica, ...] = ()
    missing: tuple[str, ...] = ()
    torn: tuple[str, ...] = ()

    def first(self, what: str) -> int | None:
        """When something happened for the first time."""
        return next((event.at for event in self.timeline if event.what == what), None)

    def last(self, what: str) -> int | None:
        """When something happened for the last time."""
        return next((event.at for event in reversed(self.timeline) if event.what == what), None)
