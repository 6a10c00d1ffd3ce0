"""Live cluster -> ClusterState and Evidence. The number of requests does not grow with the number of topics."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ottla.kafka.acls import read_acls
from ottla.kafka.cluster import read_brokers, read_log_dirs, read_voters
from ottla.kafka.configs import ConfigSource, read_broker_configs, read_topic_configs
from ottla.kafka.offsets import read_offset_ranges
from ottla.kafka.quotas import read_quotas
from ottla.kafka.scram import read_scram_credentials
from ottla.kafka.topics import read_metadata
from ottla.model.node import Node
from ottla.model.state import ClusterState, Evidence, TopicEvidence
from ottla.model.topic import Topic
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from ottla.kafka.configs import ConfigEntry
    from ottla.kafka.connection import Connection
    from ottla.model.topic import Partition

BROKERS_TIMEOUT = 60.0
ISR_TIMEOUT = 120.0
VOTERS_TIMEOUT = 60.0


@dataclass(frozen=True, slots=True)
class Observation:
    """What was seen in one look: what can be declared (``state``), the partitions, and every config in force."""

    cluster_id: str
    state: ClusterState
    partitions: Mapping[str, tuple[Partition, ...]]
    effective: Mapping[str, Mapping[str, str | None]]


def observe(connection: Connection, *, answering: AbstractSet[int] | None = None) -> Observation:
    """Look at topics, nodes, ACLs, users and quotas: 6 requests and one for each broker.

    Raises ClusterError if anything cannot be read. Credentials come without the version of their password, which no cluster
    knows.

    For whoever only looks, a dead broker is a finding and no error: of those that are not among ``answering`` (None: all are
    asked) nothing is read, and they are missing in what was seen.
    """
    metadata = read_metadata(connection)
    configs = read_topic_configs(connection, metadata.partitions)
    brokers = read_brokers(connection)
    asked = [broker.node_id for broker in brokers if answering is None or (broker.node_id in answering and not broker.fenced)]
    properties = read_broker_configs(connection, asked)
    acls = read_acls(connection)
    state = ClusterState(
        topics={name: _topic(name, partitions, configs[name]) for name, partitions in metadata.partitions.items()},
        nodes={node_id: Node(node_id, _set_on_node(entries)) for node_id, entries in properties.items()},
        acls=acls or frozenset(),
        users=read_scram_credentials(connection),
        quotas=read_quotas(connection),
        authorizer=acls is not None,
    )
    effective = {name: {key: entry.value for key, entry in entries.items()} for name, entries in configs.items()}
    return Observation(metadata.cluster_id, state, metadata.partitions, effective)


def _topic(name: str, partitions: tuple[Partition, ...], configs: Mapping[str, ConfigEntry]) -> Topic:
    factors = Counter(len(partition.replicas) for partition in partitions)
    return Topic(
        name=name,
        partitions=len(partitions),
        replication_factor=min(factors) if factors else 0,
        configs={
            key: entry.value
            for key, entry in configs.items()
            if entry.source is ConfigSource.DYNAMIC_TOPIC_CONFIG and entry.value is not None
        },
    )


def _set_on_node(configs: Mapping[str, ConfigEntry]) -> dict[str, str]:
    """Whatever is not Kafka's own default.

    With eligible leader replicas (KIP-966) min.insync.replicas is kept by the cluster as a dynamic default, so where a value
    comes from does not matter, only that it is in force.
    """
    return {
        key: entry.value
        for key, entry in configs.items()
        if entry.source is not ConfigSource.DEFAULT_CONFIG and entry.value is not None
    }


def read_evidence(
    connection: Connection, observation: Observation, topics: Iterable[str], *, answering: AbstractSet[int] | None = None
) -> Evidence:
    """How much the ``topics`` hold, on the brokers that are ``answering`` (None: all); nothing is asked if there are none.

    Two requests, two for each leader and one for each broker, however many topics there are.
    """
    wanted = [name for name in topics if name in observation.partitions]
    if not wanted:
        return Evidence()
    ranges = read_offset_ranges(connection, wanted)
    present = [broker.node_id for broker in read_brokers(connection) if not broker.fenced]
    log_dirs = read_log_dirs(connection, [node_id for node_id in present if answering is None or node_id in answering])
    records: Counter[str] = Counter()
    for (name, _), offsets in ranges.items():
        records[name] += offsets.end - offsets.start
    return Evidence(
        topics={
            name: TopicEvidence(
                records=records[name],
                size_bytes=sum(log_dir.topic_bytes.get(name, 0) for log_dir in log_dirs),
            )
            for name in wanted
        }
    )


def wait_for_brokers(
    connection: Connection, count: int, *, alive: Callable[[], None], changed: Callable[[tuple[int, ...]], None]
) -> None:
    """Wait until ``count`` brokers are registered and none is fenced. ``changed`` is told which are in.

    Here and below ``alive`` is called before each look; it raises where waiting is in vain.
    """

    def look() -> tuple[int, ...]:
        alive()
        return tuple(broker.node_id for broker in read_brokers(connection) if not broker.fenced)

    wait_until(
        look,
        lambda unfenced: len(unfenced) >= count,
        what=f"{count} brokers to join",
        timeout=BROKERS_TIMEOUT,
        changed=changed,
        hint="see why: ottla logs",
    )


def wait_for_isr(connection: Connection, *, alive: Callable[[], None], changed: Callable[[tuple[int, int]], None]) -> None:
    """Wait until every replica is in its isr. ``changed`` is told (partitions in sync, all partitions).

    Raises WaitTimeout; a replica that has much to catch up needs longer than this waits.
    """

    def look() -> tuple[int, int]:
        alive()
        topics = read_metadata(connection).partitions.values()
        partitions = [partition for topic in topics for partition in topic]
        return sum(len(each.isr) == len(each.replicas) for each in partitions), len(partitions)

    wait_until(
        look,
        lambda seen: seen[0] == seen[1],
        what="replicas to be in sync",
        timeout=ISR_TIMEOUT,
        changed=changed,
        hint="look: ottla status",
    )


def wait_for_voters(connection: Connection, *, alive: Callable[[], None]) -> int:
    """Wait until every voter has what the leader of the quorum has now; the leader's node_id. Raises WaitTimeout."""

    def look() -> tuple[int, Mapping[int, int]]:
        alive()
        return read_voters(connection)

    leader, ends = wait_until(
        look,
        lambda seen: seen[0] in seen[1],
        what="a leader of the quorum",
        timeout=VOTERS_TIMEOUT,
        hint="look: ottla status",
    )
    goal = ends[leader]

    def behind() -> tuple[int, ...]:
        _, now = look()
        return tuple(sorted(voter for voter, end in now.items() if end < goal))

    wait_until(behind, lambda left: not left, what="controllers to catch up", timeout=VOTERS_TIMEOUT, hint="look: ottla status")
    return leader
