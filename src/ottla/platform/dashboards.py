"""The dashboards of a platform: what its spec says of nodes, disks and lag, drawn into them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.dashboards import Watched, documents
from ottla.local.roles import BROKER, CONTROLLER, node_roles

if TYPE_CHECKING:
    from ottla.spec import EnvironmentSpec


def dashboard_documents(spec: EnvironmentSpec) -> dict[str, str]:
    """File names and what is in them, for Grafana. Raises OttlaError where what writes them is not installed."""
    return documents(watched(spec))


def watched(spec: EnvironmentSpec) -> Watched:
    """What dashboards draw limits at."""
    roles = node_roles(spec.cluster).values()
    return Watched(
        cluster=spec.cluster.name,
        brokers=sum(BROKER in each for each in roles),
        voters=sum(CONTROLLER in each for each in roles),
        disk_bytes=spec.cluster.disk or 0,
    )
