"""Alerts about nodes: those that are gone, fenced, busy or have met metadata that they cannot handle.

A node that died has no series, so nothing here compares what it gave with 0: ``up`` is Prometheus' own word, and brokers are
counted against the number of the spec.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.metrics import cluster_metrics
from ottla.metrics.alert import KEPT, LATER, SOON, About, Alert, LeftOut, Severity
from ottla.metrics.promql import BROKERS, NODES_JOB, if_read, node_metric, of, up
from ottla.model.metric_family import Family

if TYPE_CHECKING:
    from ottla.metrics.watched import Watched

FENCED = node_metric("kafka_controller_kafkacontroller_fencedbrokercount")
IDLE = node_metric("kafka_server_kafkarequesthandlerpool_brokerrequesthandleridle_ratio")
METADATA_ERRORS = (
    node_metric("kafka_server_broker_metadata_metrics_metadata_load_errors_total"),
    node_metric("kafka_server_broker_metadata_metrics_metadata_apply_errors_total"),
    node_metric("kafka_controller_kafkacontroller_metadataerrors_total"),
)
NO_AGENT = "nodes run without the JMX agent: set cluster.jmx_agent: true"
NO_BROKERS = f"{NO_AGENT}, or exporter.enabled: true with the family brokers"

LEAST_IDLE = 0.2


def node_alerts(watched: Watched) -> tuple[Alert | LeftOut, ...]:
    """The alerts about nodes."""
    return (
        broker_down(watched),
        brokers_missing(watched),
        broker_fenced(watched),
        request_handlers_busy(watched),
        metadata_errors(watched),
    )


def broker_down(watched: Watched) -> Alert | LeftOut:
    """A node that does not answer Prometheus: the one page of a dead broker."""
    if not watched.agent:
        return LeftOut("BrokerDown", f"{NO_AGENT} (BrokersMissing counts brokers by the exporter)")
    return Alert(
        name="BrokerDown",
        severity=Severity.PAGE,
        about=About.NODES,
        expression=f"{up(NODES_JOB, watched.cluster)} == 0",
        lasting=SOON,
        summary="Node {{ $labels.node }} ({{ $labels.role }}) of {{ $labels.cluster }} does not answer",
        description="Prometheus cannot ask its JMX agent: the node is dead, stands still, or cannot be reached.",
        step=watched.scrape,
        silences=(
            "BrokersMissing",
            "BrokerFenced",
            "UnderReplicated",
            "AtMinIsr",
            "IsrFlapping",
            "QuorumNoSpare",
            "RequestHandlersBusy",
        ),
    )


def brokers_missing(watched: Watched) -> Alert | LeftOut:
    """Fewer brokers than the spec has: also where Prometheus has lost the target itself."""
    if watched.agent:
        healthy = f"{up(NODES_JOB, watched.cluster, ('role', '=~', BROKERS))} == 1"
        there, step = f"(count({healthy}) or vector(0))", watched.scrape
    elif watched.reads(Family.BROKERS):
        # Where the exporter cannot see, nothing is known: a cluster that is dead as a whole shows in ExporterStale.
        present = f"max({of(cluster_metrics.BROKERS_PRESENT, watched.cluster)})"
        there, step = f"({present} or {if_read(watched.cluster, 'brokers')})", watched.round
    else:
        return LeftOut("BrokersMissing", NO_BROKERS)
    return Alert(
        name="BrokersMissing",
        severity=Severity.PAGE,
        about=About.NODES,
        expression=f"{there} < {watched.brokers}",
        lasting=SOON,
        summary="{{ $labels.cluster }} has {{ $value }} brokers of " + str(watched.brokers),
        description=f"The spec has {watched.brokers}. Those that are missing are dead, or nobody asks them.",
        step=step,
        silences=("BrokerFenced", "UnderReplicated", "AtMinIsr", "IsrFlapping", *(() if watched.agent else ("ExporterStale",))),
    )


def broker_fenced(watched: Watched) -> Alert | LeftOut:
    """The cluster's own verdict. Every controller gives it, those that stand by too: the maximum, not the sum."""
    if watched.agent:
        expression, step = f"max by (cluster) ({of(FENCED, watched.cluster)}) > 0", watched.scrape
    elif watched.reads(Family.BROKERS):
        fenced = of(cluster_metrics.BROKER_FENCED, watched.cluster)
        expression, step = f"sum by (cluster) ({fenced}) > 0", watched.round
    else:
        return LeftOut("BrokerFenced", NO_BROKERS)
    return Alert(
        name="BrokerFenced",
        severity=Severity.PAGE,
        about=About.NODES,
        expression=expression,
        lasting=SOON,
        keep=KEPT if watched.agent else 0,
        summary="{{ $value }} brokers of {{ $labels.cluster }} are fenced",
        description="The active controller hears nothing of them, so they neither lead nor take records.",
        step=step,
        silences=("UnderReplicated", "AtMinIsr"),
    )


def request_handlers_busy(watched: Watched) -> Alert | LeftOut:
    """A broker whose request handlers have hardly any time left. The ratio is from 0 to 1."""
    if not watched.agent:
        return LeftOut("RequestHandlersBusy", NO_AGENT)
    return Alert(
        name="RequestHandlersBusy",
        severity=Severity.TICKET,
        about=About.NODES,
        expression=f"min by (cluster, node) ({of(IDLE, watched.cluster)}) < {LEAST_IDLE:g}",
        lasting=LATER,
        summary="Broker {{ $labels.node }} of {{ $labels.cluster }} is busy: its handlers idle {{ $value | humanizePercentage }}",
        description=f"Its request handlers had less than {LEAST_IDLE:.0%} of the time to spare: clients wait.",
        step=watched.scrape,
    )


def metadata_errors(watched: Watched) -> Alert | LeftOut:
    """Metadata that a node could not handle since it started. It does not mend itself, so what was counted is enough."""
    if not watched.agent:
        return LeftOut("MetadataErrors", NO_AGENT)
    counts = (f"max by (cluster, node) ({of(metric, watched.cluster)}) > 0" for metric in METADATA_ERRORS)
    return Alert(
        name="MetadataErrors",
        severity=Severity.PAGE,
        about=About.NODES,
        expression=" or ".join(counts),
        lasting=SOON,
        summary="Node {{ $labels.node }} of {{ $labels.cluster }} has met metadata that it cannot handle",
        description="{{ $value }} errors since it started: what it does may not be what the cluster decided.",
        step=watched.scrape,
    )
