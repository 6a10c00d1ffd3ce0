"""What is around Kafka in Kubernetes, as tests look at it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.kubernetes.sites import shipped

from ottla.kubernetes.rendering import resources_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.kubernetes.site import Site

ENVIRONMENTS = ("minikube", "doks", "aks")
FULL = """\
platform: shop
cluster: {name: shop, disk: 10GiB, nodes: 3}
topic_defaults: {replication_factor: 1, min_insync_replicas: 1}
environments: {k8s: {target: strimzi}}
topics:
  orders: {partitions: 2}
  state:
    partitions: 1
    cleanup_policy: compact
    event: {key: id, value: state, tombstones: true, written_by: [writer]}
  unread: {partitions: 1}
exporter: {enabled: true, user: eyes}
client: {consumer: {isolation.level: read_committed}}
security: {enabled: true}
users:
  admin: {admin: true}
  eyes: {monitor: true}
  window: {monitor: true}
  writer: {produces: [orders, state]}
  reader: {produces: [unread], consumes: {topics: [orders, state], group: reader}}
kubernetes:
  client_namespaces: [web, batch]
  ui: {enabled: true, user: window}
  dapr: {enabled: true, dead_letters: unread}
"""
OPEN = FULL.replace("security: {enabled: true}\n", "")
DEDICATED = FULL.replace("nodes: 3}", "nodes: 3, controllers: dedicated}")
SHARED = FULL.replace(
    "environments: {k8s: {target: strimzi}}",
    "environments: {k8s: {target: strimzi}, dev: {shares: k8s, prefix: dev-, users: {admin: null}}}",
)
TEXTS = {"locked": FULL, "open": OPEN, "dedicated": DEDICATED}


def documents(site: Site) -> dict[str, dict[str, Any]]:
    """All that is rendered, as Kubernetes takes it, by the names of files."""
    return {each.file: each.document for each in resources_of(site)}


def of_kind(site: Site, kind: str) -> dict[str, dict[str, Any]]:
    """The rendered resources of one kind, by their names."""
    return {each["metadata"]["name"]: each for each in documents(site).values() if each["kind"] == kind}


def pods(site: Site) -> Iterator[tuple[str, dict[str, Any]]]:
    """The pods that are rendered as such, by the files of their Deployments."""
    for file, document in documents(site).items():
        if document["kind"] == "Deployment":
            yield file, document["spec"]["template"]


def texts_in(tree: Any) -> Iterator[str]:
    """Every text anywhere in a document."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield key
            yield from texts_in(value)
    elif isinstance(tree, list):
        for each in tree:
            yield from texts_in(each)
    elif isinstance(tree, str):
        yield tree


def all_shipped() -> list[Site]:
    return [shipped()[name] for name in ENVIRONMENTS]
