"""The reference page of metrics, written from the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.metrics.catalogue import CATALOGUE
from ottla.metrics.metric import Family, MBean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.metrics.metric import Metric

_ABOUT = {
    Family.BROKERS: "Brokers",
    Family.TOPICS: "Topics and partitions",
    Family.CONSUMER_GROUPS: "Consumer groups",
    Family.LOG_DIRS: "Log dirs",
    Family.QUORUM: "Quorum",
    Family.EXPORTER: "The exporter itself",
    Family.CANARY: "Canary",
    Family.NODE: "Inside a node",
}
_HEAD = """# Metrics

Written by `make docs`; do not edit.

Every metric that Ottla gives, from one catalogue. What is under "Inside a node" comes from the JMX agent in each node;
all else is read by the exporter over Kafka's protocol, so it is the same for any cluster.

- **Where nothing is known there is no sample**: no -1, no NaN.
- **there** says when a metric has samples: *always*, on nodes of a *role*, or only *after an event*.
- **per** is what there is one series for. Families are switched on and off, and capped, one by one.
- A metric may have a second name with the same values, for dashboards that look for that: [000] is the source document.
"""


def metrics_reference() -> str:
    """The page, as Markdown: one table for each family."""
    parts = [_HEAD]
    for family, title in _ABOUT.items():
        rows = [_row(metric) for metric in CATALOGUE if metric.family is family]
        head = "| metric | type | unit | per | labels | meaning | there | from |\n|---|---|---|---|---|---|---|---|"
        parts.append("\n".join([f"## {title}\n\nFamily `{family}`.\n", head, *rows]) + "\n")
    return "\n".join([*parts, _other_names()])


def _row(metric: Metric) -> str:
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    there = f"{metric.presence}: {metric.when}" if metric.when else str(metric.presence)
    cells = (f"`{metric.name}`", metric.type, metric.unit, metric.granularity, labels, metric.meaning, there, _source(metric))
    return f"| {' | '.join(cells)} |".replace("|  |", "| |")


def _source(metric: Metric) -> str:
    if isinstance(metric.source, MBean):
        return f"`{metric.source.object_name}` {metric.source.attribute}"
    return f"{metric.source.collector}: {metric.source.request}"


def _other_names() -> str:
    lines = ["## Other names", "", "| other name | its labels | looked for by | the same as |", "|---|---|---|---|"]
    return "\n".join([*lines, *_other_rows()]) + "\n"


def _other_rows() -> Iterator[str]:
    for metric in CATALOGUE:
        for other in metric.also:
            labels = ", ".join(f"`{label}`" for label in other.labels)
            yield f"| `{other.name}` | {labels} | {other.origin} | `{metric.name}` |".replace("|  |", "| |")
