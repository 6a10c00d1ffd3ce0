"""Pieces of PromQL, made of the catalogue's metrics: a name or a label that is not there fails when the table is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.metrics.alert import window
from ottla.metrics.exporter_metrics import COLLECTOR_SUCCESS
from ottla.metrics.node_metrics import NODE_METRICS

if TYPE_CHECKING:
    from ottla.metrics.metric import Metric

NODES_JOB, EXPORTER_JOB = "kafka", "ottla-exporter"
ON_TARGETS = frozenset({"cluster", "node", "role"})  # what the scrape configuration puts on what nodes give
BROKERS, VOTERS = "broker|combined", "controller|combined"

_NODE_METRICS = {metric.name: metric for metric in NODE_METRICS}


def node_metric(name: str) -> Metric:
    """A metric of the JMX agent. Raises KeyError: alerts look them up when they are imported."""
    return _NODE_METRICS[name]


def of(metric: Metric, cluster: str, *matchers: tuple[str, str, str], last: int = 0) -> str:
    """The series of a metric in a cluster; ``last`` ms of them if it is given. A matcher is label, operator, value.

    Raises ValueError for a label that the metric does not have.
    """
    unknown = [label for label, _, _ in matchers if label not in {*metric.labels, *ON_TARGETS}]
    if unknown:
        raise ValueError(f"{metric.name} has no label {', '.join(unknown)}")
    selector = _selector(metric.name, ("cluster", "=", cluster), *matchers)
    return f"{selector}[{window(last)}]" if last else selector


def up(job: str, cluster: str, *matchers: tuple[str, str, str]) -> str:
    """Whether Prometheus reached the targets of a job."""
    return _selector("up", ("cluster", "=", cluster), ("job", "=", job), *matchers)


def if_read(cluster: str, collector: str) -> str:
    """0 while a collector of the exporter reads all, else nothing: what a monitor that is blind does not see may be there."""
    return f"max({of(COLLECTOR_SUCCESS, cluster, ('collector', '=', collector))} == 1) * 0"


def _selector(name: str, *matchers: tuple[str, str, str]) -> str:
    inner = ",".join(f'{label}{operator}"{quoted(value)}"' for label, operator, value in matchers)
    return f"{name}{{{inner}}}"


def quoted(value: str) -> str:
    """A text as it stands between PromQL's quotes."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def share(value: float) -> str:
    """A share as PromQL has it."""
    return f"{value:g}"


def seconds(milliseconds: int) -> str:
    """A time as a figure of seconds."""
    return f"{milliseconds / 1000:g}"
