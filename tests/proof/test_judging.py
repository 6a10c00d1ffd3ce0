"""What a bench says: a figure taken while the machine had no time for it is called invalid, and never met."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ottla.proof.host import HostSample
from ottla.proof.judging import Aims, Verdict, judge
from ottla.proof.latency import Latencies
from ottla.proof.load import Load
from ottla.proof.measurement import Measurement
from ottla.proof.messages import Interval

CALM = HostSample(busy=0.6, steal=0.0, nodes=0.4, clients=0.2, others=0.0, waiting=0.1)
MS = 1_000_000
SECOND = 1_000_000_000


def encoded(milliseconds: float, count: int) -> bytes:
    latencies = Latencies()
    for _ in range(count):
        latencies.record(int(milliseconds * MS))
    return latencies.encoded()


def measured(
    *, ack: float = 10, end_to_end: float = 20, delay: float = 1, each: int = 1_000, host: HostSample = CALM, lag: int = 50
) -> Measurement:
    measurement = Measurement(Load(rate=1_000, size=100, duration=5, warm_up=2))
    for second in range(7):
        at = (second + 1) * SECOND
        warm = second < 2
        of_ack, of_end = encoded(ack, each), encoded(end_to_end, each)
        nothing = Latencies().encoded()
        measurement.produced(
            Interval(
                at=at,
                sent=each,
                acked=each,
                warm=of_ack if warm else nothing,
                latencies=nothing if warm else of_ack,
                delays=encoded(delay, each),
            )
        )
        measurement.consumed(
            Interval(at=at, read=each, lag=lag, warm=of_end if warm else nothing, latencies=nothing if warm else of_end)
        )
        measurement.second(at).host = host
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
    failed.second(3 * SECOND).failed = 1
    missing.second(3 * SECOND).read -= 1
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
    measurement.held_up = 10
    assert judge(measurement, Aims()).verdict is Verdict.MET


def test_a_run_without_events_is_invalid() -> None:
    assert judge(Measurement(Load(rate=1, size=1, duration=1)), Aims()).verdict is Verdict.INVALID
