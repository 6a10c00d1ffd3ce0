"""What workers and the run that started them say to each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from ottla.kafka.settings import ClientSettings
    from ottla.model.client import ClientProfile
    from ottla.proof.latency import Counts
    from ottla.proof.load import Load


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker is to do: to be a producer or a member of the group, the ``number``-th of its kind (from 0).

    With a ``history`` folder it keeps account there of every event; without one only of latencies. Raises ValueError for a
    history with a warm-up, whose events nobody accounts for.
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

    def __post_init__(self) -> None:
        if self.history is not None and self.load.warm_up:
            raise ValueError("a load that is written down has no warm-up")


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
class Renew:
    """Go on with another client, as an application does that is restarted: it reads its certificates and passwords anew."""


@dataclass(frozen=True, slots=True)
class Renewed:
    """A worker goes on with another client."""


@dataclass(frozen=True, slots=True)
class Interval:
    """What a worker did from ``began`` to ``at`` (monotonic ns). ``delays`` are those between intended and real send.

    ``in_time`` counts the measured events whose acknowledgement came by the load's ``answered_by``. ``held_up`` counts tries
    that found the queue full: the cluster takes less than is offered. ``lag`` is a member's, in events.
    """

    began: int
    at: int
    sent: int = 0
    acked: int = 0
    in_time: int = 0
    refused: int = 0
    unknown: int = 0
    read: int = 0
    damaged: int = 0
    held_up: int = 0
    lag: int = 0
    warm: Counts = field(default_factory=dict)
    latencies: Counts = field(default_factory=dict)
    delays: Counts = field(default_factory=dict)

    @property
    def middle(self) -> int:
        """The time that it tells of: it always ends a moment after its second."""
        return (self.began + self.at) // 2


@dataclass(frozen=True, slots=True)
class Finished:
    """A worker is at its end. ``unanswered`` events have no outcome."""

    unanswered: int = 0


@dataclass(frozen=True, slots=True)
class Failed:
    """A worker cannot go on."""

    reason: str


Message = Ready | Renewed | Interval | Finished | Failed
