"""Which node is what to a topic and to groups now: leader of a partition, coordinator, active controller."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ottla.errors import ClusterError
from ottla.kafka.cluster import read_quorum
from ottla.kafka.groups import read_coordinators
from ottla.kafka.topics import read_metadata

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ottla.kafka.connection import Connection
    from ottla.model.node import Quorum
    from ottla.model.topic import Partition


@dataclass(frozen=True, slots=True)
class Offices:
    """The partitions of one topic with their leaders, the coordinator (node_id) of each group, and the quorum."""

    partitions: tuple[Partition, ...]
    coordinators: Mapping[str, int]
    quorum: Quorum


def read_offices(connection: Connection, topic: str, groups: Sequence[str] = ()) -> Offices:
    """Look now; leaders move. A group that does not exist yet has a coordinator all the same.

    Raises ClusterError (a topic that is not there as well), WaitTimeout while coordinators move and do not settle.
    """
    partitions = read_metadata(connection).partitions.get(topic)
    if partitions is None:
        raise ClusterError(f"there is no topic {topic}", hint="see which there are: ottla topics list")
    return Offices(partitions, read_coordinators(connection, groups), read_quorum(connection))
