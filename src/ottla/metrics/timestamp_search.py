"""How old the first unread record is, found with ListOffsets by timestamp: no record is read, and DESCRIBE is all it needs.

The search gives rounds of questions and takes their answers; who sends them is not its business. A round asks each partition
for one timestamp at most, because a request may name a partition once. Offsets are shared: groups that stand at the same one
cost one search, and each answer narrows all offsets of its partition.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from math import exp, log
from typing import TYPE_CHECKING, NamedTuple

from ottla.metrics.anchors import NOTHING, Anchors, Bounds, Found, KnownTimes, Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TOLERANCE = 250  # ms; how far an age may be off ...
TOLERANCE_SHARE = 0.02  # ... or this share of it, if that is more
BUDGET = 400  # rounds
CROWDED = 4  # answers for each offset, before those that bound none are dropped
_EVEN = TOLERANCE / TOLERANCE_SHARE  # ms; ages below are told apart evenly, ages above by their ratio


class Quality(StrEnum):
    """How an age is known."""

    EXACT = "exact"
    WITHIN = "within"  # the tolerance
    GAP = "gap"  # of the record after a compaction gap, unless one in the gap has the very timestamp of the one before it
    BOUND = "bound"  # not settled: it is at least this old
    FUTURE = "future"  # dated after now


class Age(NamedTuple):
    """Age of a record in seconds, never below 0, and how far it may be off."""

    seconds: float
    error_seconds: float
    quality: Quality


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be known of a partition: ``offsets`` of first unread records, each from ``start`` to before ``end``.

    ``start`` is the log_start_offset and ``end`` the high_watermark; ``gaps`` if its topic is compacted.
    """

    offsets: frozenset[int]
    start: int
    end: int
    gaps: bool = False


@dataclass(slots=True)
class _Partition:
    wanted: Wanted
    known: KnownTimes
    pending: deque[int]


class TimestampSearch:
    """One search over all partitions: ask ``questions``, give the answers to ``take``, until there are none; then read ``ages``.

    ``now`` is in ms. ``anchors`` is changed: it holds what the next search can start from.
    """

    def __init__(self, wanted: Mapping[Place, Wanted], anchors: Anchors, *, now: int, budget: int = BUDGET) -> None:
        self.now = now
        self.rounds = 0
        self._left = budget
        self._partitions = {
            place: _Partition(each, self._still_known(place, each, anchors), deque(from_the_middle(sorted(each.offsets))))
            for place, each in wanted.items()
        }
        self._open = {place for place, partition in self._partitions.items() if self._advance(partition)}
        self._asked: dict[Place, int] = {}

    def questions(self) -> Mapping[Place, int]:
        """The timestamp (ms) to ask each partition for; none if all is settled or the budget is spent."""
        if not self._asked and self._left > 0:
            self._asked = {place: self._question(self._partitions[place]) for place in self._open}
        return self._asked

    def take(self, answers: Mapping[Place, Found | None]) -> None:
        """Take the answers of a round: None where no record is that new. Who is missing (no leader) is not asked again."""
        asked, self._asked = self._asked, {}
        self._left -= 1
        self.rounds += 1
        for place, timestamp in asked.items():
            if place not in answers:
                self._open.discard(place)
                continue
            partition, answer = self._partitions[place], answers[place]
            offset, found = answer if answer is not None else (partition.wanted.end, NOTHING)
            partition.known.times.learn(timestamp, offset, found)
            if not self._advance(partition):
                self._open.discard(place)

    def age(self, place: Place, offset: int) -> Age | None:
        """Age of the first record at or after ``offset``, or None if nothing at all is known of it."""
        return self._age(self._bounds(self._partitions[place], offset))

    def ages(self) -> Iterator[tuple[Place, int, Age]]:
        """The age at each offset that was wanted and of which something is known."""
        for place, partition in self._partitions.items():
            for offset in partition.wanted.offsets:
                age = self.age(place, offset)
                if age is not None:
                    yield place, offset, age

    @property
    def unsettled(self) -> int:
        """Offsets whose age is not known within the tolerance."""
        return sum(
            self._is_open(self._bounds(partition, offset))
            for partition in self._partitions.values()
            for offset in partition.pending
        )

    def _is_open(self, bounds: Bounds) -> bool:
        age = self._age(bounds)
        return not self._is_settled(bounds) and (age is None or age.quality is Quality.BOUND)

    def _still_known(self, place: Place, wanted: Wanted, anchors: Anchors) -> KnownTimes:
        """What is left of earlier answers."""
        known = anchors.refresh(place, start=wanted.start, end=wanted.end, gaps=wanted.gaps, now=self.now)
        if wanted.gaps:
            known.times.forget_silence()
        known.settled = {offset: known.settled[offset] for offset in wanted.offsets if offset in known.settled}
        return known

    def _advance(self, partition: _Partition) -> bool:
        """Go on to the next offset that is not settled; False if there is none."""
        pending, settled = partition.pending, partition.known.settled
        while pending:
            if pending[0] not in settled:
                bounds = self._bounds(partition, pending[0])
                if not self._is_settled(bounds):
                    return True
                if bounds.low < self.now:  # if not, it was 0 because it cannot be less: time will tell
                    settled[pending[0]] = bounds
                    span = self._span(bounds)
                    if span is not None:
                        partition.known.sums[pending[0]] = sum(span)
            pending.popleft()
        times, offsets = partition.known.times, partition.wanted.offsets
        if len(times.offsets) > CROWDED * len(offsets) + CROWDED:
            times.keep_near(offsets)
        return False

    def _bounds(self, partition: _Partition, offset: int) -> Bounds:
        found = partition.known.settled.get(offset)
        return partition.known.times.bounds(offset, gaps=partition.wanted.gaps) if found is None else found

    def _is_settled(self, bounds: Bounds) -> bool:
        """Whether there is nothing more to ask. What is settled stays so: an age grows, and its tolerance with it."""
        if bounds.high <= bounds.low or bounds.low >= self.now:
            return True
        newest = max(bounds.high, bounds.beyond)
        return bounds.low != NOTHING and newest <= self.now and self._is_narrow(bounds.low, newest)

    def _is_narrow(self, low: int, high: int) -> bool:
        return (high - low) / 2 <= tolerance(self.now - high)

    def _age(self, bounds: Bounds) -> Age | None:
        span = self._span(bounds)
        if span is not None:
            is_exact = bounds.low == NOTHING or bounds.floor == bounds.ceiling
            return self._between(*span, Quality.EXACT if is_exact else Quality.WITHIN)
        low, high, _, _, beyond = bounds
        if low == NOTHING:
            return None
        newest = min(max(high, beyond), self.now)
        seconds = (self.now - newest) / 1000
        return Age(seconds, (self.now - low) / 1000 - seconds, Quality.GAP if high <= low else Quality.BOUND)

    def _span(self, bounds: Bounds) -> tuple[int, int] | None:
        """Between which timestamps the record lies, if that is narrow enough."""
        low, high, floor, ceiling, beyond = bounds
        if low == NOTHING:  # nothing lies below: the next record is the one, if it is known that none is dated before it
            return (beyond, beyond) if beyond != NOTHING and high == NOTHING else None
        if floor == ceiling or low >= self.now:
            return low, low
        newest = min(max(high, beyond), self.now)
        return (low, newest) if self._is_narrow(low, newest) else None

    def _between(self, low: int, high: int, quality: Quality) -> Age:
        """The age in the middle of two timestamps."""
        if low > self.now:
            return Age(0.0, 0.0, Quality.FUTURE)
        return Age((2 * self.now - low - high) / 2000, (high - low) / 2000, quality)

    def _question(self, partition: _Partition) -> int:
        """A timestamp after ``low`` and not after ``high``, so that any answer moves one of them."""
        offset, gaps = partition.pending[0], partition.wanted.gaps
        bounds = self._bounds(partition, offset)
        low, high = bounds.low, min(bounds.high, self.now)
        if low == NOTHING and (offset == partition.wanted.start or bounds.beyond != NOTHING or self._is_narrow(0, high)):
            return 0  # the first record of all
        if (not gaps and bounds.floor == offset - 1) or (bounds.beyond != NOTHING and self._is_narrow(low, high)):
            return low + 1  # the record after the one at floor, if it is any newer
        if bounds.high > self.now and self._is_narrow(low, high):
            return self.now
        return min(max(self._halfway(low, high), low + 1), high)

    def _halfway(self, low: int, high: int) -> int:
        """Where as many different ages lie before as after, as far as the tolerance tells them apart.

        From nothing to a settled age that takes 9 rounds, because 50 years are some 500 such ages. Guesses from the offsets
        need fewer for most partitions, but more for the worst one, and a round is as long as that.
        """
        steps = (_steps(self.now - high) + _steps(self.now - max(low, 0))) / 2
        return self.now - round(_age_of(steps))


def from_the_middle(offsets: list[int]) -> Iterator[int]:
    """The middle one first, then the middles of both halves, and so on: early answers narrow many offsets."""
    spans = deque([(0, len(offsets))])
    while spans:
        first, last = spans.popleft()
        if first < last:
            middle = (first + last) // 2
            yield offsets[middle]
            spans += [(first, middle), (middle + 1, last)]


def tolerance(age: float) -> float:
    """How far an age (ms) may be off, in ms."""
    return max(TOLERANCE, TOLERANCE_SHARE * age)


def _steps(age: float) -> float:
    """How many ages from 0 to this one the tolerance tells apart."""
    if age <= _EVEN:
        return age / (2 * TOLERANCE)
    return _EVEN / (2 * TOLERANCE) + log(age / _EVEN) / (2 * TOLERANCE_SHARE)


def _age_of(steps: float) -> float:
    """The inverse of ``_steps``."""
    even = _EVEN / (2 * TOLERANCE)
    if steps <= even:
        return steps * 2 * TOLERANCE
    return _EVEN * exp((steps - even) * 2 * TOLERANCE_SHARE)
