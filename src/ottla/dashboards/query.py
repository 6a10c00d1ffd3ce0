"""Questions to Prometheus, built from the catalogue: a metric that is renamed or gone breaks them at import."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ottla.metrics.metric import MBean, Metric, Type

RATE = "$__rate_interval"  # Grafana's: at least four scrapes
CLUSTER = 'cluster="$cluster"'


class Variable(StrEnum):
    """What may be chosen above a dashboard, beside the cluster."""

    NODE = "node"
    TOPIC = "topic"
    GROUP = "group"


_LABEL = {Variable.TOPIC: "topic", Variable.GROUP: "consumer_group"}


@dataclass(frozen=True, slots=True)
class Series:
    """Some series of a metric: ``suffix`` is one of a histogram's, ``where`` says which (PromQL matchers)."""

    metric: Metric
    suffix: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True)
class Own:
    """What Prometheus itself has: ``up``, ``ALERTS``, how long a scrape took.

    ``where`` says which series, ``of_nodes`` that they have the label ``node``.
    """

    name: str
    where: str = ""
    of_nodes: bool = False


ALIVE = Own("up", 'job="kafka"', of_nodes=True)
SCRAPE_DURATION = Own("scrape_duration_seconds", 'job=~"kafka|ottla-exporter"')
FIRING = Own("ALERTS", 'alertstate="firing", alertname!="Watchdog"')  # the watchdog always fires


def buckets(metric: Metric) -> Series:
    """The buckets of a histogram. Raises ValueError for any other metric."""
    if metric.type is not Type.HISTOGRAM:
        raise ValueError(f"{metric.name} is no histogram")
    return Series(metric, suffix="_bucket")


@dataclass(frozen=True, slots=True)
class Query:
    """One question: its PromQL, how a line of the answer is named, and of which metrics it is.

    In a table ``legend`` heads the column, and ``unit`` is that of the column, if not the panel's.
    """

    expression: str
    legend: str
    metrics: tuple[Metric, ...]
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which variables narrow the questions of a dashboard."""

    variables: tuple[Variable, ...] = ()

    def ask(self, promql: str, legend: str = "", unit: str = "", **parts: Metric | Series | Own) -> Query:
        """A question: ``{name}`` in ``promql`` stands for the series of the part with that name."""
        chosen = {name: self._selector(part) for name, part in parts.items()}
        found = [part.metric if isinstance(part, Series) else part for part in parts.values() if not isinstance(part, Own)]
        return Query(promql.format(rate=RATE, **chosen), legend, tuple(dict.fromkeys(found)), unit)

    def _selector(self, part: Metric | Series | Own) -> str:
        if isinstance(part, Own):
            node = 'node=~"$node"' if part.of_nodes and Variable.NODE in self.variables else ""
            matchers = [CLUSTER, part.where, node]
            return f"{part.name}{{{', '.join(filter(None, matchers))}}}"
        series = part if isinstance(part, Series) else Series(part)
        matchers = [CLUSTER, series.where, *self._narrowed(series.metric)]
        return f"{series.metric.name}{series.suffix}{{{', '.join(filter(None, matchers))}}}"

    def _narrowed(self, metric: Metric) -> list[str]:
        labels = [(variable, label_of(variable, metric)) for variable in self.variables]
        return [f'{label}=~"${variable}"' for variable, label in labels if label]


def label_of(variable: Variable, metric: Metric) -> str:
    """The label of a metric that holds what a variable chooses, or ''. Prometheus gives node targets ``node``."""
    if variable is Variable.NODE:
        of_node = isinstance(metric.source, MBean)
        return "node" if of_node else "node_id" if "node_id" in metric.labels else ""
    label = _LABEL[variable]
    return label if label in metric.labels else ""
