"""The search for the largest rate."""

from __future__ import annotations

import pytest

from ottla.proof.benching import search_rate


def search(first: int, capacity: int, *, least: int = 1) -> tuple[int | None, list[int]]:
    tried: list[int] = []

    def meets(rate: int) -> bool:
        tried.append(rate)
        return rate <= capacity

    return search_rate(first, meets, least=least), tried


@pytest.mark.parametrize(("first", "capacity"), [(1_000, 1_000), (1_000, 7_777), (1_000, 90), (500, 400), (8, 9)])
def test_the_largest_rate_is_found_within_five_percent(first: int, capacity: int) -> None:
    found, tried = search(first, capacity)
    assert found is not None
    assert capacity * 0.95 - 1 <= found <= capacity
    assert len(tried) <= 12


def test_no_rate_is_tried_twice_where_rates_are_so_small_that_nothing_lies_between() -> None:
    assert search(3, 3) == (3, [3, 6, 4])
    assert search(1, 1) == (1, [1, 2])


def test_the_search_is_given_up_below_a_sixteenth_of_the_first_rate() -> None:
    found, tried = search(1_600, 10)
    assert (found, tried) == (None, [1_600, 800, 400, 200, 100])


def test_no_rate_is_tried_of_which_no_percentile_could_be_told() -> None:
    assert search(1_600, 10, least=300) == (None, [1_600, 800, 400])
