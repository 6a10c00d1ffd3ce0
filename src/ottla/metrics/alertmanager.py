"""Alertmanager's configuration: who is told of which alert, and which alerts make others needless to tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ottla.metrics.alert import Severity, prometheus_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ottla.metrics.alert import Alert

WATCHDOG = "Watchdog"
WAIT, BETWEEN = 10_000, 60_000  # ms: until the first of a group is told (so that what silences it is there), and the next
PAGED_AGAIN, TICKET_AGAIN, WATCHDOG_AGAIN = 4 * 3_600_000, 24 * 3_600_000, 300_000
LEAST = 1_000


def alertmanager_document(alerts: Sequence[Alert], *, webhook: str | None, scale: float = 1.0) -> dict[str, Any]:
    """Its configuration as data: an example of routes, to be told by a webhook (None: nobody is). ``scale`` as that of rules."""

    def time(milliseconds: int) -> str:
        return prometheus_time(max(int(milliseconds / scale), LEAST))

    return {
        "route": {
            "receiver": "ticket",
            "group_by": ["alertname", "cluster"],
            "group_wait": time(WAIT),
            "group_interval": time(BETWEEN),
            "repeat_interval": time(TICKET_AGAIN),
            "routes": [
                {
                    "receiver": "watchdog",
                    "matchers": [f'alertname="{WATCHDOG}"'],
                    "group_wait": "0s",
                    "group_interval": time(BETWEEN),
                    "repeat_interval": time(WATCHDOG_AGAIN),
                },
                {"receiver": "page", "matchers": [f'severity="{Severity.PAGE}"'], "repeat_interval": time(PAGED_AGAIN)},
            ],
        },
        "inhibit_rules": [_inhibition(alert, alerts) for alert in alerts if _silenced(alert, alerts)],
        "receivers": [_receiver(name, webhook) for name in ("page", "ticket", "watchdog")],
    }


def _silenced(alert: Alert, alerts: Sequence[Alert]) -> list[str]:
    there = {each.name for each in alerts}
    return [name for name in alert.silences if name in there]


def _inhibition(alert: Alert, alerts: Sequence[Alert]) -> dict[str, Any]:
    names = "|".join(_silenced(alert, alerts))
    return {
        "source_matchers": [f'alertname="{alert.name}"'],
        "target_matchers": [f'alertname=~"{names}"'],
        "equal": list(alert.equal),
    }


def _receiver(name: str, webhook: str | None) -> dict[str, Any]:
    return {"name": name, **({"webhook_configs": [{"url": webhook, "send_resolved": True}]} if webhook else {})}
