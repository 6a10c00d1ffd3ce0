"""Who has which role on a live cluster, beside what Kafka says elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ottla.errors import ClusterError
from ottla.kafka.offices import read_offices
from ottla.proof.targets import Role, choose

if TYPE_CHECKING:
    from tests.conftest import Home

pytestmark = pytest.mark.kafka
GROUP, NODES = "chosen-by-a-drill", (1, 2, 3)


def test_roles_are_those_of_the_live_cluster(three: Home) -> None:
    with three.platform.connected() as connection:
        offices = read_offices(connection, "task-events", [GROUP])
        with pytest.raises(ClusterError, match="there is no topic nowhere"):
            read_offices(connection, "nowhere")
    look = three.platform.look()
    assert offices.partitions == look.partitions["task-events"]
    status = three.platform.status()
    assert status.view is not None
    assert status.view.quorum is not None
    assert choose(Role.ACTIVE_CONTROLLER, offices, nodes=NODES, seed=1).node_ids == (status.view.quorum.leader,)
    # Kafka's own rule: the group's hash says which partition of __consumer_offsets, and its leader coordinates
    number = abs(java_hash(GROUP)) % len(look.partitions["__consumer_offsets"])
    of_group = look.partitions["__consumer_offsets"][number].leader
    assert choose(Role.COORDINATOR, offices, nodes=NODES, group=GROUP, seed=1).node_ids == (of_group,)
    assert len(choose(Role.CONTROLLER_MAJORITY, offices, nodes=NODES, seed=1).node_ids) == 2


def java_hash(text: str) -> int:
    """String.hashCode of Java."""
    value = 0
    for character in text:
        value = (31 * value + ord(character)) % 2**32
    return value - 2**32 if value >= 2**31 else value
