"""What workers and the run that started them say to each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from ottla.kafka.settings import ClientSettings
    from ottla.model.client import ClientProfile
    from ottla.proof.load import Load


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker is to do: to be a producer or a member of the group, the ``number``-th of its kind (from 0).

    With a ``history`` folder it keeps account there of every event; without one only of latencies.
    """

    number: int
    settings: ClientSettings
    profile: ClientProfile
    topic: str
    load: Load
    run: str
    types: tuple[str, ...] = ()
    key_name: str = "key"
    group: str = ""
    history: Path | None = None


@dataclass(frozen=True, slots=True)
class Ready:
    """A worker has met the cluster. A member says how many partitions it has now, a producer how many there are."""

    partitions: int


@dataclass(frozen=True, slots=True)
class Start:
    """Begin at this time (monotonic ns)."""

    at: int


@dataclass(frozen=True, slots=True)
class Stop:
    """Send no more; read no more."""


@dataclass(frozen=True, slots=True)
class Interval:
    """What a worker did since its last one. Histograms are encoded; ``delays`` are those between intended and real send.

    ``held_up`` counts tries that found the queue full: the cluster takes less than is offered. ``lag`` is a member's, in events.
    """

    at: int
    sent: int = 0
    acked: int = 0
    refused: int = 0
    unknown: int = 0
    read: int = 0
    damaged: int = 0
    held_up: int = 0
    lag: int = 0
    warm: bytes = b""
    latencies: bytes = b""
    delays: bytes = b""


@dataclass(frozen=True, slots=True)
class Finished:
    """A worker is at its end. ``unanswered`` events have no outcome."""

    unanswered: int = 0
    notes: tuple[str, ...] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Failed:
    """A worker cannot go on."""

    reason: str


Message = Ready | Interval | Finished | Failed
