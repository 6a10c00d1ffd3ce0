"""Whether the alerts that a fault must raise were raised, in time, and no others. Asked only of a run whose alerts were watched.

The timeline says ``alerts-watched`` then, with ``within``: how long after its condition each alert fires at the latest, in ms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.proof.checker.ledger import Ledger
    from ottla.proof.expected import Expected
    from ottla.proof.history.columns import Event

WATCHED, ALERT, UNSEEN = "alerts-watched", "alert", "alerts-unseen"
FIRING, RESOLVED = "firing", "resolved"
MS = 1_000_000


def watched(ledger: Ledger) -> bool:
    """Whether somebody watched the alerts of this run."""
    return ledger.history.first(WATCHED) is not None


def alert_not_fired(ledger: Ledger, expected: Expected) -> Iterator[str]:
    """An alert that this fault must raise did not fire while it lasted."""
    seen = fired_after(ledger)
    yield from (f"{name} did not fire" for name in expected.alerts if name not in seen)


def alert_late(ledger: Ledger, expected: Expected) -> Iterator[str]:
    """An alert fired later than its rule lets it, counted from when the fault made its condition true."""
    fired, within = fired_after(ledger), _within(ledger)
    for name, condition_ms in expected.alerts.items():
        latest = condition_ms + within.get(name, 0)
        if fired.get(name, 0) > latest:
            yield f"{name} fired {fired[name] / 1000:.1f} s after the fault, at most {latest / 1000:.1f} s expected"


def alert_without_reason(ledger: Ledger, expected: Expected) -> Iterator[str]:
    """An alert fired that this fault does not explain, or before there was a fault."""
    fault = ledger.history.first("fault-begins")
    explained = expected.alerts.keys() | expected.may_alert
    for event in _alerts(ledger, FIRING):
        if event.facts.get("name") not in explained or fault is None or event.at < fault:
            yield _told(event)


def alert_not_resolved(ledger: Ledger) -> Iterator[str]:
    """An alert still fired when the run ended, though the fault was gone."""
    firing = {}
    for event in ledger.history.timeline:
        if event.what == ALERT:
            key = event.facts.get("name"), str(event.facts.get("labels"))
            if event.facts.get("state") == FIRING:
                firing[key] = event
            else:
                firing.pop(key, None)
    yield from map(_told, firing.values())


def alerts_unseen(ledger: Ledger) -> Iterator[str]:
    """Prometheus could not be asked for a while: what fired then is not known."""
    for event in ledger.history.timeline:
        if event.what == UNSEEN:
            yield str(event.facts.get("text"))


def _alerts(ledger: Ledger, state: str) -> Iterator[Event]:
    return (each for each in ledger.history.timeline if each.what == ALERT and each.facts.get("state") == state)


def fired_after(ledger: Ledger) -> dict[str, int]:
    """How long after the fault each alert fired first, in ms."""
    begun, applied = ledger.history.first("fault-begins"), ledger.history.first("fault-applied")
    fired: dict[str, int] = {}
    if begun is None or applied is None:
        return fired
    for event in _alerts(ledger, FIRING):
        if event.at >= begun:
            fired.setdefault(str(event.facts.get("name")), (event.at - applied) // MS)
    return fired


def alerts_watched(ledger: Ledger) -> int:
    """How many alerts were watched."""
    return len(_within(ledger)) if watched(ledger) else 0


def _within(ledger: Ledger) -> dict[str, float]:
    [event, *_] = [each for each in ledger.history.timeline if each.what == WATCHED]
    return {str(name): float(ms) for name, ms in event.facts.get("within", {}).items()}


def _told(event: Event) -> str:
    return f"{event.facts.get('name')} {event.facts.get('labels') or ''}".strip()
