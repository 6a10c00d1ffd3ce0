"""Where partitions begin and end."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kafka.protocol.consumer import ListOffsetsRequest

from ottla.kafka.connection import check, error_text
from ottla.kafka.topics import read_metadata
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from collections.abc import Set as AbstractSet

    from ottla.kafka.connection import Connection
    from ottla.model.topic import Partition

LATEST = -1
EARLIEST = -2
NO_REPLICA = -1
READ_UNCOMMITTED = 0
ANY_EPOCH = -1
SETTLE_TIMEOUT = 15.0
# UNKNOWN_TOPIC_OR_PARTITION, LEADER_NOT_AVAILABLE, NOT_LEADER_OR_FOLLOWER, FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH
MOVING = frozenset({3, 5, 6, 74, 76})


@dataclass(frozen=True, slots=True)
class OffsetRange:
    """``log_start_offset`` and ``high_watermark`` of a partition."""

    start: int
    end: int


@dataclass(slots=True)
class _Answers:
    """What one round of asking gave, and the partitions that are on the move."""

    starts: dict[tuple[str, int], int] = field(default_factory=dict)
    ends: dict[tuple[str, int], int] = field(default_factory=dict)
    unsettled: list[str] = field(default_factory=list)


def read_offset_ranges(connection: Connection, topics: Iterable[str]) -> dict[tuple[str, int], OffsetRange]:
    """Begin and end of each partition of ``topics``, asked of its leader: one request for metadata, two for each leader.

    While leaders move (a topic was made just now, a broker left) it asks again. Raises ClusterError, WaitTimeout.
    """
    wanted = frozenset(topics)

    def look() -> _Answers:
        answers = _Answers()
        for leader, led in _by_leader(connection, wanted, answers.unsettled).items():
            answers.starts |= _list_offsets(connection, leader, led, EARLIEST, answers.unsettled)
            answers.ends |= _list_offsets(connection, leader, led, LATEST, answers.unsettled)
        return answers

    seen = _settled(look)
    return {key: OffsetRange(seen.starts[key], seen.ends[key]) for key in seen.starts}


def read_offsets_at(connection: Connection, topic: str, timestamp: int) -> dict[int, int | None]:
    """The first offset of each partition whose record is not older than ``timestamp`` (milliseconds), or None: all are.

    Raises ClusterError, WaitTimeout.
    """

    def look() -> _Answers:
        answers = _Answers()
        for leader, led in _by_leader(connection, frozenset({topic}), answers.unsettled).items():
            answers.starts |= _list_offsets(connection, leader, led, timestamp, answers.unsettled)
        return answers

    found = _settled(look).starts
    return {partition: None if offset < 0 else offset for (_, partition), offset in found.items()}


def _settled(look: Callable[[], _Answers]) -> _Answers:
    return wait_until(
        look,
        lambda answers: not answers.unsettled,
        what="every partition to have a leader that answers",
        timeout=SETTLE_TIMEOUT,
        hint="look at it: ottla status",
    )


def _by_leader(connection: Connection, wanted: AbstractSet[str], unsettled: list[str]) -> dict[int, list[Partition]]:
    by_leader: dict[int, list[Partition]] = defaultdict(list)
    for name, partitions in read_metadata(connection).partitions.items():
        for partition in partitions if name in wanted else ():
            if partition.leader is None:
                unsettled.append(f"{name}-{partition.partition}: no leader")
            else:
                by_leader[partition.leader].append(partition)
    return by_leader


def _list_offsets(
    connection: Connection, leader: int, partitions: list[Partition], timestamp: int, unsettled: list[str]
) -> dict[tuple[str, int], int]:
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
            place = f"{topic.name}-{seen.partition_index}"
            if seen.error_code in MOVING:
                unsettled.append(f"{place}: {error_text(seen.error_code, None)}")
                continue
            check(seen.error_code, None, what=f"cannot read offsets of {place}")
            offsets[topic.name, seen.partition_index] = seen.offset
    return offsets
