"""Offsets of many partitions at once: one request for each leader, and who does not answer keeps nobody from the rest."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kafka.protocol.consumer import ListOffsetsRequest

from ottla.kafka.connection import error_text
from ottla.kafka.offsets import ANY_EPOCH, NO_REPLICA

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ottla.kafka.connection import Connection

Place = tuple[str, int]  # topic, partition


@dataclass(frozen=True, slots=True)
class ListedOffsets:
    """Offset and timestamp (ms; -1: none) of each partition that was told; (-1, -1) where no record is as new as was asked.

    ``failures`` says what was not told, in words.
    """

    found: dict[Place, tuple[int, int]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


def list_offsets(
    connection: Connection,
    leaders: Mapping[Place, int],
    asked: Iterable[tuple[Place, int]],
    *,
    committed_only: bool = False,
    timeout: float,
) -> ListedOffsets:
    """What leaders say of ``asked``: pairs of a partition and a timestamp (ms), or LATEST (-1), or EARLIEST (-2).

    With ``committed_only`` (read_committed) the latest is the last stable offset. A partition without a leader is left out.
    ``timeout`` is in seconds. Raises ClusterError only if nobody can be asked.
    """
    wanted: dict[int, dict[str, list[tuple[int, int, int]]]] = {}
    for place, timestamp in asked:
        leader = leaders.get(place)
        if leader is not None:
            topics = wanted.get(leader)
            if topics is None:
                topics = wanted[leader] = defaultdict(list)
            topics[place[0]].append((place[1], ANY_EPOCH, timestamp))
    requests = {
        leader: ListOffsetsRequest(
            replica_id=NO_REPLICA,
            isolation_level=int(committed_only),
            topics=list(topics.items()),
            timeout_ms=int(timeout * 1000),
        )
        for leader, topics in wanted.items()
    }
    answers = connection.send_each(requests, timeout=timeout)
    listed = ListedOffsets(failures=answers.who_failed)
    for answer in answers.found.values():
        for topic in answer.topics:
            name = topic.name
            for seen in topic.partitions:
                if seen.error_code:
                    listed.failures.append(f"{name}-{seen.partition_index}: {error_text(seen.error_code, None)}")
                else:
                    listed.found[name, seen.partition_index] = seen.offset, seen.timestamp
    return listed
