"""What a person wants to see of a cluster at a glance, read out of its samples: for people who have no dashboards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ottla.metrics import cluster_metrics as of
from ottla.metrics import group_metrics as of_groups
from ottla.metrics.samples import Sample, Series

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ottla.metrics.metric import Metric

Ends = dict[str, dict[int, float]]  # by topic and partition: the high_watermarks


@dataclass(frozen=True, slots=True)
class TopicLine:
    """A topic. ``rate`` is records a second since the round before, None on the first one."""

    name: str
    partitions: int
    rate: float | None
    size: int | None
    under_replicated: int
    below_min_isr: int
    offline: int


@dataclass(frozen=True, slots=True)
class GroupLine:
    """A group in a topic; seconds are None where they are not known, ``catch_up`` is inf where it will not be done."""

    group_id: str
    topic: str
    state: str
    members: int | None
    lag: int
    seconds: float | None
    catch_up: float | None
    until_retention: float | None
    lost: int


@dataclass(frozen=True, slots=True)
class LogDirLine:
    """A log_dir; sizes in bytes, ``growth`` in bytes a second."""

    node_id: str
    path: str
    is_online: bool
    total: float | None
    usable: float | None
    growth: float | None


@dataclass(frozen=True, slots=True)
class Board:
    """A cluster at a glance. What could not be read is None, or missing."""

    figures: Mapping[str, float]  # by the names of metrics that have no labels
    fenced: tuple[str, ...]
    voter_lags: Mapping[str, float]
    log_dirs: tuple[LogDirLine, ...]
    topics: tuple[TopicLine, ...]
    groups: tuple[GroupLine, ...]

    def figure(self, metric: Metric) -> float | None:
        """The value of a metric without labels."""
        return self.figures.get(metric.name)


def ends_of(parts: Iterable[Sample | Series]) -> Ends:
    """Where topics end, to tell the rate of the next round by."""
    ends: Ends = {}
    for part in parts:
        if isinstance(part, Series) and part.metric is of.PARTITION_HIGH_WATERMARK:
            ends[part.labels[0]] = dict(part.points)
    return ends


def board(parts: Iterable[Sample | Series], before: Ends, elapsed: float) -> Board:
    """The board of a round. ``before`` is where topics ended ``elapsed`` seconds earlier; nothing: nobody looked."""
    whole = list(parts)
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for part in whole:
        if isinstance(part, Sample) and isinstance(part.value, float | int):
            found.setdefault(part.metric.name, {})[part.labels] = part.value
    ends = ends_of(whole)
    rates = {name: _grown(before[name], of_topic) / elapsed for name, of_topic in ends.items() if name in before and elapsed > 0}
    return Board(
        figures={name: values[()] for name, values in found.items() if () in values},
        fenced=tuple(labels[0] for labels, value in found.get(of.BROKER_FENCED.name, {}).items() if value),
        voter_lags={labels[0]: value for labels, value in found.get(of.QUORUM_VOTER_LAG_RECORDS.name, {}).items()},
        log_dirs=tuple(_log_dirs(found)),
        topics=tuple(
            sorted(_topics(found, rates), key=lambda line: (-line.offline, -line.below_min_isr, -(line.rate or 0), line.name))
        ),
        groups=tuple(sorted(_groups(found), key=lambda line: (-line.lost, -(line.seconds or 0), -line.lag, line.group_id))),
    )


def _grown(before: Mapping[int, float], now: Mapping[int, float]) -> float:
    """Records that came since. A partition that could not be read then, or begins anew, tells nothing."""
    return sum(max(0.0, end - before[partition]) for partition, end in now.items() if partition in before)


def _log_dirs(found: Mapping[str, Mapping[tuple[str, ...], float]]) -> Iterator[LogDirLine]:
    for labels, online in found.get(of.LOG_DIR_ONLINE.name, {}).items():
        total, usable, growth = (
            found.get(each.name, {}).get(labels) for each in (of.LOG_DIR_TOTAL, of.LOG_DIR_USABLE, of.LOG_DIR_GROWTH)
        )
        yield LogDirLine(labels[0], labels[1], bool(online), total, usable, growth)


def _topics(found: Mapping[str, Mapping[tuple[str, ...], float]], rates: Mapping[str, float]) -> Iterator[TopicLine]:
    def count(metric: Metric, labels: tuple[str, ...]) -> int:
        return int(found.get(metric.name, {}).get(labels, 0))

    for labels, partitions in found.get(of.TOPIC_PARTITIONS.name, {}).items():
        size = found.get(of.TOPIC_SIZE.name, {}).get(labels)
        yield TopicLine(
            name=labels[0],
            partitions=int(partitions),
            rate=rates.get(labels[0]),
            size=None if size is None else int(size),
            under_replicated=count(of.TOPIC_UNDER_REPLICATED_PARTITIONS, labels),
            below_min_isr=count(of.TOPIC_BELOW_MIN_ISR_PARTITIONS, labels),
            offline=count(of.TOPIC_OFFLINE_PARTITIONS, labels),
        )


def _groups(found: Mapping[str, Mapping[tuple[str, ...], float]]) -> Iterator[GroupLine]:
    states = {labels[0]: labels[1] for labels, value in found.get(of_groups.GROUP_STATE.name, {}).items() if value}
    members = found.get(of_groups.GROUP_MEMBERS.name, {})

    def figure(metric: Metric, labels: tuple[str, ...]) -> float | None:
        return found.get(metric.name, {}).get(labels)

    for labels, lag in found.get(of_groups.GROUP_TOPIC_LAG_RECORDS.name, {}).items():
        group_id, topic = labels
        count = members.get((group_id,))
        yield GroupLine(
            group_id=group_id,
            topic=topic,
            state=states.get(group_id, ""),
            members=None if count is None else int(count),
            lag=int(lag),
            seconds=figure(of_groups.GROUP_TOPIC_LAG_SECONDS, labels),
            catch_up=figure(of_groups.GROUP_TOPIC_CATCH_UP_SECONDS, labels),
            until_retention=figure(of_groups.GROUP_TOPIC_RETENTION_SECONDS, labels),
            lost=int(figure(of_groups.GROUP_TOPIC_LOST_RECORDS, labels) or 0),
        )
