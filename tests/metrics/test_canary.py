from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ottla.metrics.canary import Ledger
from ottla.metrics.exporter_metrics import (
    BOUNDS,
    CANARY_DELIVERY,
    CANARY_LATE,
    CANARY_LOST,
    CANARY_PRODUCE,
    CANARY_RECEIVED,
    CANARY_REFUSED,
    CANARY_SENT,
)
from ottla.metrics.samples import Distribution, families

if TYPE_CHECKING:
    from ottla.metrics.metric import Metric

DEADLINE = 10.0
NODES = 3


def value(ledger: Ledger, metric: Metric) -> float:
    """A counter over all nodes; of a histogram, how often something was observed."""
    values = [each.value for each in ledger.samples() if each.metric is metric]
    return sum(sum(each.counts) if isinstance(each, Distribution) else each for each in values)


def counts(ledger: Ledger) -> dict[str, float]:
    metrics = {"refused": CANARY_REFUSED, "received": CANARY_RECEIVED, "late": CANARY_LATE, "lost": CANARY_LOST}
    return {name: value(ledger, metric) for name, metric in metrics.items() if value(ledger, metric)}


def send(ledger: Ledger, *, at: float = 0.0, node_id: int = 1, partition: int = 0) -> int:
    return ledger.sent(node_id=node_id, partition=partition, at=at)


def receive(ledger: Ledger, number: int | None, offset: int, at: float, *, partition: int = 0, log: int = 0) -> None:
    ledger.received(number, log=log, partition=partition, offset=offset, at=at)


def look_twice(ledger: Ledger) -> None:
    ledger.same_log()
    ledger.same_log()


def test_times_are_counted_from_the_intended_send_and_under_the_node_that_led() -> None:
    ledger = Ledger(deadline=DEADLINE)
    number = send(ledger, at=100.0, node_id=7)
    ledger.acknowledged(number, offset=0, at=100.02)
    receive(ledger, number, 0, at=100.04)
    produce, delivery = (each for each in ledger.samples() if isinstance(each.value, Distribution))
    for sample, seconds in ((produce, 0.02), (delivery, 0.04)):
        assert isinstance(sample.value, Distribution)
        assert sample.labels == ("7",)
        assert sample.value.sum == pytest.approx(seconds)
        in_bucket = sample.value.counts.index(1)
        assert BOUNDS[in_bucket - 1] < seconds <= BOUNDS[in_bucket]
    assert counts(ledger) == {"received": 1}


def test_a_node_has_series_before_anything_is_sent_to_it() -> None:
    ledger = Ledger(deadline=DEADLINE)
    ledger.leads([1, 2])
    written = families(ledger.samples())
    assert len(written) == 7
    assert all(set(each.points) == {("1",), ("2",)} for each in written)


def test_a_record_that_is_not_back_in_time_is_late_and_not_lost_and_counts_as_received_when_it_comes() -> None:
    ledger = Ledger(deadline=DEADLINE)
    number = send(ledger)
    ledger.acknowledged(number, offset=0, at=0.1)
    ledger.look(DEADLINE)
    assert counts(ledger) == {}
    ledger.look(DEADLINE + 0.1)
    ledger.look(DEADLINE + 5)
    assert counts(ledger) == {"late": 1}
    receive(ledger, number, 0, at=DEADLINE + 6)
    assert counts(ledger) == {"late": 1, "received": 1}


def test_a_record_that_came_late_is_late_even_if_nobody_looked_between() -> None:
    ledger = Ledger(deadline=DEADLINE)
    number = send(ledger)
    ledger.acknowledged(number, offset=0, at=0.1)
    receive(ledger, number, 0, at=DEADLINE + 1)
    ledger.look(DEADLINE + 2)
    assert counts(ledger) == {"late": 1, "received": 1}


def test_a_record_that_is_not_acknowledged_is_not_late_until_it_is() -> None:
    ledger = Ledger(deadline=DEADLINE)
    number = send(ledger)
    ledger.look(DEADLINE + 1)
    assert counts(ledger) == {}
    ledger.acknowledged(number, offset=0, at=DEADLINE + 2)
    assert counts(ledger) == {"late": 1}


def test_a_refused_record_is_neither_late_nor_lost_nor_received_even_if_it_is_in_the_log() -> None:
    ledger = Ledger(deadline=DEADLINE)
    number = send(ledger)
    ledger.refused(number)
    receive(ledger, number, 0, at=1.0)
    ledger.look(DEADLINE + 1)
    assert counts(ledger) == {"refused": 1}


@pytest.mark.parametrize("acknowledged_first", [True, False])
def test_a_record_that_another_one_overtook_is_lost_whenever_its_acknowledgement_is_told(*, acknowledged_first: bool) -> None:
    ledger = Ledger(deadline=DEADLINE)
    gone, after, later = (send(ledger) for _ in range(3))
    if acknowledged_first:
        ledger.acknowledged(gone, offset=5, at=0.1)
    ledger.acknowledged(after, offset=6, at=0.1)
    receive(ledger, after, 6, at=0.2)
    if not acknowledged_first:
        ledger.acknowledged(gone, offset=5, at=0.3)
        assert counts(ledger) == {"received": 1}  # nothing came since: a log that was cut may go on below
    ledger.acknowledged(later, offset=7, at=0.4)
    receive(ledger, later, 7, at=0.5)
    look_twice(ledger)
    assert counts(ledger) == {"received": 2, "lost": 1}


def test_a_record_in_whose_place_another_one_is_found_is_lost() -> None:
    ledger = Ledger(deadline=DEADLINE)
    ledger.acknowledged(send(ledger), offset=5, at=0.1)
    receive(ledger, None, 5, at=0.2)
    look_twice(ledger)
    assert counts(ledger) == {"lost": 1}


def test_a_record_that_was_missed_is_lost_only_when_two_looks_saw_the_topic_unchanged() -> None:
    ledger = Ledger(deadline=DEADLINE)
    ledger.acknowledged(send(ledger), offset=5, at=0.1)
    ledger.same_log()
    receive(ledger, None, 5, at=0.2)
    assert counts(ledger) == {}
    ledger.same_log()
    assert counts(ledger) == {}
    ledger.same_log()
    assert counts(ledger) == {"lost": 1}


@pytest.mark.parametrize("looks", [0, 1])
def test_what_was_missed_in_a_log_that_turns_out_to_be_a_new_one_is_not_lost(looks: int) -> None:
    ledger = Ledger(deadline=DEADLINE)
    ledger.acknowledged(send(ledger), offset=5, at=0.1)
    receive(ledger, None, 5, at=0.2)  # the client has gone over to the new log already
    for _ in range(looks):
        ledger.same_log()
    ledger.new_log()
    look_twice(ledger)
    assert counts(ledger) == {}


def test_a_record_that_comes_after_it_was_missed_is_received() -> None:
    ledger = Ledger(deadline=DEADLINE)
    late = send(ledger)
    ledger.acknowledged(late, offset=5, at=0.1)
    receive(ledger, None, 5, at=0.2)
    receive(ledger, late, 5, at=0.3)
    look_twice(ledger)
    assert counts(ledger) == {"received": 1}


def test_a_record_that_comes_before_its_acknowledgement_is_told_is_received() -> None:
    ledger = Ledger(deadline=DEADLINE)
    number = send(ledger)
    receive(ledger, number, 5, at=0.1)
    receive(ledger, None, 6, at=0.2)
    ledger.look(DEADLINE + 1)
    ledger.acknowledged(number, offset=5, at=DEADLINE + 2)
    assert counts(ledger) == {"received": 1}


def test_another_partition_says_nothing_about_a_record() -> None:
    ledger = Ledger(deadline=DEADLINE)
    ledger.acknowledged(send(ledger, partition=0), offset=5, at=0.1)
    receive(ledger, None, 100, at=0.2, partition=1)
    assert counts(ledger) == {}


def test_a_topic_that_was_made_anew_says_nothing_about_records_of_the_one_before() -> None:
    ledger = Ledger(deadline=DEADLINE)
    told, untold = send(ledger), send(ledger)
    ledger.acknowledged(told, offset=5, at=0.1)
    log = ledger.new_log()
    ledger.acknowledged(untold, offset=6, at=0.2)
    receive(ledger, None, 50, at=0.3, log=log)
    assert counts(ledger) == {}
    receive(ledger, untold, 51, at=0.4, log=log)  # it was sent again, into the new one
    assert counts(ledger) == {"received": 1}


def test_a_topic_that_is_gone_says_nothing_about_records_of_the_one_after() -> None:
    ledger = Ledger(deadline=DEADLINE)
    before = send(ledger)
    ledger.acknowledged(before, offset=50, at=0.1)
    log = ledger.new_log()
    ledger.acknowledged(send(ledger), offset=0, at=0.3)
    receive(ledger, before, 50, at=0.4)  # it was on its way when the topic was deleted
    assert counts(ledger) == {"received": 1}
    receive(ledger, None, 1, at=0.5, log=log)
    look_twice(ledger)
    assert counts(ledger) == {"received": 1, "lost": 1}


def test_what_is_remembered_is_bounded_and_the_oldest_go_first() -> None:
    ledger = Ledger(deadline=DEADLINE, capacity=100)
    numbers = [send(ledger, at=float(at)) for at in range(50)]
    for number in numbers[1:]:
        ledger.acknowledged(number, offset=number, at=float(number))
    for at in range(50, 10_000):
        ledger.acknowledged(send(ledger, at=float(at)), offset=at, at=float(at))
        ledger.look(float(at))
    assert ledger.remembered == 100
    assert sum(map(len, ledger._by_offset.values())) <= 101
    assert len(ledger._by_time) <= DEADLINE + 1
    assert (counts(ledger)["refused"], value(ledger, CANARY_PRODUCE)) == (1, 9_999)


@dataclass
class Fate:
    """What a test knows of a record."""

    partition: int
    acknowledged: bool = False
    refused: bool = False
    came: bool = False


class Histories(RuleBasedStateMachine):
    """Anything may be told in any order, and more than once; the sums hold after every word."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger(deadline=DEADLINE)
        self.now = 0.0
        self.log = 0
        self.fates: list[Fate] = []

    @rule(partition=st.integers(0, NODES - 1), pause=st.floats(0, 20))
    def send(self, partition: int, pause: float) -> None:
        self.now += pause
        number = self.ledger.sent(node_id=partition + 1, partition=partition, at=self.now)
        assert number == len(self.fates)
        self.fates.append(Fate(partition))

    @precondition(lambda self: self.fates)
    @rule(data=st.data(), offset=st.integers(0, 30))
    def acknowledge(self, data: st.DataObject, offset: int) -> None:
        number = data.draw(st.integers(0, len(self.fates) - 1))
        self.ledger.acknowledged(number, offset=offset, at=self.now)
        self.fates[number].acknowledged |= not self.fates[number].refused

    @precondition(lambda self: self.fates)
    @rule(data=st.data())
    def refuse(self, data: st.DataObject) -> None:
        number = data.draw(st.integers(0, len(self.fates) - 1))
        self.ledger.refused(number)
        self.fates[number].refused |= not self.fates[number].acknowledged

    @precondition(lambda self: self.fates)
    @rule(data=st.data(), offset=st.integers(0, 30), logs_ago=st.integers(0, 1))
    def receive(self, data: st.DataObject, offset: int, logs_ago: int) -> None:
        number = data.draw(st.integers(0, len(self.fates) - 1))
        partition = self.fates[number].partition
        self.ledger.received(number, log=self.log - logs_ago, partition=partition, offset=offset, at=self.now)
        self.fates[number].came = True

    @rule(partition=st.integers(0, NODES - 1), offset=st.integers(0, 30))
    def receive_of_others(self, partition: int, offset: int) -> None:
        self.ledger.received(None, log=self.log, partition=partition, offset=offset, at=self.now)

    @rule(pause=st.floats(0, 20))
    def look(self, pause: float) -> None:
        self.now += pause
        self.ledger.look(self.now)

    @rule()
    def see_the_same_topic(self) -> None:
        self.ledger.same_log()

    @rule()
    def make_anew(self) -> None:
        self.log = self.ledger.new_log()

    @invariant()
    def every_record_is_acknowledged_or_refused_or_open(self) -> None:
        acknowledged, refused = value(self.ledger, CANARY_PRODUCE), value(self.ledger, CANARY_REFUSED)
        assert acknowledged == sum(fate.acknowledged for fate in self.fates)
        assert refused == sum(fate.refused for fate in self.fates)
        untold = sum(not fate.acknowledged and not fate.refused for fate in self.fates)
        assert value(self.ledger, CANARY_SENT) == len(self.fates) == acknowledged + refused + untold

    @invariant()
    def every_acknowledged_record_is_received_or_lost_or_open(self) -> None:
        received, lost = value(self.ledger, CANARY_RECEIVED), value(self.ledger, CANARY_LOST)
        still = sum(record.offset is not None for record in self.ledger._open.values())
        assert value(self.ledger, CANARY_PRODUCE) == received + lost + still
        assert value(self.ledger, CANARY_DELIVERY) == received
        assert received <= sum(fate.acknowledged and fate.came for fate in self.fates)

    @invariant()
    def none_is_late_twice_or_without_having_been_acknowledged(self) -> None:
        assert value(self.ledger, CANARY_LATE) <= value(self.ledger, CANARY_PRODUCE)

    @invariant()
    def what_goes_out_is_of_the_catalogue(self) -> None:
        families(self.ledger.samples())


TestHistories = Histories.TestCase


@given(st.data())
def test_of_a_log_that_is_read_in_order_exactly_the_records_that_are_missing_before_the_last_one_are_lost(
    data: st.DataObject,
) -> None:
    kept = data.draw(st.lists(st.booleans(), min_size=1, max_size=30))
    delays = data.draw(st.lists(st.integers(0, 5), min_size=len(kept), max_size=len(kept)))  # of the acknowledgement, in arrivals
    ledger = Ledger(deadline=DEADLINE)
    numbers = [send(ledger, at=float(at)) for at in range(len(kept))]
    for step in range(len(kept) + 6):
        for number, delay in zip(numbers, delays, strict=True):
            if number + delay == step:
                ledger.acknowledged(number, offset=number, at=float(step))
        if step < len(kept) and kept[step]:
            receive(ledger, numbers[step], step, at=float(step))
    receive(ledger, None, len(kept), at=float(len(kept)))
    look_twice(ledger)
    assert value(ledger, CANARY_LOST) == kept.count(False)
    assert value(ledger, CANARY_RECEIVED) == kept.count(True)
    assert ledger.remembered == 0
