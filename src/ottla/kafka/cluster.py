"""Brokers, the metadata quorum and log dirs, as they are seen."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from kafka.protocol.admin import DescribeClusterRequest, DescribeLogDirsRequest, DescribeQuorumRequest
from kafka.protocol.producer import InitProducerIdRequest

from ottla.errors import ClusterError, WaitTimeout
from ottla.kafka.connection import check
from ottla.model.node import Broker, LogDir, Quorum

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ottla.kafka.connection import Connection

METADATA_TOPIC = "__cluster_metadata"
NO_LEADER = -1


def read_brokers(connection: Connection) -> tuple[Broker, ...]:
    """Every registered broker, fenced ones too (KIP-700, KIP-1073)."""
    answer = connection.send(DescribeClusterRequest(include_fenced_brokers=True))
    check(answer.error_code, answer.error_message, what="cannot describe the cluster")
    brokers = (Broker(each.broker_id, bool(each.is_fenced), _address(each.host, each.port)) for each in answer.brokers)
    return tuple(sorted(brokers, key=lambda broker: broker.node_id))


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def warm_producer_ids(connection: Connection, node_ids: Iterable[int]) -> None:
    """Let each broker fetch its first block of producer ids (KIP-730).

    It does so when it is first asked for one, and answers "later" until it has it; librdkafka asks again only after half a
    second. Asked here, the first idempotent producer of the platform does not wait. What the answer says does not matter.
    """
    for node_id in node_ids:
        with suppress(ClusterError, WaitTimeout):  # it only saves time
            connection.send(InitProducerIdRequest(transactional_id=None, transaction_timeout_ms=60_000), node_id=node_id)


def describe_quorum(connection: Connection) -> Any:
    """What the quorum's leader says of its one partition, as it came. Raises ClusterError."""
    answer = connection.send(DescribeQuorumRequest(topics=[(METADATA_TOPIC, [(0,)])]))
    check(answer.error_code, answer.error_message, what="cannot describe the quorum")
    seen = answer.topics[0].partitions[0]
    check(seen.error_code, seen.error_message, what="cannot describe the quorum")
    return seen


def read_voters(connection: Connection) -> tuple[int, Mapping[int, int]]:
    """The leader (-1: none), and the end of each voter's log as the leader knows it."""
    seen = describe_quorum(connection)
    return seen.leader_id, {voter.replica_id: voter.log_end_offset for voter in seen.current_voters}


def read_quorum(connection: Connection) -> Quorum:
    """The metadata quorum (KIP-836)."""
    seen = describe_quorum(connection)
    return Quorum(
        leader=None if seen.leader_id == NO_LEADER else seen.leader_id,
        epoch=seen.leader_epoch,
        voters=tuple(sorted(voter.replica_id for voter in seen.current_voters)),
        observers=tuple(sorted(observer.replica_id for observer in seen.observers)),
    )


def read_log_dirs(connection: Connection, node_ids: Iterable[int]) -> tuple[LogDir, ...]:
    """Every log_dir of every node, with what its volume has and what each topic takes: one request for each node."""
    log_dirs = []
    for node_id in node_ids:
        answer = connection.send(DescribeLogDirsRequest(topics=None), node_id=node_id)
        check(answer.error_code, None, what=f"cannot read the log dirs of node {node_id}")
        for seen in answer.results:
            check(seen.error_code, None, what=f"log dir {seen.log_dir} of node {node_id}")
            sizes = {topic.name: sum(partition.partition_size for partition in topic.partitions) for topic in seen.topics}
            log_dirs.append(LogDir(node_id, seen.log_dir, seen.total_bytes, seen.usable_bytes, sizes))
    return tuple(log_dirs)
