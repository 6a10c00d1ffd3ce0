"""Prometheus' configuration: whom it asks, how often, with which labels; which rules it has, and whom it tells of alerts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ottla.metrics.alert import prometheus_time
from ottla.metrics.promql import EXPORTER_JOB, NODES_JOB

if TYPE_CHECKING:
    from collections.abc import Sequence

TIMEOUT = 10_000  # ms


@dataclass(frozen=True, slots=True)
class NodeTarget:
    """A node's JMX agent. ``role`` is broker, controller or combined."""

    node_id: int
    role: str
    address: str


@dataclass(frozen=True, slots=True)
class ExporterTarget:
    """The exporter. Whom to trust and the password are in files: a configuration holds no secret.

    ``server_name`` is what its certificate calls it, where that is known: it need not be the address it is asked at.
    """

    address: str
    tls: bool = False
    ca_file: str | None = None
    server_name: str | None = None
    user: str | None = None
    password_file: str | None = None


def prometheus_document(
    *,
    cluster: str,
    nodes: Sequence[NodeTarget],
    exporter: ExporterTarget | None,
    alertmanager: str,
    interval: int,
    rules: str,
) -> dict[str, Any]:
    """Prometheus' configuration as data; ``interval`` is in ms, ``rules`` names the file of rules."""
    jobs = [*([_nodes(cluster, nodes)] if nodes else []), *([_exporter(cluster, exporter)] if exporter else [])]
    every = prometheus_time(interval)
    return {
        "global": {
            "scrape_interval": every,
            "scrape_timeout": prometheus_time(min(interval, TIMEOUT)),
            "evaluation_interval": every,
        },
        "rule_files": [rules],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]},
        "scrape_configs": jobs,
    }


def _nodes(cluster: str, nodes: Sequence[NodeTarget]) -> dict[str, Any]:
    targets = [
        {"targets": [node.address], "labels": {"cluster": cluster, "node": str(node.node_id), "role": node.role}}
        for node in nodes
    ]
    return {"job_name": NODES_JOB, "static_configs": targets}


def _exporter(cluster: str, exporter: ExporterTarget) -> dict[str, Any]:
    named = {"server_name": exporter.server_name} if exporter.server_name else {}
    login = {"username": exporter.user, "password_file": exporter.password_file}
    return {
        "job_name": EXPORTER_JOB,
        "scheme": "https" if exporter.tls else "http",
        **({"tls_config": {"ca_file": exporter.ca_file, **named}} if exporter.tls else {}),
        **({"basic_auth": login} if exporter.user else {}),
        "static_configs": [{"targets": [exporter.address], "labels": {"cluster": cluster}}],
    }
