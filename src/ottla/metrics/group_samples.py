"""From what was seen of consumer_groups to their samples: which records to ask the age of, and what to say then.

There are as many figures as groups times partitions, so each is touched once before the search and once after it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ottla.metrics import group_metrics as of
from ottla.metrics.lag import (
    UNLIMITED,
    Filling,
    Isolation,
    PartitionOffsets,
    Retention,
    Standing,
    catch_up_seconds,
    reported,
    retention_seconds,
    standing,
    state_set,
)
from ottla.metrics.samples import Sample, Series
from ottla.metrics.timestamp_search import Quality, Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from ottla.metrics.anchors import Anchors, Place
    from ottla.metrics.timestamp_search import Age
    from ottla.model.group import ConsumerGroup

GroupTopic = tuple[str, str]
Rows = list[tuple[int, int, Standing]]  # partition, committed_offset, standing
Stands = dict[GroupTopic, Rows]
UNSETTLED = frozenset({Quality.GAP, Quality.BOUND})


@dataclass(frozen=True, slots=True)
class GroupsSeen:
    """One snapshot of groups, taken at ``at`` (ms). What could not be read is missing: it has no samples.

    ``committed`` is by group, topic and partition, ``offsets`` by topic and partition. ``isolation`` names the groups that
    read otherwise than by Kafka's default; ``sizes`` is bytes of a partition's leader.
    """

    at: int
    groups: tuple[ConsumerGroup, ...]
    committed: Mapping[str, Mapping[str, Mapping[int, int]]]
    offsets: Mapping[str, Mapping[int, PartitionOffsets]]
    members: Mapping[str, int] = field(default_factory=dict)
    isolation: Mapping[str, Isolation] = field(default_factory=dict)
    retention: Mapping[str, Retention] = field(default_factory=dict)
    sizes: Mapping[Place, int] = field(default_factory=dict)

    def standings(self) -> Stands:
        """Where each group stands in each partition that it has committed an offset of, and whose offsets are known."""
        stands: Stands = {}
        for group in reported(self.groups, self.committed):
            isolation = self.isolation.get(group.group_id, Isolation.READ_UNCOMMITTED)
            for topic, of_topic in self.committed.get(group.group_id, {}).items():
                known = self.offsets.get(topic, {})
                stands[group.group_id, topic] = [
                    (partition, committed, standing(committed, known[partition], isolation))
                    for partition, committed in of_topic.items()
                    if partition in known
                ]
        return stands

    def is_whole(self, group_id: str, topic: str) -> bool:
        """Whether it is known where each partition ends that a group has committed an offset of."""
        return self.committed[group_id][topic].keys() <= self.offsets.get(topic, {}).keys()


def wanted_ages(seen: GroupsSeen, stands: Stands, anchors: Anchors, compacted: Collection[str]) -> dict[Place, Wanted]:
    """The first unread records whose times ``anchors`` do not know for good, each once whoever has not read it.

    ``compacted`` names topics. What ``anchors`` know is brought up to date with where partitions begin and end now.
    """
    knowing = {}
    for topic, of_topic in seen.offsets.items():
        for partition, (start, end, _) in of_topic.items():
            gaps = topic in compacted
            knowing[topic, partition] = anchors.refresh((topic, partition), start=start, end=end, gaps=gaps, now=seen.at)
    anchors.next_round(knowing)
    firsts: dict[Place, set[int]] = defaultdict(set)
    for (_, topic), rows in stands.items():
        for partition, _, (_, _, _, first) in rows:
            if first is not None and knowing[topic, partition].sum_at(first) is None:
                firsts[topic, partition].add(first)
    wanted = {}
    for place, found in firsts.items():
        start, end, _ = seen.offsets[place[0]][place[1]]
        wanted[place] = Wanted(frozenset(found), start, end, place[0] in compacted)
    return wanted


class GroupSamples:
    """The samples of one snapshot: ``age_of`` is what the search has found of what ``anchors`` do not know for good."""

    def __init__(
        self, seen: GroupsSeen, before: GroupsSeen | None, anchors: Anchors, age_of: Callable[[Place, int], Age | None]
    ) -> None:
        self.seen = seen
        self.before = before
        self.anchors = anchors
        self.age_of = age_of
        self.future = 0  # records dated after now that somebody has to read next

    def of(self, stands: Stands, *, partitions: bool = True) -> Iterator[Sample | Series]:
        """All of them; those of each partition only with ``partitions``."""
        for group in reported(self.seen.groups, self.seen.committed):
            yield from _of_group(group, self.seen.members.get(group.group_id))
        for labels, rows in stands.items():
            if rows:
                errors: list[tuple[int, float]] = []
                seconds = self._seconds(labels[1], rows, errors)
                if partitions:
                    yield from _of_partitions(labels, rows, seconds, errors)
                if self.seen.is_whole(*labels):  # if not, a sum would look smaller than it is
                    yield from self._of_topic(labels, rows, seconds)

    def _seconds(self, topic: str, rows: Rows, errors: list[tuple[int, float]]) -> list[float | None]:
        """The age of what each partition has to read first; ``errors`` takes how far those are off that are not settled."""
        now, known = 2 * self.seen.at, self.anchors.places
        found: list[float | None] = []
        for partition, _, (lag, _, _, first) in rows:
            if first is None:
                found.append(None if lag else 0.0)
                continue
            total = known[topic, partition].sums.get(first)
            if total is not None:
                found.append((now - total) / 2000)
                continue
            age = self.age_of((topic, partition), first)
            found.append(None if age is None else age.seconds)
            if age is not None:
                self.future += age.quality is Quality.FUTURE
                if age.quality in UNSETTLED:
                    errors.append((partition, age.error_seconds))
        return found

    def _of_topic(self, labels: GroupTopic, rows: Rows, seconds: list[float | None]) -> Iterator[Sample]:
        """Records add up; of seconds the worst partition counts, if all are known: the worst must not look like the best."""
        yield Sample(of.GROUP_TOPIC_COMMITTED_OFFSETS, labels, sum(committed for _, committed, _ in rows))
        yield Sample(of.GROUP_TOPIC_LAG_RECORDS, labels, sum(stands.lag for _, _, stands in rows))
        yield Sample(of.GROUP_TOPIC_LOST_RECORDS, labels, sum(stands.lost for _, _, stands in rows))
        with_age = [
            age for age, (_, _, stands) in zip(seconds, rows, strict=True) if stands.first_unread is not None or not stands.lag
        ]
        for metric, figures in (
            (of.GROUP_TOPIC_LAG_SECONDS, with_age),
            (of.GROUP_TOPIC_CATCH_UP_SECONDS, self._catch_up(labels, rows)),
        ):
            known = [figure for figure in figures if figure is not None]
            if known and len(known) == len(figures):
                yield Sample(metric, labels, max(known))
        left = self._until_retention(labels[1], rows, seconds)
        if left is not None:
            yield Sample(of.GROUP_TOPIC_RETENTION_SECONDS, labels, left)

    def _catch_up(self, labels: GroupTopic, rows: Rows) -> list[float | None]:
        """Seconds until the group is done with each partition, at the rates since the snapshot before."""
        if self.before is None:
            return [None if stands.lag else 0.0 for _, _, stands in rows]
        group_id, topic = labels
        elapsed = (self.seen.at - self.before.at) / 1000
        committed_then, offsets_then = self.before.committed.get(group_id, {}).get(topic, {}), self.before.offsets.get(topic, {})
        is_isolated = self.seen.isolation.get(group_id) is Isolation.READ_COMMITTED
        found: list[float | None] = []
        for partition, committed, (lag, _, _, _) in rows:
            if lag == 0:
                found.append(0.0)
            elif partition not in committed_then or partition not in offsets_then:
                found.append(None)
            else:
                _, end_then, stable_then = offsets_then[partition]
                written = committed + lag - (stable_then if is_isolated else end_then)
                read = committed - committed_then[partition]
                found.append(catch_up_seconds(lag, read=read, written=written, elapsed=elapsed))
        return found

    def _until_retention(self, topic: str, rows: Rows, seconds: list[float | None]) -> float | None:
        """The soonest that retention may take a record that the group has not read."""
        retention = self.seen.retention.get(topic, Retention())
        unread = []
        for age, (partition, _, stands) in zip(seconds, rows, strict=True):
            if stands.first_unread is not None:
                if age is None:
                    return None  # it may be the one
                unread.append((age, partition, stands.first_unread))
        if not unread or retention == Retention():
            return None
        if retention.size == UNLIMITED:  # then it is the oldest
            age, _, first = max(unread)
            return retention_seconds(retention, age, first, None)
        left = (retention_seconds(retention, age, first, self._filling(topic, partition)) for age, partition, first in unread)
        return min((each for each in left if each is not None), default=None)

    def _filling(self, topic: str, partition: int) -> Filling | None:
        then = self.before.offsets.get(topic, {}).get(partition) if self.before is not None else None
        size = self.seen.sizes.get((topic, partition))
        if self.before is None or then is None or size is None:
            return None
        elapsed = (self.seen.at - self.before.at) / 1000
        return Filling(self.seen.offsets[topic][partition], size, elapsed, then.high_watermark)


def _of_group(group: ConsumerGroup, members: int | None) -> Iterator[Sample]:
    if members is not None:
        yield Sample(of.GROUP_MEMBERS, (group.group_id,), members)
    yield Sample(of.GROUP_INFO, (group.group_id, group.type), 1)
    for state, value in state_set(group).items():
        yield Sample(of.GROUP_STATE, (group.group_id, state), value)


def _of_partitions(
    labels: GroupTopic, rows: Rows, seconds: list[float | None], errors: list[tuple[int, float]]
) -> Iterator[Series]:
    """Most partitions have lost nothing and are known exactly: what says so has a series only where it is not so."""
    yield Series(of.GROUP_COMMITTED_OFFSET, labels, [(partition, committed) for partition, committed, _ in rows])
    yield Series(of.GROUP_LAG_RECORDS, labels, [(partition, stands[0]) for partition, _, stands in rows])
    known = [(row[0], age) for row, age in zip(rows, seconds, strict=True) if age is not None]
    yield Series(of.GROUP_LAG_SECONDS, labels, known)
    yield Series(of.GROUP_LAG_ERROR_SECONDS, labels, errors)
    yield Series(of.GROUP_LOST_RECORDS, labels, [(partition, stands[1]) for partition, _, stands in rows if stands[1]])
    yield Series(of.GROUP_AHEAD_RECORDS, labels, [(partition, stands[2]) for partition, _, stands in rows if stands[2]])
