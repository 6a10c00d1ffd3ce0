"""What is remembered of an environment that was taken down and whose records stay: how its topics were.

Their KafkaTopics are gone, but not the topics. Where they come back, a change costs what it would have cost before.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ottla.kubernetes.cluster import CONFIG_MAPS, done
from ottla.kubernetes.resource_names import resource_name
from ottla.spec.kubernetes import INSTANCE, PART_OF

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ottla.kubernetes.cluster import Cluster
    from ottla.kubernetes.site import Site

TOPICS = "topics.json"


def read_kept(cluster: Cluster, site: Site) -> dict[str, Any]:
    """The spec of each KafkaTopic that was there, by its name; none where nothing is remembered."""
    return _topics(cluster, *kept_in(site)[:2])


def _topics(cluster: Cluster, namespace: str, name: str) -> dict[str, Any]:
    found = cluster.get(CONFIG_MAPS, namespace, name)
    topics: dict[str, Any] = json.loads((found or {}).get("data", {}).get(TOPICS, "{}"))
    return topics


def write_kept(cluster: Cluster, namespace: str, name: str, labels: Mapping[str, str], topics: Mapping[str, Any]) -> None:
    """Remember topics beside those that are remembered already. Raises ClusterError."""
    known = _topics(cluster, namespace, name)
    document = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace, "labels": dict(labels)},
        "data": {TOPICS: json.dumps({**known, **topics}, sort_keys=True)},
    }
    done(cluster.apply(CONFIG_MAPS, document, dry_run=False, force=True), f"ConfigMap {namespace}/{name}")


def forget_kept(cluster: Cluster, namespace: str, name: str) -> None:
    """Once the topics are there again, or gone for good."""
    there = cluster.get(CONFIG_MAPS, namespace, name)
    if there is not None:
        cluster.delete(CONFIG_MAPS, namespace, name, uid=there["metadata"]["uid"])


def kept_in(site: Site) -> tuple[str, str, dict[str, str]]:
    """Where it is remembered: namespace, name, labels. It is not found as one of the resources that Ottla manages."""
    name = f"ottla-kept-{resource_name(site.environment)}"
    return str(site.namespace.value), name, {PART_OF: site.spec.platform, INSTANCE: site.instance}
