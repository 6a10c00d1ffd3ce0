"""The spec's own arithmetic: whether the stated load fits the stated disks and partitions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.model.units import counted, format_duration, format_size
from ottla.spec.schema import CleanupPolicy

if TYPE_CHECKING:
    from ottla.spec.schema import EnvironmentSpec, LoadSpec, TopicSpec

DEFAULT_SEGMENT_BYTES = 1024**3  # log.segment.bytes of Kafka
MS_PER_SECOND = 1000
NODE_REPLICAS = 4_000  # what Kafka's own makers advise at most (Jun Rao, on Kafka 1.1)
PARTITION_BYTES_PER_SECOND = 1_000_000  # about what one partition carries well [003]


def disk_warnings(spec: EnvironmentSpec) -> list[str]:
    """A sentence with figures where ``load`` for its retention is more than the disks of ``cluster.disk`` hold.

    Every topic that drops old records has ``retention_bytes``: then these bound the disk, whatever the load. Otherwise the
    load does. A compacted topic is bounded by its keys, which nobody knows here: it is not counted. Replicas are taken as
    spread evenly over the nodes; compression and indexes are not counted.
    """
    load, disk = spec.load, spec.cluster.disk
    if load is None or disk is None or disk <= 0:
        return []
    dropping = [topic for topic in spec.topics.values() if topic.cleanup_policy is not CleanupPolicy.COMPACT]
    bounds = [_bound(spec, topic) for topic in dropping]
    bounded = [bound for bound in bounds if bound is not None]
    if bounded and len(bounded) == len(bounds):
        return _bounded_warning(sum(bounded) / spec.cluster.nodes, disk)
    return _load_warning(spec, load, disk)


def partition_warnings(spec: EnvironmentSpec) -> list[str]:
    """A sentence where ``load``, spread evenly, is more than about 1 MB/s for each partition."""
    partitions = sum(topic.partitions for topic in spec.topics.values())
    if spec.load is None or not partitions:
        return []
    rate = spec.load.events_per_second * spec.load.event_size
    if rate <= partitions * PARTITION_BYTES_PER_SECOND:
        return []
    enough = -(-rate // PARTITION_BYTES_PER_SECOND)
    sentence = (
        f"{rate / 1e6:,.1f} MB/s over {counted(partitions, 'partition')} is {rate / partitions / 1e6:,.1f} MB/s each; "
        f"about 1 MB/s is what one carries well: {enough} partitions would do"
    )
    return [sentence]


def replica_warnings(spec: EnvironmentSpec) -> list[str]:
    """A sentence where a node, with replicas spread evenly, gets more of them than is well."""
    default = spec.topic_defaults.replication_factor
    replicas = sum(topic.partitions * (topic.replication_factor or default) for topic in spec.topics.values())
    each = -(-replicas // spec.cluster.nodes)
    if each <= NODE_REPLICAS:
        return []
    return [
        f"{replicas:,} replicas are {each:,} on each node; with more than about {NODE_REPLICAS:,} it starts and fails over slowly"
    ]


def _bound(spec: EnvironmentSpec, topic: TopicSpec) -> int | None:
    if topic.retention_bytes is None or topic.retention_bytes < 0:
        return None
    # Retention drops whole segments and never the active one, so a partition may hold one segment more.
    partition = topic.retention_bytes + (topic.segment_bytes or DEFAULT_SEGMENT_BYTES)
    return partition * topic.partitions * (topic.replication_factor or spec.topic_defaults.replication_factor)


def _bounded_warning(per_node: float, disk: int) -> list[str]:
    if per_node <= disk:
        return []
    sentence = (
        f"retention_bytes lets the topics grow to {format_size(per_node)} a node; cluster.disk is {format_size(disk)}: "
        "lower retention_bytes or segment_bytes, or take a larger disk"
    )
    return [sentence]


def _load_warning(spec: EnvironmentSpec, load: LoadSpec, disk: int) -> list[str]:
    copies = spec.topic_defaults.replication_factor
    per_node = load.events_per_second * load.event_size * copies / spec.cluster.nodes
    if load.retention < 0:
        needed, kept = float("inf"), "ever"
    else:
        needed, kept = per_node * load.retention / MS_PER_SECOND, format_duration(load.retention)
    if needed <= disk:
        return []
    full = format_duration(disk / per_node * MS_PER_SECOND)
    size = "without end" if needed == float("inf") else format_size(needed)
    sentence = (
        f"{load.events_per_second:,} events/s of {format_size(load.event_size)} kept for {kept} need {size} a node "
        f"(replication_factor {copies} on {counted(spec.cluster.nodes, 'node')}); cluster.disk is {format_size(disk)}, full "
        f"after {full}: set retention_bytes on every topic, or take a larger disk"
    )
    return [sentence]
