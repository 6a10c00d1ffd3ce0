"""Samples as Prometheus' text format, version 0.0.4."""

from __future__ import annotations

from itertools import accumulate
from math import inf
from typing import TYPE_CHECKING

from ottla.metrics.samples import Distribution

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ottla.metrics.samples import MetricFamily

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_IN_LABELS = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
_IN_HELP = str.maketrans({"\\": r"\\", "\n": r"\n"})


def exposition(families: Iterable[MetricFamily]) -> bytes:
    """The text of a scrape."""
    lines: list[str] = []
    for family in families:
        lines.append(f"# HELP {family.name} {family.metric.meaning.translate(_IN_HELP)}")
        lines.append(f"# TYPE {family.name} {family.metric.type}")
        lines += _lines(family)
    lines.append("")
    return "\n".join(lines).encode()


def _lines(family: MetricFamily) -> Iterator[str]:
    name = family.name
    if not family.labels:
        for value in family.points.values():
            yield from (
                _histogram(name, "", value, family.metric.bounds)
                if isinstance(value, Distribution)
                else (f"{name} {_text(value)}",)
            )
        return
    form = ",".join(f'{label}="%s"' for label in family.labels)
    for labels, value in family.points.items():
        written = form % (labels if _is_plain(labels) else tuple(label.translate(_IN_LABELS) for label in labels))
        if isinstance(value, Distribution):
            yield from _histogram(name, written, value, family.metric.bounds)
        else:
            yield f"{name}{{{written}}} {_text(value)}"


def _is_plain(labels: tuple[str, ...]) -> bool:
    """Whether labels can stand as they are; names of topics and numbers always can."""
    return not any('"' in label or "\\" in label or "\n" in label for label in labels)


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
