"""Whether a bench says something, and whether the platform carried the load. Pure.

A figure that was taken while the machine had no time for it tells of the machine. It is shown, and called invalid.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from statistics import fmean
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.proof.host import HostSample
    from ottla.proof.measurement import Measurement

ENOUGH = 0.99  # of the offered rate: p99 lets one event in a hundred come later than it asks for
LATEST_SEND = 25.0  # ms that 99 % of the events may be sent after their time, before the load itself is late
HELD_UP = 0.01  # of the tries to send: with fewer, it was not the cluster that made 1 % of the events late
MOST_STEAL = 0.10
MOST_OTHERS = 0.15  # of all processors
LEAST_EVENTS = 1_000


class Verdict(Enum):
    """What a bench says."""

    MET = "met"
    WANTING = "wanting"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class Aims:
    """What the platform must do [000]: ``p99`` in ms, end to end, and ``lag`` in events."""

    p99: float = 100.0
    lag: int = 1_000


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict, and each reason for it."""

    verdict: Verdict
    reasons: tuple[str, ...]


def judge(measurement: Measurement, aims: Aims) -> Judgement:
    """What a measurement says. One that is invalid says nothing of the aims."""
    invalid = tuple(_invalid(measurement))
    if invalid:
        return Judgement(Verdict.INVALID, invalid)
    wanting = tuple(_wanting(measurement, aims))
    return Judgement(Verdict.WANTING if wanting else Verdict.MET, wanting)


def _invalid(measurement: Measurement) -> Iterator[str]:
    if len(measurement.ack) < LEAST_EVENTS or not len(measurement.end_to_end):
        yield f"too little was measured: {len(measurement.ack):,} events, and {LEAST_EVENTS:,} are the least"
        return
    samples = measurement.hosts
    if not samples:
        yield "cannot tell how the machine was: it was not looked at while the load was measured"
        return
    delay = measurement.delays.at(99)
    if delay is not None and delay > LATEST_SEND and measurement.held_up_share < HELD_UP:
        yield f"host starved: 1 % of the events were sent more than {delay:.0f} ms late, though no full queue held them up"
    yield from _starved(samples)


def _starved(samples: list[HostSample]) -> Iterator[str]:
    steal, others = fmean(each.steal for each in samples), fmean(each.others for each in samples)
    if steal > MOST_STEAL:
        yield f"host starved: the hypervisor kept {steal:.0%} of the processors for others"
    if others > MOST_OTHERS:
        yield f"host starved: other processes used {others:.0%} of the processors"


def _wanting(measurement: Measurement, aims: Aims) -> Iterator[str]:
    if measurement.failed or measurement.unanswered:
        yield f"{measurement.failed:,} events failed, and {measurement.unanswered:,} were never answered"
    if measurement.read < measurement.acked or measurement.damaged:
        missing = max(0, measurement.acked - measurement.read)
        yield f"{missing:,} acknowledged events did not come, and {measurement.damaged:,} came damaged"
    if measurement.achieved < ENOUGH * measurement.load.rate:
        yield f"{measurement.achieved:,.0f} events/s were acknowledged, and {measurement.load.rate:,} offered"
    p99 = measurement.end_to_end.at(99)
    if p99 is None or p99 >= aims.p99:
        yield f"p99 end to end is {p99 or 0:,.1f} ms, and less than {aims.p99:g} ms is asked for"
    if measurement.lag >= aims.lag:
        yield f"lag was up to {measurement.lag:,} events, and less than {aims.lag:,} is asked for"
