from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.metrics.logs import NOW, PLACE, Broker, Log, age_of, dense, searched, spaced

from ottla.metrics.anchors import Anchors
from ottla.metrics.timestamp_search import Quality, TimestampSearch, Wanted, from_the_middle, tolerance

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
ROUNDS_FOR_ONE = 10  # from nothing, whatever the log is

# Times between records: the same millisecond, a stream, a trickle, a silence.
pause = st.one_of(st.just(0), st.integers(0, 20), st.integers(0, 5 * SECOND), st.integers(0, 3 * HOUR), st.integers(0, 20 * DAY))
ordered = st.lists(pause, min_size=1, max_size=60).map(spaced)


@st.composite
def with_offset(draw: st.DrawFn, logs: st.SearchStrategy[Log] = ordered) -> tuple[Log, int]:
    log = draw(logs)
    return log, draw(st.integers(log.start, log.records[-1][0]))


@st.composite
def compacted(draw: st.DrawFn) -> Log:
    """A log in which some records are gone, but not the last one; no two are of the same millisecond."""
    pauses = draw(st.lists(pause, min_size=1, max_size=60))
    whole = spaced([each + 1 for each in pauses])
    kept = draw(st.lists(st.booleans(), min_size=len(pauses), max_size=len(pauses)))
    records = [record for record, keep in zip(whole.records, kept, strict=True) if keep or record == whole.records[-1]]
    return Log(tuple(records), whole.end)


disordered = st.lists(st.integers(NOW - 10 * DAY, NOW + HOUR), min_size=1, max_size=40).map(lambda times: dense(*times))


def true_age(log: Log, offset: int, now: int = NOW) -> float:
    return max(0, now - log.timestamp_from(offset)) / 1000


def assert_right(log: Log, offset: int, *, gaps: bool = False, now: int = NOW) -> None:
    age, truth = age_of(log, offset, gaps=gaps, now=now), true_age(log, offset, now)
    assert abs(age.seconds - truth) <= age.error_seconds + 1e-6
    if age.quality is not Quality.GAP:
        assert age.error_seconds <= tolerance(truth * 1000) / 1000 + 1e-6


@given(with_offset())
def test_the_age_of_the_first_unread_record_is_within_the_tolerance(case: tuple[Log, int]) -> None:
    assert_right(*case)


@given(with_offset())
def test_one_offset_takes_at_most_ten_rounds(case: tuple[Log, int]) -> None:
    log, offset = case
    assert searched(log, offset).rounds <= ROUNDS_FOR_ONE


@given(ordered, st.data())
def test_all_offsets_of_a_partition_are_settled_together(log: Log, data: st.DataObject) -> None:
    offsets = data.draw(st.sets(st.integers(0, log.end - 1), min_size=1))
    search = searched(log, *offsets)
    assert search.unsettled == 0
    assert {offset for _, offset, _ in search.ages()} == offsets
    for _, offset, age in search.ages():
        assert abs(age.seconds - true_age(log, offset)) <= tolerance(true_age(log, offset) * 1000) / 1000 + 1e-6


@given(with_offset(compacted()))
def test_across_compaction_it_is_the_first_record_that_is_left(case: tuple[Log, int]) -> None:
    log, offset = case
    age, truth = age_of(log, offset, gaps=True), true_age(log, offset)
    assert abs(age.seconds - truth) <= tolerance(truth * 1000) / 1000 + 1e-6


@given(with_offset(compacted()))
def test_a_compacted_log_takes_few_rounds_more(case: tuple[Log, int]) -> None:
    log, offset = case
    assert searched(log, offset, gaps=True).rounds <= 2 * ROUNDS_FOR_ONE


def test_a_record_in_a_gap_with_the_time_of_the_one_before_cannot_be_seen_and_that_is_said() -> None:
    silence = dense(NOW - HOUR, NOW - HOUR, NOW - SECOND)
    age = age_of(silence, 1, gaps=True)
    assert age.quality is Quality.GAP
    assert (age.seconds, age.seconds + age.error_seconds) == (1.0, 3600.0)
    assert age_of(silence, 1).seconds == 3600.0  # and without gaps it is known


@given(with_offset(disordered))
def test_out_of_order_it_is_never_said_to_be_older_than_it_is(case: tuple[Log, int]) -> None:
    log, offset = case
    age = age_of(log, offset)
    assert age.seconds - age.error_seconds <= true_age(log, offset) + 1e-6
    if age.quality is Quality.EXACT:
        assert age.seconds == true_age(log, offset)


@given(disordered, st.data())
def test_out_of_order_a_search_ends(log: Log, data: st.DataObject) -> None:
    offsets = data.draw(st.sets(st.integers(0, log.end - 1), min_size=1))
    assert searched(log, *offsets).unsettled == 0


@pytest.mark.parametrize("age", [0, 1, 250, 251, 10 * SECOND, HOUR, 7 * DAY, 3650 * DAY])
def test_an_idle_producer(age: int) -> None:
    log = dense(*(NOW - age - 100 * (10 - n) for n in range(10)))
    for offset in range(10):
        assert_right(log, offset)


def test_a_burst_and_then_silence() -> None:
    burst = [NOW - 3 * HOUR + n // 10 for n in range(2000)]
    log = dense(*burst, NOW - 5 * SECOND)
    for offset in (0, 1, 1000, 1999, 2000):
        assert_right(log, offset)
    assert age_of(log, 2000) == age_of(dense(NOW - 5 * SECOND), 0)


def test_far_behind() -> None:
    log = dense(*range(NOW - 30 * DAY, NOW, HOUR))
    assert_right(log, 3)
    assert age_of(log, 0).quality is Quality.EXACT


def test_past_retention_it_is_the_first_record_that_is_left() -> None:
    log = Log(tuple((n, NOW - DAY + n * MINUTE) for n in range(100, 200)), 200, start=100)
    search = searched(log, 100)
    age = search.age(PLACE, 100)
    assert age is not None
    assert (age.seconds, age.quality, search.rounds) == (true_age(log, 100), Quality.EXACT, 1)


def test_a_timestamp_in_the_future_is_an_age_of_0_and_is_told() -> None:
    log = dense(NOW - HOUR, NOW + HOUR, NOW + 2 * HOUR)
    age = age_of(log, 2)
    assert (age.seconds, age.error_seconds, age.quality) == (0.0, 0.0, Quality.FUTURE)


def test_log_append_time_gives_a_whole_batch_one_timestamp() -> None:
    log = dense(*(NOW - HOUR + batch * MINUTE for batch in range(10) for _ in range(500)))
    for offset in (0, 1, 499, 500, 501, 4999):
        assert_right(log, offset)


def test_a_record_without_a_timestamp_has_no_age() -> None:
    log = Log(((0, -1), (1, -1)), 2)
    search = searched(log, 0, 1)
    assert list(search.ages()) == []
    assert search.unsettled == 0
    assert search.rounds <= ROUNDS_FOR_ONE + 1


@given(ordered, st.data())
def test_standing_still_costs_nothing_and_stays_right(log: Log, data: st.DataObject) -> None:
    offsets = data.draw(st.sets(st.integers(0, log.end - 1), min_size=1))
    later = NOW + data.draw(st.integers(0, 30 * DAY))
    anchors = Anchors()
    searched(log, *offsets, anchors=anchors)
    again = searched(log, *offsets, anchors=anchors, now=later)
    assert again.rounds == 0 or max(log.timestamp_from(offset) for offset in offsets) == NOW  # it was 0 and could not be less
    for _, offset, age in again.ages():
        assert abs(age.seconds - true_age(log, offset, later)) <= tolerance(true_age(log, offset, later) * 1000) / 1000 + 1e-6


@given(ordered, st.data())
def test_what_is_remembered_never_makes_it_wrong(log: Log, data: st.DataObject) -> None:
    """Consumers go on, producers go on, retention goes on; each snapshot is right by itself."""
    anchors, now, records = Anchors(), NOW, list(log.records)
    for _ in range(4):
        now += data.draw(pause)
        more = data.draw(st.lists(st.integers(records[-1][1], max(now, records[-1][1])), max_size=5).map(sorted))
        records += [(records[-1][0] + 1 + n, timestamp) for n, timestamp in enumerate(more)]
        start = data.draw(st.integers(0, len(records) - 1))
        records = records[start:] if data.draw(st.booleans()) else records
        seen = Log(tuple(records), records[-1][0] + 1, records[0][0])
        offset = data.draw(st.integers(seen.start, seen.end - 1))
        search = searched(seen, offset, anchors=anchors, now=now)
        age, truth = search.age(PLACE, offset), true_age(seen, offset, now)
        assert age is not None
        assert abs(age.seconds - truth) <= tolerance(truth * 1000) / 1000 + 1e-6


def test_a_consumer_that_goes_on_costs_few_rounds() -> None:
    log, anchors = dense(*range(NOW - DAY, NOW, SECOND)), Anchors()
    searched(log, 80_000, anchors=anchors)
    assert searched(log, 80_015, anchors=anchors, now=NOW + 15 * SECOND).rounds == 0  # the same age, within the tolerance
    near = searched(log, 86_390, anchors=anchors, now=NOW + 30 * SECOND)
    assert 0 < near.rounds <= 7


def test_fifty_groups_that_stand_apart_share_what_is_learnt() -> None:
    log = dense(*range(NOW - 4 * HOUR, NOW, 100))
    offsets = random.Random(6).sample(range(log.end), 50)  # noqa: S311  (an example)
    assert searched(log, *offsets).rounds <= 100  # alone they would take 450


def test_fifty_groups_that_stand_at_one_offset_cost_what_one_does() -> None:
    log = dense(*range(NOW - HOUR, NOW, 100))
    assert searched(log, *[777] * 50).rounds == searched(log, 777).rounds


def test_a_round_asks_each_partition_once_and_all_partitions_at_once() -> None:
    logs = {("t", n): dense(*range(NOW - HOUR - n * MINUTE, NOW, 500)) for n in range(20)}
    broker = Broker(logs)
    search = TimestampSearch(
        {place: Wanted(frozenset({5, 50, 500}), 0, log.end) for place, log in logs.items()}, Anchors(), now=NOW
    )
    broker.settle(search)
    assert broker.asked[0].keys() == logs.keys()
    assert len(broker.asked) == search.rounds <= 3 * ROUNDS_FOR_ONE


@given(with_offset(), st.integers(0, 5))
def test_when_the_budget_is_spent_a_bound_is_given_and_said_to_be_one(case: tuple[Log, int], budget: int) -> None:
    log, offset = case
    search = TimestampSearch({PLACE: Wanted(frozenset({offset}), 0, log.end)}, Anchors(), now=NOW, budget=budget)
    assert Broker({PLACE: log}).settle(search).rounds <= budget
    age, truth = search.age(PLACE, offset), true_age(log, offset)
    assert search.unsettled == (age is None or age.quality is Quality.BOUND)
    if age is not None:
        assert abs(age.seconds - truth) <= age.error_seconds + 1e-6
        assert age.quality is not Quality.BOUND or age.seconds <= truth


def test_a_budget_that_is_spent_is_made_up_for_by_the_next_snapshots() -> None:
    log, anchors = dense(*range(NOW - HOUR, NOW, 100)), Anchors()
    wanted = {PLACE: Wanted(frozenset(range(100, 30_000, 1_000)), 0, log.end)}
    searches = [Broker({PLACE: log}).settle(TimestampSearch(wanted, anchors, now=NOW, budget=5)) for _ in range(20)]
    assert (searches[0].rounds, searches[-1].rounds, searches[-1].unsettled) == (5, 0, 0)


def test_a_partition_without_a_leader_holds_nothing_up() -> None:
    there, gone = dense(*range(NOW - HOUR, NOW, 100)), ("task.created", 1)
    wanted = {PLACE: Wanted(frozenset({9}), 0, there.end), gone: Wanted(frozenset({9}), 0, 100)}
    search = TimestampSearch(wanted, Anchors(), now=NOW)
    while questions := search.questions():
        search.take({PLACE: there.find(questions[PLACE])})
    assert [place for place, _, _ in search.ages()] == [PLACE]
    assert search.unsettled == 1


def test_a_log_that_was_cut_is_searched_anew() -> None:
    old, new, anchors = dense(*range(NOW - DAY, NOW, MINUTE)), dense(*range(NOW - HOUR, NOW, MINUTE)), Anchors()
    searched(old, 30, anchors=anchors)
    age = searched(new, 30, anchors=anchors).age(PLACE, 30)
    assert age is not None
    assert abs(age.seconds - true_age(new, 30)) <= tolerance(true_age(new, 30) * 1000) / 1000


def test_a_topic_that_was_made_anew_is_searched_anew() -> None:
    old, new, anchors = dense(*range(NOW - HOUR, NOW, MINUTE)), dense(*range(NOW - MINUTE, NOW, SECOND)), Anchors()
    searched(old, 30, anchors=anchors)
    anchors.forget(PLACE[0])
    age = searched(new, 30, anchors=anchors).age(PLACE, 30)
    assert age is not None
    assert abs(age.seconds - true_age(new, 30)) <= 0.25


def test_what_compaction_takes_later_is_not_remembered_for_long() -> None:
    before, anchors = dense(*range(NOW - HOUR, NOW, MINUTE)), Anchors()
    searched(before, 10, anchors=anchors, gaps=True)
    after = Log(tuple(record for record in before.records if not 10 <= record[0] < 40), before.end)
    later = NOW + 2 * MINUTE
    age = searched(after, 10, anchors=anchors, gaps=True, now=later).age(PLACE, 10)
    assert age is not None
    assert abs(age.seconds - true_age(after, 10, later)) <= tolerance(true_age(after, 10, later) * 1000) / 1000


def test_what_is_remembered_is_bounded() -> None:
    log, anchors = dense(*range(NOW - DAY, NOW, SECOND)), Anchors()
    for step in range(200):
        searched(log, 1000 + 400 * step, 2000 + 400 * step, anchors=anchors, now=NOW + step * 15 * SECOND)
    known = anchors.places[PLACE]
    assert len(known.times.offsets) <= 12
    assert len(known.settled) == 2


@given(st.sets(st.integers(0, 1000)))
def test_from_the_middle_gives_each_once(offsets: set[int]) -> None:
    given_out = list(from_the_middle(sorted(offsets)))
    assert sorted(given_out) == sorted(offsets)
    assert not offsets or given_out[0] == sorted(offsets)[len(offsets) // 2]
