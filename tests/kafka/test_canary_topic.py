from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ottla.kafka.canary_topic import AddPartitions, CreateTopic, misled, next_step
from ottla.model.topic import Partition

some_brokers = st.lists(st.integers(0, 50), min_size=1, max_size=9, unique=True)


def made(step: CreateTopic | AddPartitions | None) -> list[Partition]:
    assert isinstance(step, CreateTopic)
    return [Partition("canary", number, replicas[0], replicas, replicas) for number, replicas in enumerate(step.assignment)]


@given(some_brokers)
def test_each_broker_should_lead_one_partition_and_follow_as_many_as_any_other(brokers: list[int]) -> None:
    partitions = made(next_step(None, brokers))
    assert sorted(each.replicas[0] for each in partitions) == sorted(brokers)
    factor = min(3, len(brokers))
    assert all(len(set(each.replicas)) == len(each.replicas) == factor for each in partitions)
    followed = [broker for each in partitions for broker in each.replicas]
    assert all(followed.count(broker) == factor for broker in brokers)


@given(some_brokers)
def test_one_broker_may_fail_and_records_are_still_taken(brokers: list[int]) -> None:
    step = next_step(None, brokers)
    assert isinstance(step, CreateTopic)
    assert int(step.configs["min.insync.replicas"]) == max(1, min(3, len(brokers)) - 1)


@given(some_brokers, some_brokers)
def test_partitions_are_added_until_every_broker_should_lead_one(before: list[int], more: list[int]) -> None:
    partitions = made(next_step(None, before))
    assert next_step(partitions, before) is None
    now = sorted({*before, *more})
    step = next_step(partitions, now)
    if step is None:
        assert set(now) == set(before)
        return
    assert isinstance(step, AddPartitions)
    new = [
        Partition("canary", number, replicas[0], replicas, replicas)
        for number, replicas in enumerate(step.assignment, start=len(partitions))
    ]
    assert step.total == len(partitions) + len(new)
    assert {len(each.replicas) for each in new} == {len(partitions[0].replicas)}
    assert next_step([*partitions, *new], now) is None


@given(some_brokers, st.data())
def test_brokers_that_are_away_change_nothing(brokers: list[int], data: st.DataObject) -> None:
    partitions = made(next_step(None, brokers))
    there = data.draw(st.lists(st.sampled_from(brokers), unique=True))
    assert next_step(partitions, there) is None


def test_a_new_broker_waits_where_there_are_too_few_for_another_partition() -> None:
    partitions = made(next_step(None, [1, 2, 3]))
    assert next_step(partitions, [1, 4]) is None
    assert next_step(partitions, [1, 2, 4]) == AddPartitions(4, ((4, 1, 2),))


def test_a_partition_is_misled_only_where_its_preferred_leader_could_lead_it() -> None:
    def led(leader: int | None, isr: tuple[int, ...]) -> Partition:
        return Partition("canary", 0, leader, (1, 2, 3), isr)

    assert misled([led(2, (1, 2, 3))], [1, 2, 3]) == {0}
    assert misled([led(1, (1, 2, 3))], [1, 2, 3]) == frozenset()
    assert misled([led(2, (2, 3))], [1, 2, 3]) == frozenset()
    assert misled([led(2, (1, 2, 3))], [2, 3]) == frozenset()
    assert misled([led(None, (1,))], [1, 2, 3]) == frozenset()
