from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ottla.errors import ClusterError
from ottla.kafka.offices import Offices
from ottla.model.node import Quorum
from ottla.model.topic import Partition
from ottla.proof.targets import Role, choose, quorum_loss

NODES = (1, 2, 3)
PARTITIONS = tuple(Partition("t", number, leader, NODES, NODES) for number, leader in enumerate((1, 1, 2)))
OFFICES = Offices(PARTITIONS, {"g": 3}, Quorum(leader=2, epoch=7, voters=NODES, observers=()))
seeds = st.integers(0, 2**32)


def chosen(role: Role, offices: Offices = OFFICES, *, seed: int = 0) -> tuple[int, ...]:
    return choose(role, offices, nodes=NODES, group="g", seed=seed).node_ids


@given(seeds)
def test_the_leader_leads_the_partition_that_is_named(seed: int) -> None:
    target = choose(Role.LEADER, OFFICES, nodes=NODES, seed=seed)
    [led] = [each for each in PARTITIONS if target.text.startswith(f"leader of t-{each.partition}: ")]
    assert target.node_ids == (led.leader,)


@given(seeds)
def test_a_follower_leads_as_little_as_any_and_is_in_sync(seed: int) -> None:
    assert chosen(Role.FOLLOWER, seed=seed) == (3,)
    without = tuple(replace(each, isr=(1, 2)) for each in PARTITIONS)
    assert chosen(Role.FOLLOWER, replace(OFFICES, partitions=without), seed=seed) == (2,)


@given(seeds)
def test_a_leader_or_follower_is_not_the_active_controller_unless_nobody_else_is_one(seed: int) -> None:
    assert chosen(Role.LEADER, seed=seed) == (1,)  # node 2 leads too
    only = replace(OFFICES, partitions=PARTITIONS[2:])
    assert chosen(Role.LEADER, only, seed=seed) == (2,)
    assert chosen(Role.FOLLOWER, replace(only, quorum=replace(OFFICES.quorum, leader=1)), seed=seed) == (3,)


def test_the_coordinator_and_the_active_controller_are_those_that_kafka_names() -> None:
    assert chosen(Role.COORDINATOR) == (3,)
    assert chosen(Role.ACTIVE_CONTROLLER) == (2,)
    assert chosen(Role.ALL) == NODES


@given(seeds, st.integers(1, 7))
def test_without_the_chosen_majority_the_rest_is_none(seed: int, count: int) -> None:
    voters = tuple(range(1, count + 1))
    offices = replace(OFFICES, quorum=Quorum(1, 0, voters, ()))
    gone = chosen(Role.CONTROLLER_MAJORITY, offices, seed=seed)
    assert 1 in gone
    assert (count - len(gone)) * 2 <= count
    assert (count - len(gone) + 1) * 2 > count  # and one less would not do
    assert len(set(gone)) == quorum_loss(count)


def test_one_seed_makes_one_choice_and_others_make_others() -> None:
    elsewhere = replace(OFFICES, quorum=replace(OFFICES.quorum, leader=3))
    assert {chosen(Role.LEADER, elsewhere, seed=seed) for seed in range(50)} == {(1,), (2,)}
    assert {chosen(Role.CONTROLLER_MAJORITY, seed=seed) for seed in range(50)} == {(1, 2), (2, 3)}
    assert len({chosen(Role.LEADER, seed=11) for _ in range(20)}) == 1


@pytest.mark.parametrize(
    ("role", "offices"),
    [
        (Role.LEADER, replace(OFFICES, partitions=tuple(replace(each, leader=None) for each in PARTITIONS))),
        (Role.FOLLOWER, replace(OFFICES, partitions=tuple(replace(each, isr=(each.leader or 0,)) for each in PARTITIONS))),
        (Role.COORDINATOR, replace(OFFICES, coordinators={})),
        (Role.ACTIVE_CONTROLLER, replace(OFFICES, quorum=replace(OFFICES.quorum, leader=None))),
        (Role.CONTROLLER_MAJORITY, replace(OFFICES, quorum=replace(OFFICES.quorum, leader=None))),
    ],
)
def test_where_nobody_has_the_role_nobody_is_chosen_instead(role: Role, offices: Offices) -> None:
    with pytest.raises(ClusterError, match=r"no |nobody "):
        chosen(role, offices)
