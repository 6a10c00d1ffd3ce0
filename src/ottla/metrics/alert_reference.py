"""The reference page of alerts, written from the table of a cluster that has everything switched on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.metrics.alert import Pace, prometheus_time
from ottla.metrics.alerts import alerts_of
from ottla.metrics.watched import Claims, LagLimit, Watched
from ottla.model.metric_family import Family

if TYPE_CHECKING:
    from ottla.metrics.alert import Alert

EXAMPLE = Watched(
    cluster="todo-kafka",
    brokers=3,
    voters=3,
    agent=True,
    exporter=True,
    families=frozenset(Family),
    canary=True,
    tls=True,
    scrape=10_000,
    interval=10_000,
    lag=LagLimit(1000, 60_000),
    lasting=300_000,
    disk_used=0.85,
    full_within=14_400_000,
    expire_within=21 * 86_400_000,
    disk=10 * 2**30,
    claims=Claims("kafka", "data(-[0-9]+)?-todo-kafka-.+-[0-9]+"),
)
_HEAD = """# Alerts

Written by `make docs`; do not edit.

Every alert that `ottla monitoring` writes, as it is for three combined nodes with the JMX agent, the exporter and its canary,
on a locked platform. Numbers are those of the spec: `ottla monitoring` shows yours, and which are left out. `VolumeAlmostFull` is
there in Kubernetes only.

- **page** wakes somebody, **ticket** waits for the morning. **for**: so long it must be so, at least two scrapes (or rounds of
  the exporter). **keeps**: so long it goes on firing, as a node that dies takes its series with it.
- **silences**: while it fires, these are not told, because they follow from it.
"""


def alerts_reference() -> str:
    """The page, as Markdown."""
    head = "| alert | severity | for | keeps | when | silences |\n|---|---|---|---|---|---|"
    return "\n".join([_HEAD, head, *(_row(alert) for alert in alerts_of(EXAMPLE).alerts)]) + "\n"


def _row(alert: Alert) -> str:
    pace = Pace()
    lasting = prometheus_time(pace.lasting(alert)) if alert.lasting else "at once"
    keep = prometheus_time(pace.keep(alert)) if alert.keep else ""
    expression = pace.expression(alert).replace("|", "\\|")
    name = f"[{alert.name}](../how-to/{alert.anchor})"
    cells = (name, alert.severity, lasting, keep, f"`{expression}`", ", ".join(alert.silences))
    return f"| {' | '.join(cells)} |".replace("|  |", "| |")
