"""What a bench measured, second by second and in all. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ottla.proof.latency import Latencies, Percentiles, percentiles
from ottla.proof.load import NANOSECONDS

if TYPE_CHECKING:
    from ottla.proof.host import HostSample
    from ottla.proof.load import Load
    from ottla.proof.messages import Interval


@dataclass(slots=True)
class Second:
    """One second of a run; latencies are those of the events that were answered, or read, in it."""

    sent: int = 0
    acked: int = 0
    failed: int = 0
    read: int = 0
    lag: int = 0
    ack: Latencies = field(default_factory=Latencies)
    end_to_end: Latencies = field(default_factory=Latencies)
    host: HostSample | None = None


@dataclass(slots=True)
class Measurement:
    """A run of a load. Times begin with the first event; what was meant to be sent during the warm-up is counted apart.

    ``ack`` is from the intended send to the acknowledgement, ``end_to_end`` to the consumer, ``delays`` to the real send.
    """

    load: Load
    start: int = 0
    seconds: dict[int, Second] = field(default_factory=dict)
    ack: Latencies = field(default_factory=Latencies)
    end_to_end: Latencies = field(default_factory=Latencies)
    delays: Latencies = field(default_factory=Latencies)
    warm_ack: Latencies = field(default_factory=Latencies)
    warm_end_to_end: Latencies = field(default_factory=Latencies)
    in_time: int = 0
    damaged: int = 0
    held_up: int = 0
    unanswered: int = 0

    def second(self, at: int) -> Second:
        """The second in which a time (monotonic ns) lies."""
        return self.seconds.setdefault(max(0, (at - self.start) // NANOSECONDS), Second())

    def produced(self, interval: Interval) -> None:
        """Take in what a producer did."""
        second = self.second(interval.middle)
        second.sent += interval.sent
        second.acked += interval.acked
        second.failed += interval.refused + interval.unknown
        self.in_time += interval.in_time
        self.held_up += interval.held_up
        self.delays.add(interval.delays)
        for into in (second.ack, self.ack):
            into.add(interval.latencies)
        for into in (second.ack, self.warm_ack):
            into.add(interval.warm)

    def consumed(self, interval: Interval) -> None:
        """Take in what a member of the group did."""
        second = self.second(interval.middle)
        second.read += interval.read
        second.lag += interval.lag
        self.damaged += interval.damaged
        for into in (second.end_to_end, self.end_to_end):
            into.add(interval.latencies)
        for into in (second.end_to_end, self.warm_end_to_end):
            into.add(interval.warm)

    @property
    def measured(self) -> list[tuple[int, Second]]:
        """The seconds that count: behind the warm-up, while events were sent; of one that is cut, its middle decides."""
        first, last = self.load.warm_up, self.load.seconds
        return [(number, second) for number, second in sorted(self.seconds.items()) if first <= number + 0.5 < last]

    @property
    def achieved(self) -> float:
        """Measured events that were acknowledged in time, a second: less than the rate where the platform does not keep up."""
        return self.in_time / self.load.duration if self.load.duration else 0.0

    @property
    def held_up_share(self) -> float:
        """The part of the tries to send a measured event that found the queue full, 0 to 1."""
        return self.held_up / max(1, self.held_up + len(self.delays))

    @property
    def hosts(self) -> list[HostSample]:
        """How the machine was in the measured seconds."""
        return [second.host for _, second in self.measured if second.host is not None]

    @property
    def lag(self) -> int:
        """The largest lag of a measured second."""
        return max((second.lag for _, second in self.measured), default=0)

    @property
    def sent(self) -> int:
        """Events, those of the warm-up among them."""
        return sum(second.sent for second in self.seconds.values())

    @property
    def acked(self) -> int:
        """Events, those of the warm-up among them."""
        return sum(second.acked for second in self.seconds.values())

    @property
    def failed(self) -> int:
        """Events that were refused, or timed out."""
        return sum(second.failed for second in self.seconds.values())

    @property
    def read(self) -> int:
        """Events that came, those of the warm-up among them; one that came again after a rebalance counts again."""
        return sum(second.read for second in self.seconds.values())

    def summary(self) -> dict[str, Percentiles]:
        """The percentiles of everything, by what they are of."""
        return {
            "ack": percentiles(self.ack),
            "end_to_end": percentiles(self.end_to_end),
            "delay": percentiles(self.delays),
            "warm_ack": percentiles(self.warm_ack),
            "warm_end_to_end": percentiles(self.warm_end_to_end),
        }
