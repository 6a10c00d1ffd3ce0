"""From what was seen of brokers, topics, log_dirs and the quorum to their samples."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ottla.metrics import cluster_metrics as of
from ottla.metrics.samples import Sample, Series

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ottla.metrics.anchors import Place
    from ottla.metrics.lag import PartitionOffsets
    from ottla.model.node import Broker
    from ottla.model.topic import Partition


def broker_samples(brokers: Iterable[Broker], expected: int | None) -> Iterator[Sample]:
    """Who is there, who is fenced, and how many should be."""
    seen = tuple(brokers)
    if expected is not None:
        yield Sample(of.BROKERS_EXPECTED, (), expected)
    yield Sample(of.BROKERS_PRESENT, (), sum(not broker.fenced for broker in seen))
    for broker in seen:
        yield Sample(of.BROKER_FENCED, (str(broker.node_id),), int(broker.fenced))
        if not broker.fenced:
            yield Sample(of.BROKER_INFO, (str(broker.node_id), broker.address), 1)


def topic_samples(
    topics: Mapping[str, tuple[Partition, ...]], min_isr: Mapping[str, int], *, partitions: bool = True
) -> Iterator[Sample | Series]:
    """How topics and their partitions stand. ``min_isr`` has min_insync_replicas of the topics whose configs could be read."""
    sums: Counter[str] = Counter()
    for name, of_topic in topics.items():
        offline = sum(partition.leader is None for partition in of_topic)
        under_replicated = sum(is_under_replicated(partition) for partition in of_topic)
        sums.update(offline=offline, under_replicated=under_replicated)
        yield Sample(of.TOPIC_PARTITIONS, (name,), len(of_topic))
        yield Sample(of.TOPIC_OFFLINE_PARTITIONS, (name,), offline)
        yield Sample(of.TOPIC_UNDER_REPLICATED_PARTITIONS, (name,), under_replicated)
        if name in min_isr:
            below = sum(len(partition.isr) < partition.least_isr(min_isr[name]) for partition in of_topic)
            sums.update(below=below)
            yield Sample(of.TOPIC_BELOW_MIN_ISR_PARTITIONS, (name,), below)
            at = sum(is_under_replicated(each) and len(each.isr) == each.least_isr(min_isr[name]) for each in of_topic)
            yield Sample(of.TOPIC_AT_MIN_ISR_PARTITIONS, (name,), at)
        if partitions:
            yield from _of_partitions(name, of_topic)
    yield Sample(of.OFFLINE_PARTITIONS, (), sums["offline"])
    yield Sample(of.UNDER_REPLICATED_PARTITIONS, (), sums["under_replicated"])
    if min_isr.keys() >= topics.keys():
        yield Sample(of.BELOW_MIN_ISR_PARTITIONS, (), sums["below"])


def is_under_replicated(partition: Partition) -> bool:
    """Whether its isr lacks a replica."""
    return len(partition.isr) < len(partition.replicas)


def _of_partitions(topic: str, of_topic: tuple[Partition, ...]) -> Iterator[Series]:
    labels = (topic,)
    led = [(each.partition, each.leader, each.replicas[0]) for each in of_topic if each.leader is not None]
    yield Series(of.PARTITION_REPLICAS, labels, [(each.partition, len(each.replicas)) for each in of_topic])
    yield Series(of.PARTITION_ISR, labels, [(each.partition, len(each.isr)) for each in of_topic])
    yield Series(of.PARTITION_UNDER_REPLICATED, labels, [(each.partition, int(is_under_replicated(each))) for each in of_topic])
    yield Series(of.PARTITION_OFFLINE, labels, [(each.partition, int(each.leader is None)) for each in of_topic])
    yield Series(of.PARTITION_LEADER, labels, [(partition, leader) for partition, leader, _ in led])
    yield Series(
        of.PARTITION_LEADER_IS_PREFERRED, labels, [(partition, int(leader == first)) for partition, leader, first in led]
    )


def offset_samples(offsets: Mapping[str, Mapping[int, PartitionOffsets]]) -> Iterator[Series]:
    """Where partitions begin and end, by topic and partition."""
    for topic, of_topic in offsets.items():
        labels, seen = (topic,), of_topic.items()
        yield Series(of.PARTITION_HIGH_WATERMARK, labels, [(partition, each.high_watermark) for partition, each in seen])
        yield Series(of.PARTITION_LOG_START_OFFSET, labels, [(partition, each.log_start_offset) for partition, each in seen])
        held = [(partition, each.in_open_transactions) for partition, each in seen]
        yield Series(of.PARTITION_OPEN_TRANSACTION_RECORDS, labels, held)


def size_samples(sizes: Iterable[Mapping[Place, int]]) -> Iterator[Sample]:
    """What topics take on all log_dirs together; ``sizes`` are those of the replicas in each log_dir."""
    sums: Counter[str] = Counter()
    for of_log_dir in sizes:
        for (topic, _), size in of_log_dir.items():
            sums[topic] += size
    for topic, size in sums.items():
        yield Sample(of.TOPIC_SIZE, (topic,), size)


def log_dir_samples(
    labels: tuple[str, str], *, is_online: bool, size: int, total: int | None, usable: int | None, growth: float | None
) -> Iterator[Sample]:
    """A log_dir: ``labels`` are node_id and path, sizes are bytes, ``growth`` is bytes per second."""
    yield Sample(of.LOG_DIR_ONLINE, labels, int(is_online))
    if not is_online:
        return
    yield Sample(of.LOG_DIR_SIZE, labels, size)
    for metric, value in ((of.LOG_DIR_TOTAL, total), (of.LOG_DIR_USABLE, usable), (of.LOG_DIR_GROWTH, growth)):
        if value is not None:
            yield Sample(metric, labels, value)
