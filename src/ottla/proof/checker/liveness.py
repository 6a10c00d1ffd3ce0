"""How long nothing was acknowledged or delivered, and how long recovery took, beside what is allowed. Section 3.2: 30, 31, 32."""

from __future__ import annotations

from dataclasses import dataclass, replace
from heapq import merge
from itertools import pairwise
from typing import TYPE_CHECKING

from ottla.proof.checker.verdict import Measure, Verdict
from ottla.proof.history.columns import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ottla.proof.checker.ledger import Ledger
    from ottla.proof.expected import Expected

NS_PER_MS, NS_PER_S = 1_000_000, 1_000_000_000


@dataclass(frozen=True, slots=True)
class Gap:
    """The longest silence: how long (ns), where it begins, and of whom. ``left_out`` ns of a fault are not in ``length``."""

    length: int
    begins: int
    left_out: int = 0
    partition: int | None = None


def measures(ledger: Ledger, expected: Expected) -> tuple[Measure, ...]:
    """All of them."""
    begin, end = ledger.history.first("load-begins"), ledger.history.last("load-ends")
    if begin is None or end is None:
        told = "the timeline does not say both when the load began and when it ended"
        return (Measure("produce-gap", PRODUCE_GAP, Verdict.UNKNOWN, None, expected.produce_gap_ms, told),)
    window = begin + ledger.run.load.warm_up_ms * NS_PER_MS, end
    return (
        *_produce_gaps(ledger, expected, window),
        *_consume_gaps(ledger, expected, window),
        *_recovery(ledger, expected),
    )


PRODUCE_GAP = "longest time without any acknowledgement"


def _produce_gaps(ledger: Ledger, expected: Expected, window: tuple[int, int]) -> Iterator[Measure]:
    times = {
        partition: sorted(at for column in columns for at in column.times) for partition, columns in sorted(ledger.acked.items())
    }
    excused = [] if expected.served else ledger.fault_windows
    overall = _longest([window[0], *_within(sorted(_all_acks(ledger)), window), window[1]], excused)
    yield _gap("produce-gap", PRODUCE_GAP, overall, expected.produce_gap_ms, ledger)
    worst = _worst(times, window, excused)
    name = "longest time in which one partition acknowledged nothing"
    yield _gap("produce-gap-partition", name, worst, expected.produce_gap_ms, ledger)


def _all_acks(ledger: Ledger) -> Iterator[int]:
    kind = int(Kind.ACKED)
    for attempts in ledger.attempts.values():
        yield from (at for each, at in zip(attempts.kind, attempts.at, strict=True) if each == kind)


def _consume_gaps(ledger: Ledger, expected: Expected, window: tuple[int, int]) -> Iterator[Measure]:
    """From the first delivery on: how long a group takes to begin says nothing of the fault."""
    times: dict[int, list[int]] = {}
    for member in ledger.history.members:
        for partition, at in zip(member.reads.partition, member.reads.at, strict=True):
            times.setdefault(partition, []).append(at)
    for each in times.values():
        each.sort()
    excused = [] if expected.served else ledger.fault_windows
    told = "longest time in which the group was given nothing"
    merged = _within(list(merge(*times.values())), window)
    overall = _longest([*merged, window[1]], excused) if merged else None
    yield _gap("consume-gap", told, overall, expected.consume_gap_ms, ledger)
    told = "longest time in which nothing of one partition was delivered"
    yield _gap("consume-gap-partition", told, _worst(times, window, excused), expected.consume_gap_ms, ledger)


def _within(times: Iterable[int], window: tuple[int, int]) -> list[int]:
    return [at for at in times if window[0] <= at <= window[1]]


def _worst(times: Mapping[int, Sequence[int]], window: tuple[int, int], excused: list[tuple[int, int]]) -> Gap | None:
    """The longest gap of any partition, from its first sign of life to the end of the load."""
    gaps = []
    for partition, each in times.items():
        inside = _within(each, window)
        if inside:
            gap = _longest([*inside, window[1]], excused)
            gaps.append(replace(gap, partition=partition))
    return max(gaps, key=lambda gap: gap.length, default=None)


def _longest(times: Sequence[int], excused: list[tuple[int, int]]) -> Gap:
    best = Gap(0, times[0])
    for earlier, later in pairwise(times):
        length = later - earlier
        if length > best.length:
            left_out = sum(max(0, min(later, end) - max(earlier, begin)) for begin, end in excused)
            if length - left_out > best.length:
                best = Gap(length - left_out, earlier, left_out)
    return best


def _gap(name: str, meaning: str, gap: Gap | None, allowed_ms: int, ledger: Ledger) -> Measure:
    if gap is None:
        return Measure(name, meaning, Verdict.UNKNOWN, None, allowed_ms, "nothing was seen at all")
    milliseconds = gap.length / NS_PER_MS
    verdict = Verdict.VALID if milliseconds <= allowed_ms else Verdict.INVALID
    where = "" if gap.partition is None else f"partition {gap.partition}, "
    left_out = f", {gap.left_out / NS_PER_S:.3f} s of the fault left out" if gap.left_out else ""
    return Measure(name, meaning, verdict, milliseconds, allowed_ms, f"{where}from {ledger.when(gap.begins)}{left_out}")


def _recovery(ledger: Ledger, expected: Expected) -> Iterator[Measure]:
    applied, healed = ledger.history.first("fault-applied"), ledger.history.last("healed")
    if applied is not None:
        first = min((at for at in _acks_of_later_intents(ledger, applied)), default=None)
        told = "from the fault to the first acknowledgement of what was meant after it"
        yield _took("first-ack-after-fault", told, applied, first, None)
    if healed is not None:
        yield _isr_whole(ledger, expected, healed)
        yield _backlog_gone(ledger, expected, healed)


def _acks_of_later_intents(ledger: Ledger, since: int) -> Iterator[int]:
    kind = int(Kind.ACKED)
    for attempts in ledger.attempts.values():
        rows = zip(attempts.kind, attempts.intended, attempts.at, strict=True)
        yield from (at for each, intended, at in rows if each == kind and intended >= since)


def _took(name: str, meaning: str, since: int, at: int | None, allowed_ms: int | None) -> Measure:
    if at is None:
        return Measure(name, meaning, Verdict.INVALID if allowed_ms is not None else Verdict.VALID, None, allowed_ms, "never")
    milliseconds = max(0, at - since) / NS_PER_MS
    late = allowed_ms is not None and milliseconds > allowed_ms
    return Measure(name, meaning, Verdict.INVALID if late else Verdict.VALID, milliseconds, allowed_ms)


def _isr_whole(ledger: Ledger, expected: Expected, healed: int) -> Measure:
    name, meaning = "isr-whole", "from healed until every replica is in sync, and stays so"
    changes = [event for event in ledger.history.timeline if event.what == "isr"]
    if not changes or changes[-1].at < healed:
        return Measure(name, meaning, Verdict.UNKNOWN, None, expected.recovery_ms, "the ISR was not looked at after healing")
    since = None
    for event in changes:
        if event.facts.get("in_sync") != event.facts.get("of"):
            since = None
        elif since is None:
            since = event.at
    return _took(name, meaning, healed, since, expected.recovery_ms)


def _backlog_gone(ledger: Ledger, expected: Expected, healed: int) -> Measure:
    """A partition has caught up when a member is given the last record that was acknowledged there before healing."""
    name, meaning = "backlog-gone", "from healed until the group was given what was acknowledged before"
    if not ledger.history.members:
        return Measure(name, meaning, Verdict.UNKNOWN, None, expected.recovery_ms, "no member's reads are known")
    goals: dict[int, int] = {}
    for partition, columns in ledger.acked.items():
        before = [offset for each in columns for offset, at in zip(each.offsets, each.times, strict=True) if at <= healed]
        if before:
            goals[partition] = max(before)
    reached: dict[int, int] = {}
    for member in ledger.history.members:
        reads = member.reads
        for partition, offset, at in zip(reads.partition, reads.offset, reads.at, strict=True):
            goal = goals.get(partition)
            if goal is not None and offset >= goal and at < reached.get(partition, at + 1):
                reached[partition] = at
    done = max(reached.values(), default=healed) if reached.keys() == goals.keys() else None
    return _took(name, meaning, healed, done, expected.recovery_ms)
