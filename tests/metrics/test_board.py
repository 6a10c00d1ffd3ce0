"""The board: what stands out comes first, and nothing is made up."""

from __future__ import annotations

from ottla.metrics import cluster_metrics, group_metrics
from ottla.metrics.board import board, ends_of
from ottla.metrics.samples import Sample, Series


def topic(name: str, *, end: int, offline: int = 0) -> list[Sample | Series]:
    return [
        Sample(cluster_metrics.TOPIC_PARTITIONS, (name,), 2),
        Sample(cluster_metrics.TOPIC_OFFLINE_PARTITIONS, (name,), offline),
        Series(cluster_metrics.PARTITION_HIGH_WATERMARK, (name,), [(0, end), (1, end)]),
    ]


def group(name: str, *, lag: int, seconds: float | None) -> list[Sample | Series]:
    samples: list[Sample | Series] = [Sample(group_metrics.GROUP_TOPIC_LAG_RECORDS, (name, "t"), lag)]
    if seconds is not None:
        samples.append(Sample(group_metrics.GROUP_TOPIC_LAG_SECONDS, (name, "t"), seconds))
    return samples


def test_rates_are_told_once_there_is_something_to_compare_with() -> None:
    first, second = topic("t", end=10), topic("t", end=60)
    assert [line.rate for line in board(first, {}, 0.0).topics] == [None]
    assert [line.rate for line in board(second, ends_of(first), 5.0).topics] == [20.0]
    assert [line.rate for line in board(first, ends_of(second), 5.0).topics] == [0.0]  # made anew
    assert [line.rate for line in board(second, {"t": {0: 10.0}}, 5.0).topics] == [10.0]  # nobody told of partition 1 then


def test_the_worst_comes_first() -> None:
    parts = [*topic("busy", end=9), *topic("broken", end=0, offline=1), *topic("idle", end=0)]
    before = {name: {0: 0.0, 1: 0.0} for name in ("busy", "idle", "broken")}
    assert [line.name for line in board(parts, before, 1.0).topics] == ["broken", "busy", "idle"]
    groups = [*group("near", lag=9, seconds=1.0), *group("far", lag=1, seconds=99.0), *group("unknown", lag=99, seconds=None)]
    assert [line.group_id for line in board(groups, {}, 0.0).groups] == ["far", "near", "unknown"]


def test_what_was_not_read_is_missing() -> None:
    empty = board([], {}, 0.0)
    assert (empty.figure(cluster_metrics.BROKERS_PRESENT), empty.topics, empty.groups, empty.log_dirs) == (None, (), (), ())
    [line] = board(group("g", lag=0, seconds=None), {}, 0.0).groups
    assert (line.seconds, line.catch_up, line.members, line.state) == (None, None, None, "")
