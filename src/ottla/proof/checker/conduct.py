"""Whether the run itself can prove anything: something was sent, the fault was there, the files are whole.

Section 3.2: 38, 39, 40. Also what producers were told that this fault does not explain.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ottla.proof.history.columns import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.proof.checker.ledger import Ledger
    from ottla.proof.expected import Expected
    from ottla.proof.history.columns import Fault


def nothing_sent(ledger: Ledger) -> Iterator[str]:
    """Nothing was meant to be sent: a quiet run proves nothing."""
    if not any(len(attempts) for attempts in ledger.attempts.values()):
        yield "0 attempts"


def too_few_acknowledged(ledger: Ledger, expected: Expected) -> Iterator[str]:
    """Less was acknowledged than a run of this load must show."""
    count = acknowledged(ledger)
    if count < expected.least_acked:
        yield f"{count:,} acknowledged, at least {expected.least_acked:,} expected"


def too_few_acknowledged_during_the_fault(ledger: Ledger, expected: Expected) -> Iterator[str]:
    """Less was acknowledged during the fault than shows that the service was there."""
    count = acknowledged_during_the_fault(ledger)
    if count < expected.least_acked_during:
        yield f"{count:,} acknowledged during the fault, at least {expected.least_acked_during:,} expected"


def acknowledged(ledger: Ledger) -> int:
    """How many attempts were acknowledged."""
    return sum(attempts.kind.count(int(Kind.ACKED)) for attempts in ledger.attempts.values())


def acknowledged_during_the_fault(ledger: Ledger) -> int:
    """How many acknowledgements came from when the fault was applied until healing began."""
    begin, end = ledger.history.first("fault-applied"), ledger.history.last("heal-begins") or ledger.history.last("healed")
    if begin is None or end is None:
        return 0
    kind = int(Kind.ACKED)
    return sum(
        1
        for attempts in ledger.attempts.values()
        for each, at in zip(attempts.kind, attempts.at, strict=True)
        if each == kind and begin <= at <= end
    )


def refused_without_reason(ledger: Ledger, expected: Expected) -> Iterator[str]:
    """An attempt was refused with an error that this fault does not explain."""
    refused = int(Kind.REFUSED)
    for producer, attempts in sorted(ledger.attempts.items()):
        if refused not in attempts.kind:
            continue
        for seq, (kind, code) in enumerate(zip(attempts.kind, attempts.code, strict=True)):
            if kind == refused and code not in expected.refused_allowed:
                yield ledger.told(producer, seq)


def unknown_without_reason(ledger: Ledger) -> Iterator[str]:
    """The outcome of an attempt is not known, where this fault leaves nobody in the dark for so long."""
    known = {int(Kind.ACKED), int(Kind.REFUSED)}
    for producer, attempts in sorted(ledger.attempts.items()):
        if set(attempts.kind) <= known:
            continue
        for seq, kind in enumerate(attempts.kind):
            if kind not in known:
                yield ledger.told(producer, seq)


def stopped_early(ledger: Ledger) -> Iterator[str]:
    """The run did not go to its end."""
    if not ledger.run.complete:
        yield "run.json says that it is not complete"


def final_read_incomplete(ledger: Ledger) -> Iterator[str]:
    """The verifier did not read to the end of every partition."""
    final = ledger.history.final
    if final is not None and not final.complete:
        yield "final.json says that it is not complete"


def fault_not_shown(ledger: Ledger) -> Iterator[str]:
    """There is no evidence that the fault was there (a wrong process, a proxy that was gone around)."""
    begun = len(ledger.run.faults)
    if begun < ledger.run.acts:
        yield f"{ledger.run.acts} faults were planned, {begun} begun"
    yield from _not_shown(ledger, "fault-applied")


def heal_not_shown(ledger: Ledger) -> Iterator[str]:
    """There is no evidence that the fault is gone: what was seen after it proves nothing."""
    yield from _not_shown(ledger, "healed")


def _not_shown(ledger: Ledger, what: str) -> Iterator[str]:
    planned: Counter[Fault] = Counter(ledger.run.faults)
    for fault, times in planned.items():
        events = [
            event
            for event in ledger.history.timeline
            if event.what == what and (event.facts.get("fault"), event.facts.get("target")) == (fault.name, fault.target)
        ]
        shown = sum(1 for event in events if event.facts.get("shown") is True and event.facts.get("evidence"))
        if shown < max(times, len(events)):
            yield f"{fault.name} ({fault.target}): {what} {len(events)} times, shown {shown} times"
    for event in ledger.history.timeline:
        told = str(event.facts.get("fault")), str(event.facts.get("target"))
        if (
            event.what == what
            and event.facts.get("shown") is not True
            and told not in {(each.name, each.target) for each in planned}
        ):
            yield f"{told[0]} ({told[1]}): {'; '.join(map(str, event.facts.get('evidence', ())))}"


def torn_file(ledger: Ledger) -> Iterator[str]:
    """A file ends in the middle of an entry: whoever wrote it was killed, and more may be missing."""
    yield from ledger.history.torn


def missing_file(ledger: Ledger) -> Iterator[str]:
    """A file of the history is not there; that is not "nothing happened"."""
    yield from ledger.history.missing
