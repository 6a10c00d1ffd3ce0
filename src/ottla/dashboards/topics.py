"""Topics: what is written and read, what each takes on disk, and whether its replicas are in sync."""

from __future__ import annotations

from ottla.dashboards.panel import Dashboard, Kind, Panel, Row, bad_from, stat, warn_from
from ottla.dashboards.query import Query, Scope, Variable
from ottla.metrics.cluster_metrics import (
    PARTITION_HIGH_WATERMARK,
    PARTITION_LEADER_IS_PREFERRED,
    PARTITION_LOG_START_OFFSET,
    PARTITION_OPEN_TRANSACTION_RECORDS,
    PARTITION_REPLICAS,
    TOPIC_BELOW_MIN_ISR_PARTITIONS,
    TOPIC_OFFLINE_PARTITIONS,
    TOPIC_PARTITIONS,
    TOPIC_SIZE,
    TOPIC_UNDER_REPLICATED_PARTITIONS,
)
from ottla.metrics.promql import node_metric

RECORDS_IN = node_metric("kafka_server_brokertopicmetrics_topic_messagesin_total")
BYTES_IN = node_metric("kafka_server_brokertopicmetrics_topic_bytesin_total")
BYTES_OUT = node_metric("kafka_server_brokertopicmetrics_topic_bytesout_total")
OFFSETS = "Offsets between the first and the end: compaction and transactions leave gaps, so there are no more records than that."

_variables = (Variable.TOPIC,)
_ask = Scope(_variables).ask


def topics() -> Dashboard:
    """Of one cluster."""
    rows = (
        Row("At a glance", _glance()),
        Row("Traffic", _traffic()),
        Row("What is stored", _stored()),
        Row("Replicas and leaders", _replicas()),
    )
    says = "What is written and read, what each topic takes on disk, and whether its replicas are in sync."
    return Dashboard("ottla-topics", "Kafka: topics", says, rows, _variables)


def _glance() -> tuple[Panel, ...]:
    records = _ask("sum({end} - {start})", end=PARTITION_HIGH_WATERMARK, start=PARTITION_LOG_START_OFFSET)
    return (
        stat("Topics", "none", _ask("count({partitions})", partitions=TOPIC_PARTITIONS)),
        stat("Partitions", "none", _ask("sum({partitions})", partitions=TOPIC_PARTITIONS)),
        stat("Records held", "short", records, says=OFFSETS),
        stat("On disk", "bytes", _ask("sum({size})", size=TOPIC_SIZE)),
        stat("Partitions offline", "none", _ask("sum({offline})", offline=TOPIC_OFFLINE_PARTITIONS), steps=bad_from(1)),
        stat("Below min ISR", "none", _ask("sum({below})", below=TOPIC_BELOW_MIN_ISR_PARTITIONS), steps=bad_from(1)),
        stat("Under-replicated", "none", _ask("sum({under})", under=TOPIC_UNDER_REPLICATED_PARTITIONS), steps=warn_from(1)),
        stat(
            "Leaders not preferred",
            "none",
            _ask("sum(1 - {preferred})", preferred=PARTITION_LEADER_IS_PREFERRED),
            steps=warn_from(1),
            says="Partitions whose leader is not the first of their replicas.",
        ),
    )


def _by_topic(promql: str, **parts: object) -> tuple[Query, ...]:
    return (_ask(promql, "{{topic}}", **parts),)  # type: ignore[arg-type]


def _traffic() -> tuple[Panel, ...]:
    rate = "sum by (topic) (rate({counted}[{rate}]))"
    return (
        Panel("Records in", "cps", _by_topic(rate, counted=RECORDS_IN), width=8),
        Panel("Bytes in", "Bps", _by_topic(rate, counted=BYTES_IN), width=8),
        Panel("Bytes out", "Bps", _by_topic(rate, counted=BYTES_OUT), width=8),
    )


def _stored() -> tuple[Panel, ...]:
    held = "sum by (topic) ({end} - {start})"
    return (
        Panel("Size on disk", "bytes", _by_topic("max by (topic) ({size})", size=TOPIC_SIZE), stacked=True, width=8),
        Panel(
            "Records held",
            "short",
            _by_topic(held, end=PARTITION_HIGH_WATERMARK, start=PARTITION_LOG_START_OFFSET),
            says=OFFSETS,
            width=8,
        ),
        Panel(
            "Records of open transactions",
            "short",
            _by_topic("sum by (topic) (min_over_time({held_back}[{rate}]))", held_back=PARTITION_OPEN_TRANSACTION_RECORDS),
            says="The least of a few scrapes, to see only what stays: a transaction that hangs stops read_committed consumers.",
            width=8,
        ),
    )


def _replicas() -> tuple[Panel, ...]:
    columns = (
        _ask("max by (topic) ({partitions})", "partitions", partitions=TOPIC_PARTITIONS),
        _ask("max by (topic) ({replicas})", "replicas", replicas=PARTITION_REPLICAS),
        _ask("max by (topic) ({size})", "on disk", "bytes", size=TOPIC_SIZE),
        _ask("max by (topic) ({under})", "under-replicated", under=TOPIC_UNDER_REPLICATED_PARTITIONS),
        _ask("max by (topic) ({offline})", "offline", offline=TOPIC_OFFLINE_PARTITIONS),
    )
    trouble = (
        _ask("sum by (topic) ({under}) > 0", "{{topic}}: under-replicated", under=TOPIC_UNDER_REPLICATED_PARTITIONS),
        _ask("sum by (topic) ({below}) > 0", "{{topic}}: below min ISR", below=TOPIC_BELOW_MIN_ISR_PARTITIONS),
        _ask("sum by (topic) ({offline}) > 0", "{{topic}}: offline", offline=TOPIC_OFFLINE_PARTITIONS),
    )
    return (
        Panel("Topics", "none", columns, Kind.TABLE, height=10),
        Panel(
            "Partitions in trouble",
            "none",
            trouble,
            says="Only topics that have any.",
            height=10,
            empty_until="a partition lacks a replica or a leader",
        ),
    )
