"""Samples as Prometheus' text format, version 0.0.4."""

from __future__ import annotations

from itertools import accumulate
from math import inf
from typing import TYPE_CHECKING

from ottla.metrics.samples import Distribution

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ottla.metrics.metric import Metric
    from ottla.metrics.samples import MetricFamily, Series

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_IN_LABELS = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
_IN_HELP = str.maketrans({"\\": r"\\", "\n": r"\n"})


def exposition(families: Iterable[MetricFamily], series: Iterable[Series] = ()) -> bytes:
    """The text of a scrape."""
    parts: list[str] = []
    for family in families:
        parts.append(_head(family.name, family.metric))
        parts += _lines(family)
    of_metrics: dict[str, list[Series]] = {}
    for each in series:
        of_metrics.setdefault(each.metric.name, []).append(each)
    for together in of_metrics.values():
        parts += _blocks(together)
    parts.append("")
    return "\n".join(parts).encode()


def _head(name: str, metric: Metric) -> str:
    return f"# HELP {name} {metric.meaning.translate(_IN_HELP)}\n# TYPE {name} {metric.type}"


def _blocks(series: list[Series]) -> Iterator[str]:
    """The lines of a metric, and the same under its other names."""
    metric = series[0].metric
    lines: list[str] = []
    for _, labels, points in series:
        before = f'{metric.name}{{{_written(metric.labels[:-1], labels)},{metric.labels[-1]}="'
        lines += [f'{before}{partition}"}} {value}' for partition, value in points]
    text = "\n".join(lines)
    yield _head(metric.name, metric)
    yield text
    own = f'{metric.name}{{{metric.labels[0]}="'  # within a value of a label the quote would be escaped
    for other in metric.also:
        yield _head(other.name, metric)
        yield text.replace(own, f'{other.name}{{{other.labels[0]}="')


def _written(names: tuple[str, ...], labels: tuple[str, ...]) -> str:
    return ",".join(f'{name}="{label.translate(_IN_LABELS)}"' for name, label in zip(names, labels, strict=True))


def _lines(family: MetricFamily) -> Iterator[str]:
    name = family.name
    for labels, value in family.points.items():
        written = _written(family.labels, labels)
        if isinstance(value, Distribution):
            yield from _histogram(name, written, value, family.metric.bounds)
        else:
            yield f"{name}{{{written}}} {_text(value)}" if written else f"{name} {_text(value)}"


def _histogram(name: str, labels: str, value: Distribution, bounds: tuple[float, ...]) -> Iterator[str]:
    before = f"{labels}," if labels else ""
    *counts, total = accumulate(value.counts)
    for bound, count in zip(bounds, counts, strict=True):
        yield f'{name}_bucket{{{before}le="{_text(bound)}"}} {count}'
    yield f'{name}_bucket{{{before}le="+Inf"}} {total}'
    yield f"{name}_sum{{{labels}}} {_text(value.sum)}"
    yield f"{name}_count{{{labels}}} {total}"


def _text(value: float) -> str:
    if value == inf:
        return "+Inf"
    return repr(value)
