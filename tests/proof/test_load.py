"""The schedule of an open loop: every event has its time, whatever becomes of the others."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ottla.proof.load import NANOSECONDS, Load, Schedule

LOADS = st.builds(
    Load,
    rate=st.integers(1, 50_000),
    size=st.just(100),
    duration=st.floats(0.1, 5),
    warm_up=st.floats(0, 2),
    producers=st.integers(1, 5),
)


@given(LOADS)
def test_all_producers_together_send_the_rate(load: Load) -> None:
    schedules = [load.schedule(producer) for producer in range(load.producers)]
    assert sum(schedule.count for schedule in schedules) == round(load.rate * load.duration)
    for schedule in schedules:
        if schedule.count:
            assert schedule.at(schedule.count - 1) <= load.duration * NANOSECONDS


@given(LOADS, st.integers(-10, 8 * NANOSECONDS))
def test_an_event_is_due_exactly_from_its_time_on(load: Load, elapsed: int) -> None:
    schedule = load.schedule(load.producers - 1)
    due = schedule.due(elapsed)
    assert 0 <= due <= schedule.count
    assert due == 0 or schedule.at(due - 1) <= elapsed
    assert due == schedule.count or schedule.at(due) > elapsed


def test_an_acknowledgement_is_in_time_for_a_second_more_but_no_more_than_a_tenth_of_the_duration() -> None:
    assert Load(rate=10, size=1, duration=30).answered_by == 31 * NANOSECONDS
    assert Load(rate=10, size=1, duration=4).answered_by == 4.4 * NANOSECONDS


def test_producers_take_turns() -> None:
    first, second = (Load(rate=10, size=1, duration=1, producers=2).schedule(each) for each in (0, 1))
    assert [first.at(seq) for seq in range(3)] == [0, 200_000_000, 400_000_000]
    assert [second.at(seq) for seq in range(2)] == [100_000_000, 300_000_000]


def test_an_event_that_was_late_delays_no_other() -> None:
    schedule = Schedule(count=100, first=0, step=1_000.0)
    assert schedule.due(50_500) == 51  # all that piled up meanwhile
