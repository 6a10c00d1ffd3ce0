from __future__ import annotations

import pytest

from ottla.local.cluster import stuck_at
from ottla.local.roles import node_roles


def test_combined_nodes_are_broker_and_controller_each() -> None:
    assert node_roles(3, dedicated=False) == dict.fromkeys((1, 2, 3), ("broker", "controller"))


def test_three_brokers_with_dedicated_controllers_are_six_processes() -> None:
    brokers, controllers = dict.fromkeys((1, 2, 3), ("broker",)), dict.fromkeys((101, 102, 103), ("controller",))
    assert node_roles(3, dedicated=True) == brokers | controllers


@pytest.mark.parametrize(("brokers", "first", "count"), [(1, 101, 1), (2, 101, 1), (5, 101, 3), (99, 101, 3), (100, 1001, 3)])
def test_a_quorum_has_one_or_three_controllers_whose_ids_are_no_brokers(brokers: int, first: int, count: int) -> None:
    roles = node_roles(brokers, dedicated=True)
    assert [node_id for node_id, of_node in roles.items() if of_node == ("controller",)] == list(range(first, first + count))
    assert len(roles) == brokers + count


@pytest.mark.parametrize(
    ("group", "voters", "others", "stuck"),
    [
        ({1, 2, 3}, {1, 2, 3}, 0, 1),  # all: the last one finds no quorum
        ({1}, {1}, 0, 0),  # alone it is its own quorum
        ({2}, {1, 2, 3}, 2, 0),  # the others let it go
        ({2}, {1, 2, 3}, 1, 0),  # with itself they are two
        ({2}, {1, 2, 3}, 0, 1),  # the others are dead: it cannot leave
        ({1, 2}, {1, 2, 3}, 0, 1),
        ({1, 2, 3}, {101, 102, 103}, 3, 0),  # brokers leave while their controllers stay
        ({1, 2, 3}, {101, 102, 103}, 1, 3),  # and cannot without a quorum
        ({1, 2, 3, 4, 5}, {1, 2, 3, 4, 5}, 0, 2),
    ],
)
def test_a_node_leaves_in_order_while_a_majority_can_let_it_go(
    group: set[int], voters: set[int], others: int, stuck: int
) -> None:
    assert stuck_at(group, voters, others) == stuck
