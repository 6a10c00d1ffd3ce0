from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ottla.metrics.catalogue import CATALOGUE
from ottla.metrics.cluster_metrics import (
    LOG_DIR_GROWTH,
    OFFLINE_PARTITIONS,
    PARTITION_HIGH_WATERMARK,
    PARTITION_ISR,
    TOPIC_PARTITIONS,
)
from ottla.metrics.exporter_metrics import BOUNDS, CANARY_PRODUCE
from ottla.metrics.group_metrics import GROUP_LAG_RECORDS, GROUP_TOPIC_CATCH_UP_SECONDS
from ottla.metrics.metric import Family, Granularity, Type
from ottla.metrics.samples import Capped, Distribution, Sample, Series, capped, families

if TYPE_CHECKING:
    from collections.abc import Iterable

PLACE = ("task-service", "task.created", "0")


def good(metric: Any) -> Sample:
    value = Distribution((0,) * (len(metric.bounds) + 1), 0.0) if metric.type is Type.HISTOGRAM else 1.0
    return Sample(metric, tuple(f"{label}-1" for label in metric.labels), value)


def test_a_sample_of_every_metric_can_be_written_under_each_of_its_names() -> None:
    written = families([good(metric) for metric in CATALOGUE])
    assert [each.name for each in written] == [
        name for metric in CATALOGUE for name in (metric.name, *(other.name for other in metric.also))
    ]
    assert all(len(labels) == len(each.labels) for each in written for labels in each.points)


def test_the_name_of_the_source_document_has_the_same_values_with_its_own_labels() -> None:
    own, other = families([Sample(GROUP_LAG_RECORDS, PLACE, 7)])
    assert (other.name, other.labels) == ("kafka_consumergroup_lag", ("consumergroup", "topic", "partition"))
    assert own.points == other.points == {PLACE: 7}


def test_other_names_can_be_left_out() -> None:
    assert [each.name for each in families([good(TOPIC_PARTITIONS)], with_other_names=False)] == [TOPIC_PARTITIONS.name]


def test_samples_of_a_name_stand_together_however_they_come() -> None:
    mixed = [Sample(metric, ("a", str(n)), n) for n in range(3) for metric in (PARTITION_HIGH_WATERMARK,)]
    mixed.insert(1, good(OFFLINE_PARTITIONS))
    names = [each.name for each in families(mixed, with_other_names=False)]
    assert names == [OFFLINE_PARTITIONS.name, PARTITION_HIGH_WATERMARK.name]


@pytest.mark.parametrize(
    ("sample", "reason"),
    [
        (Sample(replace(GROUP_LAG_RECORDS, name="made_up"), PLACE, 1), "not in the catalogue: made_up"),
        (Sample(GROUP_LAG_RECORDS, PLACE[:2], 1), "has the labels"),
        (Sample(GROUP_LAG_RECORDS, PLACE, float("nan")), "NaN"),
        (Sample(GROUP_LAG_RECORDS, PLACE, -1), "below 0"),
        (Sample(GROUP_LAG_RECORDS, PLACE, Distribution((1,), 1)), "not the value of a gauge"),
        (Sample(CANARY_PRODUCE, ("1",), 3.0), "not the value of a histogram"),
        (Sample(CANARY_PRODUCE, ("1",), Distribution((1, 2), 1)), "does not fit"),
        (Sample(CANARY_PRODUCE, ("1",), Distribution((1,) * (len(BOUNDS) + 1), float("nan"))), "does not fit"),
        (Sample(LOG_DIR_GROWTH, ("1", "/data"), float("nan")), "NaN"),
    ],
)
def test_what_would_lie_does_not_go_out(sample: Sample, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        families([sample])


def test_the_same_series_twice_does_not_go_out() -> None:
    with pytest.raises(ValueError, match="the same series twice"):
        families([Sample(GROUP_LAG_RECORDS, PLACE, 1), Sample(GROUP_LAG_RECORDS, PLACE, 2)])


def test_growth_may_be_below_zero_and_catching_up_may_take_for_ever() -> None:
    assert families([Sample(LOG_DIR_GROWTH, ("1", "/data"), -1.0)])
    assert families([Sample(GROUP_TOPIC_CATCH_UP_SECONDS, PLACE[:2], float("inf"))])


some_samples = st.lists(st.sampled_from(CATALOGUE).map(good), max_size=40)
some_limits = st.dictionaries(st.sampled_from(list(Family)), st.integers(0, 10))


@given(some_samples, some_limits)
def test_a_cap_keeps_its_promise_and_counts_what_it_drops(samples: list[Sample], limits: dict[Family, int]) -> None:
    result = capped(samples, limits)

    def lines(samples: Iterable[Sample], family: Family) -> int:
        """How many series: a metric has one under each of its names."""
        return sum(1 + len(each.metric.also) for each in samples if each.metric.family is family)

    for family in Family:
        before, after = lines(samples, family), lines(result.samples, family)
        limit = limits.get(family, before)
        assert after <= limit
        assert before - after == result.dropped.get(family, 0)
        assert after == before or before > limit


@given(some_samples, some_limits)
def test_what_a_cap_keeps_is_no_finer_than_what_it_drops(samples: list[Sample], limits: dict[Family, int]) -> None:
    order = list(Granularity)
    kept = capped(samples, limits).samples
    for family in Family:
        before = sorted(order.index(each.metric.granularity) for each in samples if each.metric.family is family)
        after = sorted(order.index(each.metric.granularity) for each in kept if each.metric.family is family)
        assert after == before[: len(after)]


def test_without_caps_nothing_is_dropped() -> None:
    samples = (good(OFFLINE_PARTITIONS), good(TOPIC_PARTITIONS))
    assert capped(samples, {}) == Capped(samples, (), {})


def test_a_cap_cuts_series_of_partitions_after_everything_coarse_was_counted() -> None:
    first, second = (Series(PARTITION_ISR, (name,), [(0, 1), (1, 1), (2, 1)]) for name in ("a", "b"))
    topic = Sample(TOPIC_PARTITIONS, ("a",), 3)
    result = capped([second, first, topic], {Family.TOPICS: 13})  # each of them has two names
    assert result.samples == (topic,)
    assert result.series == (first, second._replace(points=[(0, 1), (1, 1)]))
    assert result.dropped == {Family.TOPICS: 2}
    assert capped([first, topic], {Family.TOPICS: 2}) == Capped((topic,), (), {Family.TOPICS: 6})
