"""Latencies: merged as histograms, never averaged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ottla.proof.latency import Collected, Latencies, percentiles

NANOSECONDS = st.lists(st.integers(1_000, 500_000_000_000), min_size=1, max_size=200)


def of(values: list[int]) -> Latencies:
    collected, latencies = Collected(), Latencies()
    for value in values:
        collected.record(value)
    latencies.add(collected.take())
    return latencies


@given(NANOSECONDS, NANOSECONDS)
def test_what_two_workers_saw_is_as_if_one_had_seen_it(first: list[int], second: list[int]) -> None:
    merged = Latencies([of(first).encoded(), of(second).encoded()])
    assert percentiles(merged) == percentiles(of(first + second))


@given(NANOSECONDS)
def test_a_percentile_is_exact_to_a_thousandth(values: list[int]) -> None:
    latencies = of(values)
    assert latencies.highest == pytest.approx(max(values) / 1e6, rel=2e-3, abs=2e-3)
    assert latencies.at(50) == pytest.approx(sorted(values)[(len(values) - 1) // 2] / 1e6, rel=2e-3, abs=2e-3)


def test_what_was_taken_is_not_told_again() -> None:
    collected = Collected()
    collected.record(5_000)
    assert collected.take() == {5: 1}
    collected.record(7_000)
    assert collected.take() == {7: 1}
    assert collected.take() == {}


def test_of_nothing_there_is_no_latency() -> None:
    assert percentiles(Latencies()) == percentiles(Latencies([b"", Latencies().encoded()]))
    assert Latencies().at(99) is None


def test_what_took_longer_than_can_be_counted_counts_as_the_longest() -> None:
    assert of([10**15]).highest == pytest.approx(600_000, rel=1e-3)
