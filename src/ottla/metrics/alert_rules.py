"""Alerts as Prometheus' rules. A test profile is the same rules, some times as quick."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from ottla.metrics.alert import Pace, prometheus_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ottla.metrics.alert import Alert

CLUSTER = "{{ $labels.cluster }}"  # written out: templates see the labels of the expression, and a count has none


def rules_document(alerts: Sequence[Alert], *, cluster: str, runbooks: str, scale: float = 1.0) -> dict[str, Any]:
    """Prometheus' rules as data: a group for each thing that alerts are about.

    Every ``for``, ``keep_firing_for`` and range is divided by ``scale``, down to what two (four) looks take. Thresholds that are
    times stay: they are what the alert is about.
    """
    pace = Pace(scale)
    groups = groupby(sorted(alerts, key=lambda alert: alert.about), key=lambda alert: alert.about)
    return {
        "groups": [
            {"name": f"ottla/{cluster}/{about}", "rules": [_rule(alert, pace, cluster, runbooks) for alert in of_it]}
            for about, of_it in groups
        ]
    }


def _rule(alert: Alert, pace: Pace, cluster: str, runbooks: str) -> dict[str, Any]:
    lasting, keep = pace.lasting(alert), pace.keep(alert)
    return {
        "alert": alert.name,
        "expr": pace.expression(alert),
        **({"for": prometheus_time(lasting)} if lasting else {}),
        **({"keep_firing_for": prometheus_time(keep)} if keep else {}),
        "labels": {"severity": str(alert.severity), "cluster": cluster},
        "annotations": {
            "summary": alert.summary.replace(CLUSTER, cluster),
            "description": alert.description,
            "runbook_url": f"{runbooks}/{alert.anchor}",
        },
    }
