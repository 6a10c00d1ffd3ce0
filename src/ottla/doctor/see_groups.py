"""Groups in two looks: what they have left, how old that is, who reads it, and how that moves."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ottla.doctor.evidence import Behind, GroupSeen
from ottla.doctor.see_cluster import PATIENCE, Sight, see_offsets
from ottla.kafka.group_snapshot import ListedGroups, Told, fetch_committed_offsets, list_all_groups
from ottla.kafka.groups import DESCRIBED, NO_OFFSET, describe_groups
from ottla.kafka.list_offsets import list_offsets
from ottla.metrics.anchors import Anchors, Found
from ottla.metrics.lag import DEAD, Isolation, Retention, retention_seconds, standing
from ottla.metrics.timestamp_search import TimestampSearch, Wanted
from ottla.model.units import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from ottla.kafka.list_offsets import ListedOffsets, Place
    from ottla.kafka.settings import ClientSettings
    from ottla.metrics.lag import PartitionOffsets, Standing
    from ottla.model.group import ConsumerGroup, GroupDescription, Member

SEARCH_SECONDS = 3.0
Committed = dict[str, dict[str, dict[int, int]]]  # by group, topic and partition


class GroupsSight:
    """The first look at groups; ``seen`` takes the second one. With ``reads_committed`` groups do not see open transactions."""

    def __init__(self, sight: Sight, *, reads_committed: bool) -> None:
        self._sight = sight
        self._isolation = Isolation.READ_COMMITTED if reads_committed else Isolation.READ_UNCOMMITTED
        self._listed = ListedGroups()
        with sight.seeing("groups") as failures:
            listed = list_all_groups(sight.connection, sight.nodes, timeout=PATIENCE)
            failures.extend(listed.failures)
            self._listed = listed.kept(lambda group: group.state != DEAD and group.type in DESCRIBED)
        self._before = self._committed()
        self._offsets_before, self._at = sight.offsets, time.monotonic()

    def _committed(self) -> Committed:
        told = Told()
        with self._sight.seeing("committed offsets") as failures:
            told = fetch_committed_offsets(self._sight.connection, self._listed, timeout=PATIENCE)
            failures.extend(told.failures)
        return told.found

    def members(self, settings: ClientSettings) -> dict[str, tuple[Member, ...]]:
        """Who is in each group; those that could not be told are missing."""
        described: dict[str, GroupDescription] = {}
        with self._sight.seeing("members of groups"):
            described = describe_groups(settings, self._listed)
        return {name: group.members for name, group in described.items()}

    def seen(self, members: Mapping[str, tuple[Member, ...]], in_spec: Collection[str], *, now: float) -> tuple[GroupSeen, ...]:
        """The second look: where every group stands, and how far it came since the first one. ``now`` is in seconds."""
        committed = self._committed()
        elapsed = time.monotonic() - self._at
        with self._sight.seeing("offsets") as failures:
            self._sight.offsets = see_offsets(self._sight, failures)
        stands = {
            (group.group_id, (topic, partition)): standing(offset, self._sight.offsets[topic, partition], self._isolation)
            for group in self._listed
            for topic, of_topic in committed.get(group.group_id, {}).items()
            for partition, offset in of_topic.items()
            if (topic, partition) in self._sight.offsets
        }
        ages = self._ages(stands, now)
        return tuple(
            GroupSeen(
                group.group_id,
                group.type,
                group.state,
                members.get(group.group_id),
                tuple(
                    self._behind(group, place, stand, committed, ages, elapsed)
                    for (name, place), stand in stands.items()
                    if name == group.group_id
                ),
                group.group_id in in_spec,
            )
            for group in self._listed
            if group.group_id in committed
        )

    def _behind(
        self,
        group: ConsumerGroup,
        place: Place,
        stand: Standing,
        committed: Committed,
        ages: Mapping[tuple[Place, int], float],
        elapsed: float,
    ) -> Behind:
        topic, partition = place
        after, before = committed[group.group_id][topic][partition], self._before.get(group.group_id, {}).get(topic, {})
        offsets = self._sight.offsets[place]
        earlier = self._offsets_before.get(place, offsets)
        age = None if stand.first_unread is None else ages.get((place, stand.first_unread))
        kept, retention = None, retention_of(self._sight.configs.get(topic, {}))
        if age is not None and stand.first_unread is not None and retention is not None:
            kept = retention_seconds(retention, age, stand.first_unread, None)
        read = after - before.get(partition, after)
        written = offsets.high_watermark - earlier.high_watermark
        return Behind(topic, partition, stand.lag, age, read, written, elapsed, stand.lost, kept, retention)

    def _ages(self, stands: Mapping[tuple[str, Place], Standing], now: float) -> dict[tuple[Place, int], float]:
        """How old the first unread records are, found by timestamps: no record is read."""
        firsts: dict[Place, set[int]] = {}
        for (_, place), stand in stands.items():
            if stand.first_unread is not None:
                firsts.setdefault(place, set()).add(stand.first_unread)
        wanted = {place: self._wanted(place, offsets, self._sight.offsets[place]) for place, offsets in firsts.items()}
        search, deadline = TimestampSearch(wanted, Anchors(), now=int(now * 1000)), time.monotonic() + SEARCH_SECONDS

        def ask(questions: Mapping[Place, int]) -> ListedOffsets:
            return list_offsets(self._sight.connection, self._sight.topics.leaders, questions.items(), timeout=PATIENCE)

        with self._sight.seeing("lag in seconds") as failures:
            run_search(search, ask, lambda: time.monotonic() < deadline, failures)
        return {(place, offset): age.seconds for place, offset, age in search.ages()}

    def _wanted(self, place: Place, offsets: set[int], bounds: PartitionOffsets) -> Wanted:
        gaps = "compact" in self._sight.configs.get(place[0], {}).get("cleanup.policy", "compact")
        return Wanted(frozenset(offsets), bounds.log_start_offset, bounds.high_watermark, gaps)


def run_search(
    search: TimestampSearch, ask: Callable[[Mapping[Place, int]], ListedOffsets], in_time: Callable[[], bool], failures: list[str]
) -> None:
    """Ask until all is settled, or for as long as it is ``in_time``; what could not be asked or settled is a failure."""
    while (questions := search.questions()) and in_time():
        told = ask(questions)
        failures.extend(told.failures)
        search.take({place: Found(*at) if at[0] != NO_OFFSET else None for place, at in told.found.items()})
    if search.unsettled:
        failures.append(f"how old {counted(search.unsettled, 'first unread record')} may be was not settled in time")


def retention_of(configs: Mapping[str, str]) -> Retention | None:
    """What the ``configs`` in force of a topic keep; None where one that it takes to know was not read. Pure."""
    policy = configs.get("cleanup.policy")
    if policy is not None and "delete" not in policy:
        return Retention()
    age, size = configs.get("retention.ms"), configs.get("retention.bytes")
    return None if policy is None or age is None or size is None else Retention(int(age), int(size))
