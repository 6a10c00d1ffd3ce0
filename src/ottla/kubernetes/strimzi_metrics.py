"""What the JMX agent inside each node reads, as Strimzi takes it: a ConfigMap. Names are those of [000].

One Kafka resource has one such file, whatever roles its nodes have; a rule that finds nothing in a node gives nothing.
Strimzi 1.2.0 runs version 1.6.0 of the agent (its Dockerfile), and turns the YAML into JSON (JmxPrometheusExporterModel).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.kubernetes.resource import Resource, Tree, metadata
from ottla.kubernetes.strimzi import KAFKA
from ottla.metrics.jmx_rules import jmx_config
from ottla.metrics.metric import Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.kubernetes.site import Site

FILE = "kafka-metrics-config.yaml"
NAME, KEY = "kafka-metrics", "kafka-metrics-config.yml"


def metrics(site: Site) -> Iterator[Resource]:
    """The ConfigMap, where the environment has a cluster of its own."""
    if site.has_cluster:
        head = metadata(NAME, namespace=site.namespace, component=KAFKA, site=site)
        yield Resource(
            FILE, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": head, "data": {KEY: jmx_config(frozenset(Role))}}
        )


def metrics_config() -> dict[str, Tree]:
    """Where the Kafka resource finds it."""
    return {"type": "jmxPrometheusExporter", "valueFrom": {"configMapKeyRef": {"name": NAME, "key": KEY}}}
