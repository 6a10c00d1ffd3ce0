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
    seen = set(_fired(ledger))
    for name in expected.alerts:
        if name not in seen:
            yield f"{name} did not fire"


def alert_late(ledger: Ledger, expected: Expected) -> Iterator[str]:
    """An alert fired later than its rule lets it, counted from when the fault made its condition true."""
    fired, fault = _fired(ledger), ledger.history.first("fault-applied")
    for name, condition_ms in expected.alerts.items():
        within = _within(ledger).get(name)
        if fault is None or name not in fired:
            continue
        after, latest = (fired[name] - fault) / MS, condition_ms + within if within is not None else None
        if latest is None:
            yield f"{name} is no alert of the rules that were watched"
        elif after > latest:
            yield f"{name} fired {after / 1000:.1f} s after the fault, at most {latest / 1000:.1f} s expected"


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


def _fired(ledger: Ledger) -> dict[str, int]:
    """When each alert fired first, after the fault began."""
    fault = ledger.history.first("fault-begins")
    fired: dict[str, int] = {}
    for event in _alerts(ledger, FIRING):
        if fault is not None and event.at >= fault:
            fired.setdefault(str(event.facts.get("name")), event.at)
    return fired


def _within(ledger: Ledger) -> dict[str, float]:
    [event, *_] = [each for each in ledger.history.timeline if each.what == WATCHED]
    return {str(name): float(ms) for name, ms in event.facts.get("within", {}).items()}


def _told(event: Event) -> str:
    return f"{event.facts.get('name')} {event.facts.get('labels') or ''}".strip()
