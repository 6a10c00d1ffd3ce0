from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from tests.metrics.logs import Log, dense

from ottla.metrics.anchors import FOREVER, NOTHING, Anchors, KnownTimes, PartitionTimes

times = st.lists(st.integers(0, 100), min_size=1, max_size=30)
questions = st.lists(st.integers(0, 110), max_size=15)
some_log = times.map(lambda each: dense(*each))
ordered_log = times.map(lambda each: dense(*sorted(each)))


def learnt(log: Log, asked: list[int]) -> PartitionTimes:
    known = PartitionTimes()
    for timestamp in asked:
        answer = log.find(timestamp)
        known.learn(timestamp, *(answer or (log.end, NOTHING)))
    return known


@given(ordered_log, questions)
def test_bounds_hold_the_timestamp_where_time_goes_up(log: Log, asked: list[int]) -> None:
    known = learnt(log, asked)
    for offset, timestamp in log.records:
        bounds = known.bounds(offset)
        assert bounds.low <= timestamp <= bounds.high


@given(some_log, questions)
def test_the_upper_bound_holds_in_any_log(log: Log, asked: list[int]) -> None:
    known = learnt(log, asked)
    for offset, timestamp in log.records:
        bounds = known.bounds(offset)
        assert timestamp <= bounds.high
        assert bounds.low <= bounds.high


@given(some_log, questions)
def test_a_record_that_was_seen_is_known(log: Log, asked: list[int]) -> None:
    known = learnt(log, asked)
    for answer in filter(None, map(log.find, asked)):
        bounds = known.bounds(answer.offset)
        assert bounds.low == bounds.high == answer.timestamp
        assert bounds.floor == bounds.ceiling == answer.offset


@given(ordered_log, st.data())
def test_in_a_gap_it_is_below_the_ceiling_or_the_record_at_it(log: Log, data: st.DataObject) -> None:
    kept = data.draw(st.lists(st.sampled_from(log.records), min_size=1, unique=True).map(sorted))
    left = Log(tuple(kept), log.end)
    known = learnt(left, data.draw(questions))
    for offset in range(kept[-1][0] + 1):
        bounds, timestamp = known.bounds(offset, gaps=True), left.timestamp_from(offset)
        assert bounds.low <= timestamp
        assert timestamp <= bounds.high or timestamp == bounds.beyond


@given(ordered_log, questions)
def test_more_answers_never_widen_the_bounds(log: Log, asked: list[int]) -> None:
    for offset, _ in log.records:
        seen = [learnt(log, asked[:count]).bounds(offset) for count in range(len(asked) + 1)]
        assert all(after.low >= before.low and after.high <= before.high for before, after in pairwise(seen))


@given(ordered_log, questions, st.data())
def test_dropping_answers_leaves_the_bounds_of_what_is_wanted(log: Log, asked: list[int], data: st.DataObject) -> None:
    wanted = data.draw(st.sets(st.integers(0, log.end - 1), max_size=5))
    known = learnt(log, asked)
    before = {offset: known.bounds(offset) for offset in wanted}
    known.keep_near(wanted)
    after = {offset: known.bounds(offset) for offset in wanted}
    assert {offset: bounds.high for offset, bounds in after.items()} == {offset: bounds.high for offset, bounds in before.items()}
    assert {offset: bounds.low for offset, bounds in after.items()} == {offset: bounds.low for offset, bounds in before.items()}
    assert len(known.offsets) <= 3 * len(wanted) + 1


@given(ordered_log, questions, st.integers(0, 30))
def test_what_retention_took_bounds_nothing(log: Log, asked: list[int], start: int) -> None:
    known = learnt(log, asked)
    known.forget_before(start)
    assert all(offset >= start for offset in known.offsets)


def test_nothing_is_known_of_an_unasked_partition() -> None:
    assert PartitionTimes().bounds(5) == (NOTHING, FOREVER, NOTHING, NOTHING, NOTHING)


def test_a_forgotten_topic_leaves_the_others() -> None:
    anchors = Anchors({("a", 0): KnownTimes(0), ("a", 1): KnownTimes(0), ("b", 0): KnownTimes(0)})
    anchors.forget("a")
    assert list(anchors.places) == [("b", 0)]
