"""From what was seen of consumer_groups to their samples: which records to ask the age of, and what to say then."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ottla.metrics import group_metrics as of
from ottla.metrics.lag import (
    Filling,
    Isolation,
    PartitionOffsets,
    Progress,
    Retention,
    Standing,
    catch_up_seconds,
    reported,
    retention_seconds,
    standing,
    state_set,
)
from ottla.metrics.samples import Sample
from ottla.metrics.timestamp_search import Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from ottla.metrics.anchors import Place
    from ottla.metrics.timestamp_search import Age
    from ottla.model.group import ConsumerGroup


@dataclass(frozen=True, slots=True)
class GroupsSeen:
    """One snapshot of groups, taken at ``at`` (ms). What could not be read is missing: it has no samples.

    ``isolation`` names the groups that read otherwise than by Kafka's default; ``sizes`` is bytes of a partition's leader.
    """

    at: int
    groups: tuple[ConsumerGroup, ...]
    committed: Mapping[str, Mapping[Place, int]]
    offsets: Mapping[Place, PartitionOffsets]
    members: Mapping[str, int] = field(default_factory=dict)
    isolation: Mapping[str, Isolation] = field(default_factory=dict)
    retention: Mapping[str, Retention] = field(default_factory=dict)
    sizes: Mapping[Place, int] = field(default_factory=dict)

    def standings(self) -> Iterator[tuple[str, Place, int, Standing]]:
        """Each group and partition with a commit whose offsets are known: group_id, place, committed_offset, standing."""
        for group in reported(self.groups, self.committed):
            isolation = self.isolation.get(group.group_id, Isolation.READ_UNCOMMITTED)
            for place, committed in self.committed.get(group.group_id, {}).items():
                offsets = self.offsets.get(place)
                if offsets is not None:
                    yield group.group_id, place, committed, standing(committed, offsets, isolation)


def wanted_ages(seen: GroupsSeen, compacted: Collection[str]) -> dict[Place, Wanted]:
    """The first unread records, each once whoever has not read it, to search the age of. ``compacted`` names topics."""
    firsts: dict[Place, set[int]] = defaultdict(set)
    for _, place, _, stands in seen.standings():
        if stands.first_unread is not None:
            firsts[place].add(stands.first_unread)
    return {
        place: Wanted(
            frozenset(found), seen.offsets[place].log_start_offset, seen.offsets[place].high_watermark, place[0] in compacted
        )
        for place, found in firsts.items()
    }


@dataclass(slots=True)
class _OfTopic:
    """What the partitions of a topic come to, for one group. None: a partition is behind, and it is not known by how much."""

    lag: int = 0
    lost: int = 0
    seconds: list[float | None] = field(default_factory=list)
    catch_up: list[float | None] = field(default_factory=list)
    retention: list[float] = field(default_factory=list)


def group_samples(
    seen: GroupsSeen, before: GroupsSeen | None, age_of: Callable[[Place, int], Age | None], *, partitions: bool = True
) -> Iterator[Sample]:
    """All samples of groups; those of each partition only with ``partitions``. ``age_of`` is what the search has found."""
    for group in reported(seen.groups, seen.committed):
        yield from _of_group(group, seen.members.get(group.group_id))
    topics: dict[tuple[str, str], _OfTopic] = defaultdict(_OfTopic)
    for group_id, place, committed, stands in seen.standings():
        age = age_of(place, stands.first_unread) if stands.first_unread is not None else None
        seconds = age.seconds if age is not None else 0.0 if stands.lag == 0 else None
        _add(topics[group_id, place[0]], stands, seconds, _outlook(seen, before, group_id, place, stands, seconds))
        if partitions:
            labels = (group_id, place[0], str(place[1]))
            yield from _of_partition(labels, committed, stands, seconds)
            if age is not None:
                yield Sample(of.GROUP_LAG_ERROR_SECONDS, labels, age.error_seconds)
    for (group_id, name), topic in topics.items():
        yield from _of_topic((group_id, name), topic)


def _of_group(group: ConsumerGroup, members: int | None) -> Iterator[Sample]:
    if members is not None:
        yield Sample(of.GROUP_MEMBERS, (group.group_id,), members)
    yield Sample(of.GROUP_INFO, (group.group_id, group.type), 1)
    for state, value in state_set(group).items():
        yield Sample(of.GROUP_STATE, (group.group_id, state), value)


def _of_partition(labels: tuple[str, ...], committed: int, stands: Standing, seconds: float | None) -> Iterator[Sample]:
    yield Sample(of.GROUP_COMMITTED_OFFSET, labels, committed)
    yield Sample(of.GROUP_LAG_RECORDS, labels, stands.lag)
    yield Sample(of.GROUP_LOST_RECORDS, labels, stands.lost)
    yield Sample(of.GROUP_AHEAD_RECORDS, labels, stands.ahead)
    if seconds is not None:
        yield Sample(of.GROUP_LAG_SECONDS, labels, seconds)


def _of_topic(labels: tuple[str, str], topic: _OfTopic) -> Iterator[Sample]:
    """Records add up; of seconds the worst partition counts, if all are known: the worst must not look like the best."""
    yield Sample(of.GROUP_TOPIC_LAG_RECORDS, labels, topic.lag)
    yield Sample(of.GROUP_TOPIC_LOST_RECORDS, labels, topic.lost)
    for metric, figures in ((of.GROUP_TOPIC_LAG_SECONDS, topic.seconds), (of.GROUP_TOPIC_CATCH_UP_SECONDS, topic.catch_up)):
        known = [figure for figure in figures if figure is not None]
        if known and len(known) == len(figures):
            yield Sample(metric, labels, max(known))
    if topic.retention:
        yield Sample(of.GROUP_TOPIC_RETENTION_SECONDS, labels, min(topic.retention))


def _add(topic: _OfTopic, stands: Standing, seconds: float | None, outlook: tuple[float | None, float | None]) -> None:
    topic.lag += stands.lag
    topic.lost += stands.lost
    catch_up, retention = outlook
    topic.catch_up.append(catch_up)
    if seconds is not None or stands.first_unread is not None:  # if not, all that was unread is lost, and counted as that
        topic.seconds.append(seconds)
    if retention is not None:
        topic.retention.append(retention)


def _outlook(
    seen: GroupsSeen, before: GroupsSeen | None, group_id: str, place: Place, stands: Standing, seconds: float | None
) -> tuple[float | None, float | None]:
    """Seconds until a group is done with a partition, and until retention takes the first record it has not read."""
    if stands.lag == 0:
        return 0.0, None
    catch_up = _catch_up(seen, before, group_id, place, stands) if before is not None else None
    if seconds is None or stands.first_unread is None:
        return catch_up, None
    filling = _filling(seen, before, place) if before is not None else None
    return catch_up, retention_seconds(seen.retention.get(place[0], Retention()), seconds, stands.first_unread, filling)


def _catch_up(seen: GroupsSeen, before: GroupsSeen, group_id: str, place: Place, stands: Standing) -> float | None:
    then, committed_then = before.offsets.get(place), before.committed.get(group_id, {}).get(place)
    if then is None or committed_then is None:
        return None
    committed = seen.committed[group_id][place]
    end_then = _end(then, seen.isolation.get(group_id))
    return catch_up_seconds(Progress(before.at, committed_then, end_then), Progress(seen.at, committed, committed + stands.lag))


def _filling(seen: GroupsSeen, before: GroupsSeen, place: Place) -> Filling | None:
    then, size = before.offsets.get(place), seen.sizes.get(place)
    if then is None or size is None:
        return None
    return Filling(seen.offsets[place], size, (seen.at - before.at) / 1000, then.high_watermark)


def _end(offsets: PartitionOffsets, isolation: Isolation | None) -> int:
    return offsets.last_stable_offset if isolation is Isolation.READ_COMMITTED else offsets.high_watermark
