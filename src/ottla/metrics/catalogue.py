"""The ONE catalogue: every metric that Ottla gives, in the order of the reference page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.metrics import cluster_metrics, exporter_metrics, group_metrics
from ottla.metrics.metric import Metric
from ottla.metrics.node_metrics import NODE_METRICS

if TYPE_CHECKING:
    from types import ModuleType


def _metrics_of(module: ModuleType) -> tuple[Metric, ...]:
    """The metrics that a module defines, in its order."""
    return tuple(each for each in vars(module).values() if isinstance(each, Metric))


CATALOGUE: tuple[Metric, ...] = (
    *_metrics_of(cluster_metrics),
    *_metrics_of(group_metrics),
    *_metrics_of(exporter_metrics),
    *NODE_METRICS,
)
