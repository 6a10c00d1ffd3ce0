"""What is collected of consumer groups, the lag in seconds above all."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ottla.kafka.group_snapshot import ListedGroups, count_members, fetch_committed_offsets, list_all_groups
from ottla.kafka.groups import NO_OFFSET
from ottla.kafka.list_offsets import list_offsets
from ottla.metrics import exporter_metrics as of
from ottla.metrics.anchors import Anchors, Found
from ottla.metrics.group_samples import GroupSamples, GroupsSeen, wanted_ages
from ottla.metrics.lag import DEAD
from ottla.metrics.samples import Sample
from ottla.metrics.timestamp_search import TimestampSearch
from ottla.telemetry.clock import now_ms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ottla.kafka.cluster_snapshot import SeenTopics
    from ottla.kafka.connection import Connection
    from ottla.metrics.anchors import Place
    from ottla.metrics.lag import PartitionOffsets
    from ottla.metrics.samples import Series
    from ottla.telemetry.outcomes import Outcomes
    from ottla.telemetry.topic_facts import TopicFacts
    from ottla.telemetry.view import View


class GroupCollection:
    """What is collected of groups. It keeps the times of records that it has found, and the round before."""

    def __init__(self, view: View) -> None:
        self.view = view
        self._listed = ListedGroups()
        self._committed: dict[str, dict[str, dict[int, int]]] = {}
        self._members: dict[str, int] = {}
        self._anchors = Anchors()
        self._topic_ids: Mapping[str, str] = {}
        self._epochs: Mapping[Place, int] = {}
        self._before: GroupsSeen | None = None

    def see(self, connection: Connection, nodes: Sequence[int], outcomes: Outcomes) -> None:
        """Read which groups there are, who is in them, and what they have committed."""
        timeout = self.view.interval
        self._listed, self._committed, self._members = ListedGroups(), {}, {}
        with outcomes.collecting("consumer_groups") as failures:
            listed = list_all_groups(connection, nodes, timeout=timeout)
            failures.extend(listed.failures)
            self._listed = listed.kept(lambda group: group.state != DEAD and group.group_id in self.view.groups)
            told = count_members(connection, self._listed, timeout=timeout)
            failures.extend(told.failures)
            self._members = told.found
        with outcomes.collecting("committed_offsets") as failures:
            told = fetch_committed_offsets(connection, self._listed, timeout=timeout)
            failures.extend(told.failures)
            self._committed = {
                group_id: {name: of_topic for name, of_topic in topics.items() if name in self.view.topics}
                for group_id, topics in told.found.items()
            }

    def samples(
        self,
        connection: Connection,
        topics: SeenTopics,
        offsets: Mapping[str, Mapping[int, PartitionOffsets]],
        facts: TopicFacts,
        sizes: Mapping[Place, int],
        outcomes: Outcomes,
    ) -> list[Sample | Series]:
        """The samples of groups, where partitions begin and end by ``offsets``; ``sizes`` are bytes of their leaders."""
        self._forget_what_changed(topics)
        seen = GroupsSeen(
            at=now_ms(),
            groups=tuple(self._listed),
            committed=self._committed,
            offsets=offsets,
            members=self._members,
            isolation=self.view.isolation,
            retention=facts.retention,
            sizes=sizes,
        )
        stands = seen.standings()
        search = TimestampSearch(wanted_ages(seen, stands, self._anchors, facts.gaps), self._anchors, now=seen.at)
        with outcomes.collecting("lag_seconds") as failures:
            failures.extend(self._search(connection, topics, search))
        samples = GroupSamples(seen, self._before, self._anchors, search.age)
        found = [*samples.of(stands, partitions=self.view.partitions)]
        self._before = seen
        return [
            *found,
            Sample(of.TIMESTAMP_ROUNDS, (), search.rounds),
            Sample(of.UNSETTLED_OFFSETS, (), search.unsettled),
            Sample(of.FUTURE_TIMESTAMPS, (), samples.future),
        ]

    def _forget_what_changed(self, topics: SeenTopics) -> None:
        for name, topic_id in self._topic_ids.items():
            if topics.ids.get(name, topic_id) != topic_id:
                self._anchors.forget(name)
        for place, epoch in self._epochs.items():
            if topics.epochs.get(place, epoch) != epoch:
                self._anchors.places.pop(place, None)  # another leader may have cut the log
        if topics.ids:
            self._topic_ids, self._epochs = topics.ids, {**self._epochs, **topics.epochs} if topics.epochs else self._epochs

    def _search(self, connection: Connection, topics: SeenTopics, search: TimestampSearch) -> list[str]:
        """Ask until all is settled, or an interval has passed: the next round goes on from there."""
        failures: list[str] = []
        deadline = time.monotonic() + self.view.interval
        while questions := search.questions():
            if time.monotonic() > deadline:
                break
            listed = list_offsets(connection, topics.leaders, questions.items(), timeout=self.view.interval)
            failures.extend(listed.failures)
            found = listed.found.items()
            search.take({place: Found(*seen) if seen[0] != NO_OFFSET else None for place, seen in found})
        return failures
