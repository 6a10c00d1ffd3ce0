"""What is watched of an environment in Kubernetes: nodes always say what they measure, and each has claims for its volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.metrics.watched import Claims
from ottla.spec.strimzi import BROKER_POOL, COMBINED_POOL, CONTROLLER_POOL
from ottla.telemetry.watching import watched_of

if TYPE_CHECKING:
    from ottla.kubernetes.site import Site
    from ottla.metrics.watched import Watched


def watched(site: Site) -> Watched:
    """What alerts and dashboards need to know of it."""
    disk, volumes = site.spec.cluster.disk, site.spec.kubernetes.storage.volumes
    return watched_of(site.spec, agent=True, disk=None if disk is None else disk * volumes, claims=_claims(site))


def _claims(site: Site) -> Claims | None:
    """Volumes as Strimzi names their claims: data-VOLUME-CLUSTER-POOL-NODE (PersistentVolumeClaimUtils, VolumeUtils)."""
    if not site.has_cluster:
        return None
    pools = f"{BROKER_POOL}|{CONTROLLER_POOL}" if site.dedicated else COMBINED_POOL
    return Claims(site.spec.kubernetes.namespace, f"data-[0-9]+-{site.spec.cluster.name}-({pools})-[0-9]+")
