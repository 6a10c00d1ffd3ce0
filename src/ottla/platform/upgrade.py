"""From one Kafka to another, one node at a time, and the one step that cannot be taken back.

A node's Kafka is what its process runs, and the record says what it starts with: an upgrade that was cut off goes on where
it stopped. Nodes of both versions work together as long as metadata.version is one that both know.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ottla.errors import PlanRefused
from ottla.kafka.features import finalise_metadata_version, read_metadata_version
from ottla.platform.rolling import refuse_missing_nodes, restart_one_by_one
from ottla.spec.versions import METADATA_LEVELS

if TYPE_CHECKING:
    from ottla.platform.local import LocalPlatform


@dataclass(frozen=True, slots=True)
class Upgrade:
    """What was done: the nodes that were restarted, and metadata.version now against the highest that every node knows."""

    kafka_version: str
    restarted: tuple[int, ...]
    finalised: int
    supported: int


def upgrade(platform: LocalPlatform) -> Upgrade:
    """Move every node that runs another Kafka to that of the spec, one at a time."""
    target = platform.spec.cluster.kafka_version
    refuse_missing_nodes(platform)
    nodes = [node.node_id for node in platform.cluster.made().nodes]
    platform.wait_until_whole()
    with platform.connected() as connection:
        level = read_metadata_version(connection, nodes).finalised
    known = METADATA_LEVELS[target]
    if level > known:
        reason = f"metadata.version is finalised at {level}, and Kafka {target} reads at most {known}: that step was one-way"
        raise PlanRefused([reason], hint="set cluster.kafka_version back")
    moved = restart_one_by_one(platform, platform.cluster.move_to(target), what=f"moving to Kafka {target}:")
    with platform.connected() as connection:
        seen = read_metadata_version(connection, nodes)
    return Upgrade(target, tuple(moved), seen.finalised, seen.supported)


def finalise(platform: LocalPlatform) -> tuple[int, int]:
    """Raise metadata.version to what every node knows; returns the level before and after."""
    nodes = [node.node_id for node in platform.cluster.made().nodes]
    with platform.connected() as connection:
        seen = read_metadata_version(connection, nodes)
        if seen.supported > seen.finalised:
            finalise_metadata_version(connection, seen.supported)
    return seen.finalised, seen.supported
