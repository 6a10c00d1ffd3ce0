"""Topics, log_dirs and the quorum as a monitor sees them: what cannot be read is named, and keeps nobody from the rest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from kafka.protocol.admin import DescribeConfigsRequest, DescribeLogDirsRequest
from kafka.protocol.metadata import MetadataRequest

from ottla.kafka.cluster import NO_LEADER, describe_quorum
from ottla.kafka.configs import TOPIC
from ottla.kafka.connection import error_text
from ottla.kafka.topics import READABLE
from ottla.model.topic import Partition

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ottla.kafka.connection import Connection
    from ottla.kafka.list_offsets import Place

UNKNOWN_SIZE = -1


@dataclass(frozen=True, slots=True)
class SeenTopics:
    """Every topic with its partitions and its id (another one if it was deleted and made anew); ``leaders`` are node_ids."""

    partitions: dict[str, tuple[Partition, ...]] = field(default_factory=dict)
    leaders: dict[Place, int] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    epochs: dict[Place, int] = field(default_factory=dict)  # of leaders
    failures: list[str] = field(default_factory=list)


def see_topics(connection: Connection) -> SeenTopics:
    """All topics that may be seen, in one request. Raises ClusterError."""
    answer = connection.send(MetadataRequest(topics=None, allow_auto_topic_creation=False))
    seen = SeenTopics()
    for topic in answer.topics:
        if topic.error_code:
            seen.failures.append(f"topic {topic.name}: {error_text(topic.error_code, None)}")
            continue
        seen.ids[topic.name] = str(topic.topic_id)
        partitions = []
        for each in sorted(topic.partitions, key=lambda partition: partition.partition_index):
            leader = None if each.leader_id == NO_LEADER or each.error_code not in READABLE else each.leader_id
            if leader is not None:
                seen.leaders[topic.name, each.partition_index] = leader
                seen.epochs[topic.name, each.partition_index] = each.leader_epoch
            replicas, isr = tuple(each.replica_nodes), tuple(each.isr_nodes)
            partitions.append(Partition(topic.name, each.partition_index, leader, replicas, isr))
        seen.partitions[topic.name] = tuple(partitions)
    return seen


def see_topic_configs(
    connection: Connection, topics: Iterable[str], keys: Iterable[str]
) -> tuple[dict[str, dict[str, str]], list[str]]:
    """The values in force of some configs of ``topics``, in one request; and what could not be read, in words."""
    answer = connection.send(
        DescribeConfigsRequest(resources=[(TOPIC, name, list(keys)) for name in topics], include_synonyms=False)
    )
    found, failures = {}, []
    for result in answer.results:
        if result.error_code:
            failures.append(f"configs of topic {result.resource_name}: {error_text(result.error_code, None)}")
        else:
            found[result.resource_name] = {entry.name: entry.value for entry in result.configs if entry.value is not None}
    return found, failures


@dataclass(slots=True)
class SeenLogDir:
    """A log_dir. ``total`` and ``usable`` are bytes of its volume, None where the broker does not say (before Kafka 3.3)."""

    node_id: int
    path: str
    is_online: bool
    total: int | None = None
    usable: int | None = None
    sizes: dict[Place, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SeenLogDirs:
    """The log_dirs of every node that told; ``failures`` says who did not, in words."""

    log_dirs: list[SeenLogDir] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def see_log_dirs(connection: Connection, node_ids: Iterable[int], *, timeout: float) -> SeenLogDirs:
    """Every log_dir with what each replica in it takes: one request for each node. ``timeout`` is in seconds."""
    answers = connection.send_each({node_id: DescribeLogDirsRequest(topics=None) for node_id in node_ids}, timeout=timeout)
    seen = SeenLogDirs(failures=answers.who_failed)
    for node_id, answer in answers.found.items():
        if answer.error_code:
            seen.failures.append(f"node {node_id}: {error_text(answer.error_code, None)}")
        for each in answer.results:
            sizes = {
                (topic.name, partition.partition_index): partition.partition_size
                for topic in each.topics
                for partition in topic.partitions
                if not partition.is_future_key  # a copy that is on its way here from another log_dir
            }
            total, usable = (None if size == UNKNOWN_SIZE else size for size in (each.total_bytes, each.usable_bytes))
            seen.log_dirs.append(SeenLogDir(node_id, each.log_dir, not each.error_code, total, usable, sizes))
    return seen


class SeenVoter(NamedTuple):
    """A voter as the leader sees it: the end of its log, and when it last had everything (ms; None: not yet)."""

    node_id: int
    log_end_offset: int
    caught_up_at: int | None


@dataclass(frozen=True, slots=True)
class SeenQuorum:
    """The metadata quorum (KIP-595, KIP-836). ``leader`` is None while there is none."""

    leader: int | None
    epoch: int
    high_watermark: int
    voters: tuple[SeenVoter, ...]
    observers: int


def see_quorum(connection: Connection) -> SeenQuorum:
    """The quorum as its leader sees it. Raises ClusterError."""
    seen = describe_quorum(connection)
    voters = tuple(
        SeenVoter(
            voter.replica_id, voter.log_end_offset, voter.last_caught_up_timestamp if voter.last_caught_up_timestamp > 0 else None
        )
        for voter in sorted(seen.current_voters, key=lambda voter: voter.replica_id)
    )
    leader = None if seen.leader_id == NO_LEADER else seen.leader_id
    return SeenQuorum(leader, seen.leader_epoch, seen.high_watermark, voters, len(seen.observers))
