"""Where partitions begin and end."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kafka.protocol.consumer import ListOffsetsRequest

from ottla.errors import ClusterError
from ottla.kafka.connection import check

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ottla.kafka.connection import Connection
    from ottla.model.topic import Partition

LATEST = -1
EARLIEST = -2
NO_REPLICA = -1
READ_UNCOMMITTED = 0
ANY_EPOCH = -1


@dataclass(frozen=True, slots=True)
class OffsetRange:
    """``log_start_offset`` and ``high_watermark`` of a partition."""

    start: int
    end: int


def read_offset_ranges(connection: Connection, partitions: Iterable[Partition]) -> dict[tuple[str, int], OffsetRange]:
    """Begin and end of each partition, asked of its leader: two requests for each leader.

    Raises ClusterError if a partition has no leader.
    """
    by_leader: dict[int, list[Partition]] = defaultdict(list)
    for partition in partitions:
        if partition.leader is None:
            raise ClusterError(
                f"partition {partition.partition} of topic {partition.topic} has no leader", hint="look: ottla status"
            )
        by_leader[partition.leader].append(partition)
    ranges: dict[tuple[str, int], OffsetRange] = {}
    for leader, led in by_leader.items():
        starts = _list_offsets(connection, leader, led, EARLIEST)
        ends = _list_offsets(connection, leader, led, LATEST)
        ranges |= {key: OffsetRange(starts[key], ends[key]) for key in starts}
    return ranges


def _list_offsets(connection: Connection, leader: int, partitions: list[Partition], timestamp: int) -> dict[tuple[str, int], int]:
    by_topic: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
    for partition in partitions:
        by_topic[partition.topic].append((partition.partition, ANY_EPOCH, timestamp))
    request = ListOffsetsRequest(
        replica_id=NO_REPLICA, isolation_level=READ_UNCOMMITTED, topics=list(by_topic.items()), timeout_ms=30_000
    )
    answer = connection.send(request, node_id=leader)
    offsets = {}
    for topic in answer.topics:
        for seen in topic.partitions:
            check(seen.error_code, None, what=f"cannot read offsets of {topic.name}-{seen.partition_index}")
            offsets[topic.name, seen.partition_index] = seen.offset
    return offsets
