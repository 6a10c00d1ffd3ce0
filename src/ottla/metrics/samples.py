"""Samples as plain values, checked against the catalogue and grouped for whoever writes them down."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING, NamedTuple

from ottla.metrics.catalogue import CATALOGUE
from ottla.metrics.metric import Granularity, Type

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ottla.metrics.metric import Family, Metric

_KNOWN = {metric.name: metric for metric in CATALOGUE}
_FROM_FEW_TO_MANY = {granularity: rank for rank, granularity in enumerate(Granularity)}
# The one gauge that can be below 0: what shrinks.
_SIGNED = frozenset({"ottla_kafka_log_dir_growth_bytes_per_second"})


class Distribution(NamedTuple):
    """The value of a histogram: how many observations each bucket has (the last one is +Inf; not cumulated), and their sum."""

    counts: tuple[int, ...]
    sum: float


class Sample(NamedTuple):
    """A figure. ``labels`` are values, in the order of the metric's labels."""

    metric: Metric
    labels: tuple[str, ...]
    value: float | Distribution


class Series(NamedTuple):
    """Figures of many partitions at once: ``labels`` are the values but for the last one, ``points`` are partition and value.

    There may be hundreds of thousands of them, so they are kept and written down together.
    """

    metric: Metric
    labels: tuple[str, ...]
    points: Sequence[tuple[int, float]]


@dataclass(frozen=True, slots=True)
class MetricFamily:
    """All samples of a name: what an exposition writes as one block. ``points`` are label values and value."""

    name: str
    metric: Metric
    labels: tuple[str, ...]
    points: Mapping[tuple[str, ...], float | Distribution]


def families(samples: Iterable[Sample], *, with_other_names: bool = True) -> tuple[MetricFamily, ...]:
    """Samples grouped by name, in the order of the catalogue; each also under the other names of its metric.

    Raises ValueError for a sample that must not go out: an unknown metric, wrong labels, NaN, -1, the same series twice.
    """
    grouped: dict[str, dict[tuple[str, ...], float | Distribution]] = {}
    for metric, labels, value in samples:
        points = grouped.setdefault(metric.name, {})
        if labels in points:
            raise ValueError(f"{metric.name}{labels}: the same series twice")
        points[labels] = value
        if len(labels) != len(metric.labels):
            raise ValueError(f"{metric.name} has the labels {metric.labels}, not values for {len(labels)}: {labels}")
        if not isinstance(value, float | int) or value < 0 or value != value or metric.type is Type.HISTOGRAM:  # noqa: PLR0124  (NaN, and quick)
            _check_unusual(metric, labels, value)
    unknown = sorted(grouped.keys() - _KNOWN.keys())
    if unknown:
        raise ValueError(f"not in the catalogue: {', '.join(unknown)}")
    return tuple(_named(grouped, with_other_names=with_other_names))


def _check_unusual(metric: Metric, labels: tuple[str, ...], value: float | Distribution) -> None:
    where = f"{metric.name}{labels}"
    if isinstance(value, Distribution) != (metric.type is Type.HISTOGRAM):
        raise ValueError(f"{where}: {value} is not the value of a {metric.type}")
    if isinstance(value, Distribution):
        if len(value.counts) != len(metric.bounds) + 1 or min(value.counts) < 0 or not value.sum >= 0:
            raise ValueError(f"{where}: {value} does not fit {len(metric.bounds)} bounds and +Inf")
        return
    if isnan(value):
        raise ValueError(f"{where}: NaN; where nothing is known there is no sample")
    if metric.name not in _SIGNED:
        raise ValueError(f"{where}: {value} is below 0; where nothing is known there is no sample")


def _named(
    grouped: Mapping[str, Mapping[tuple[str, ...], float | Distribution]], *, with_other_names: bool
) -> Iterable[MetricFamily]:
    for metric in CATALOGUE:
        points = grouped.get(metric.name)
        if points is None:
            continue
        yield MetricFamily(metric.name, metric, metric.labels, points)
        for other in metric.also if with_other_names else ():
            yield MetricFamily(other.name, metric, other.labels, points)


@dataclass(frozen=True, slots=True)
class Capped:
    """What is left under the caps, and how many series each family lost."""

    samples: tuple[Sample, ...]
    series: tuple[Series, ...]
    dropped: Mapping[Family, int]


def capped(parts: Iterable[Sample | Series], limits: Mapping[Family, int]) -> Capped:
    """At most ``limits`` series of each family (no limit: all). The coarse ones stay: partitions go first, then topics."""
    samples: list[Sample] = []
    series: list[Series] = []
    for part in parts:
        if isinstance(part, Sample):
            samples.append(part)
        else:
            series.append(part)
    series.sort(key=lambda each: each.labels)  # the same ones are cut each time
    left = Counter(limits)
    dropped: Counter[Family] = Counter()
    kept = []
    for sample in sorted(samples, key=lambda each: _FROM_FEW_TO_MANY[each.metric.granularity]):
        family = sample.metric.family
        names = 1 + len(sample.metric.also)
        if family not in limits or left[family] >= names:
            left[family] -= names
            kept.append(sample)
        else:
            left[family] = 0  # what is finer does not take the room that this had no use for
            dropped[family] += names
    whole = [_cut(each, left, dropped) if each.metric.family in limits else each for each in series]
    return Capped(tuple(kept), tuple(each for each in whole if each.points), dict(dropped))


def _cut(series: Series, left: Counter[Family], dropped: Counter[Family]) -> Series:
    family, count, names = series.metric.family, len(series.points), 1 + len(series.metric.also)
    room = max(0, min(count, left[family] // names))
    left[family] -= room * names
    if room == count:
        return series
    dropped[family] += (count - room) * names
    return series._replace(points=series.points[:room])
