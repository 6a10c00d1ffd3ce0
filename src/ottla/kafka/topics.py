"""Topics: read, create, add partitions, delete. Each is one request, or a few where Kafka bounds the size of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kafka.protocol.admin import CreatePartitionsRequest, CreateTopicsRequest, DeleteTopicsRequest
from kafka.protocol.metadata import MetadataRequest

from ottla.kafka.connection import check, error_text
from ottla.model.topic import Partition

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ottla.kafka.connection import Connection
    from ottla.model.topic import Topic

TIMEOUT_MS = 60_000
MAX_PARTITIONS_PER_REQUEST = 5_000  # brokers refuse more than 10,000 in one request (KAFKA-17870)
NO_LEADER = -1
LEADER_NOT_AVAILABLE = 5
READABLE = frozenset({0, LEADER_NOT_AVAILABLE})


@dataclass(frozen=True, slots=True)
class Metadata:
    """What one Metadata request says: the cluster's id, and every partition of every topic."""

    cluster_id: str
    partitions: Mapping[str, tuple[Partition, ...]]


def read_metadata(connection: Connection) -> Metadata:
    """All topics in one request. Raises ClusterError if any of them cannot be read."""
    answer = connection.send(MetadataRequest(topics=None, allow_auto_topic_creation=False))
    partitions = {}
    for topic in answer.topics:
        check(topic.error_code, None, what=f"cannot read topic {topic.name}")
        ordered = sorted(topic.partitions, key=lambda partition: partition.partition_index)
        partitions[topic.name] = tuple(_partition(topic.name, partition) for partition in ordered)
    return Metadata(answer.cluster_id, partitions)


def _partition(topic: str, seen: Any) -> Partition:
    if seen.error_code not in READABLE:
        check(seen.error_code, None, what=f"cannot read partition {seen.partition_index} of topic {topic}")
    return Partition(
        topic=topic,
        partition=seen.partition_index,
        leader=None if seen.leader_id == NO_LEADER else seen.leader_id,
        replicas=tuple(seen.replica_nodes),
        isr=tuple(seen.isr_nodes),
    )


def create_topics(connection: Connection, topics: Sequence[Topic]) -> dict[str, str | None]:
    """Create topics; the answer says for each the broker's refusal, or None."""
    creatable = CreateTopicsRequest.CreatableTopic
    config = creatable.CreatableTopicConfig
    outcome: dict[str, str | None] = {}
    for batch in _batches(topics):
        wanted = [
            creatable(
                name=topic.name,
                num_partitions=topic.partitions,
                replication_factor=topic.replication_factor,
                assignments=[],
                configs=[config(name=key, value=value) for key, value in topic.configs.items()],
            )
            for topic in batch
        ]
        answer = connection.send(CreateTopicsRequest(topics=wanted, timeout_ms=TIMEOUT_MS, validate_only=False))
        outcome |= {topic.name: error_text(topic.error_code, topic.error_message) for topic in answer.topics}
    return outcome


def _batches(topics: Sequence[Topic]) -> Iterator[list[Topic]]:
    batch: list[Topic] = []
    for topic in topics:
        if batch and sum(each.partitions for each in batch) + topic.partitions > MAX_PARTITIONS_PER_REQUEST:
            yield batch
            batch = []
        batch.append(topic)
    if batch:
        yield batch


def add_partitions(connection: Connection, totals: Mapping[str, int]) -> dict[str, str | None]:
    """Raise topics to the given numbers of partitions; the answer says for each the refusal, or None."""
    wanted = [(name, total, None) for name, total in totals.items()]
    answer = connection.send(CreatePartitionsRequest(topics=wanted, timeout_ms=TIMEOUT_MS, validate_only=False))
    return {topic.name: error_text(topic.error_code, topic.error_message) for topic in answer.results}


def delete_topics(connection: Connection, names: Iterable[str]) -> dict[str, str | None]:
    """Delete topics; the answer says for each the refusal, or None. Kafka removes the files a little later."""
    wanted = [(name, None) for name in names]
    answer = connection.send(DeleteTopicsRequest(topics=wanted, timeout_ms=TIMEOUT_MS))
    return {topic.name: error_text(topic.error_code, topic.error_message) for topic in answer.responses}
