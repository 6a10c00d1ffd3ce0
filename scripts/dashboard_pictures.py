"""Draw the dashboards without Grafana: ask a live Prometheus for each panel's data, and write one SVG for each dashboard.

    python scripts/dashboard_pictures.py --prometheus http://127.0.0.1:9090 --directory /tmp/pictures

It is how the panels were looked at. The SVGs need nothing else: no script, no style from elsewhere.
"""

from __future__ import annotations

import argparse
import json
import re
import time
import urllib.parse
import urllib.request
from dataclasses import dataclass
from html import escape
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ottla.dashboards import dashboards
from ottla.dashboards.panel import COLUMNS, Kind, Panel, places
from ottla.platform import Platform
from ottla.platform.monitoring_files import watched
from ottla.proof.charts import Axis, figure, nice_ticks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ottla.dashboards.panel import Dashboard, Place, Row
    from ottla.dashboards.query import Query

COLUMN, CELL, GAP = 58, 30, 6  # pixels: of the grid, and between panels
LETTER = 6.1  # width of a letter, about
POINTS = 120
COLOURS = {"semi-dark-green": "#37872d", "semi-dark-orange": "#fa6400", "semi-dark-red": "#c4162a", "semi-dark-blue": "#1f60c4"}
PALETTE = ("#3274d9", "#e0752d", "#37872d", "#8f3bb8", "#b7a100", "#0a919e", "#c15c17", "#565f89", "#d44a8a", "#6b7c0e")
GREY, INK, RULE = "#6b7380", "#24292e", "#e3e6ea"
SECONDS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"), (1e-3, "ms"), (1e-6, "µs"))
BYTES = ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"), (1, "B"))
BYTES_A_SECOND = ((1e9, "GB/s"), (1e6, "MB/s"), (1e3, "kB/s"), (1, "B/s"))
SCALES = {"s": SECONDS, "bytes": BYTES, "Bps": BYTES_A_SECOND}


class Line(NamedTuple):
    """A series of an answer: its name, and its points in time."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Source:
    """A Prometheus, a time, and what the variables stand for."""

    url: str
    begin: float
    end: float
    variables: dict[str, str]

    def lines(self, query: Query) -> list[Line]:
        """The answer over the time."""
        step = max(1.0, (self.end - self.begin) / POINTS)
        found = self._ask("query_range", query, start=str(self.begin), end=str(self.end), step=f"{step:.0f}")
        return [Line(_named(query, each["metric"]), _numbers(each["values"])) for each in found]

    def rows(self, query: Query) -> list[tuple[dict[str, str], float]]:
        """The answer at the end, by its labels."""
        return [(each["metric"], float(each["value"][1])) for each in self._ask("query", query, time=str(self.end))]

    def _ask(self, path: str, query: Query, **parameters: str) -> list[dict[str, Any]]:
        promql = re.sub(r"\$(\w+)", lambda found: self.variables[found[1]], query.expression)
        asked = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode({'query': promql, **parameters})}"
        with urllib.request.urlopen(asked, timeout=20) as answer:  # noqa: S310  (the address was given by a person)
            found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
            return found


def _named(query: Query, labels: dict[str, str]) -> str:
    return re.sub(r"\{\{(\w+)\}\}", lambda found: _short(labels.get(found[1], "")), query.legend)


def _short(text: str) -> str:
    return text if not text.startswith("/") else "…" + text[-14:]  # paths of log_dirs differ at their ends


def _numbers(values: Sequence[tuple[float, str]]) -> list[tuple[float, float]]:
    return [(at, float(value)) for at, value in values if isfinite(float(value))]


def said(value: float, unit: str) -> str:
    """A figure with its unit, as a person reads it."""
    if unit == "percentunit":
        return f"{value * 100:.3g} %"
    if unit in SCALES:
        scale = SCALES[unit]
        size, name = _scale_of(value, scale) if value else (1, {"s": "s", "bytes": "B", "Bps": "B/s"}[unit])
        return f"{value / size:.3g} {name}"
    return figure(float(f"{value:.4g}")) + ("/s" if unit == "cps" else "")


def _scale_of(value: float, scale: Sequence[tuple[float, str]]) -> tuple[float, str]:
    return next((each for each in scale if abs(value) >= each[0]), scale[-1])


def text(x: float, y: float, words: str, *, size: int = 11, colour: str = GREY, anchor: str = "start", bold: bool = False) -> str:
    """Words at a place."""
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" text-anchor="{anchor}"{weight}>{escape(words)}</text>'
    )


def cut(words: str, width: float) -> str:
    """What of the words has place."""
    most = int(width / LETTER)
    return words if len(words) <= most else words[: max(1, most - 1)] + "…"


def colour_of(panel: Panel, value: float) -> str:
    """By the steps of a panel."""
    return COLOURS[[step.colour for step in panel.steps if step.value is None or value >= step.value][-1]]


def draw_stat(panel: Panel, source: Source, width: int, height: int) -> list[str]:
    """The last figure, large, over its course."""
    lines = source.lines(panel.queries[0])
    if not lines or not lines[0].points:
        return [text(width / 2, height / 2 + 16, "none", size=22, anchor="middle")]
    points = lines[0].points
    colour = colour_of(panel, points[-1][1])
    course = _path(points, _time(source, (0, width)), _scale([value for _, value in points], panel, (height - 2, height - 34)))
    return [
        f'<path d="{course}" fill="none" stroke="{colour}" stroke-opacity=".45"/>',
        text(width / 2, height / 2 + 14, said(points[-1][1], panel.unit), size=26, colour=colour, anchor="middle", bold=True),
    ]


def _time(source: Source, span: tuple[float, float]) -> Axis:
    return Axis(source.begin, source.end, span, [])


def _scale(values: Sequence[float], panel: Panel, span: tuple[float, float]) -> Axis:
    low = min(values) if panel.minimum is None else min(panel.minimum, *values)
    high = max(values) if panel.maximum is None else panel.maximum
    size = _scale_of(high, SCALES[panel.unit])[0] if panel.unit in SCALES and high > 0 else 1
    ticks = [tick * size for tick in nice_ticks(low / size, (high if high > low else low + 1) / size, most=4)]
    return Axis(ticks[0], ticks[-1], span, ticks)


def _path(points: Sequence[tuple[float, float]], x_axis: Axis, y_axis: Axis) -> str:
    """A line; where nothing was known for four steps it has a hole."""
    parts: list[str] = []
    last = 0.0
    hole = 4 * max(1.0, (x_axis.high - x_axis.low) / POINTS)
    for at, value in points:
        parts.append(f"{'L' if parts and at - last < hole else 'M'}{x_axis.at(at)} {y_axis.at(value)}")
        last = at
    return "".join(parts)


def draw_lines(panel: Panel, source: Source, width: int, height: int) -> list[str]:
    """Lines over time, with their limits."""
    lines = [line for query in panel.queries for line in source.lines(query) if line.points]
    if not lines:
        return [text(width / 2, height / 2 + 8, "none", size=14, anchor="middle")]
    if panel.stacked:
        lines = _stacked(lines)
    limits = [step for step in panel.steps if step.value is not None] if panel.line else []
    highest = max(value for line in lines for _, value in line.points)
    shown = [step for step in limits if step.value is not None and step.value <= max(highest, 1e-9) * 2]
    values = [value for line in lines for _, value in line.points] + [step.value for step in shown if step.value is not None]
    x_axis, y_axis = _time(source, (62, width - 10)), _scale(values, panel, (height - 46, 32))
    out = [*_grid(panel, source, x_axis, y_axis, height)]
    for number, line in reversed(list(enumerate(lines))):
        drawn = f'stroke="{PALETTE[number % len(PALETTE)]}" stroke-width="1.4"'
        out.append(f'<path d="{_path(line.points, x_axis, y_axis)}" fill="none" {drawn}/>')
    for step in shown:
        at = y_axis.at(step.value or 0)
        drawn = f'stroke="{COLOURS[step.colour]}" stroke-dasharray="6 4"'
        out.append(f'<line x1="{x_axis.span[0]}" x2="{x_axis.span[1]}" y1="{at}" y2="{at}" {drawn}/>')
    return [*out, *_legend([line.name or panel.title for line in lines], width, height)]


def _stacked(lines: Sequence[Line]) -> list[Line]:
    heights: dict[float, float] = {}
    out = []
    for line in lines:
        for at, value in line.points:
            heights[at] = heights.get(at, 0.0) + value
        out.append(Line(line.name, [(at, heights[at]) for at, _ in line.points]))
    return out


def _grid(panel: Panel, source: Source, x_axis: Axis, y_axis: Axis, height: int) -> Iterator[str]:
    for tick in y_axis.ticks:
        at = y_axis.at(tick)
        yield f'<line x1="{x_axis.span[0]}" x2="{x_axis.span[1]}" y1="{at}" y2="{at}" stroke="{RULE}"/>'
        yield text(x_axis.span[0] - 6, at + 4, said(tick, panel.unit), anchor="end", size=10)
    for part in (0.0, 0.5, 1.0):
        at = source.begin + part * (source.end - source.begin)
        clock = time.strftime("%H:%M:%S", time.gmtime(at))
        yield text(x_axis.at(at), height - 30, clock, size=10, anchor=("start", "middle", "end")[int(part * 2)])


def _legend(names: Sequence[str], width: int, height: int) -> Iterator[str]:
    x = 12.0
    for number, name in enumerate(names):
        if x > width - 70:
            yield text(x, height - 10, "…", size=10)
            return
        shown = cut(name, width - x - 34)
        yield f'<rect x="{x:.1f}" y="{height - 16}" width="10" height="3" fill="{PALETTE[number % len(PALETTE)]}"/>'
        yield text(x + 14, height - 10, shown, size=10)
        x += 26 + len(shown) * 5.6


def draw_table(panel: Panel, source: Source, width: int, height: int) -> list[str]:
    """One row for each set of labels, one column for each question."""
    answers = [source.rows(query) for query in panel.queries]
    shared = set.intersection(*({*labels} for answer in answers for labels, _ in answer)) if any(answers) else set()
    rows: dict[tuple[str, ...], dict[str, str]] = {}
    for query, answer in zip(panel.queries, answers, strict=True):
        for labels, value in answer:
            row = rows.setdefault(tuple(labels[name] for name in sorted(shared)), {})
            row |= labels | ({} if query.legend in panel.hidden else {query.legend: said(value, query.unit or panel.unit)})
    if not rows:
        return [text(width / 2, height / 2 + 8, "none", size=14, anchor="middle")]
    headings = list(dict.fromkeys(heading for row in rows.values() for heading in row))
    column = (width - 24) / (len(headings) + 1)
    begins = [12 + (index + bool(index)) * column for index in range(len(headings))]  # the first is twice as wide
    out = [text(begin, 46, cut(name, column), bold=True) for begin, name in zip(begins, headings, strict=True)]
    for number, key in enumerate(sorted(rows)[: (height - 60) // 19]):
        y = 66 + number * 19
        out.append(f'<line x1="12" x2="{width - 12}" y1="{y - 14}" y2="{y - 14}" stroke="{RULE}"/>')
        for index, name in enumerate(headings):
            shown = cut(rows[key].get(name, ""), column * (1 if index else 2) - 6)
            out.append(text(begins[index], y, shown, colour=INK))
    return out


def draw_states(panel: Panel, source: Source, width: int, height: int) -> list[str]:
    """A band for each series, in the colour of what it was."""
    lines = [line for query in panel.queries for line in source.lines(query) if line.points]
    names = {float(value): (name, COLOURS[colour]) for value, name, colour in panel.names}
    x_axis = _time(source, (150, width - 10))
    band = min(26.0, (height - 66) / max(1, len(lines)))
    step = max(1.0, (source.end - source.begin) / POINTS)
    out = []
    for number, line in enumerate(lines):
        y = 34 + number * band
        out.append(text(12, y + band / 2 + 3, cut(line.name or panel.title, 136), size=10))
        for begin, end, value in _runs(line.points, step):
            wide = max(1.0, x_axis.at(min(end, source.end)) - x_axis.at(begin))
            colour = names.get(value, ("", GREY))[1]
            out.append(f'<rect x="{x_axis.at(begin)}" y="{y:.1f}" width="{wide:.1f}" height="{band - 5:.1f}" fill="{colour}"/>')
    x = 150.0
    for name, colour in names.values():
        out.append(f'<rect x="{x:.1f}" y="{height - 19}" width="10" height="8" fill="{colour}" />')
        out.append(text(x + 14, height - 11, name, size=10))
        x += 30 + len(name) * 6
    return out


def _runs(points: Sequence[tuple[float, float]], step: float) -> list[tuple[float, float, float]]:
    """From when to when something was so."""
    out: list[tuple[float, float, float]] = []
    for at, value in points:
        if out and out[-1][2] == value and at <= out[-1][1] + step / 2:
            out[-1] = (out[-1][0], at + step, value)
        else:
            out.append((at, at + step, value))
    return out


DRAW: dict[Kind, Callable[[Panel, Source, int, int], list[str]]] = {
    Kind.STAT: draw_stat,
    Kind.LINES: draw_lines,
    Kind.TABLE: draw_table,
    Kind.STATES: draw_states,
}


def drawn(each: Row | Panel, place: Place, source: Source) -> str:
    """A heading, or a panel, where it stands."""
    x, y = place.x * COLUMN, place.y * CELL
    if not isinstance(each, Panel):
        return text(x + 8, y + 21, each.title, size=14, colour=INK, bold=True)
    width, height = place.width * COLUMN - GAP, place.height * CELL - GAP
    parts = DRAW[each.kind](each, source, width, height)
    card = f'<rect width="{width}" height="{height}" rx="3" fill="#ffffff" stroke="{RULE}"/>'
    title = text(10, 19, cut(each.title, (width - 16) * 0.9), size=12, colour=INK, bold=True)
    return f'<g transform="translate({x} {y})">{card}{title}{"".join(parts)}</g>'


def picture(board: Dashboard, source: Source) -> str:
    """A dashboard as an SVG."""
    placed = list(places(board))
    width, height = COLUMNS * COLUMN, (max(place.y + place.height for _, place in placed) + 1) * CELL
    head = f'<g transform="translate(0 {CELL})">' + "".join(drawn(each, place, source) for each, place in placed) + "</g>"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-8 -4 {width + 10} {height + 12}" width="{width + 10}" '
        f'font-family="system-ui,Helvetica,Arial,sans-serif" role="img"><title>{escape(board.says)}</title>'
        f'<rect x="-8" y="-4" width="{width + 10}" height="{height + 12}" fill="#f4f5f7"/>'
        f"{text(4, 20, board.title, size=17, colour=INK, bold=True)}{head}</svg>\n"
    )


def main() -> None:
    """Write the pictures of all dashboards of a spec."""
    parser = argparse.ArgumentParser(description="Draw the dashboards from a live Prometheus.")
    parser.add_argument("--prometheus", default="http://127.0.0.1:9090", help="where it is")
    parser.add_argument("--file", type=Path, default=Path("platform.yaml"), help="the spec")
    parser.add_argument("--environment", default=None, help="which of its environments")
    parser.add_argument("--minutes", type=float, default=15, help="how far back")
    parser.add_argument("--until", type=float, default=None, help="the end, in seconds since 1970, if not now")
    parser.add_argument("--rate", default="1m", help="what $__rate_interval stands for: four scrapes or more")
    parser.add_argument("--directory", type=Path, default=Path("pictures"), help="where the SVGs go")
    given = parser.parse_args()
    found = watched(Platform.load(given.file).on(given.environment))
    variables = {"cluster": found.cluster, "__rate_interval": given.rate} | dict.fromkeys(("node", "topic", "group"), ".*")
    end = given.until or time.time()
    source = Source(given.prometheus.rstrip("/"), end - given.minutes * 60, end, variables)
    given.directory.mkdir(parents=True, exist_ok=True)
    for board in dashboards(found):
        (given.directory / f"{board.uid}.svg").write_text(picture(board, source), encoding="utf-8")


if __name__ == "__main__":
    main()
