"""What the cluster itself tells, in two looks some seconds apart. Each part may fail alone, and then it is said."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ottla.doctor.evidence import NOT_TOLD, ClusterSeen, LogDirSeen, OpenTransaction, TopicSeen, Unseen
from ottla.errors import OttlaError
from ottla.kafka.cluster import read_brokers
from ottla.kafka.cluster_snapshot import (
    SeenLogDir,
    SeenQuorum,
    SeenTopics,
    see_log_dirs,
    see_quorum,
    see_topic_configs,
    see_topics,
)
from ottla.kafka.configs import read_broker_configs
from ottla.kafka.list_offsets import list_offsets
from ottla.kafka.offsets import EARLIEST, LATEST
from ottla.kafka.transactions import SeenTransactions, see_transactions
from ottla.metrics.lag import PartitionOffsets
from ottla.model.topic import is_protected

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from ottla.kafka.connection import Connection
    from ottla.kafka.list_offsets import Place
    from ottla.model.node import Broker
    from ottla.model.topic import Partition

PATIENCE = 3.0  # seconds that a node gets to answer
NEWEST = -3  # ListOffsets: the largest timestamp (KIP-734)
LARGEST = 3
COORDINATORS = "__transaction_state"
TOPIC_KEYS = (
    "cleanup.policy",
    "retention.ms",
    "retention.bytes",
    "min.insync.replicas",
    "max.message.bytes",
    "compression.type",
)


@dataclass(slots=True)
class Sight:
    """What was seen so far; a part that could not be seen is empty here, and in ``unseen``."""

    connection: Connection
    unseen: list[Unseen] = field(default_factory=list)
    brokers: tuple[Broker, ...] = ()
    nodes: tuple[int, ...] = ()
    topics: SeenTopics = field(default_factory=SeenTopics)
    configs: dict[str, dict[str, str]] = field(default_factory=dict)
    of_broker: dict[str, str] = field(default_factory=dict)
    log_dirs: list[SeenLogDir] = field(default_factory=list)
    log_dirs_at: float = 0.0  # monotonic, when their sizes were told
    offsets: dict[Place, PartitionOffsets] = field(default_factory=dict)
    quorum: SeenQuorum | None = None
    at: float = 0.0  # monotonic, of the first look

    @contextmanager
    def seeing(self, what: str) -> Iterator[list[str]]:
        """Look at one part; what is put into the list, or raised, could not be seen."""
        failures: list[str] = []
        try:
            yield failures
        except OttlaError as error:
            failures.append(error.message)
        self.unseen.extend(Unseen(what, why) for why in dict.fromkeys(failures))


def first_look(connection: Connection, answering: Collection[int] | None, *, has_quorum: bool) -> Sight:
    """Brokers, topics, disks, quorum and offsets. Only nodes that are ``answering`` are asked (None: all that are not fenced).

    Raises ClusterError if not even the brokers can be told.
    """
    sight = Sight(connection, brokers=read_brokers(connection))
    present = [broker.node_id for broker in sight.brokers if not broker.fenced]
    sight.nodes = tuple(node_id for node_id in present if answering is None or node_id in answering)
    with sight.seeing("topics") as failures:
        sight.topics = see_topics(connection)
        failures.extend(sight.topics.failures)
        if answering is not None:  # leaders that nobody can ask
            for place in [place for place, leader in sight.topics.leaders.items() if leader not in answering]:
                del sight.topics.leaders[place]
        sight.configs, refused = see_topic_configs(connection, sight.topics.ids, TOPIC_KEYS)
        failures.extend(refused)
    with sight.seeing("configs of brokers"):
        for found in read_broker_configs(connection, sight.nodes[:1]).values():
            sight.of_broker = {key: entry.value for key, entry in found.items() if entry.value is not None}
    if has_quorum:
        with sight.seeing("quorum"):
            sight.quorum = see_quorum(connection)
    with sight.seeing("log dirs") as failures:
        sight.log_dirs, sight.log_dirs_at = _log_dirs(sight, failures)
    with sight.seeing("offsets") as failures:
        sight.offsets = see_offsets(sight, failures)
    sight.at = time.monotonic()
    return sight


def _log_dirs(sight: Sight, failures: list[str]) -> tuple[list[SeenLogDir], float]:
    """The log dirs, and when (monotonic) their sizes were told."""
    seen = see_log_dirs(sight.connection, sight.nodes, timeout=PATIENCE)
    failures.extend(seen.failures)
    return seen.log_dirs, time.monotonic()


def see_offsets(sight: Sight, failures: list[str]) -> dict[Place, PartitionOffsets]:
    """Where each partition that has a leader begins and ends, and where its last open transaction does."""
    leaders = sight.topics.leaders
    starts, ends, stable = (
        list_offsets(
            sight.connection, leaders, [(place, at) for place in leaders], committed_only=committed_only, timeout=PATIENCE
        )
        for at, committed_only in ((EARLIEST, False), (LATEST, False), (LATEST, True))
    )
    failures.extend(dict.fromkeys([*starts.failures, *ends.failures, *stable.failures]))
    known = starts.found.keys() & ends.found.keys() & stable.found.keys()
    return {
        place: PartitionOffsets(starts.found[place][0], ends.found[place][0], min(stable.found[place][0], ends.found[place][0]))
        for place in known
    }


def cluster_seen(sight: Sight) -> ClusterSeen:
    """The cluster as evidence; the log dirs are looked at a second time, for their growth."""
    later, at = list[SeenLogDir](), sight.log_dirs_at
    with sight.seeing("log dirs") as failures:
        later, at = _log_dirs(sight, failures)
    return ClusterSeen(
        brokers=sight.brokers,
        partitions=tuple(partition for of_topic in sight.topics.partitions.values() for partition in of_topic),
        min_isr={name: int(configs.get("min.insync.replicas", 1)) for name, configs in sight.configs.items()},
        quorum=sight.quorum,
        log_dirs=grown_log_dirs((sight.log_dirs, sight.log_dirs_at), (later, at)),
        sizes={(each.node_id, *place): size for each in later for place, size in each.sizes.items()},
        configs=sight.of_broker,
    )


def grown_log_dirs(before: tuple[list[SeenLogDir], float], after: tuple[list[SeenLogDir], float]) -> tuple[LogDirSeen, ...]:
    """Two looks at the log dirs, each with its own time (monotonic), as evidence of their growth. Pure."""
    earlier = {(each.node_id, each.path): sum(each.sizes.values()) for each in before[0]}
    return tuple(_log_dir(each, earlier, after[1] - before[1]) for each in after[0])


def _log_dir(seen: SeenLogDir, before: Mapping[tuple[int, str], int], elapsed: float) -> LogDirSeen:
    used = sum(seen.sizes.values())
    sizes: Counter[str] = Counter()
    for (topic, _), size in seen.sizes.items():
        sizes[topic] += size
    largest = tuple((name, size) for name, size in sizes.most_common(LARGEST) if size)
    past = before.get((seen.node_id, seen.path), used)
    return LogDirSeen(seen.node_id, seen.path, seen.is_online, seen.total, seen.usable, used, past, elapsed, largest)


def topics_seen(sight: Sight, listed: Collection[str], *, now: float) -> tuple[TopicSeen, ...]:
    """Every topic; how old the newest record is, is asked only of those that are not ``listed`` in the spec. ``now`` is in s."""
    others = {name for name in sight.topics.partitions if name not in listed and not is_protected(name)}
    asked = [(place, NEWEST) for place, offsets in sight.offsets.items() if place[0] in others and offsets[1] > offsets[0]]
    newest: dict[str, float] = {}
    known = set(sight.topics.partitions) - {name for name in others if not _is_known(sight, name)}
    with sight.seeing("newest records") as failures:
        told = list_offsets(sight.connection, sight.topics.leaders, asked, timeout=PATIENCE)
        failures.extend(told.failures)
        known -= {place[0] for place, _ in asked if place not in told.found}
        for (name, _), (_, timestamp) in told.found.items():
            newest[name] = min(newest.get(name, float("inf")), max(0.0, now - timestamp / 1000))
    records: dict[str, int] = defaultdict(int)
    for (name, _), (start, end, _) in sight.offsets.items():
        records[name] += end - start
    return tuple(
        TopicSeen(name, records[name], newest.get(name), name in listed, sight.configs.get(name, {})) for name in sorted(known)
    )


def _is_known(sight: Sight, name: str) -> bool:
    """Whether the offsets of all its partitions were told: else nobody can say that it is empty."""
    return all((name, each.partition) in sight.offsets for each in sight.topics.partitions[name])


def transactions_seen(sight: Sight, *, now: float) -> tuple[OpenTransaction, ...]:
    """Who holds partitions back whose last stable offset is not their end. ``now`` is in seconds."""
    held: Sequence[Place] = [place for place, offsets in sight.offsets.items() if offsets.in_open_transactions]
    seen = SeenTransactions()
    with sight.seeing("transactions") as failures:
        seen = see_transactions(sight.connection, sight.topics.leaders, held, sight.nodes, timeout=PATIENCE)
        if seen.producers:
            unasked = unasked_coordinators(sight.brokers, sight.nodes, sight.topics.partitions.get(COORDINATORS, ()))
            seen.all_answered = seen.all_answered and not unasked
            failures.extend(unasked)
        failures.extend(seen.failures)
    return open_transactions(seen, now=now)


def unasked_coordinators(brokers: Iterable[Broker], asked: Collection[int], partitions: Iterable[Partition]) -> list[str]:
    """Which coordinators of transactions cannot have been asked: nodes that were not, ``partitions`` without a leader. Pure."""
    nodes = [each.node_id for each in brokers if not each.fenced and each.node_id not in asked]
    headless = [str(each.partition) for each in partitions if each.leader is None]
    return [
        *(f"node {node_id} may know transactions and was not asked" for node_id in nodes),
        *([f"partitions {', '.join(headless)} of {COORDINATORS} have no leader who knows transactions"] if headless else []),
    ]


def open_transactions(seen: SeenTransactions, *, now: float) -> tuple[OpenTransaction, ...]:
    """Open producers as evidence; that nobody knows one is told only if everybody was asked. Pure; ``now`` is in seconds."""
    found = []
    for each in seen.producers:
        listed, started = seen.listed.get(each.producer_id), seen.started.get(each.producer_id)
        found.append(
            OpenTransaction(
                each.topic,
                each.partition,
                each.producer_id,
                each.epoch,
                each.start_offset,
                age=max(0.0, now - each.last_timestamp / 1000),
                transactional_id=None if listed is None else listed.transactional_id,
                state=listed.state if listed is not None else None if seen.all_answered else NOT_TOLD,
                running=None if started is None else max(0.0, now - started / 1000),
            )
        )
    return tuple(found)
