"""Alerts about partitions: without a leader, refusing writes, with too few replicas; and what may have lost records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.metrics import cluster_metrics
from ottla.metrics.alert import KEPT, LATER, About, Alert, LeftOut, Severity
from ottla.metrics.node_alerts import NO_AGENT
from ottla.metrics.promql import node_metric, of
from ottla.model.metric_family import Family

if TYPE_CHECKING:
    from ottla.metrics.metric import Metric
    from ottla.metrics.watched import Watched

OFFLINE = node_metric("kafka_controller_kafkacontroller_offlinepartitionscount")
UNDER_REPLICATED = node_metric("kafka_server_replicamanager_underreplicatedpartitions")
UNDER_MIN_ISR = node_metric("kafka_server_replicamanager_underminisrpartitioncount")
AT_MIN_ISR = node_metric("kafka_server_replicamanager_atminisrpartitioncount")
ISR_SHRINKS = node_metric("kafka_server_replicamanager_isrshrinks_total")
UNCLEAN = node_metric("kafka_controller_controllerstats_uncleanleaderelections_total")
NO_TOPICS = f"{NO_AGENT}, or exporter.enabled: true with the family topics"
NO_LOG_DIRS = (
    "a node of one log_dir stops with it, its JMX agent too (BrokerDown): set exporter.enabled: true, with the family log_dirs"
)

NOW = 15_000
SHRUNK, FLAPPING, HAPPENED = 300_000, 600_000, 600_000


def partition_alerts(watched: Watched) -> tuple[Alert | LeftOut, ...]:
    """The alerts about partitions and the log_dirs that they lie in."""
    return (
        offline_partitions(watched),
        under_min_isr(watched),
        at_min_isr(watched),
        under_replicated(watched),
        isr_flapping(watched),
        unclean_election(watched),
        log_dir_offline(watched),
    )


def _source(watched: Watched, of_nodes: str, node: Metric, exported: Metric) -> tuple[str, int] | None:
    """The figure of a cluster and how often it is new: by the nodes (``sum`` or ``max``), else by the exporter."""
    if watched.agent:
        return f"{of_nodes} by (cluster) ({of(node, watched.cluster)})", watched.scrape
    if watched.reads(Family.TOPICS):
        return f"max by (cluster) ({of(exported, watched.cluster)})", watched.round
    return None


def offline_partitions(watched: Watched) -> Alert | LeftOut:
    """Partitions without a leader. Every controller counts all of them: the maximum."""
    source = _source(watched, "max", OFFLINE, cluster_metrics.OFFLINE_PARTITIONS)
    if source is None:
        return LeftOut("OfflinePartitions", NO_TOPICS)
    return Alert(
        name="OfflinePartitions",
        severity=Severity.PAGE,
        about=About.PARTITIONS,
        expression=f"{source[0]} > 0",
        lasting=NOW,
        keep=KEPT,
        summary="{{ $value }} partitions of {{ $labels.cluster }} have no leader",
        description="Nobody can read or write them: every replica that may lead is on a broker that is gone.",
        step=source[1],
        silences=("UnderMinIsr", "AtMinIsr", "UnderReplicated", "CanaryFailing"),
    )


def under_min_isr(watched: Watched) -> Alert | LeftOut:
    """Writes are refused now. Each leader counts its own: the sum."""
    source = _source(watched, "sum", UNDER_MIN_ISR, cluster_metrics.BELOW_MIN_ISR_PARTITIONS)
    if source is None:
        return LeftOut("UnderMinIsr", NO_TOPICS)
    return Alert(
        name="UnderMinIsr",
        severity=Severity.PAGE,
        about=About.PARTITIONS,
        expression=f"{source[0]} > 0",
        lasting=NOW,
        keep=KEPT,
        summary="{{ $value }} partitions of {{ $labels.cluster }} refuse writes",
        description="Fewer replicas are in sync than min_insync_replicas asks for: producers with acks=all get errors.",
        step=source[1],
        silences=("AtMinIsr", "UnderReplicated", "CanaryFailing"),
    )


def at_min_isr(watched: Watched) -> Alert | LeftOut:
    """One more loss stops writes. A partition that never has more replicas than that is no news: one must be missing.

    Only the exporter sees both of one partition. Nodes count each for itself, so that they are not about the same partitions.
    """
    if watched.reads(Family.TOPICS):
        return Alert(
            name="AtMinIsr",
            severity=Severity.TICKET,
            about=About.PARTITIONS,
            expression=f"sum by (cluster) ({of(cluster_metrics.TOPIC_AT_MIN_ISR_PARTITIONS, watched.cluster)}) > 0",
            lasting=LATER,
            summary="{{ $value }} partitions of {{ $labels.cluster }} have no replica to spare",
            description="They lack a replica, and have just min_insync_replicas in sync: with one less, writes are refused.",
            step=watched.round,
            silences=("UnderReplicated",),
        )
    if not watched.agent:
        return LeftOut("AtMinIsr", NO_TOPICS)
    at, missing = (f"max by (cluster, node) ({of(metric, watched.cluster)}) > 0" for metric in (AT_MIN_ISR, UNDER_REPLICATED))
    return Alert(
        name="AtMinIsr",
        severity=Severity.TICKET,
        about=About.PARTITIONS,
        expression=f"{at} and {missing}",
        lasting=LATER,
        summary="Broker {{ $labels.node }} of {{ $labels.cluster }} leads {{ $value }} partitions at min_insync_replicas",
        description="It also leads some that lack a replica. If they are the same, writes to them are refused with one less.",
        step=watched.scrape,
    )


def under_replicated(watched: Watched) -> Alert | LeftOut:
    """Replicas are missing, and not only because a node restarts."""
    source = _source(watched, "sum", UNDER_REPLICATED, cluster_metrics.UNDER_REPLICATED_PARTITIONS)
    if source is None:
        return LeftOut("UnderReplicated", NO_TOPICS)
    return Alert(
        name="UnderReplicated",
        severity=Severity.TICKET,
        about=About.PARTITIONS,
        expression=f"{source[0]} > 0",
        lasting=LATER,
        summary="{{ $value }} partitions of {{ $labels.cluster }} lack a replica",
        description="Replicas are gone or do not keep up; nothing is refused yet.",
        step=source[1],
    )


def isr_flapping(watched: Watched) -> Alert | LeftOut:
    """Replicas fall out again and again. One restart makes it so for ``SHRUNK``, and that is shorter than ``FLAPPING``."""
    if not watched.agent:
        return LeftOut("IsrFlapping", NO_AGENT)
    return Alert(
        name="IsrFlapping",
        severity=Severity.TICKET,
        about=About.PARTITIONS,
        expression=f"sum by (cluster) (rate({of(ISR_SHRINKS, watched.cluster, last=SHRUNK)})) > 0",
        lasting=FLAPPING,
        summary="Replicas of {{ $labels.cluster }} keep falling out of sync",
        description="For ten minutes, replicas have left the isr again and again: a network, a disk or a JVM stutters.",
        step=watched.scrape,
    )


def unclean_election(watched: Watched) -> Alert | LeftOut:
    """It has happened: nothing to wait for. Every controller may count it: the maximum."""
    if not watched.agent:
        return LeftOut("UncleanElection", NO_AGENT)
    return Alert(
        name="UncleanElection",
        severity=Severity.PAGE,
        about=About.PARTITIONS,
        expression=f"max by (cluster) (increase({of(UNCLEAN, watched.cluster, last=HAPPENED)})) > 0",
        lasting=0,
        summary="A leader of {{ $labels.cluster }} was elected from outside the isr",
        description="It may lack records that were acknowledged: they are lost, and consumers may be past the end.",
        step=watched.scrape,
    )


def log_dir_offline(watched: Watched) -> Alert | LeftOut:
    """A broker that runs cannot use a log_dir. Its agent cannot say so: it ends with the broker, that stops with its last one."""
    if not watched.reads(Family.LOG_DIRS):
        return LeftOut("LogDirOffline", NO_LOG_DIRS)
    return Alert(
        name="LogDirOffline",
        severity=Severity.PAGE,
        about=About.PARTITIONS,
        expression=f"{of(cluster_metrics.LOG_DIR_ONLINE, watched.cluster)} == 0",
        lasting=NOW,
        keep=KEPT,
        summary="Broker {{ $labels.node_id }} of {{ $labels.cluster }} cannot use a log_dir",
        description="Its disk failed, is full, or may not be written: the replicas in it are offline.",
        step=watched.round,
    )
