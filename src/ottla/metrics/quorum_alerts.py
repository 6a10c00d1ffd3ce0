"""Alerts about the quorum: lost, it shows in nothing else (no partition is offline, no broker is fenced: nobody could say so)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.metrics import cluster_metrics
from ottla.metrics.alert import MINUTE, SOON, About, Alert, LeftOut, Severity
from ottla.metrics.node_alerts import NO_AGENT
from ottla.metrics.promql import NODES_JOB, VOTERS, if_read, node_metric, of, up
from ottla.model.metric_family import Family

if TYPE_CHECKING:
    from ottla.metrics.watched import Watched

ACTIVE = node_metric("kafka_controller_kafkacontroller_activecontrollercount")
APPLIED_LAG = node_metric("kafka_server_broker_metadata_metrics_last_applied_record_lag_seconds")
NO_QUORUM = f"{NO_AGENT}, or exporter.enabled: true with the family quorum"

METADATA_AGE = 10  # seconds; a record is written every 0.5 s
VOTER_GONE = 10  # seconds
LEAST_VOTERS = 3  # of fewer, none can be spared ever
FOLLOWS = (
    "QuorumNoSpare",
    "BrokerFenced",
    "UnderReplicated",
    "AtMinIsr",
    "IsrFlapping",
    "CollectorFailed",
    "CanaryFailing",
    "RequestHandlersBusy",
)


def quorum_alerts(watched: Watched) -> tuple[Alert | LeftOut, ...]:
    """The alerts about the quorum."""
    return no_active_controller(watched), two_active_controllers(watched), quorum_stuck(watched), quorum_no_spare(watched)


def no_active_controller(watched: Watched) -> Alert | LeftOut:
    """Nobody says that it is the active controller; also where nobody says anything."""
    if watched.agent:
        active, step = f"(sum({of(ACTIVE, watched.cluster)}) or vector(0))", watched.scrape
    elif watched.reads(Family.QUORUM):
        # The leader itself is asked: a lost quorum gives no series, and fails its collector. That brokers are seen is what tells
        # it from an exporter that is blind, of which nothing is known.
        known = f"count({of(cluster_metrics.QUORUM_LEADER, watched.cluster)})"
        active, step = f"({known} or {if_read(watched.cluster, 'brokers')})", watched.round
    else:
        return LeftOut("NoActiveController", NO_QUORUM)
    return Alert(
        name="NoActiveController",
        severity=Severity.PAGE,
        about=About.QUORUM,
        expression=f"{active} < 1",
        lasting=SOON,
        summary="{{ $labels.cluster }} has no active controller",
        description="No topic, leader or ACL can change, and a broker that dies is not replaced.",
        step=step,
        silences=("QuorumStuck", *FOLLOWS),
    )


def two_active_controllers(watched: Watched) -> Alert | LeftOut:
    """The one figure of controllers that is added up."""
    if not watched.agent:
        return LeftOut("TwoActiveControllers", NO_AGENT)
    return Alert(
        name="TwoActiveControllers",
        severity=Severity.PAGE,
        about=About.QUORUM,
        expression=f"sum by (cluster) ({of(ACTIVE, watched.cluster)}) > 1",
        lasting=SOON,
        summary="{{ $value }} nodes of {{ $labels.cluster }} say that they are the active controller",
        description="One was cut off from the quorum and does not know it yet, or nodes of two clusters are watched as one.",
        step=watched.scrape,
    )


def quorum_stuck(watched: Watched) -> Alert | LeftOut:
    """What every broker has of the metadata is old. The minimum: one broker that is cut off is no lost quorum."""
    if not watched.agent:
        return LeftOut("QuorumStuck", f"{NO_AGENT} (NoActiveController tells of a lost quorum by the exporter)")
    return Alert(
        name="QuorumStuck",
        severity=Severity.PAGE,
        about=About.QUORUM,
        expression=f"min by (cluster) ({of(APPLIED_LAG, watched.cluster)}) > {METADATA_AGE}",
        lasting=SOON,
        summary="The quorum of {{ $labels.cluster }} stands still",
        description="It writes a record twice a second; the youngest that a broker has is {{ $value | humanizeDuration }} old.",
        step=watched.scrape,
        silences=FOLLOWS,
    )


def quorum_no_spare(watched: Watched) -> Alert | LeftOut:
    """Just a majority of voters is left, or less."""
    majority = watched.voters // 2 + 1
    if watched.voters < LEAST_VOTERS:
        return LeftOut("QuorumNoSpare", f"a quorum of {watched.voters} never has a voter to spare: three nodes have")
    if watched.agent:
        reached = f"count({up(NODES_JOB, watched.cluster, ('role', '=~', VOTERS))} == 1)"
        voters, step = f"({reached} or vector(0))", watched.scrape
    elif watched.reads(Family.QUORUM):
        following = f"count({of(cluster_metrics.QUORUM_VOTER_LAG_SECONDS, watched.cluster)} < {VOTER_GONE})"
        voters, step = f"({following} or {if_read(watched.cluster, 'brokers')})", watched.round
    else:
        return LeftOut("QuorumNoSpare", NO_QUORUM)
    return Alert(
        name="QuorumNoSpare",
        severity=Severity.TICKET,
        about=About.QUORUM,
        expression=f"{voters} <= {majority}",
        lasting=MINUTE,
        summary="{{ $labels.cluster }} has {{ $value }} voters of " + str(watched.voters),
        description=f"The quorum needs {majority} of {watched.voters}: with one less, nothing can change any more.",
        step=step,
    )
