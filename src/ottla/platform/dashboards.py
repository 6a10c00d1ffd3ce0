"""The dashboards of a platform: what its spec says of nodes, disks and lag, drawn into them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.dashboards import Watched, documents
from ottla.local.roles import BROKER, CONTROLLER

if TYPE_CHECKING:
    from ottla.platform.local import LocalPlatform


def dashboard_documents(platform: LocalPlatform) -> dict[str, str]:
    """File names and what is in them, for Grafana. Raises OttlaError where what writes them is not installed."""
    return documents(watched(platform))


def watched(platform: LocalPlatform) -> Watched:
    """What dashboards draw limits at."""
    roles, cluster = platform.roles.values(), platform.spec.cluster
    return Watched(
        cluster=cluster.name,
        brokers=sum(BROKER in each for each in roles),
        voters=sum(CONTROLLER in each for each in roles),
        disk_bytes=cluster.disk or 0,
    )
