"""Line charts as SVG: no script, nothing from elsewhere, readable in light and dark. For drills and for the benchmark."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from itertools import pairwise
from math import ceil, floor, isfinite, log10
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WIDTH = 900
LEFT, RIGHT, TOP, BOTTOM = 74, 16, 40, 40  # around the area that is drawn in: y labels; titles and legend; x labels
LETTER = 7.0  # width of a letter, about
LEAST_RANGE = 1e-6  # what differs by less is one value
LEAST_LOG = 1e-9  # what is less has no place on a logarithmic axis
COLOURS = 6  # there are so many of them; the seventh series looks like the first
STYLE = """
.chart{font:12px system-ui,Helvetica,Arial,sans-serif}.chart text{fill:#59636e}
.chart .title{fill:#1f2328;font-weight:600;font-size:13px}
.chart .grid{stroke:#d8dee4;stroke-width:1}.chart .axis{stroke:#59636e;stroke-width:1}
.chart .fault{fill:#cf222e;fill-opacity:.13}.chart .heal{fill:#1a7f37;fill-opacity:.16}
.chart .c0{stroke:#0072b2;fill:#0072b2}.chart .c1{stroke:#d55e00;fill:#d55e00}.chart .c2{stroke:#008060;fill:#008060}
.chart .c3{stroke:#a8457f;fill:#a8457f}.chart .c4{stroke:#7a6400;fill:#7a6400}.chart .c5{stroke:#555f69;fill:#555f69}
.chart .c1.line{stroke-dasharray:7 3}.chart .c2.line{stroke-dasharray:2 2.5}
@media (prefers-color-scheme:dark){
.chart text{fill:#9198a1}.chart .title{fill:#f0f6fc}.chart .grid{stroke:#30363d}.chart .axis{stroke:#9198a1}
.chart .fault{fill:#ff7b72;fill-opacity:.2}.chart .heal{fill:#56d364;fill-opacity:.2}
.chart .c0{stroke:#56b4e9;fill:#56b4e9}.chart .c1{stroke:#e69f00;fill:#e69f00}.chart .c2{stroke:#3ddbb0;fill:#3ddbb0}
.chart .c3{stroke:#e39ac7;fill:#e39ac7}.chart .c4{stroke:#f0e442;fill:#f0e442}.chart .c5{stroke:#b0b8c0;fill:#b0b8c0}}
.chart .line{fill:none;stroke-width:1.8;stroke-linejoin:round}.chart .dot{stroke:none}
"""


@dataclass(frozen=True, slots=True)
class Series:
    """A named line. A y of None is a hole in it."""

    name: str
    points: Sequence[tuple[float, float | None]]


@dataclass(frozen=True, slots=True)
class Band:
    """From where to where on the x axis something was so; ``kind`` is ``fault`` or ``heal``."""

    begin: float
    end: float
    name: str
    kind: str = "fault"


@dataclass(frozen=True, slots=True)
class Axis:
    """Values to pixels. ``low`` and ``high`` are at the ends of ``span``; the ticks are round numbers between them."""

    low: float
    high: float
    span: tuple[float, float]
    ticks: Sequence[float]
    log: bool = False

    def at(self, value: float) -> float:
        """The pixel of a value; what lies outside is drawn at the edge."""
        inside = min(max(value, self.low), self.high)
        low, high = (log10(self.low), log10(self.high)) if self.log else (self.low, self.high)
        part = ((log10(inside) if self.log else inside) - low) / (high - low)
        return round(self.span[0] + part * (self.span[1] - self.span[0]), 1)


@dataclass(frozen=True, slots=True)
class Drawing:
    """A part of a picture: elements, and how high they are."""

    height: int
    elements: Sequence[str] = field(default_factory=tuple)


def picture(drawings: Sequence[Drawing], *, told: str) -> str:
    """One SVG of drawings below each other; ``told`` is for those who cannot see it."""
    height = sum(drawing.height for drawing in drawings)
    parts, top = [], 0
    for drawing in drawings:
        parts.append(f'<g transform="translate(0 {top})">{"".join(drawing.elements)}</g>')
        top += drawing.height
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="img" style="max-width:100%;height:auto"><title>{escape(told)}</title><style>{STYLE}</style>{"".join(parts)}</svg>'
    )


def lines(
    series: Sequence[Series],
    *,
    title: str,
    x_label: str,
    y_label: str,
    x_range: tuple[float, float] | None = None,
    log: bool = False,
    steps: bool = False,
    bands: Sequence[Band] = (),
    height: int = 210,
) -> Drawing:
    """Lines over one x axis. ``log``: y is logarithmic, and what is not above 0 is a hole. ``steps``: a value holds on."""
    shown = [
        Series(each.name, [(x, y if y is None or y >= LEAST_LOG or not log else None) for x, y in each.points]) for each in series
    ]
    x_axis = _x_axis(shown, x_range)
    y_axis = _y_axis([y for each in shown for _, y in each.points if y is not None and isfinite(y)], height, log=log)
    elements = [
        f'<text class="title" x="{LEFT}" y="16">{escape(title)}</text>',
        *_legend(series),
        *_bands(bands, x_axis, height),
        *_grid(x_axis, y_axis, height, x_label, y_label),
    ]
    for number, each in reversed(list(enumerate(shown))):  # the first series is what one looks for: it lies on top
        elements += _line(each, number % COLOURS, x_axis, y_axis, steps=steps)
    return Drawing(height, elements)


def nice_ticks(low: float, high: float, *, most: int = 6) -> list[float]:
    """At most about ``most`` round numbers (1, 2 or 5 times a power of ten) that begin at or below ``low`` and reach ``high``."""
    if high - low < LEAST_RANGE:
        high = low + 1
    raw = (high - low) / max(1, most - 1)
    power = 10 ** floor(log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw * 0.999999)
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    return [round(index * step, 10) for index in range(first, last + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """Powers of ten around the values."""
    first, last = floor(log10(low)), ceil(log10(high))
    return [10.0**power for power in range(first, max(first + 1, last) + 1)]


def figure(value: float) -> str:
    """A number beside a tick: 1,500, 0.25, 10k."""
    if abs(value) >= 10_000:  # noqa: PLR2004  (below that, four figures are read at once)
        return f"{value / 1000:,.10g}k" if abs(value) < 1_000_000 else f"{value / 1_000_000:,.10g}M"  # noqa: PLR2004
    return f"{value:,.10g}"


def _x_axis(series: Sequence[Series], x_range: tuple[float, float] | None) -> Axis:
    values = [x for each in series for x, _ in each.points] or [0.0]
    low, high = x_range or (min(values), max(values))
    high = high if high > low else low + 1
    ticks = [tick for tick in nice_ticks(low, high, most=11) if low <= tick <= high]
    return Axis(low, high, (LEFT, WIDTH - RIGHT), ticks)


def _y_axis(values: Sequence[float], height: int, *, log: bool) -> Axis:
    span = (height - BOTTOM, TOP)
    if log:
        ticks = log_ticks(min(values, default=1.0), max(values, default=10.0))
    else:
        ticks = nice_ticks(min(0.0, *values, 0.0), max(values, default=1.0), most=5)
    return Axis(ticks[0], ticks[-1], span, ticks, log)


def _grid(x_axis: Axis, y_axis: Axis, height: int, x_label: str, y_label: str) -> Iterator[str]:
    right, bottom = WIDTH - RIGHT, height - BOTTOM
    for tick in y_axis.ticks:
        y = y_axis.at(tick)
        yield f'<line class="grid" x1="{LEFT}" x2="{right}" y1="{y}" y2="{y}"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{figure(tick)}</text>'
    for tick in x_axis.ticks:
        x = x_axis.at(tick)
        yield f'<line class="axis" x1="{x}" x2="{x}" y1="{bottom}" y2="{bottom + 4}"/>'
        yield f'<text x="{x}" y="{bottom + 17}" text-anchor="middle">{figure(tick)}</text>'
    yield f'<line class="axis" x1="{LEFT}" x2="{right}" y1="{bottom}" y2="{bottom}"/>'
    middle = (TOP + bottom) // 2
    yield f'<text x="{(LEFT + right) // 2}" y="{height - 8}" text-anchor="middle">{escape(x_label)}</text>'
    yield f'<text transform="translate(14 {middle}) rotate(-90)" text-anchor="middle">{escape(y_label)}</text>'


def _legend(series: Sequence[Series]) -> Iterator[str]:
    """From the right edge to the left, in the line of the title."""
    x = float(WIDTH - RIGHT)
    for number, each in reversed(list(enumerate(series))):
        yield f'<text x="{x:.0f}" y="16" text-anchor="end">{escape(each.name)}</text>'
        x -= len(each.name) * LETTER + 32
        yield f'<path class="line c{number % COLOURS}" d="M{x:.0f} 12h24"/>'
        x -= 16


def _bands(bands: Sequence[Band], x_axis: Axis, height: int) -> Iterator[str]:
    """The name of a band stands above it; to its left if there is no room to the right, and after the name before it."""
    free = 0.0
    for band in bands:
        begin, end = x_axis.at(band.begin), x_axis.at(band.end)
        width = max(1.0, round(end - begin, 1))
        yield f'<rect class="{band.kind}" x="{begin}" y="{TOP}" width="{width}" height="{height - BOTTOM - TOP}"/>'
        x, length = round(max(begin, free), 1), len(band.name) * LETTER
        if x + length < WIDTH - RIGHT:
            yield f'<text x="{x}" y="{TOP - 6}">{escape(band.name)}</text>'
            free = x + length + LETTER
        else:
            yield f'<text x="{WIDTH - RIGHT}" y="{TOP - 6}" text-anchor="end">{escape(band.name)}</text>'


def _line(series: Series, colour: int, x_axis: Axis, y_axis: Axis, *, steps: bool) -> Iterator[str]:
    for piece in _pieces(series.points):
        pixels = [(x_axis.at(x), y_axis.at(y)) for x, y in piece]
        if len(pixels) == 1:
            yield f'<circle class="dot c{colour}" cx="{pixels[0][0]}" cy="{pixels[0][1]}" r="2.2"/>'
            continue
        path = f"M{pixels[0][0]} {pixels[0][1]}"
        for (_, _), (x, y) in pairwise(pixels):
            path += f"H{x}V{y}" if steps else f"L{x} {y}"
        yield f'<path class="line c{colour}" d="{path}"/>'


def _pieces(points: Sequence[tuple[float, float | None]]) -> Iterator[list[tuple[float, float]]]:
    """The points between holes."""
    piece: list[tuple[float, float]] = []
    for x, y in points:
        if y is not None and isfinite(y):
            piece.append((x, y))
        elif piece:
            yield piece
            piece = []
    if piece:
        yield piece
