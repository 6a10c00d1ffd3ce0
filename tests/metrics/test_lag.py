from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ottla.metrics.lag import (
    Filling,
    Isolation,
    PartitionOffsets,
    Retention,
    catch_up_seconds,
    growth_per_second,
    reported,
    retention_seconds,
    standing,
    state_set,
)
from ottla.model.group import ConsumerGroup

COMMITTED, UNCOMMITTED = Isolation.READ_COMMITTED, Isolation.READ_UNCOMMITTED
some_offsets = (
    st.lists(st.integers(0, 1000), min_size=3, max_size=3)
    .map(sorted)
    .map(lambda each: PartitionOffsets(each[0], each[2], each[1]))
)
isolations = st.sampled_from(Isolation)


@pytest.mark.parametrize(
    ("committed", "isolation", "lag", "lost", "ahead", "first_unread"),
    [
        (150, UNCOMMITTED, 50, 0, 0, 150),
        (150, COMMITTED, 30, 0, 0, 150),
        (200, UNCOMMITTED, 0, 0, 0, None),
        (190, COMMITTED, 0, 0, 0, None),
        (190, UNCOMMITTED, 10, 0, 0, 190),
        (40, UNCOMMITTED, 160, 60, 0, 100),
        (250, UNCOMMITTED, 0, 0, 50, None),
        (100, UNCOMMITTED, 100, 0, 0, 100),
    ],
    ids=["behind", "last stable", "done", "done to the last stable", "reads uncommitted", "past retention", "ahead", "at start"],
)
def test_where_a_group_stands(
    committed: int, isolation: Isolation, lag: int, lost: int, ahead: int, first_unread: int | None
) -> None:
    offsets = PartitionOffsets(log_start_offset=100, high_watermark=200, last_stable_offset=180)
    assert standing(committed, offsets, isolation) == (lag, lost, ahead, first_unread)
    assert offsets.in_open_transactions == 20


def test_a_group_whose_whole_backlog_is_lost_is_not_done() -> None:
    assert standing(40, PartitionOffsets(100, 100, 100)) == (60, 60, 0, None)


@given(st.integers(0, 1200), some_offsets, isolations)
def test_no_figure_is_below_0_and_the_first_unread_record_is_there(
    committed: int, offsets: PartitionOffsets, isolation: Isolation
) -> None:
    seen = standing(committed, offsets, isolation)
    assert min(seen.lag, seen.lost, seen.ahead) >= 0
    assert seen.first_unread is None or offsets.log_start_offset <= seen.first_unread < offsets.high_watermark
    assert seen.lag == 0 or seen.ahead == 0
    assert (seen.first_unread is None) == (seen.lag <= seen.lost)


@given(st.integers(0, 1200), some_offsets)
def test_who_reads_committed_is_never_further_behind(committed: int, offsets: PartitionOffsets) -> None:
    assert standing(committed, offsets, COMMITTED).lag <= standing(committed, offsets, UNCOMMITTED).lag


def test_empty_groups_with_commits_stay_and_dead_ones_leave() -> None:
    groups = [
        ConsumerGroup(name, "classic", state) for name, state in (("a", "Stable"), ("b", "Empty"), ("c", "Empty"), ("d", "Dead"))
    ]
    commits = {"b": {("t", 0): 5}, "c": {}, "d": {("t", 0): 5}}
    assert [group.group_id for group in reported(groups, commits)] == ["a", "b"]


@pytest.mark.parametrize("kind", ["classic", "consumer", "share", "streams", "of the future"])
@pytest.mark.parametrize("state", ["Empty", "Stable", "Unheard of"])
def test_a_group_is_in_one_state(kind: str, state: str) -> None:
    states = state_set(ConsumerGroup("a", kind, state))
    assert [name for name, value in states.items() if value] == [state]
    assert "Dead" not in states


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ((0, 0, 1000), (10_000, 500, 1000), 10.0),
        ((0, 0, 1000), (10_000, 500, 1250), 30.0),
        ((0, 0, 1000), (10_000, 100, 1200), inf),
        ((0, 0, 1000), (10_000, 0, 1000), inf),
        ((0, 900, 1000), (10_000, 1900, 2000), 1.0),
        ((0, 900, 1000), (10_000, 1100, 1100), 0.0),
        ((0, 900, 1000), (10_000, 1100, 1000), 0.0),
        ((0, 900, 1000), (10_000, 100, 1000), None),
        ((0, 900, 1000), (10_000, 100, 500), None),
        ((0, 900, 1000), (0, 950, 1000), None),
    ],
    ids=["idle producer", "faster", "slower", "stalled", "keeps up", "done", "ahead", "reset", "cut", "no time"],
)
def test_when_a_group_will_be_done(before: tuple[int, int, int], after: tuple[int, int, int], expected: float | None) -> None:
    (at_then, committed_then, end_then), (at, committed, end) = before, after
    elapsed = (at - at_then) / 1000
    assert catch_up_seconds(end - committed, read=committed - committed_then, written=end - end_then, elapsed=elapsed) == expected


@given(st.integers(1, 100), st.integers(0, 100), st.integers(1, 10_000), st.integers(1, 60))
def test_a_group_that_goes_on_so_is_done_then(faster: int, written: int, lag: int, elapsed: int) -> None:
    read = written + faster
    seconds = catch_up_seconds(lag, read=read, written=written, elapsed=elapsed)
    assert seconds is not None
    assert read / elapsed * seconds == pytest.approx(lag + written / elapsed * seconds)


FILLING = Filling(PartitionOffsets(0, 1000, 1000), size=10_000, elapsed=10.0, end_before=900)  # 100 bytes a second


@pytest.mark.parametrize(
    ("retention", "age", "first", "filling", "expected"),
    [
        (Retention(3_600_000), 600.0, 5, None, 3000.0),
        (Retention(3_600_000), 4000.0, 5, None, 0.0),
        (Retention(), 600.0, 5, FILLING, None),
        (Retention(size=20_000), 600.0, 500, FILLING, 150.0),
        (Retention(size=5_000), 600.0, 500, FILLING, 0.0),
        (Retention(3_600_000, 20_000), 600.0, 500, FILLING, 150.0),
        (Retention(700_000, 20_000), 600.0, 500, FILLING, 100.0),
        (Retention(size=20_000), 600.0, 500, FILLING._replace(end_before=1000), None),
        (Retention(size=20_000), 600.0, 500, None, None),
        (Retention(size=20_000), 600.0, 0, Filling(PartitionOffsets(0, 0, 0), 0, 10.0, 0), None),
    ],
    ids=["time", "overdue", "unlimited", "size", "full", "both: size", "both: time", "idle", "size unknown", "empty"],
)
def test_when_retention_may_take_the_first_unread_record(
    retention: Retention, age: float, first: int, filling: Filling | None, expected: float | None
) -> None:
    assert retention_seconds(retention, age, first, filling) == expected


def test_growth_is_per_second_and_may_be_below_0() -> None:
    assert growth_per_second((0, 100), (2000, 300)) == 100.0
    assert growth_per_second((0, 300), (2000, 100)) == -100.0
    assert growth_per_second((5, 300), (5, 100)) is None
