"""What is known of the times of records, from the answers to ListOffsets by timestamp.

An answer to "which is the first record that is not older than t" says two things: every record before the one that is found is
older than t, and that one has the timestamp that came with it. The first is true in any log. From the second it follows that
the records after it are no older only where time goes up with offsets, as it does unless producers date their records otherwise.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection

Place = tuple[str, int]  # topic, partition

NOTHING = -1  # as a timestamp: not known. Kafka's own word for "this record has none"
FOREVER = 2**63 - 1
TRUST_IN_GAPS = 60_000  # ms; compaction may take a record that was found
AGE_OUT_EVERY = 30  # rounds


class Found(NamedTuple):
    """An answer of a broker: the first record that is not older than what was asked for, and its timestamp (ms)."""

    offset: int
    timestamp: int


class Bounds(NamedTuple):
    """What is known of the timestamp (ms) of the first record at or after an offset: from ``low`` to ``high``, both included.

    ``low`` is that of the record at ``floor``, ``high`` is shown by what is known of ``ceiling``. Where compaction leaves gaps,
    the record may also be the one at ``ceiling``, with the timestamp ``beyond``.
    """

    low: int
    high: int
    floor: int
    ceiling: int
    beyond: int = NOTHING


@dataclass(slots=True)
class PartitionTimes:
    """The answers about one partition, in the order of their offsets.

    Every record before ``offsets[i]`` is older than ``before[i]``; the record at ``offsets[i]`` has the timestamp ``at[i]``,
    or it is not known (NOTHING).
    """

    offsets: array[int] = field(default_factory=lambda: array("q"))
    before: array[int] = field(default_factory=lambda: array("q"))
    at: array[int] = field(default_factory=lambda: array("q"))

    def learn(self, asked: int, offset: int, timestamp: int) -> None:
        """Take in that every record before ``offset`` is older than ``asked``, and that the one at it has ``timestamp``."""
        here = bisect_left(self.offsets, offset)
        if here < len(self.offsets) and self.offsets[here] == offset:
            self.before[here] = min(self.before[here], asked)
            self.at[here] = max(self.at[here], timestamp)
        else:
            self.offsets.insert(here, offset)
            self.before.insert(here, asked)
            self.at.insert(here, timestamp)
        while here and self.before[here - 1] > asked:
            here -= 1
            self.before[here] = asked

    def bounds(self, offset: int, *, gaps: bool = False) -> Bounds:
        """What is known of the first record at or after ``offset``, which is the one at it unless the log has ``gaps``."""
        here = bisect_left(self.offsets, offset)
        below = here - 1
        while below >= 0 and self.at[below] == NOTHING:
            below -= 1
        low, floor = (self.at[below], self.offsets[below]) if below >= 0 else (NOTHING, NOTHING)
        if here < len(self.offsets) and self.offsets[here] == offset:
            if self.at[here] != NOTHING:
                return Bounds(self.at[here], self.at[here], offset, offset)
            here += 1
        if here == len(self.offsets):
            return Bounds(low, FOREVER, floor, NOTHING)
        high = self.before[here] - 1
        # low > high: a record that compaction has taken since was dated after later ones. What is true in any log stays
        return Bounds(min(low, high), high, floor, self.offsets[here], self.at[here] if gaps else NOTHING)

    def forget_before(self, start: int) -> None:
        """Drop what is known of records that retention has taken."""
        here = bisect_left(self.offsets, start)
        del self.offsets[:here], self.before[:here], self.at[:here]

    def forget_silence(self) -> None:
        """Drop the answers "none is that new": with gaps, the next record may be one that came since."""
        self._keep([index for index, timestamp in enumerate(self.at) if timestamp != NOTHING])

    def keep_near(self, offsets: Collection[int]) -> None:
        """Drop what bounds none of ``offsets``, apart from the newest answer."""
        near = {len(self.offsets) - 1}
        for each in offsets:
            here = bisect_left(self.offsets, each)
            near |= {here - 1, here, here + 1}
        self._keep(sorted(index for index in near if 0 <= index < len(self.offsets)))

    def _keep(self, kept: Collection[int]) -> None:
        self.offsets = array("q", [self.offsets[index] for index in kept])
        self.before = array("q", [self.before[index] for index in kept])
        self.at = array("q", [self.at[index] for index in kept])


@dataclass(slots=True)
class KnownTimes:
    """All that is known of a partition: the answers, and what came of them for offsets that were asked for before.

    ``since`` (ms) is when the oldest answer came, ``end`` the high_watermark that was last seen. ``sums`` has, for offsets whose
    record is known within the tolerance for good, the sum of its earliest and latest possible timestamp.
    """

    since: int
    end: int = 0
    times: PartitionTimes = field(default_factory=PartitionTimes)
    settled: dict[int, Bounds] = field(default_factory=dict)
    sums: dict[int, int] = field(default_factory=dict)
    _older: dict[int, int] = field(default_factory=dict)

    def sum_at(self, offset: int) -> int | None:
        """The sum for an offset; it stays known as long as it is asked for now and then."""
        found = self.sums.get(offset)
        if found is None:
            found = self._older.pop(offset, None)
            if found is not None:
                self.sums[offset] = found
        return found

    def age_out(self) -> None:
        """Forget the sums that nobody has asked for since this was called last."""
        self._older, self.sums = self.sums, {}


@dataclass(slots=True)
class Anchors:
    """What one snapshot leaves for the next. An offset keeps its timestamp, so a consumer that stands still costs no request."""

    places: dict[Place, KnownTimes] = field(default_factory=dict)
    _rounds: int = 0

    def refresh(self, place: Place, *, start: int, end: int, gaps: bool, now: int) -> KnownTimes:
        """What is still known of a partition: nothing if its log was cut or made anew, or if compaction may have been there."""
        known = self.places.get(place)
        if known is None or end < known.end or (gaps and now - known.since > TRUST_IN_GAPS):
            known = self.places[place] = KnownTimes(now, end)
            return known
        known.end = end
        known.times.forget_before(start)
        return known

    def next_round(self, places: Collection[Place]) -> None:
        """Keep ``places`` only; once in a while drop what nobody asks for."""
        if len(self.places) > len(places):
            self.places = {place: known for place, known in self.places.items() if place in places}
        self._rounds += 1
        if self._rounds % AGE_OUT_EVERY == 0:
            for known in self.places.values():
                known.age_out()

    def forget(self, topic: str) -> None:
        """Drop what is known of a topic that was deleted or made anew (its topic_id is another one)."""
        self.places = {place: known for place, known in self.places.items() if place[0] != topic}
