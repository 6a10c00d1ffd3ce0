"""The first dashboard to open: is it healthy, what fires, how much goes through, how late it is, how full the disks are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.dashboards.panel import Dashboard, Kind, Panel, Row, bad_from, lag_from, only, stat, warn_from
from ottla.dashboards.query import FIRING, Scope, buckets
from ottla.metrics.cluster_metrics import (
    BELOW_MIN_ISR_PARTITIONS,
    BROKERS_PRESENT,
    LOG_DIR_TOTAL,
    LOG_DIR_USABLE,
    OFFLINE_PARTITIONS,
    UNDER_REPLICATED_PARTITIONS,
)
from ottla.metrics.exporter_metrics import CANARY_DELIVERY, CANARY_PRODUCE
from ottla.metrics.group_metrics import GROUP_TOPIC_LAG_RECORDS, GROUP_TOPIC_LAG_SECONDS
from ottla.metrics.promql import node_metric

if TYPE_CHECKING:
    from ottla.metrics.watched import Watched

ACTIVE_CONTROLLERS = node_metric("kafka_controller_kafkacontroller_activecontrollercount")
RECORDS_IN = node_metric("kafka_server_brokertopicmetrics_messagesin_total")
BYTES_IN = node_metric("kafka_server_brokertopicmetrics_bytesin_total")
BYTES_OUT = node_metric("kafka_server_brokertopicmetrics_bytesout_total")
P99 = node_metric("kafka_network_requestmetrics_totaltime_p99_seconds")
WORST = 10
NO_ALERT = "an alert fires"

_ask = Scope().ask


def overview(watched: Watched) -> Dashboard:
    """Of one cluster."""
    rows = (
        Row("Is it healthy?", _health(watched)),
        Row("Throughput and latency", _traffic()),
        Row("Lag and disk", _lag_and_disk(watched)),
        Row("What fires, and since when partitions were in trouble", _trouble()),
    )
    says = "Is it healthy, what fires, how much goes through, how late it is, how full the disks are."
    return Dashboard("ottla-overview", "Kafka: overview", says, rows)


def _health(watched: Watched) -> tuple[Panel, ...]:
    lag = _ask("max({lag})", lag=GROUP_TOPIC_LAG_SECONDS)
    disk = _ask("max(1 - {usable} / {total})", usable=LOG_DIR_USABLE, total=LOG_DIR_TOTAL)
    return (
        stat(
            "Alerts that fire",
            "none",
            _ask("count({firing}) or vector(0)", firing=FIRING),
            steps=bad_from(1),
            says="Alerts of this cluster in state firing; the watchdog, which always fires, is not counted.",
        ),
        stat("Brokers present", "none", _ask("max({brokers})", brokers=BROKERS_PRESENT), steps=only(watched.brokers)),
        stat("Active controllers", "none", _ask("sum({active})", active=ACTIVE_CONTROLLERS), steps=only(1)),
        stat("Partitions offline", "none", _ask("max({offline})", offline=OFFLINE_PARTITIONS), steps=bad_from(1)),
        stat("Below min ISR", "none", _ask("max({below})", below=BELOW_MIN_ISR_PARTITIONS), steps=bad_from(1)),
        stat(
            "Under-replicated",
            "none",
            _ask("max({under})", under=UNDER_REPLICATED_PARTITIONS),
            steps=warn_from(1),
        ),
        stat("Worst lag", "s", lag, steps=lag_from(watched.lag.age / 1000, orange=True)),
        stat(
            "Fullest disk",
            "percentunit",
            disk,
            steps=bad_from(watched.disk_used, orange=watched.disk_used - 0.1),
            says="Used share of the volume below a log_dir.",
            decimals=1,
        ),
    )


def _traffic() -> tuple[Panel, ...]:
    quantile = "histogram_quantile({q}, sum by (le) (rate({{seconds}}[{{rate}}])))"
    p50, p99 = quantile.format(q=0.5), quantile.format(q=0.99)
    return (
        Panel(
            "Records in",
            "cps",
            (_ask("sum by (node) (rate({records}[{rate}]))", "node {{node}}", records=RECORDS_IN),),
            says="Records a second that producers sent, by the broker that took them; stacked, so the top is the cluster's.",
            stacked=True,
        ),
        Panel(
            "Bytes in and out",
            "Bps",
            (
                _ask("sum(rate({bytes}[{rate}]))", "in", bytes=BYTES_IN),
                _ask("sum(rate({bytes}[{rate}]))", "out", bytes=BYTES_OUT),
            ),
            says="What producers sent and consumers fetched, all brokers together. Replication is not in it.",
        ),
        Panel(
            "Latency by the canary",
            "s",
            (
                _ask(p99, "delivered, p99", seconds=buckets(CANARY_DELIVERY)),
                _ask(p50, "delivered, p50", seconds=buckets(CANARY_DELIVERY)),
                _ask(p99, "acknowledged, p99", seconds=buckets(CANARY_PRODUCE)),
                _ask(p50, "acknowledged, p50", seconds=buckets(CANARY_PRODUCE)),
            ),
            says="What a client waits, measured by records of Ottla's own to every broker and back.",
        ),
        Panel(
            "Slowest requests (p99)",
            "s",
            (_ask("max by (request) ({p99})", "{{request}}", p99=P99),),
            says="On the slowest broker. A fetch that finds nothing waits for up to fetch.max.wait.ms: 500 ms is an idle topic.",
        ),
    )


def _lag_and_disk(watched: Watched) -> tuple[Panel, ...]:
    worst = f"topk({WORST}, max by (consumer_group, topic) ({{lag}}))"
    legend = "{{consumer_group}}: {{topic}}"
    third = 8
    return (
        Panel(
            "Lag in seconds, worst groups",
            "s",
            (_ask(worst, legend, lag=GROUP_TOPIC_LAG_SECONDS),),
            width=third,
            steps=lag_from(watched.lag.age / 1000),
            line=True,
        ),
        Panel(
            "Lag in records, worst groups",
            "short",
            (_ask(worst, legend, lag=GROUP_TOPIC_LAG_RECORDS),),
            width=third,
            steps=lag_from(watched.lag.records),
            line=True,
        ),
        Panel(
            "Disk used",
            "percentunit",
            (_ask("max by (node_id) (1 - {usable} / {total})", "node {{node_id}}", usable=LOG_DIR_USABLE, total=LOG_DIR_TOTAL),),
            says="Used share of the fullest volume of each node, whoever uses it.",
            width=third,
            steps=bad_from(watched.disk_used),
            line=True,
            maximum=1,
        ),
    )


def _trouble() -> tuple[Panel, ...]:
    firing = "max by (alertname, severity, node, topic, consumer_group) ({firing})"
    return (
        Panel(
            "Alerts that fire",
            "none",
            (_ask(firing, "firing", firing=FIRING),),
            Kind.TABLE,
            says="Each alert of this cluster in state firing, and what it is about.",
            hidden=("firing",),
            empty_until=NO_ALERT,
        ),
        Panel(
            "Partitions in trouble",
            "none",
            (
                _ask("max({offline})", "offline", offline=OFFLINE_PARTITIONS),
                _ask("max({below})", "below min ISR", below=BELOW_MIN_ISR_PARTITIONS),
                _ask("max({under})", "under-replicated", under=UNDER_REPLICATED_PARTITIONS),
            ),
        ),
    )
