"""Alerts about disks, from what DescribeLogDirs says: the same on a laptop, in Kubernetes and in a cloud."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.metrics.alert import KEPT, About, Alert, LeftOut, Severity, window
from ottla.metrics.claim_alerts import VOLUME
from ottla.metrics.cluster_metrics import LOG_DIR_SIZE, LOG_DIR_TOTAL, LOG_DIR_USABLE
from ottla.metrics.promql import of, seconds, share
from ottla.model.metric_family import Family

if TYPE_CHECKING:
    from ottla.metrics.watched import Watched

NO_LOG_DIRS = "nobody reads log_dirs: set exporter.enabled: true, with the family log_dirs"
PAST = 3_600_000  # how long disks are watched before it is said where they are going
FULL, FILLING = 300_000, 600_000


def disk_alerts(watched: Watched) -> tuple[Alert | LeftOut, ...]:
    """The alerts about disks."""
    if not watched.reads(Family.LOG_DIRS):
        return LeftOut("DiskAlmostFull", NO_LOG_DIRS), LeftOut("DiskFullSoon", NO_LOG_DIRS)
    return disk_almost_full(watched), disk_full_soon(watched)


def disk_almost_full(watched: Watched) -> Alert:
    """So much of a volume is used, by whomever; or so much of what the spec gives a node, by Kafka."""
    total, usable = of(LOG_DIR_TOTAL, watched.cluster), of(LOG_DIR_USABLE, watched.cluster)
    of_volume = f"max by (cluster, node_id) (1 - {usable} / {total}) > {share(watched.disk_used)}"
    of_spec = f" or sum by (cluster, node_id) ({of(LOG_DIR_SIZE, watched.cluster)}) / {watched.disk} > {share(watched.disk_used)}"
    return Alert(
        name="DiskAlmostFull",
        severity=Severity.TICKET,
        about=About.DISKS,
        expression=of_volume + (of_spec if watched.disk else ""),
        lasting=FULL,
        summary="The disk of broker {{ $labels.node_id }} of {{ $labels.cluster }} is {{ $value | humanizePercentage }} full",
        description=f"More than {watched.disk_used:.0%} of its volume is used"
        + (f", or of the {watched.disk} bytes that cluster.disk gives a node." if watched.disk else "."),
        step=watched.round,
        silences=(VOLUME,) if watched.claims else (),
        equal=("cluster", "node_id"),
    )


def disk_full_soon(watched: Watched) -> Alert:
    """As it grew over the last hour, it will be full. What was not watched for so long is not foretold: a start is no trend."""
    usable, size = LOG_DIR_USABLE, LOG_DIR_SIZE
    horizon = seconds(watched.full_within)
    left = f"min by (cluster, node_id) (predict_linear({of(usable, watched.cluster, last=PAST)}, {horizon})"
    known = f"{of(usable, watched.cluster)} offset {window(PAST)}"
    of_volume = f"{left} and {known}) < 0"
    grown = f"sum by (cluster, node_id) (predict_linear({of(size, watched.cluster, last=PAST)}, {horizon})"
    of_spec = f" or {grown} and {of(size, watched.cluster)} offset {window(PAST)}) > {watched.disk}"
    return Alert(
        name="DiskFullSoon",
        severity=Severity.PAGE,
        about=About.DISKS,
        expression=of_volume + (of_spec if watched.disk else ""),
        lasting=FILLING,
        keep=KEPT,
        summary="The disk of broker {{ $labels.node_id }} of {{ $labels.cluster }} will soon be full",
        description=f"As it grew in the last hour, it is full in less than {horizon} s; a broker without room stops.",
        step=watched.round,
        silences=("DiskAlmostFull", *((VOLUME,) if watched.claims else ())),
        equal=("cluster", "node_id"),
    )
