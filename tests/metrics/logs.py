"""Logs to search: what a broker answers, and what is true."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from itertools import accumulate

from ottla.metrics.anchors import Anchors, Found
from ottla.metrics.timestamp_search import Age, TimestampSearch, Wanted

NOW = 1_800_000_000_000
PLACE = ("task.created", 0)


@dataclass(frozen=True)
class Log:
    """Records as (offset, timestamp in ms), by offset, and the high_watermark. Offsets may have gaps, timestamps any order."""

    records: tuple[tuple[int, int], ...]
    end: int
    start: int = 0

    def find(self, timestamp: int) -> Found | None:
        """What ListOffsets answers: the first record that is not older (LogSegment.findOffsetByTimestamp)."""
        return next((Found(*record) for record in self.records if record[0] >= self.start and record[1] >= timestamp), None)

    def timestamp_from(self, offset: int) -> int:
        """The timestamp of the first record at or after ``offset``."""
        return self.records[bisect_left(self.records, (max(offset, self.start), -1))][1]


def dense(*timestamps: int, start: int = 0) -> Log:
    return Log(tuple(enumerate(timestamps)), len(timestamps), start)


def spaced(gaps: list[int], *, until: int = NOW) -> Log:
    """Records with these times (ms) between them, the last one ``gaps[-1]`` before ``until``."""
    ages = list(accumulate(reversed(gaps)))
    return dense(*(until - age for age in reversed(ages)))


class Broker:
    """Answers a search, and counts."""

    def __init__(self, logs: dict[tuple[str, int], Log]) -> None:
        self.logs = logs
        self.asked: list[dict[tuple[str, int], int]] = []

    def settle(self, search: TimestampSearch) -> TimestampSearch:
        while questions := search.questions():
            self.asked.append(dict(questions))
            search.take({place: self.logs[place].find(timestamp) for place, timestamp in questions.items()})
        return search


def searched(log: Log, *offsets: int, anchors: Anchors | None = None, now: int = NOW, gaps: bool = False) -> TimestampSearch:
    """A search in one partition, to its end."""
    wanted = {PLACE: Wanted(frozenset(offsets), log.start, log.end, gaps)}
    return Broker({PLACE: log}).settle(TimestampSearch(wanted, anchors or Anchors(), now=now))


def age_of(log: Log, offset: int, *, now: int = NOW, gaps: bool = False) -> Age:
    age = searched(log, offset, now=now, gaps=gaps).age(PLACE, offset)
    assert age is not None
    return age
