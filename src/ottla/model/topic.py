"""A topic as it is declared, and a partition as it is seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LIST_CONFIGS = frozenset({"cleanup.policy", "leader.replication.throttled.replicas", "follower.replication.throttled.replicas"})
PROTECTED_PREFIXES = ("__", "_schemas", "_confluent", "connect-")


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic: what can be declared of it. ``configs`` holds only what is set on the topic itself, as Kafka's own text.

    ``reset`` names configs that must not be set on it; only a desired topic has any.
    """

    name: str
    partitions: int
    replication_factor: int
    configs: Mapping[str, str]
    reset: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition as a broker reports it. ``leader`` is None while there is none."""

    topic: str
    partition: int
    leader: int | None
    replicas: tuple[int, ...]
    isr: tuple[int, ...]

    def least_isr(self, min_insync_replicas: int) -> int:
        """How many must be in sync for a write with acks=all: of fewer replicas, all (Partition.effectiveMinIsr in Kafka)."""
        return min(min_insync_replicas, len(self.replicas))


def is_protected(name: str) -> bool:
    """Whether a topic belongs to Kafka or to a tool beside it, so that a missing line in a spec says nothing about it."""
    return name.startswith(PROTECTED_PREFIXES)


def same_config(key: str, one: str | None, other: str | None) -> bool:
    """Whether two texts of a config mean the same: order, spaces and repeats in a list do not count (KIP-1161)."""
    if one is None or other is None or key not in LIST_CONFIGS:
        return one == other
    return _items(one) == _items(other)


def _items(text: str) -> set[str]:
    return {item.strip() for item in text.split(",") if item.strip()}
