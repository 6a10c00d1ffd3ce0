"""What is counted in a run, whether or not anything is wrong: attempts, what became of the unknown ones, deliveries."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ottla.proof.checker.alerts import alerts_watched
from ottla.proof.checker.conduct import acknowledged_during_the_fault
from ottla.proof.checker.ledger import SEVERAL
from ottla.proof.history.columns import Kind

if TYPE_CHECKING:
    from ottla.proof.checker.ledger import Ledger


def figures(ledger: Ledger) -> dict[str, int]:
    """Counts by name. ``unknown_absent``, ``_once`` and ``_several`` are copies in the final log; 0 without a final read."""
    kinds = Counter[int]()
    unknown = Counter[int]()
    for producer, attempts in ledger.attempts.items():
        kinds.update(attempts.kind)
        if kinds[Kind.NONE] or kinds[Kind.UNKNOWN]:
            pairs = zip(attempts.kind, ledger.copies[producer], strict=True)
            unknown.update(copies for kind, copies in pairs if kind in {Kind.NONE, Kind.UNKNOWN})
    final = ledger.history.final
    delivered = sum(total for total, _ in ledger.deliveries.values())
    return {
        "attempts": sum(kinds.values()),
        "acknowledged": kinds[Kind.ACKED],
        "acknowledged_during_the_fault": acknowledged_during_the_fault(ledger),
        "refused": kinds[Kind.REFUSED],
        "unknown": kinds[Kind.NONE] + kinds[Kind.UNKNOWN],
        "unknown_absent": unknown[0] if final else 0,
        "unknown_once": unknown[1],
        "unknown_several": unknown[SEVERAL],
        "in_the_final_log": len(final.reads) if final else 0,
        "delivered": delivered,
        "alerts_watched": alerts_watched(ledger),
        "delivered_again": delivered - sum(different for _, different in ledger.deliveries.values()),
    }
