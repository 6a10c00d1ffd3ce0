"""Dashboards as ConfigMaps, which Grafana's sidecar finds by their labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.dashboards import documents
from ottla.errors import OttlaError
from ottla.kubernetes.resource import Resource, Said, metadata
from ottla.kubernetes.watching import watched

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.kubernetes.site import Site

COMPONENT = "dashboards"
NONE = "`kubernetes: {monitors: {dashboards: {}}}` in the spec"


def dashboards(site: Site) -> Iterator[Resource]:
    """Those of a cluster, where somebody looks for them. Raises OttlaError where what writes them is not installed."""
    monitors = site.spec.kubernetes.monitors
    if not (site.has_cluster and monitors.enabled and monitors.dashboards):
        return
    try:
        texts = documents(watched(site))
    except OttlaError as missing:  # to leave them out would make other manifests of the same spec
        raise OttlaError(missing.message, hint=f"{missing.hint}; or have none: {NONE}") from missing
    path = ("kubernetes", "monitors", "dashboards")
    labels = {key: Said(value, (*path, key)) for key, value in monitors.dashboards.items()}
    for file, text in texts.items():
        name = f"dashboard-{file.removesuffix('.json')}"
        head = metadata(name, namespace=site.namespace, component=COMPONENT, site=site, labels=labels)
        yield Resource(f"{name}.yaml", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": head, "data": {file: text}})
