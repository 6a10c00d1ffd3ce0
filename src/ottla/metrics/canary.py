"""The canary's ledger: what became of each record that it meant to send. Times come in; there is no clock here."""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict, defaultdict, deque
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from ottla.metrics.exporter_metrics import (
    BOUNDS,
    CANARY_DELIVERY,
    CANARY_LATE,
    CANARY_LOST,
    CANARY_PRODUCE,
    CANARY_RECEIVED,
    CANARY_REFUSED,
    CANARY_SENT,
)
from ottla.metrics.samples import Distribution, Sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CAPACITY = 50_000  # records that are remembered; at 1 a second for each of three brokers, over four hours of them


@dataclass(slots=True)
class _Open:
    """A record whose end is not known. ``log`` is the one that the partition had when it was sent."""

    node_id: int
    partition: int
    log: int
    intended: float
    offset: int | None = None  # None: not acknowledged
    received: float | None = None  # it came before its acknowledgement was told
    overdue: bool = False
    late: bool = False


@dataclass(slots=True)
class _Histogram:
    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    sum: float = 0.0

    def observe(self, seconds: float) -> None:
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.sum += max(0.0, seconds)

    def distribution(self) -> Distribution:
        return Distribution(tuple(self.counts), self.sum)


@dataclass(slots=True)
class _Tally:
    """What is told of a node."""

    produce: _Histogram = field(default_factory=_Histogram)
    delivery: _Histogram = field(default_factory=_Histogram)
    sent: int = 0
    refused: int = 0
    received: int = 0
    late: int = 0
    lost: int = 0


class Ledger:
    """Keeps account of records in flight, and tells late ones from lost ones.

    A record is sent when it was meant to be; it is then acknowledged or refused, once. An acknowledged one is received, or
    missed: then what came from its partition has its offset or a higher one, and the partition is read in order. A missed one
    is lost as soon as the topic is seen to be the same one still: where it was deleted and made anew, offsets began again, and
    the clients may have gone over to the new log before anybody noticed. One that is not back ``deadline`` seconds after it
    was meant to be sent is late, and may still be either.

    At most ``capacity`` records are remembered. The oldest are forgotten first: what was not acknowledged by then counts as
    refused, what was acknowledged stays without an end.
    """

    def __init__(self, *, deadline: float, capacity: int = CAPACITY) -> None:
        self._deadline = deadline
        self._capacity = capacity
        self._next = 0
        self._log = 0
        self._open: OrderedDict[int, _Open] = OrderedDict()
        self._by_time: deque[tuple[float, int]] = deque()  # until each was looked at after its deadline
        self._by_offset: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)  # heaps of a partition's acknowledged ones
        self._missed: list[int] = []  # since the look before the last one
        self._suspected: list[int] = []  # since before the last look
        self._tallies: defaultdict[int, _Tally] = defaultdict(_Tally)

    @property
    def remembered(self) -> int:
        """How many records have no end yet."""
        return len(self._open)

    def leads(self, node_ids: Iterable[int]) -> None:
        """Let these nodes have series, all 0 before anything is sent."""
        for node_id in node_ids:
            self._tallies[node_id]  # made by being asked for

    def new_log(self) -> int:
        """The topic was made anew: offsets begin again, and say nothing of records that were sent before. The log's number."""
        self._log += 1
        self._by_offset.clear()
        self._missed, self._suspected = [], []
        return self._log

    def same_log(self) -> None:
        """The topic was looked at, and is still the same one. What was missed before the look before this one is lost.

        Two looks, because a broker may tell of the old topic when another one has already the new one.
        """
        for number in self._suspected:
            self._lose(number)
        self._missed, self._suspected = [], self._missed

    def sent(self, *, node_id: int, partition: int, at: float) -> int:
        """A record is meant to be sent ``at`` this time, which is not before that of the one before; its number."""
        while len(self._open) >= self._capacity:
            self._forget()
        number = self._next
        self._next += 1
        self._open[number] = _Open(node_id, partition, self._log, at)
        self._by_time.append((at, number))
        self._tallies[node_id].sent += 1
        return number

    def acknowledged(self, number: int, *, offset: int, at: float) -> None:
        """A record is in the log. What was told of it already counts."""
        record = self._open.get(number)
        if record is None or record.offset is not None:
            return
        record.offset = offset
        self._tallies[record.node_id].produce.observe(at - record.intended)
        if record.received is not None:
            self._settle(number, record, record.received)
            return
        if record.log == self._log:
            heappush(self._by_offset[record.partition], (offset, number))
        if record.overdue:
            self._late(record)

    def refused(self, number: int) -> None:
        """A record was not acknowledged, and will not be. It may be in the log all the same; that is not counted."""
        record = self._open.get(number)
        if record is not None and record.offset is None:
            del self._open[number]
            self._tallies[record.node_id].refused += 1

    def received(self, number: int | None, *, log: int, partition: int, offset: int, at: float) -> None:
        """A record came from a log (0: the first one); None: one that this ledger did not send."""
        record = self._open.get(number) if number is not None else None
        if number is not None and record is not None and record.received is None:
            record.received = at
            if record.offset is not None:
                self._settle(number, record, at)
        passed = self._by_offset[partition] if log == self._log else []
        while passed and passed[0][0] <= offset:
            missed = heappop(passed)[1]
            if missed in self._open:  # it did not come, and was not forgotten
                self._missed.append(missed)

    def look(self, now: float) -> None:
        """Count what is late by now."""
        while self._by_time and now - self._by_time[0][0] > self._deadline:
            record = self._open.get(self._by_time.popleft()[1])
            if record is None or record.received is not None:
                continue
            record.overdue = True
            if record.offset is not None:
                self._late(record)

    def samples(self) -> Iterator[Sample]:
        """The figures of each node."""
        for node_id, tally in sorted(self._tallies.items()):
            labels = (str(node_id),)
            yield Sample(CANARY_PRODUCE, labels, tally.produce.distribution())
            yield Sample(CANARY_DELIVERY, labels, tally.delivery.distribution())
            yield Sample(CANARY_SENT, labels, tally.sent)
            yield Sample(CANARY_REFUSED, labels, tally.refused)
            yield Sample(CANARY_RECEIVED, labels, tally.received)
            yield Sample(CANARY_LATE, labels, tally.late)
            yield Sample(CANARY_LOST, labels, tally.lost)

    def _settle(self, number: int, record: _Open, at: float) -> None:
        """An acknowledged record has come."""
        del self._open[number]
        tally = self._tallies[record.node_id]
        tally.received += 1
        tally.delivery.observe(at - record.intended)
        if at - record.intended > self._deadline:
            self._late(record)

    def _late(self, record: _Open) -> None:
        if not record.late:
            record.late = True
            self._tallies[record.node_id].late += 1

    def _lose(self, number: int) -> None:
        record = self._open.pop(number, None)  # None: it came after all, or was forgotten
        if record is not None:
            self._tallies[record.node_id].lost += 1

    def _forget(self) -> None:
        _, record = self._open.popitem(last=False)
        if record.offset is None:
            self._tallies[record.node_id].refused += 1
            return
        ends_known = self._by_offset[record.partition]
        while ends_known and ends_known[0][1] not in self._open:  # in a log, older ones have the lower offsets
            heappop(ends_known)
