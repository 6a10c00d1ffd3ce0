"""The quorum: who leads it, whether its voters follow, how quickly it commits, and how often it had to elect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.dashboards.panel import GREEN, Dashboard, Kind, Panel, Row, bad_from, only, stat
from ottla.dashboards.query import Scope, Variable
from ottla.metrics.cluster_metrics import (
    QUORUM_EPOCH,
    QUORUM_HIGH_WATERMARK,
    QUORUM_LEADER,
    QUORUM_OBSERVERS,
    QUORUM_VOTER_LAG_RECORDS,
    QUORUM_VOTER_LAG_SECONDS,
    QUORUM_VOTERS,
)
from ottla.metrics.promql import node_metric

if TYPE_CHECKING:
    from ottla.metrics.watched import Watched

ACTIVE = node_metric("kafka_controller_kafkacontroller_activecontrollercount")
FENCED = node_metric("kafka_controller_kafkacontroller_fencedbrokercount")
ELECTIONS = node_metric("kafka_controller_kafkacontroller_newactivecontrollers_total")
TIMED_OUT = node_metric("kafka_controller_kafkacontroller_timedoutbrokerheartbeats_total")
METADATA_ERRORS = node_metric("kafka_controller_kafkacontroller_metadataerrors_total")
LOAD_ERRORS = node_metric("kafka_server_broker_metadata_metrics_metadata_load_errors_total")
APPLY_ERRORS = node_metric("kafka_server_broker_metadata_metrics_metadata_apply_errors_total")
CONTROLLER_AGE = node_metric("kafka_controller_kafkacontroller_lastappliedrecordlag_seconds")
BROKER_AGE = node_metric("kafka_server_broker_metadata_metrics_last_applied_record_lag_seconds")
QUEUE_TIME = node_metric("kafka_controller_controllereventmanager_eventqueuetime_p99_seconds")
UNCLEAN = node_metric("kafka_controller_controllerstats_uncleanleaderelections_total")
STATE = node_metric("kafka_server_raft_metrics_current_state")
LOG_END = node_metric("kafka_server_raft_metrics_log_end_offset")
COMMIT = node_metric("kafka_server_raft_metrics_commit_latency_avg_seconds")
ELECTION = node_metric("kafka_server_raft_metrics_election_latency_avg_seconds")
AGE_LIMIT = 10  # seconds: metadata moves twice a second, so this is twenty records that did not come
VOTER_LIMIT = 5
NODE, NODE_ID = "node {{node}}", "node {{node_id}}"

_variables = (Variable.NODE,)
_whole = Scope().ask  # what is one figure for the cluster is not narrowed to nodes
_ask = Scope(_variables).ask


def quorum(watched: Watched) -> Dashboard:
    """Of one cluster."""
    rows = (
        Row("At a glance", _glance(watched)),
        Row("Does it move?", _moving()),
        Row("Do all follow?", _following()),
        Row("Elections and faults", _faults()),
    )
    says = "Who leads the quorum of controllers, whether its voters follow, how quickly it commits, how often it had to elect."
    return Dashboard("ottla-quorum", "Kafka: quorum", says, rows, _variables)


def _glance(watched: Watched) -> tuple[Panel, ...]:
    errors = _whole("sum({own}) + sum({load}) + sum({apply})", own=METADATA_ERRORS, load=LOAD_ERRORS, apply=APPLY_ERRORS)
    lag = _whole("max({lag})", lag=QUORUM_VOTER_LAG_SECONDS)
    return (
        stat("Leader", "none", _whole("max({leader})", leader=QUORUM_LEADER)),
        stat("Active controllers", "none", _whole("sum({active})", active=ACTIVE), steps=only(1)),
        stat("Voters", "none", _whole("max({voters})", voters=QUORUM_VOTERS), steps=only(watched.voters)),
        stat("Observers", "none", _whole("max({observers})", observers=QUORUM_OBSERVERS)),
        stat("Epoch", "none", _whole("max({epoch})", epoch=QUORUM_EPOCH)),
        stat("Slowest voter", "s", lag, steps=bad_from(AGE_LIMIT, orange=VOTER_LIMIT)),
        stat(
            "Brokers fenced",
            "none",
            _whole("max({fenced})", fenced=FENCED),
            steps=bad_from(1),
        ),
        stat("Metadata errors", "none", errors, steps=bad_from(1)),
    )


def _moving() -> tuple[Panel, ...]:
    return (
        Panel(
            "Metadata committed",
            "cps",
            (_whole("deriv({committed}[{rate}])", "records", committed=QUORUM_HIGH_WATERMARK),),
            says="Records a second. A quorum that stands still commits nothing: two a second is the least.",
            width=8,
        ),
        Panel(
            "Time to commit (average)",
            "s",
            (_ask("max by (node) ({latency})", NODE, latency=COMMIT),),
            says="On the leader of the quorum; after an election the one before it is seen for a while.",
            width=8,
        ),
        Panel(
            "Events of the controller that wait (p99)",
            "s",
            (_ask("max by (node) ({waited})", NODE, waited=QUEUE_TIME),),
            width=8,
        ),
    )


def _following() -> tuple[Panel, ...]:
    most = "max by (node_id) ({lag})"
    age = bad_from(AGE_LIMIT)
    return (
        Panel("Lag of voters, in records", "none", (_ask(most, NODE_ID, lag=QUORUM_VOTER_LAG_RECORDS),), width=8),
        Panel(
            "Lag of voters, in seconds",
            "s",
            (_ask(most, NODE_ID, lag=QUORUM_VOTER_LAG_SECONDS),),
            width=8,
            steps=bad_from(VOTER_LIMIT),
            line=True,
        ),
        Panel(
            "Age of metadata",
            "s",
            (
                _ask("max by (node) ({age})", "broker {{node}}", age=BROKER_AGE),
                _ask("max by (node) ({age})", "controller {{node}}", age=CONTROLLER_AGE),
            ),
            width=8,
            steps=age,
            line=True,
        ),
        Panel(
            "State in the quorum",
            "none",
            (_ask("max by (node, state) ({state})", "node {{node}}: {{state}}", state=STATE),),
            Kind.STATES,
            names=(("1", "in it", GREEN),),
            says="A node has one line for each state that it was in.",
        ),
        Panel(
            "Metadata of each node",
            "none",
            (_ask("max by (node) ({end})", NODE, end=LOG_END),),
            says="A line that falls behind the others is a node that does not follow.",
            minimum=None,
        ),
    )


def _faults() -> tuple[Panel, ...]:
    grown = "sum by (node) (increase({counted}[{rate}]))"
    errors = (
        _ask(grown, "controller {{node}}", counted=METADATA_ERRORS),
        _ask(grown, "load, broker {{node}}", counted=LOAD_ERRORS),
        _ask(grown, "apply, broker {{node}}", counted=APPLY_ERRORS),
    )
    return (
        Panel(
            "Elections of an active controller",
            "none",
            (_whole("max(increase({elected}[{rate}]))", "elections", elected=ELECTIONS),),
            width=6,
        ),
        Panel(
            "Time that elections took (average)",
            "s",
            (_ask("max by (node) ({latency})", NODE, latency=ELECTION),),
            width=6,
            empty_until="a leader of the quorum is elected; a minute later it is empty again",
        ),
        Panel("Heartbeats of brokers too late", "none", (_ask(grown, NODE, counted=TIMED_OUT),), width=6),
        Panel(
            "Unclean elections and errors of metadata",
            "none",
            (_ask(grown, "unclean, controller {{node}}", counted=UNCLEAN), *errors),
            says="Anything above 0 is to be looked at.",
            steps=bad_from(1),
            width=6,
        ),
        Panel(
            "Fenced brokers",
            "none",
            (_whole("max({fenced})", "fenced", fenced=FENCED),),
            height=5,
        ),
        Panel(
            "Epoch",
            "none",
            (_whole("max({epoch})", "epoch", epoch=QUORUM_EPOCH),),
            says="Each step is an election of the quorum's leader.",
            minimum=None,
            height=5,
        ),
    )
