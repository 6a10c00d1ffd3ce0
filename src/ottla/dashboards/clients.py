"""Clients: what they wait and what fails, as the canary and the brokers see it; and whether the exporter can be believed."""

from __future__ import annotations

from ottla.dashboards.panel import GREEN, RED, Dashboard, Kind, Panel, Row, bad_from, stat, warn_from
from ottla.dashboards.query import ALIVE, SCRAPE_DURATION, Scope, Variable, buckets
from ottla.metrics.exporter_metrics import (
    CANARY_DELIVERY,
    CANARY_LATE,
    CANARY_LOST,
    CANARY_PRODUCE,
    CANARY_RECEIVED,
    CANARY_REFUSED,
    CANARY_SENT,
    COLLECTOR_DURATION,
    COLLECTOR_SUCCESS,
    DROPPED_SERIES,
    FUTURE_TIMESTAMPS,
    REQUESTS,
    SNAPSHOT_AGE,
    UNSETTLED_OFFSETS,
)
from ottla.metrics.promql import node_metric

FAILED_PRODUCE = node_metric("kafka_server_brokertopicmetrics_failedproducerequests_total")
FAILED_FETCH = node_metric("kafka_server_brokertopicmetrics_failedfetchrequests_total")
P50 = node_metric("kafka_network_requestmetrics_totaltime_p50_seconds")
P99 = node_metric("kafka_network_requestmetrics_totaltime_p99_seconds")
P99_MOST = 0.1  # seconds: what the platform promises its clients
STALE = 60  # seconds
NODE, NODE_ID = "node {{node}}", "node {{node_id}}"

_variables = (Variable.NODE,)
_ask = Scope(_variables).ask


def clients() -> Dashboard:
    """Of one cluster."""
    rows = (
        Row("At a glance", _glance()),
        Row("What a client waits, by the canary", _canary()),
        Row("What brokers answer", _answers()),
        Row("The exporter itself", _exporter()),
    )
    says = "What clients wait and what fails, as the canary and the brokers see it; and whether the exporter can be believed."
    return Dashboard("ottla-clients", "Kafka: clients", says, rows, _variables)


def _quantile(quantile: float, series: str = "sum by (le)") -> str:
    return f"histogram_quantile({quantile}, {series} (rate({{seconds}}[{{rate}}])))"


def _glance() -> tuple[Panel, ...]:
    slow = bad_from(2 * P99_MOST, orange=P99_MOST)
    failed = "sum(rate({failed}[{rate}]))"
    return (
        stat("Acknowledged, p99", "s", _ask(_quantile(0.99), seconds=buckets(CANARY_PRODUCE)), steps=slow),
        stat("Delivered, p99", "s", _ask(_quantile(0.99), seconds=buckets(CANARY_DELIVERY)), steps=slow),
        stat("Refused", "none", _ask("sum({refused})", refused=CANARY_REFUSED), steps=bad_from(1), says="Since it started."),
        stat("Lost", "none", _ask("sum({lost})", lost=CANARY_LOST), steps=bad_from(1), says="Since it started."),
        stat("Produce failures", "cps", _ask(failed, failed=FAILED_PRODUCE), steps=bad_from(1, orange=0.001)),
        stat("Fetch failures", "cps", _ask(failed, failed=FAILED_FETCH), steps=bad_from(1, orange=0.001)),
        stat("Age of figures", "s", _ask("max({age})", age=SNAPSHOT_AGE), steps=bad_from(STALE, orange=STALE / 2)),
        stat(
            "Collectors that fail",
            "none",
            _ask("sum(1 - {success})", success=COLLECTOR_SUCCESS),
            steps=warn_from(1),
        ),
    )


def _canary() -> tuple[Panel, ...]:
    by_node = "sum by (le, node_id)"
    outcomes = {"sent": CANARY_SENT, "received": CANARY_RECEIVED}
    bad = {"refused": CANARY_REFUSED, "late": CANARY_LATE, "lost": CANARY_LOST}
    return (
        Panel(
            "Until acknowledged (p99)",
            "s",
            (_ask(_quantile(0.99, by_node), NODE_ID, seconds=buckets(CANARY_PRODUCE)),),
            steps=bad_from(P99_MOST),
            line=True,
        ),
        Panel(
            "Until delivered (p99)",
            "s",
            (_ask(_quantile(0.99, by_node), NODE_ID, seconds=buckets(CANARY_DELIVERY)),),
            steps=bad_from(P99_MOST),
            line=True,
        ),
        Panel(
            "Half of them (p50)",
            "s",
            (
                _ask(_quantile(0.5), "acknowledged", seconds=buckets(CANARY_PRODUCE)),
                _ask(_quantile(0.5), "delivered", seconds=buckets(CANARY_DELIVERY)),
            ),
            width=8,
        ),
        Panel(
            "Sent and received",
            "cps",
            tuple(_ask("sum(rate({counted}[{rate}]))", name, counted=metric) for name, metric in outcomes.items()),
            says="The two lines lie on each other, or something is wrong.",
            width=8,
        ),
        Panel(
            "Refused, late and lost",
            "cps",
            tuple(_ask("sum(rate({counted}[{rate}]))", name, counted=metric) for name, metric in bad.items()),
            width=8,
        ),
    )


def _answers() -> tuple[Panel, ...]:
    failed, most = "sum by (node) (rate({failed}[{rate}]))", "max by (request) ({time})"
    waits = "On the slowest broker. A fetch that finds nothing waits for up to fetch.max.wait.ms: 500 ms is an idle topic."
    return (
        Panel("Failed produce requests", "cps", (_ask(failed, NODE, failed=FAILED_PRODUCE),), width=8),
        Panel("Failed fetch requests", "cps", (_ask(failed, NODE, failed=FAILED_FETCH),), width=8),
        Panel(
            "Time of requests",
            "s",
            (_ask(most, "{{request}}, p99", time=P99), _ask(most, "{{request}}, p50", time=P50)),
            says=waits,
            width=8,
        ),
    )


def _exporter() -> tuple[Panel, ...]:
    collector = "{{collector}}"
    success = (("0", "failed", RED), ("1", "read", GREEN))
    doubts = (
        _ask("max({offsets})", "lag in seconds not settled", offsets=UNSETTLED_OFFSETS),
        _ask("max({offsets})", "timestamps in the future", offsets=FUTURE_TIMESTAMPS),
        _ask("sum({dropped})", "series dropped", dropped=DROPPED_SERIES),
    )
    requests = (_ask("sum by (request) (rate({sent}[{rate}]))", "{{request}}", sent=REQUESTS),)
    targets = (_ask("max by (job, instance) ({seconds})", "{{job}} {{instance}}", seconds=SCRAPE_DURATION),)
    return (
        Panel("Age of figures", "s", (_ask("max({age})", "age", age=SNAPSHOT_AGE),), width=8, steps=bad_from(STALE), line=True),
        Panel("Time of collectors", "s", (_ask("max by (collector) ({time})", collector, time=COLLECTOR_DURATION),), width=8),
        Panel("Requests to Kafka", "cps", requests, width=8),
        Panel(
            "Collectors",
            "none",
            (_ask("min by (collector) ({success})", collector, success=COLLECTOR_SUCCESS),),
            Kind.STATES,
            names=success,
            width=8,
        ),
        Panel("What is in doubt", "none", doubts, width=8),
        Panel("Time of scrapes", "s", targets, says="How long each target took to answer Prometheus.", width=8),
        Panel(
            "Nodes that answer",
            "none",
            (_ask("max by (node) ({up})", NODE, up=ALIVE),),
            Kind.STATES,
            names=(("0", "down", RED), ("1", "up", GREEN)),
            says="The JMX agent of each node, asked by Prometheus.",
            height=6,
            width=24,
        ),
    )
