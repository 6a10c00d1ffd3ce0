"""Brokers and disk: what each node carries, how busy it is, how even that is, and when its disk is full."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.dashboards.panel import (
    COLUMNS,
    GREEN,
    NEUTRAL,
    ORANGE,
    RED,
    Dashboard,
    Kind,
    Panel,
    Row,
    bad_from,
    floor,
    good_from,
    stat,
    warn_from,
)
from ottla.dashboards.query import ALIVE, Query, Scope, Variable
from ottla.metrics.cluster_metrics import (
    BROKER_FENCED,
    CERTIFICATE_EXPIRY,
    LOG_DIR_GROWTH,
    LOG_DIR_ONLINE,
    LOG_DIR_SIZE,
    LOG_DIR_TOTAL,
    LOG_DIR_USABLE,
)
from ottla.metrics.promql import node_metric

if TYPE_CHECKING:
    from ottla.metrics.metric import Metric
    from ottla.metrics.watched import Watched

BYTES_IN = node_metric("kafka_server_brokertopicmetrics_bytesin_total")
BYTES_OUT = node_metric("kafka_server_brokertopicmetrics_bytesout_total")
RECORDS_IN = node_metric("kafka_server_brokertopicmetrics_messagesin_total")
REPLICATED = node_metric("kafka_server_brokertopicmetrics_replicationbytesin_total")
HANDLERS_IDLE = node_metric("kafka_server_kafkarequesthandlerpool_brokerrequesthandleridle_ratio")
NETWORK_IDLE = node_metric("kafka_network_socketserver_networkprocessoridle_ratio")
QUEUE = node_metric("kafka_network_requestchannel_requestqueuesize")
P99 = node_metric("kafka_network_requestmetrics_totaltime_p99_seconds")
LEADERS = node_metric("kafka_server_replicamanager_leadercount")
PARTITIONS = node_metric("kafka_server_replicamanager_partitioncount")
UNDER_REPLICATED = node_metric("kafka_server_replicamanager_underreplicatedpartitions")
AT_MIN_ISR = node_metric("kafka_server_replicamanager_atminisrpartitioncount")
UNDER_MIN_ISR = node_metric("kafka_server_replicamanager_underminisrpartitioncount")
SHRINKS = node_metric("kafka_server_replicamanager_isrshrinks_total")
EXPANDS = node_metric("kafka_server_replicamanager_isrexpands_total")
OFFLINE_DIRS = node_metric("kafka_log_logmanager_offlinelogdirectorycount")
BROKER_STATE = node_metric("kafka_server_kafkaserver_brokerstate")
STATES = (
    ("1", "starting", ORANGE),
    ("2", "recovering logs", ORANGE),
    ("3", "running", GREEN),
    ("6", "leaving", ORANGE),
    ("7", "shutting down", RED),
)
IDLE_BELOW, BUSY_BELOW = 0.3, 0.1  # of the time: what Kafka's operators watch, and what they are woken for
NODE, NODE_ID = "node {{node}}", "node {{node_id}}"
TREND = "30m"  # shorter, and each segment that is rolled is a trend
FILLS = f"a volume has become fuller over {TREND}"

_variables = (Variable.NODE,)
_ask = Scope(_variables).ask


def brokers(watched: Watched) -> Dashboard:
    """Of one cluster."""
    rows = (
        Row("At a glance", _glance(watched)),
        Row("Traffic", _traffic()),
        Row("How busy", _busy()),
        Row("Balance and replicas", _balance()),
        Row("Disk", _disk(watched)),
        Row("Certificates", _certificates(watched)),
    )
    says = "What each node carries, how busy it is, how even that is, and when its disk is full."
    return Dashboard("ottla-brokers", "Kafka: brokers and disk", says, rows, _variables)


def _glance(watched: Watched) -> tuple[Panel, ...]:
    used = _ask("max(1 - {usable} / {total})", usable=LOG_DIR_USABLE, total=LOG_DIR_TOTAL)
    idle = good_from(IDLE_BELOW, orange=BUSY_BELOW)
    return (
        stat("Nodes up", "none", _ask("sum({up})", up=ALIVE), says="Nodes whose JMX agent answers Prometheus."),
        stat("Brokers fenced", "none", _ask("sum({fenced})", fenced=BROKER_FENCED), steps=bad_from(1)),
        stat("Leaders", "none", _ask("sum({leaders})", leaders=LEADERS)),
        stat(
            "Under-replicated",
            "none",
            _ask("sum({under})", under=UNDER_REPLICATED),
            steps=warn_from(1),
        ),
        stat("Below min ISR", "none", _ask("sum({under})", under=UNDER_MIN_ISR), steps=bad_from(1)),
        stat("Log dirs offline", "none", _ask("sum({offline})", offline=OFFLINE_DIRS), steps=bad_from(1)),
        stat("Least idle handlers", "percentunit", _ask("min({idle})", idle=HANDLERS_IDLE), steps=idle, decimals=0),
        stat(
            "Fullest disk",
            "percentunit",
            used,
            steps=bad_from(watched.disk_used, orange=watched.disk_used - 0.1),
            says="Used share of the volume below a log_dir.",
            decimals=1,
        ),
    )


def _by_node(promql: str, metric: Metric, legend: str = NODE) -> tuple[Query, ...]:
    return (_ask(promql, legend, figures=metric),)


def _traffic() -> tuple[Panel, ...]:
    rate = "sum by (node) (rate({figures}[{rate}]))"
    return (
        Panel("Bytes in", "Bps", _by_node(rate, BYTES_IN), width=6),
        Panel("Bytes out", "Bps", _by_node(rate, BYTES_OUT), width=6),
        Panel("Bytes replicated", "Bps", _by_node(rate, REPLICATED), width=6),
        Panel("Records in", "cps", _by_node(rate, RECORDS_IN), width=6),
    )


def _busy() -> tuple[Panel, ...]:
    idle = floor(BUSY_BELOW, orange=IDLE_BELOW)
    least, most = "min by (node) ({figures})", "max by (node) ({figures})"
    return (
        Panel("Request handlers idle", "percentunit", _by_node(least, HANDLERS_IDLE), width=6, steps=idle, line=True, maximum=1),
        Panel("Network threads idle", "percentunit", _by_node(least, NETWORK_IDLE), width=6, steps=idle, line=True, maximum=1),
        Panel("Requests that wait", "none", _by_node(most, QUEUE), width=6),
        Panel(
            "Request time (p99)",
            "s",
            _by_node("max by (node, request) ({figures})", P99, "{{request}}, node {{node}}"),
            says="A fetch that finds nothing waits for up to fetch.max.wait.ms: 500 ms is an idle topic.",
            width=6,
        ),
    )


def _balance() -> tuple[Panel, ...]:
    most = "max by (node) ({figures})"
    trouble = (
        *_by_node(most, UNDER_REPLICATED, "under-replicated, node {{node}}"),
        *_by_node(most, AT_MIN_ISR, "at min ISR, node {{node}}"),
        *_by_node(most, UNDER_MIN_ISR, "below min ISR, node {{node}}"),
    )
    changes = (
        *_by_node("sum by (node) (rate({figures}[{rate}]))", SHRINKS, "shrinks, node {{node}}"),
        *_by_node("sum by (node) (rate({figures}[{rate}]))", EXPANDS, "expands, node {{node}}"),
    )
    return (
        Panel("Leaders", "none", _by_node(most, LEADERS), says="Even lines are an even load.", width=6),
        Panel("Partitions", "none", _by_node(most, PARTITIONS), width=6),
        Panel("Partitions in trouble", "none", trouble, width=6),
        Panel("Changes of the ISR", "cps", changes, says="A second. It is 0 but when nodes go and come.", width=6),
        Panel("State of brokers", "none", _by_node(most, BROKER_STATE), Kind.STATES, names=STATES, height=6),
        Panel(
            "Fenced brokers",
            "none",
            _by_node("max by (node_id) ({figures})", BROKER_FENCED, NODE_ID),
            Kind.STATES,
            names=(("0", "active", GREEN), ("1", "fenced", RED)),
            height=6,
        ),
    )


def _certificates(watched: Watched) -> tuple[Panel, ...]:
    left = "min by (node_id, address) ({expiry}) - time()"
    return (
        Panel(
            "Certificates of brokers expire in",
            "s",
            (_ask(left, "node {{node_id}} {{address}}", expiry=CERTIFICATE_EXPIRY),),
            width=COLUMNS,
            height=6,
            steps=floor(watched.expire_within / 1000),
            line=True,
            empty_until="brokers have listeners with TLS",
        ),
    )


def _disk(watched: Watched) -> tuple[Panel, ...]:
    per_dir, directory = "max by (node_id, log_dir) ({figures})", "node {{node_id}} {{log_dir}}"
    full = f"{{usable}} / (-deriv({{usable}}[{TREND}]) > 0)"
    used = _ask("max by (node_id, log_dir) (1 - {usable} / {total})", directory, usable=LOG_DIR_USABLE, total=LOG_DIR_TOTAL)
    return (
        Panel("Volume used", "percentunit", (used,), steps=bad_from(watched.disk_used), line=True, maximum=1),
        Panel(
            "Size of log dirs",
            "bytes",
            _by_node(per_dir, LOG_DIR_SIZE, directory),
            says="The line is at the same share of `cluster.disk`." if watched.disk else "",
            steps=bad_from(watched.disk * watched.disk_used) if watched.disk else NEUTRAL,
            line=bool(watched.disk),
        ),
        Panel("Growth of log dirs", "Bps", _by_node(per_dir, LOG_DIR_GROWTH, directory), minimum=None, width=8),
        Panel(
            "Volume full in",
            "s",
            (_ask(f"min by (node_id, log_dir) ({full})", directory, usable=LOG_DIR_USABLE),),
            says=f"If it goes on as in the last {TREND}, whoever writes to it.",
            width=8,
            steps=floor(watched.full_within / 1000),
            line=True,
            empty_until=FILLS,
        ),
        Panel(
            "Usable log dirs",
            "none",
            _by_node(per_dir, LOG_DIR_ONLINE, directory),
            Kind.STATES,
            names=(("0", "offline", RED), ("1", "online", GREEN)),
            width=8,
        ),
    )
