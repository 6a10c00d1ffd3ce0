"""What is offered to a platform: how many events, how large, for how long, by how many. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ottla.spec.schema import LoadSpec

NANOSECONDS = 1_000_000_000
GRACE = 1.0  # seconds behind the last event in which an acknowledgement is in time ...
MOST_GRACE = 0.1  # ... but no more than this part of the duration, so that an overload of more than that always shows


@dataclass(frozen=True, slots=True)
class Load:
    """An open loop: events are meant to be sent at a fixed ``rate`` (a second, over all producers), whatever becomes of them.

    ``size`` is that of a value in bytes; ``duration`` and ``warm_up`` are seconds, one after the other. ``keys`` are those of
    one producer; no two producers share one, so that the order of a key is the order in which its producer sent.
    """

    rate: int
    size: int
    duration: float
    warm_up: float = 0.0
    producers: int = 1
    consumers: int = 1
    keys: int = 1_000
    seed: int = 1

    @classmethod
    def of_spec(cls, wanted: LoadSpec | None, *, rate: int | None, size: int | None, duration: float = 0.0) -> Load:
        """The load of the spec, unless one says otherwise; 1,000 events/s of 1 KiB where it names none."""
        return cls(
            rate=rate or (wanted.events_per_second if wanted else 1_000),
            size=size or (wanted.event_size if wanted else 1_024),
            duration=duration,
        )

    @property
    def seconds(self) -> float:
        """How long events are sent."""
        return self.warm_up + self.duration

    @property
    def answered_by(self) -> int:
        """Until when, in ns after the warm-up, an acknowledgement counts for what was achieved."""
        return round((self.duration + min(GRACE, MOST_GRACE * self.duration)) * NANOSECONDS)

    def schedule(self, producer: int) -> Schedule:
        """When a producer (from 0) is to send each of its events, once the warm-up is over."""
        count = round(self.rate * self.duration)
        mine = len(range(producer, count, self.producers))
        return Schedule(count=mine, first=producer * NANOSECONDS // self.rate, step=NANOSECONDS * self.producers / self.rate)


@dataclass(frozen=True, slots=True)
class Schedule:
    """The times of ``count`` events in ns after the start: ``first``, and one every ``step``. Seq numbers begin at 0."""

    count: int
    first: int
    step: float

    def at(self, seq: int) -> int:
        """When an event is meant to be sent."""
        return self.first + int(seq * self.step)

    def due(self, elapsed: int) -> int:
        """How many events are meant to have been sent by then: ``at(due - 1) <= elapsed < at(due)``."""
        if elapsed < self.first:
            return 0
        guess = min(self.count, int((elapsed - self.first) / self.step) + 1)
        while guess < self.count and self.at(guess) <= elapsed:
            guess += 1
        while guess > 0 and self.at(guess - 1) > elapsed:
            guess -= 1
        return guess
