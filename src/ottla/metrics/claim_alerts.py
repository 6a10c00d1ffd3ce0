"""The alert about volumes in Kubernetes, from what kubelets say: it needs no exporter, and sees those of controllers too.

``kubelet_volume_stats_*`` are kubelet's own (pkg/kubelet/metrics/collectors/volume_stats.go), with the labels ``namespace`` and
``persistentvolumeclaim``; nothing of ours gives them, so that they are not in the catalogue, and have no label ``cluster``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.metrics.alert import About, Alert, Severity
from ottla.metrics.promql import quoted, share

if TYPE_CHECKING:
    from ottla.metrics.watched import Claims, Watched

USED, CAPACITY = "kubelet_volume_stats_used_bytes", "kubelet_volume_stats_capacity_bytes"
VOLUME = "VolumeAlmostFull"
LASTING = 600_000


def claim_alerts(watched: Watched) -> tuple[Alert, ...]:
    """The alert about volumes; none where there are no claims, as on this machine."""
    return () if watched.claims is None else (volume_almost_full(watched, watched.claims),)


def volume_almost_full(watched: Watched, claims: Claims) -> Alert:
    """So much of a node's volume is used. The claim's name ends in the node's id, so that DiskAlmostFull can silence it."""
    used = f"{_of(USED, claims)} / {_of(CAPACITY, claims)}"
    by_claim = f"max by (namespace, persistentvolumeclaim) ({used}) > {share(watched.disk_used)}"
    return Alert(
        name=VOLUME,
        severity=Severity.TICKET,
        about=About.DISKS,
        expression=f'label_replace({by_claim}, "node_id", "$1", "persistentvolumeclaim", ".*-([0-9]+)")',
        lasting=LASTING,
        summary="The volume {{ $labels.persistentvolumeclaim }} is {{ $value | humanizePercentage }} full",
        description=f"More than {watched.disk_used:.0%} of it is used; a node without room stops.",
        step=watched.scrape,
    )


def _of(metric: str, claims: Claims) -> str:
    return f'{metric}{{namespace="{quoted(claims.namespace)}",persistentvolumeclaim=~"{quoted(claims.pattern)}"}}'
