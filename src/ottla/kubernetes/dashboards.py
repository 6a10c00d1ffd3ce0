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


def dashboards(site: Site) -> Iterator[Resource]:
    """Those of a cluster; none where what writes them is not installed (``why_none`` says so)."""
    if not _wanted(site):
        return
    try:
        texts = documents(watched(site))
    except OttlaError:
        return
    path = ("kubernetes", "monitors", "dashboards")
    labels = {key: Said(value, (*path, key)) for key, value in site.spec.kubernetes.monitors.dashboards.items()}
    for file, text in texts.items():
        name = f"dashboard-{file.removesuffix('.json')}"
        head = metadata(name, namespace=site.namespace, component=COMPONENT, platform=site.platform, labels=labels)
        yield Resource(f"{name}.yaml", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": head, "data": {file: text}})


def why_none(site: Site) -> Iterator[str]:
    """Why there are no dashboards, where there could be."""
    if _wanted(site):
        try:
            documents(watched(site))
        except OttlaError as missing:
            yield f"left out: {missing.message}; {missing.hint}"


def _wanted(site: Site) -> bool:
    return site.has_cluster and site.spec.kubernetes.monitors.enabled
