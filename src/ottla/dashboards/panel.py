"""What a dashboard is, before it is written for Grafana: rows of panels, each with its questions, unit and limits."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from ottla.metrics.metric import MBean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.dashboards.query import Query, Variable
    from ottla.metrics.metric import Metric

COLUMNS = 24  # Grafana's grid
STAT_HEIGHT, STAT_WIDTH = 4, 3
GRAPH_HEIGHT, HALF = 8, 12
GREEN, ORANGE, RED, BLUE = "semi-dark-green", "semi-dark-orange", "semi-dark-red", "semi-dark-blue"


class Kind(StrEnum):
    """How a panel shows its figures: Grafana's names."""

    STAT = "stat"
    LINES = "timeseries"
    TABLE = "table"
    STATES = "state-timeline"


class Step(NamedTuple):
    """From ``value`` on (None: from the beginning) a figure has this colour."""

    value: float | None
    colour: str


NEUTRAL = (Step(None, BLUE),)


def bad_from(red: float, *, orange: float | None = None) -> tuple[Step, ...]:
    """Good below, bad from ``red`` on."""
    between = () if orange is None else (Step(orange, ORANGE),)
    return (Step(None, GREEN), *between, Step(red, RED))


def lag_from(limit: float, *, orange: bool = False) -> tuple[Step, ...]:
    """Bad from a limit of lag on, to be looked at from half of it; below 0 there is no limit."""
    return NEUTRAL if limit < 0 else bad_from(limit, orange=limit / 2 if orange else None)


def warn_from(orange: float) -> tuple[Step, ...]:
    """Good below, to be looked at from ``orange`` on."""
    return Step(None, GREEN), Step(orange, ORANGE)


def good_from(green: float, *, orange: float | None = None) -> tuple[Step, ...]:
    """Bad below, good from ``green`` on."""
    between = () if orange is None else (Step(orange, ORANGE),)
    return (Step(None, RED), *between, Step(green, GREEN))


def floor(red: float, *, orange: float | None = None) -> tuple[Step, ...]:
    """Lines in a graph below which something is to be looked at, or bad."""
    above = () if orange is None else (Step(orange, ORANGE),)
    return (Step(None, GREEN), Step(red, RED), *above)


def only(green: float) -> tuple[Step, ...]:
    """Good at one whole number, bad below and above."""
    return (Step(None, RED), Step(green, GREEN), Step(green + 1, RED))


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel. ``says`` goes before what the catalogue says of its metrics; ``empty_until`` is the event that it waits for.

    ``unit`` is Grafana's id of it. ``names`` are what values are called. ``line`` draws the limits of ``steps`` into a graph.
    """

    title: str
    unit: str
    queries: tuple[Query, ...]
    kind: Kind = Kind.LINES
    says: str = ""
    width: int = HALF
    height: int = GRAPH_HEIGHT
    steps: tuple[Step, ...] = NEUTRAL
    line: bool = False
    stacked: bool = False
    minimum: float | None = 0
    maximum: float | None = None
    decimals: int | None = None
    names: tuple[tuple[str, str, str], ...] = ()
    hidden: tuple[str, ...] = ()
    empty_until: str = ""

    @property
    def description(self) -> str:
        """What is seen, what each metric means, where it comes from, and why there may be nothing."""
        metrics = list(dict.fromkeys(metric for query in self.queries for metric in query.metrics))
        parts = [self.says, *(f"`{metric.name}`: {metric.meaning}" for metric in metrics)]
        sources = sorted({_source(metric) for metric in metrics})
        parts += [f"From {' and '.join(sources)}."] if sources else []
        parts += [f"Empty until {self.empty_until}."] if self.empty_until else []
        return "\n\n".join(filter(None, parts))


def _source(metric: Metric) -> str:
    if isinstance(metric.source, MBean):
        return "the JMX agent of each node (`cluster.jmx_agent`)"
    if metric.source.collector == "canary":
        return "the canary (`exporter.canary`)"
    return "the exporter (`exporter`)"


def stat(
    title: str,
    unit: str,
    query: Query,
    *,
    steps: tuple[Step, ...] = NEUTRAL,
    says: str = "",
    decimals: int | None = None,
    empty_until: str = "",
) -> Panel:
    """One figure, for the row on top."""
    return Panel(
        title,
        unit,
        (query,),
        Kind.STAT,
        says,
        width=STAT_WIDTH,
        height=STAT_HEIGHT,
        steps=steps,
        decimals=decimals,
        empty_until=empty_until,
    )


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under a heading; they flow from left to right."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A dashboard. ``uid`` is in its address, and stays."""

    uid: str
    title: str
    says: str
    rows: tuple[Row, ...]
    variables: tuple[Variable, ...] = ()

    @property
    def panels(self) -> tuple[Panel, ...]:
        """All of them, in reading order."""
        return tuple(panel for row in self.rows for panel in row.panels)


class Place(NamedTuple):
    """Where a panel stands in the grid."""

    x: int
    y: int
    width: int
    height: int


def places(dashboard: Dashboard) -> Iterator[tuple[Row | Panel, Place]]:
    """Each heading and each panel with its place: left to right, then down."""
    y = 0
    for row in dashboard.rows:
        yield row, Place(0, y, COLUMNS, 1)
        x, y, tallest = 0, y + 1, 0
        for panel in row.panels:
            if x + panel.width > COLUMNS:
                x, y, tallest = 0, y + tallest, 0
            yield panel, Place(x, y, panel.width, panel.height)
            x, tallest = x + panel.width, max(tallest, panel.height)
        y += tallest
