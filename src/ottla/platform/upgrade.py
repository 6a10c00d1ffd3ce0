"""From one Kafka to another, one node at a time, and the one step that cannot be taken back.

A node's Kafka is what its process runs, and the record says what it starts with: an upgrade that was cut off goes on where
it stopped. Nodes of both versions work together as long as metadata.version is one that both know.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ottla.errors import PlanRefused
from ottla.kafka.features import finalise_metadata_version, read_metadata_version
from ottla.platform.restart import refuse_missing, restart_in_turn
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
    target, cluster = platform.spec.cluster.kafka_version, platform.cluster
    refuse_missing(cluster)
    platform.wait_until_whole()
    with platform.connected() as connection:
        level = read_metadata_version(connection, _brokers(platform)).finalised
    known = METADATA_LEVELS[target]
    if level > known:
        reason = f"metadata.version is finalised at {level}, and Kafka {target} reads at most {known}: that step was one-way"
        raise PlanRefused([reason], hint="set cluster.kafka_version back")
    outdated = cluster.move_to(target)
    restart_in_turn(
        cluster,
        outdated,
        wait_until_whole=platform.wait_until_whole,
        look=platform.look,
        properties=platform.properties,
        doing=f"moving to Kafka {target}:",
    )
    with platform.connected() as connection:
        seen = read_metadata_version(connection, _brokers(platform))
    return Upgrade(target, tuple(outdated), seen.finalised, seen.supported)


def _brokers(platform: LocalPlatform) -> list[int]:
    return [node.node_id for node in platform.cluster.made().nodes if node.is_broker]


def finalise(platform: LocalPlatform) -> tuple[int, int]:
    """Raise metadata.version to what every node knows; returns the level before and after."""
    with platform.connected() as connection:
        seen = read_metadata_version(connection, _brokers(platform))
        if seen.supported > seen.finalised:
            finalise_metadata_version(connection, seen.supported)
    return seen.finalised, seen.supported
