"""For the prometheus-operator: whom Prometheus asks, with the labels that our rules and dashboards go by; and the rules.

The operator gives targets labels of its own (namespace, pod, container, endpoint, service; job and instance otherwise than ours)
before it applies a monitor's relabelings (pkg/prometheus/promcfg.go): these make of them exactly what a Prometheus beside local
nodes has (metrics/scrape.py). So a pod that was replaced goes on with the series of the one before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ottla.kubernetes.exporter import NAME as EXPORTER
from ottla.kubernetes.exporter import PORT_NAME, runs_exporter
from ottla.kubernetes.pods import kafka_pods
from ottla.kubernetes.resource import Resource, Said, Tree, metadata
from ottla.kubernetes.resource_names import resource_name
from ottla.kubernetes.strimzi import KAFKA
from ottla.kubernetes.watching import watched
from ottla.metrics.alert import prometheus_time
from ottla.metrics.alert_rules import rules_document
from ottla.metrics.alerts import alerts_of
from ottla.metrics.promql import EXPORTER_JOB, NODES_JOB
from ottla.metrics.scrape import TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.kubernetes.site import Site

API = "monitoring.coreos.com/v1"
NODES, ALERTS = "kafka", "kafka-alerts"
# Of pods that Strimzi makes: KafkaPool, Labels.withStrimziBrokerRole and .withStrimziControllerRole, MetricsModel
METRICS_PORT = "tcp-prometheus"
ROLE_LABELS = [f"__meta_kubernetes_pod_label_strimzi_io_{role}_role" for role in ("broker", "controller")]
ROLES = {"true;true": "combined", "true;false": "broker", "false;true": "controller"}
OF_THE_OPERATOR = "namespace|pod|container|endpoint|service"


def monitors(site: Site) -> Iterator[Resource]:
    """The monitors of a cluster's nodes and of its exporter, and the rules; where a prometheus-operator is said to be there.

    An environment that shares a cluster has rules about its groups, if it says that they are looked at.
    """
    if not site.spec.kubernetes.monitors.enabled:
        return
    if site.has_cluster:
        yield _nodes(site)
    if runs_exporter(site):
        yield _exporter(site)
    if site.has_cluster or site.spec.exporter.enabled:
        yield _rules(site)


def left_out(site: Site) -> Iterator[str]:
    """The alerts that there cannot be, and why."""
    missing = alerts_of(watched(site)).left_out if site.spec.kubernetes.monitors.enabled else ()
    for why in dict.fromkeys(each.why for each in missing):
        yield f"left out: {', '.join(each.name for each in missing if each.why == why)}: {why}"


def _nodes(site: Site) -> Resource:
    relabelings = [
        *_known(site, NODES_JOB),
        {"sourceLabels": ["__meta_kubernetes_pod_name"], "targetLabel": "instance"},
        {"sourceLabels": ["__meta_kubernetes_pod_name"], "regex": ".+-([0-9]+)", "replacement": "$1", "targetLabel": "node"},
        *({"sourceLabels": ROLE_LABELS, "regex": has, "replacement": role, "targetLabel": "role"} for has, role in ROLES.items()),
        _dropped(),
    ]
    endpoint = {"port": METRICS_PORT, "path": "/metrics", **_times(site), "relabelings": relabelings}
    spec = {"selector": {"matchLabels": kafka_pods(site)}, "podMetricsEndpoints": [endpoint]}
    return _monitoring(site, "PodMonitor", NODES, "kafka-pod-monitor.yaml", spec)


def _exporter(site: Site) -> Resource:
    relabelings = [*_known(site, EXPORTER_JOB), {"targetLabel": "instance", "replacement": EXPORTER}, _dropped()]
    endpoint = {"port": PORT_NAME, "path": "/metrics", **_times(site), "relabelings": relabelings}
    spec = {"selector": {"matchLabels": {"app": EXPORTER}}, "endpoints": [endpoint]}
    return _monitoring(site, "ServiceMonitor", EXPORTER, f"{EXPORTER}-service-monitor.yaml", spec)


def _known(site: Site, job: str) -> list[Tree]:
    return [{"targetLabel": "job", "replacement": job}, {"targetLabel": "cluster", "replacement": site.cluster}]


def _dropped() -> dict[str, Tree]:
    return {"action": "labeldrop", "regex": OF_THE_OPERATOR}


def _times(site: Site) -> dict[str, Tree]:
    interval = site.spec.monitoring.prometheus.scrape_interval
    path = ("monitoring", "prometheus", "scrape_interval")
    return {"interval": Said(prometheus_time(interval), path), "scrapeTimeout": prometheus_time(min(interval, TIMEOUT))}


def _rules(site: Site) -> Resource:
    """The rules of `ottla monitoring`, looked at as often as targets are asked: what they wait for is reckoned by that."""
    spec = site.spec
    alerts = alerts_of(watched(site)).alerts
    document = rules_document(alerts, cluster=spec.cluster.name, runbooks=spec.monitoring.runbooks)
    every = prometheus_time(spec.monitoring.prometheus.scrape_interval)
    groups: list[dict[str, Any]] = [{"name": each["name"], "interval": every, **each} for each in document["groups"]]
    name = resource_name(f"{spec.prefix}{ALERTS}")
    return _monitoring(site, "PrometheusRule", name, f"{name}.yaml", {"groups": groups})


def _monitoring(site: Site, kind: str, name: str, file: str, spec: dict[str, Tree]) -> Resource:
    """A resource that the operator finds by the labels of the spec."""
    path = ("kubernetes", "monitors", "labels")
    labels = {key: Said(value, (*path, key)) for key, value in site.spec.kubernetes.monitors.labels.items()}
    head = metadata(name, namespace=site.namespace, component=KAFKA, site=site, labels=labels)
    return Resource(file, {"apiVersion": API, "kind": kind, "metadata": head, "spec": spec})
