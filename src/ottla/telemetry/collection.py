"""One collection after the other: each of its collectors stands alone, so that what one cannot read costs only its own series."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, TypeVar

from ottla.errors import ClusterError
from ottla.kafka.cluster import read_brokers
from ottla.kafka.cluster_snapshot import SeenTopics, see_log_dirs, see_quorum, see_topics
from ottla.kafka.list_offsets import list_offsets
from ottla.kafka.offsets import EARLIEST, LATEST
from ottla.metrics import cluster_metrics as of
from ottla.metrics.lag import PartitionOffsets, growth_per_second
from ottla.metrics.quorum_samples import quorum_samples, voter_lag_samples
from ottla.metrics.samples import Sample, Series
from ottla.metrics.topic_samples import broker_samples, log_dir_samples, offset_samples, size_samples, topic_samples
from ottla.model.metric_family import Family
from ottla.telemetry.certificates import CertificateCollection
from ottla.telemetry.clock import now_ms
from ottla.telemetry.group_collection import GroupCollection
from ottla.telemetry.outcomes import Outcome, Outcomes
from ottla.telemetry.topic_facts import TopicFacts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ottla.kafka.cluster_snapshot import SeenLogDir
    from ottla.kafka.connection import Connection
    from ottla.metrics.anchors import Place
    from ottla.telemetry.view import View

Offsets = dict[str, dict[int, PartitionOffsets]]  # by topic and partition
Seen = TypeVar("Seen")
COLLECTORS = {
    Family.TOPICS: ("topics", "offsets", "log_dirs"),
    Family.CONSUMER_GROUPS: ("topics", "offsets", "log_dirs", "consumer_groups", "committed_offsets", "lag_seconds"),
    Family.LOG_DIRS: ("log_dirs",),
    Family.QUORUM: ("quorum",),
}
OF_PARTITIONS = frozenset({Family.TOPICS, Family.CONSUMER_GROUPS})


class Collection:
    """What is collected of a cluster, again and again. It keeps what the next round needs of the last one."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.outcomes = Outcomes()
        self.groups = GroupCollection(view)
        self._facts = TopicFacts()
        self._certificates = CertificateCollection(view.interval)
        self._sizes: dict[tuple[int, str], tuple[int, int]] = {}

    def collect(self, connection: Connection) -> list[Sample | Series]:
        """Look at everything once. What could not be read has no samples, and is in ``outcomes``."""
        self.outcomes = Outcomes()
        connection.listen_again()
        samples: list[Sample | Series] = []
        brokers_there = self._see_brokers(connection, samples)
        nodes = tuple(brokers_there)
        if not nodes:
            brokers = self.outcomes.of["brokers"]
            return self.nothing_seen("; ".join(brokers.failures) or "no broker is there", hint=brokers.hint)
        seen = self._see_topics(connection) if self._looks_at(*OF_PARTITIONS) else None
        topics = seen or SeenTopics()
        log_dirs = self._see_log_dirs(connection, nodes, samples) if self._looks_at(Family.LOG_DIRS, *OF_PARTITIONS) else []
        if self._looks_at(Family.CONSUMER_GROUPS):
            self.groups.see(connection, nodes, self.outcomes)
        offsets = self._see_offsets(connection, topics) if self._looks_at(*OF_PARTITIONS) else {}
        if self._looks_at(Family.CONSUMER_GROUPS):
            sizes = _sizes_of_leaders(topics, log_dirs)
            samples += self.groups.samples(connection, topics, offsets, self._facts, sizes, self.outcomes)
        if self._looks_at(Family.TOPICS) and seen is not None:
            samples += self._topic_samples(topics, offsets, log_dirs)
        if self._looks_at(Family.QUORUM):
            self._see_quorum(connection, samples)
        if self._looks_at(Family.BROKERS):
            self._see_certificates(connection, brokers_there, samples)
        return samples

    def nothing_seen(self, reason: str, *, hint: str | None = None) -> list[Sample | Series]:
        """What is to be said where nobody answers: that every collector failed, what is expected, when certificates expire."""
        families = self.view.families
        names = {name for family, of_family in COLLECTORS.items() if family in families for name in of_family}
        failed = Outcome(failures=[reason], hint=hint)
        self.outcomes.of = {"brokers": failed, **{name: Outcome(failures=["nobody answers"]) for name in sorted(names)}}
        expected = (
            (of.BROKERS_EXPECTED, Family.BROKERS, self.view.brokers),
            (of.QUORUM_VOTERS_EXPECTED, Family.QUORUM, self.view.voters),
        )
        told = [Sample(metric, (), count) for metric, family, count in expected if count is not None and family in families]
        return [*told, *self._certificates.samples()]  # one that has expired may be why nobody answers

    def _looks_at(self, *families: Family) -> bool:
        return bool(self.view.families & set(families))

    def _see_brokers(self, connection: Connection, samples: list[Sample | Series]) -> dict[int, str]:
        """Who is there and not fenced, with the address."""
        there: dict[int, str] = {}
        with self.outcomes.collecting("brokers"):
            brokers = _ask_twice(read_brokers, connection)
            there = {broker.node_id: broker.address for broker in brokers if not broker.fenced}
            if self._looks_at(Family.BROKERS):
                samples += broker_samples(brokers, self.view.brokers)
        return there

    def _see_certificates(self, connection: Connection, brokers: dict[int, str], samples: list[Sample | Series]) -> None:
        """What brokers that are there present to clients; nothing is said of an open cluster, where they present none."""
        tls = self.view.tls_addresses
        if not tls and not str(connection.options.get("security_protocol", "")).endswith("SSL"):
            return
        addresses = {node_id: tls.get(node_id, address) for node_id, address in brokers.items()}
        with self.outcomes.collecting("certificates") as failures:
            failures.extend(self._certificates.see(connection, addresses))
            samples += self._certificates.samples()

    def _see_topics(self, connection: Connection) -> SeenTopics | None:
        topics = None
        with self.outcomes.collecting("topics") as failures:
            topics = see_topics(connection)
            failures.extend(topics.failures)
            failures.extend(self._facts.look(connection, topics.ids))
        return topics

    def _see_log_dirs(self, connection: Connection, nodes: Sequence[int], samples: list[Sample | Series]) -> list[SeenLogDir]:
        log_dirs: list[SeenLogDir] = []
        with self.outcomes.collecting("log_dirs") as failures:
            seen = see_log_dirs(connection, nodes, timeout=self.view.interval)
            failures.extend(seen.failures)
            log_dirs += seen.log_dirs
        at = now_ms()
        for log_dir in log_dirs:
            key, size = (log_dir.node_id, log_dir.path), sum(log_dir.sizes.values())
            growth = growth_per_second(self._sizes[key], (at, size)) if key in self._sizes else None
            if log_dir.is_online:
                self._sizes[key] = at, size
            else:
                self._sizes.pop(key, None)
            if self._looks_at(Family.LOG_DIRS):
                samples += log_dir_samples(
                    (str(log_dir.node_id), log_dir.path),
                    is_online=log_dir.is_online,
                    size=size,
                    total=log_dir.total,
                    usable=log_dir.usable,
                    growth=growth,
                )
        return log_dirs

    def _see_offsets(self, connection: Connection, topics: SeenTopics) -> Offsets:
        """Where partitions begin and end: read after what groups have committed, or a group seems to be past the end.

        The last stable offset is read last: what is written meanwhile is not held back by a transaction.
        """
        offsets: defaultdict[str, dict[int, PartitionOffsets]] = defaultdict(dict)
        with self.outcomes.collecting("offsets") as failures:
            asked = [place for place in topics.leaders if place[0] in self.view.topics]
            seen = []
            for timestamp, committed_only in ((EARLIEST, False), (LATEST, False), (LATEST, True)):
                listed = list_offsets(
                    connection,
                    topics.leaders,
                    ((place, timestamp) for place in asked),
                    committed_only=committed_only,
                    timeout=self.view.interval,
                )
                failures.extend(listed.failures)
                seen.append(listed.found)
            starts, ends, stables = seen
            for place, (end, _) in ends.items():
                if place in starts and place in stables:
                    offsets[place[0]][place[1]] = PartitionOffsets(starts[place][0], end, min(end, stables[place][0]))
        return offsets

    def _topic_samples(self, topics: SeenTopics, offsets: Offsets, log_dirs: list[SeenLogDir]) -> Iterator[Sample | Series]:
        shown = {name: of_topic for name, of_topic in topics.partitions.items() if name in self.view.topics}
        yield from topic_samples(shown, self._facts.min_isr, partitions=self.view.partitions)
        whole = [] if self.outcomes.of["log_dirs"].failures else log_dirs  # a sum of what is left would look smaller than it is
        yield from size_samples({place: size for place, size in log_dir.sizes.items() if place[0] in shown} for log_dir in whole)
        if self.view.partitions:
            yield from offset_samples(offsets)

    def _see_quorum(self, connection: Connection, samples: list[Sample | Series]) -> None:
        with self.outcomes.collecting("quorum"):
            quorum = see_quorum(connection)
            samples += quorum_samples(
                leader=quorum.leader,
                epoch=quorum.epoch,
                high_watermark=quorum.high_watermark,
                observers=quorum.observers,
                ends={voter.node_id: voter.log_end_offset for voter in quorum.voters},
                expected=self.view.voters,
            )
            caught_up = {voter.node_id: voter.caught_up_at for voter in quorum.voters if voter.caught_up_at is not None}
            samples += voter_lag_samples(caught_up, now_ms())


def _ask_twice(read: Callable[[Connection], Seen], connection: Connection) -> Seen:
    """Ask another node where the one that always answered has just fallen silent. A single one is not waited for twice."""
    try:
        return read(connection)
    except ClusterError:
        if not connection.has_choice:
            raise
        return read(connection)


def _sizes_of_leaders(topics: SeenTopics, log_dirs: list[SeenLogDir]) -> dict[Place, int]:
    return {
        place: size
        for log_dir in log_dirs
        for place, size in log_dir.sizes.items()
        if topics.leaders.get(place) == log_dir.node_id
    }
