"""What the canary's topic should be, and what is to be done about the one that is there: decided, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ottla.model.topic import Partition

REPLICAS = 3
Assignment = tuple[tuple[int, ...], ...]  # of each partition, its replicas; the first one is the preferred leader


@dataclass(frozen=True, slots=True)
class CreateTopic:
    """There is none."""

    assignment: Assignment
    configs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AddPartitions:
    """Brokers have joined that should lead a partition. ``assignment`` is that of the new ones; there are ``total`` then."""

    total: int
    assignment: Assignment


def next_step(partitions: Sequence[Partition] | None, brokers: Sequence[int]) -> CreateTopic | AddPartitions | None:
    """What is missing of the topic (None: all of it), so that each of the ``brokers`` should lead a partition of it."""
    if not brokers:
        return None
    if partitions is None:
        factor = min(REPLICAS, len(brokers))
        return CreateTopic(_assignment(brokers, brokers, factor), _configs(factor))
    led = {partition.replicas[0] for partition in partitions}
    new = [broker for broker in sorted(brokers) if broker not in led]
    factor = len(partitions[0].replicas)  # Kafka wants the same of all
    if not new or factor > len(brokers):
        return None
    return AddPartitions(len(partitions) + len(new), _assignment(new, brokers, factor))


def _assignment(leaders: Sequence[int], brokers: Sequence[int], factor: int) -> Assignment:
    """For each leader, itself and those that come after it in a ring, so that followers are spread as well."""
    ring = sorted(brokers)
    places = [ring.index(leader) for leader in sorted(leaders)]
    return tuple(tuple(ring[(place + step) % len(ring)] for step in range(factor)) for place in places)


def _configs(factor: int) -> dict[str, str]:
    """Records are worth nothing once they were received: two segments of ten minutes, an hour at most."""
    return {
        "cleanup.policy": "delete",
        "retention.ms": "3600000",
        "segment.ms": "600000",
        "segment.bytes": "1048576",  # the least that Kafka 4 takes (KIP-1030)
        "min.insync.replicas": str(max(1, factor - 1)),
    }


def misled(partitions: Sequence[Partition], brokers: Sequence[int]) -> frozenset[int]:
    """The partitions that another broker leads than should, though that one could: it is there and in sync."""
    return frozenset(
        partition.partition
        for partition in partitions
        if partition.leader not in {None, partition.replicas[0]}
        and partition.replicas[0] in partition.isr
        and partition.replicas[0] in brokers
    )
