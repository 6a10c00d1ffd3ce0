from __future__ import annotations

from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ottla.proof.charts import WIDTH, Band, Drawing, Series, figure, lines, log_ticks, nice_ticks, picture

SVG = "{http://www.w3.org/2000/svg}"
values = st.floats(-1e9, 1e9, allow_nan=False)


def drawn(*drawings: Drawing) -> ET.Element:
    return ET.fromstring(picture(drawings, told="a test"))  # noqa: S314  (our own picture)


def paths(root: ET.Element, colour: str) -> list[str]:
    """What is drawn of a series, its swatch in the legend left out."""
    found = [path.get("d", "") for path in root.iter(f"{SVG}path") if path.get("class") == f"line {colour}"]
    return [path for path in found if not path.endswith(" 12h24")]


@given(values, values)
def test_ticks_are_few_even_and_around_the_values(low: float, high: float) -> None:
    assume(high - low > 1e-3)
    ticks = nice_ticks(low, high)
    step = ticks[1] - ticks[0]
    assert ticks[0] <= low + step / 1000
    assert ticks[-1] >= high - step / 1000
    assert 2 <= len(ticks) <= 8
    assert all(later - earlier == pytest.approx(step, rel=1e-3) for earlier, later in pairwise(ticks))


def test_ticks_are_numbers_that_a_person_would_choose() -> None:
    assert nice_ticks(0, 9_700) == [0, 2_000, 4_000, 6_000, 8_000, 10_000]
    assert nice_ticks(0, 0.7) == [0, 0.2, 0.4, 0.6, 0.8]
    assert log_ticks(3, 4_000) == [1, 10, 100, 1_000, 10_000]
    assert [figure(value) for value in (0.25, 1_500, 20_000, 3_000_000)] == ["0.25", "1,500", "20k", "3M"]


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("steps", [False, True])
@given(points=st.lists(st.tuples(st.floats(0, 1e4), st.none() | values), max_size=30))
def test_nothing_is_drawn_outside_and_whatever_is_drawn_is_well_formed(
    points: list[tuple[float, float | None]], *, log: bool, steps: bool
) -> None:
    drawing = lines([Series("a", points)], title="t", x_label="x", y_label="y", log=log, steps=steps)
    root = drawn(drawing)
    for path in paths(root, "c0"):
        numbers = [float(each) for each in path.replace("M", " ").replace("L", " ").replace("H", " ").replace("V", " ").split()]
        assert all(0 <= number <= max(WIDTH, drawing.height) for number in numbers)


def test_a_hole_breaks_a_line_and_a_lone_point_is_a_dot() -> None:
    root = drawn(lines([Series("a", [(0, 1), (1, 2), (2, None), (3, 4)])], title="t", x_label="x", y_label="y"))
    assert len(paths(root, "c0")) == 1
    assert len(list(root.iter(f"{SVG}circle"))) == 1


def test_more_is_higher_also_on_a_logarithmic_axis_where_zero_is_a_hole() -> None:
    for log in (False, True):
        (path,) = paths(
            drawn(lines([Series("a", [(0, 1), (1, 10), (2, 100)])], title="t", x_label="x", y_label="y", log=log)), "c0"
        )
        heights = [float(pair.split()[1]) for pair in path[1:].split("L")]
        assert heights == sorted(heights, reverse=True)
        if log:
            assert heights[0] - heights[1] == pytest.approx(heights[1] - heights[2], abs=0.2)
    root = drawn(lines([Series("a", [(0, 0), (1, 10), (2, 100)])], title="t", x_label="x", y_label="y", log=True))
    assert len(paths(root, "c0")[0].split("L")) == 2


def test_names_are_escaped_and_everything_has_a_label() -> None:
    root = drawn(lines([Series("a<b", [])], title="T & t", x_label="x, s", y_label="y/s", bands=[Band(0, 1, "kill <1>")]))
    texts = {text.text for text in root.iter(f"{SVG}text")}
    assert {"a<b", "T & t", "x, s", "y/s", "kill <1>"} <= texts


def test_names_of_bands_that_begin_together_do_not_cover_each_other() -> None:
    bands = [Band(5, 6, "kill node 1"), Band(5.1, 7, "pause node 2"), Band(9.9, 10, "rather long a name")]
    root = drawn(lines([], title="t", x_label="x", y_label="y", x_range=(0, 10), bands=bands))
    at = {text.text: (float(text.get("x", "0")), text.get("text-anchor")) for text in root.iter(f"{SVG}text")}
    assert at["pause node 2"][0] - at["kill node 1"][0] > 60
    assert at["rather long a name"][1] == "end"
