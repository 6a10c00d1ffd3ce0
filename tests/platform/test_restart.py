"""In which order nodes restart, and what cannot be written meanwhile."""

from __future__ import annotations

from ottla.local.record import ClusterRecord, NodeAddress
from ottla.local.roles import node_roles
from ottla.model.state import ClusterState
from ottla.model.topic import Partition
from ottla.platform.restart import next_in_turn, without_spare
from ottla.reconcile import Observation


def order(*, dedicated: bool, leader: int) -> list[int]:
    roles = node_roles(3, dedicated=dedicated)
    nodes = tuple(NodeAddress.in_block(node_id, "127.0.0.1", 9092, (), of_node) for node_id, of_node in roles.items())
    record, left, found = ClusterRecord("id", "4.3.1", nodes), set(roles), []
    while left:
        found.append(next_in_turn(record, left, leader))
        left.remove(found[-1])
    return found


def test_the_active_controller_restarts_last() -> None:
    assert order(dedicated=False, leader=1) == [2, 3, 1]
    assert order(dedicated=False, leader=3) == [1, 2, 3]


def test_brokers_restart_before_controllers_of_their_own() -> None:
    assert order(dedicated=True, leader=101) == [1, 2, 3, 102, 103, 101]


def test_topics_without_a_replica_to_spare_are_named() -> None:
    def partitions(name: str, replicas: int) -> tuple[Partition, ...]:
        return (Partition(name, 0, 1, tuple(range(1, replicas + 1)), tuple(range(1, replicas + 1))),)

    seen = {"spare": partitions("spare", 3), "none": partitions("none", 2), "single": partitions("single", 1)}
    least = {"spare": "2", "none": "2", "single": None}
    observation = Observation("id", ClusterState(), seen, {name: {"min.insync.replicas": value} for name, value in least.items()})
    assert without_spare(observation) == ("none", "single")
