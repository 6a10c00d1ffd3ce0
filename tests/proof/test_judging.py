"""What a bench says: a figure taken while the machine had no time for it is called invalid, and never met."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ottla.proof.host import HostSample
from ottla.proof.judging import Aims, Verdict, judge
from ottla.proof.latency import Collected, Counts
from ottla.proof.load import Load
from ottla.proof.measurement import Measurement
from ottla.proof.messages import Interval

CALM = HostSample(busy=0.6, steal=0.0, nodes=0.4, clients=0.2, others=0.0, waiting=0.1)
MS = 1_000_000
SECOND = 1_000_000_000
START = 12_345 * MS  # a clock that begins anywhere


def counts(milliseconds: float, count: int) -> Counts:
    collected = Collected()
    for _ in range(count):
        collected.record(int(milliseconds * MS))
    return collected.take()


def measured(
    *, ack: float = 10, end_to_end: float = 20, delay: float = 1, each: int = 1_000, host: HostSample = CALM, lag: int = 50
) -> Measurement:
    """Every interval ends a millisecond after its second, as they do."""
    measurement = Measurement(Load(rate=1_000, size=100, duration=5, warm_up=2), start=START)
    for second in range(7):
        began, at = (START + number * SECOND + MS for number in (second, second + 1))
        warm = second < 2
        of_ack, of_end = counts(ack, each), counts(end_to_end, each)
        measurement.produced(
            Interval(
                began=began,
                at=at,
                sent=each,
                acked=each,
                in_time=0 if warm else each,
                warm=of_ack if warm else {},
                latencies={} if warm else of_ack,
                delays={} if warm else counts(delay, each),
            )
        )
        measurement.consumed(
            Interval(began=began, at=at, read=each, lag=lag, warm=of_end if warm else {}, latencies={} if warm else of_end)
        )
        measurement.second(began).host = host
    return measurement


def test_what_is_quick_enough_and_complete_is_met() -> None:
    measurement = measured()
    assert judge(measurement, Aims()).verdict is Verdict.MET
    assert measurement.achieved == 1_000
    assert (measurement.sent, measurement.acked, measurement.read, len(measurement.ack)) == (7_000, 7_000, 7_000, 5_000)


def test_the_warm_up_is_told_apart() -> None:
    measurement = measured()
    assert len(measurement.warm_ack) == 2_000
    assert [number for number, _ in measurement.measured] == [2, 3, 4, 5, 6]


def test_what_happened_in_a_second_is_counted_in_it_though_it_is_told_a_moment_later() -> None:
    measurement = measured()
    assert {number: second.acked for number, second in measurement.seconds.items()} == dict.fromkeys(range(7), 1_000)


def test_the_lag_of_the_warm_up_and_of_the_time_after_it_is_not_judged() -> None:
    measurement = measured()
    for number in (1, 7):
        began = START + number * SECOND + MS
        measurement.consumed(Interval(began=began, at=began + SECOND, lag=5_000))
    assert measurement.lag == 50
    measurement.consumed(Interval(began=START + 6 * SECOND + MS, at=START + 7 * SECOND + MS, lag=5_000))
    assert measurement.lag == 5_050


def test_what_is_acknowledged_only_long_after_the_end_was_not_achieved() -> None:
    measurement = measured(each=500)
    late = START + 8 * SECOND
    measurement.produced(Interval(began=late, at=late + SECOND, acked=2_500, latencies=counts(3_000, 2_500)))
    assert len(measurement.ack) == 5_000
    assert measurement.achieved == 500


def test_a_load_of_no_duration_achieves_nothing() -> None:
    assert Measurement(Load(rate=1, size=1, duration=0)).achieved == 0


@pytest.mark.parametrize(
    ("measurement", "reason"),
    [
        (measured(end_to_end=101), "p99 end to end"),
        (measured(lag=1_000), "lag"),
        (measured(each=900), "offered"),
    ],
)
def test_what_misses_an_aim_is_wanting_and_says_which(measurement: Measurement, reason: str) -> None:
    judgement = judge(measurement, Aims())
    assert judgement.verdict is Verdict.WANTING
    assert reason in " ".join(judgement.reasons)


def test_an_event_that_failed_or_did_not_come_is_wanting() -> None:
    failed, missing, unanswered = measured(), measured(), measured()
    failed.second(START + 3 * SECOND).failed = 1
    missing.second(START + 3 * SECOND).read -= 1
    unanswered.unanswered = 1
    assert {judge(each, Aims()).verdict for each in (failed, missing, unanswered)} == {Verdict.WANTING}


@pytest.mark.parametrize(
    "measurement",
    [
        measured(delay=30),
        measured(host=replace(CALM, steal=0.2)),
        measured(host=replace(CALM, others=0.2)),
    ],
)
def test_a_starved_host_makes_it_invalid_though_all_aims_are_met(measurement: Measurement) -> None:
    judgement = judge(measurement, Aims())
    assert judgement.verdict is Verdict.INVALID
    assert "host starved" in " ".join(judgement.reasons)


def test_a_load_that_the_cluster_held_up_is_late_for_a_reason_and_no_fault_of_the_host() -> None:
    measurement = measured(delay=30)
    measurement.held_up = 100  # beside 5,000 that were sent
    assert judge(measurement, Aims()).verdict is Verdict.MET


def test_a_queue_that_was_full_for_a_moment_does_not_excuse_a_host_that_is_late_all_the_time() -> None:
    measurement = measured(delay=30)
    measurement.held_up = 10
    assert judge(measurement, Aims()).verdict is Verdict.INVALID


def test_without_a_look_at_the_machine_nobody_can_tell() -> None:
    measurement = measured()
    for _, second in measurement.measured:
        second.host = None
    judgement = judge(measurement, Aims())
    assert judgement.verdict is Verdict.INVALID
    assert "cannot tell" in judgement.reasons[0]


def test_a_run_without_events_is_invalid() -> None:
    assert judge(Measurement(Load(rate=1, size=1, duration=1)), Aims()).verdict is Verdict.INVALID
