"""What is legal for each fault and target: one row a case, with its reason. Data; nothing is decided here.

A lost, duplicated or reordered record is legal in no row, so it is in none. What differs is service: how long it may be away,
whether it is there during the fault, and what may be refused, unknown or delivered again.

Figures come from Kafka's defaults: a node that was killed or paused leads its partitions, and stays in the ISR that
``acks=all`` waits for, until its session ends (``broker.session.timeout.ms``, 9 s); a quorum fetches for 2 s and elects
within 1 s (``controller.quorum.fetch.timeout.ms``, ``election.timeout.ms``); clients see new leaders within their retry
back-off and one metadata refresh, which is what the 3 s on top are for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ottla.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ottla.proof.history.columns import Run

TOPIC_AUTHORIZATION_FAILED = 29  # librdkafka hands it on as it is (its pull request 3062)
ENOUGH_DURING = 1_000  # acknowledgements that show a service during the fault; less where less is offered in a second
QUIET = 3_000  # ms that a client may be busy with new metadata, with no node away
AN_ELECTION = 3_000  # ms until a quorum whose leader was killed has another

# Alerts by the names of ``ottla.metrics.alerts``. What must fire -> how many sessions it takes until its condition is true.
OF_A_DEAD_NODE = {"BrokerDown": 0, "BrokersMissing": 0, "BrokerFenced": 1}
OF_A_DEAD_CONTROLLER = {"BrokerDown": 0}  # it is told of every node
WITHOUT_A_QUORUM = {"BrokerDown": 0, "BrokersMissing": 0, "NoActiveController": 0}
OF_A_RESTART = frozenset(
    {
        "BrokerDown",
        "BrokersMissing",
        "BrokerFenced",
        "NoActiveController",  # it is restarted as well; until another one is elected
        "QuorumNoSpare",
        "UnderReplicated",
        "AtMinIsr",
    }
)
BESIDE_A_DEAD_NODE = OF_A_RESTART | {
    "CollectorFailed",  # the exporter waits for that node
    "ExporterStale",
    "IsrFlapping",
    "LagRecords",
    "QuorumStuck",
}
OF_A_GROUP_BEHIND = frozenset({"LagRecords", "LagSeconds", "LagStalled"})
BESIDE_TWO_DEAD_NODES = BESIDE_A_DEAD_NODE | OF_A_GROUP_BEHIND | {"OfflinePartitions", "UnderMinIsr"}


@dataclass(frozen=True, slots=True)
class Row:
    """What is legal. A gap is ``sessions`` x the session time-out + ``gap_ms``, outside the fault if not ``served``.

    ``served``: every partition is to be written and read during the fault, once the gap has passed.
    ``lasting``: the fault is held for longer than the gap, so that the service can be seen to come back while it lasts.
    ``recovery_ms``: from healed to every replica in sync and the backlog gone.
    ``commits_may_lag``: another coordinator takes over, and a committed_offset may be an older one for a moment.
    ``alerts``: those that must fire, ``may_alert``: those that may; any other is false.
    """

    reason: str
    sessions: int = 0
    gap_ms: int = QUIET
    consume_extra_ms: int = 5_000  # a rebalance and a fetch come on top of what producers wait for
    served: bool = True
    lasting: bool = True
    recovery_ms: int = 60_000
    refused_allowed: frozenset[int] = frozenset()
    unknown_allowed: bool = False
    redelivery_allowed: bool = True
    commits_may_lag: bool = False
    alerts: Mapping[str, int] = field(default_factory=dict)
    may_alert: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Expected:
    """A row, in the figures of a run. Times are milliseconds."""

    name: str
    reason: str
    least_acked: int
    least_acked_during: int
    produce_gap_ms: int
    consume_gap_ms: int
    recovery_ms: int
    served: bool
    refused_allowed: frozenset[int]
    unknown_allowed: bool
    redelivery_allowed: bool
    commits_may_lag: bool
    alerts: Mapping[str, int]  # how long after the fault its condition is true at the latest
    may_alert: frozenset[str]


TABLE: dict[str, Row] = {
    "none": Row("nothing is done: what is seen here is the harness and the machine", redelivery_allowed=False),
    "kill-leader": Row(
        "its partitions wait for its session to end, then another replica leads",
        sessions=1,
        commits_may_lag=True,
        alerts=OF_A_DEAD_NODE,
        may_alert=BESIDE_A_DEAD_NODE,
    ),
    "kill-follower": Row(
        "it stays in the ISR until its session ends, and acks=all waits for it",
        sessions=1,
        commits_may_lag=True,
        alerts=OF_A_DEAD_NODE,
        may_alert=BESIDE_A_DEAD_NODE,
    ),
    "kill-coordinator": Row(
        "it leads and follows as well, and may be the active controller, with which sessions begin anew; the group finds a new "
        "coordinator then, and may read again from its commits",
        sessions=1,
        gap_ms=AN_ELECTION + QUIET,
        consume_extra_ms=10_000,
        commits_may_lag=True,
        alerts=OF_A_DEAD_NODE,
        may_alert=BESIDE_A_DEAD_NODE,
    ),
    "kill-controller": Row(
        "a combined node is a broker too: its session begins anew with the controller that is elected after it",
        sessions=1,
        gap_ms=AN_ELECTION + QUIET,
        commits_may_lag=True,
        alerts=OF_A_DEAD_NODE,
        may_alert=BESIDE_A_DEAD_NODE,
    ),
    "kill-controller-dedicated": Row(
        "brokers serve without a controller; nothing else is away",
        redelivery_allowed=False,
        alerts=OF_A_DEAD_CONTROLLER,
        may_alert=BESIDE_A_DEAD_NODE,
    ),
    "quorum-lost": Row(
        "two combined nodes of three: the ISR is below its minimum, so writes wait; an old registration's session ends first",
        sessions=1,
        gap_ms=15_000,
        served=False,
        unknown_allowed=True,
        commits_may_lag=True,
        alerts=WITHOUT_A_QUORUM,
        may_alert=BESIDE_TWO_DEAD_NODES,
    ),
    "quorum-lost-dedicated": Row(
        "brokers serve with the metadata they have; they are not fenced, as nobody is there to fence them",
        gap_ms=2_000 + 1_000 + QUIET,
        alerts=OF_A_DEAD_CONTROLLER | {"NoActiveController": 0},
        may_alert=BESIDE_TWO_DEAD_NODES,
    ),
    "kill-all": Row(
        "nobody serves; a node comes back after its old registration's session, elects, loads its logs",
        sessions=1,
        gap_ms=20_000,
        served=False,
        unknown_allowed=True,
        recovery_ms=90_000,
        commits_may_lag=True,
        alerts={"BrokerDown": 0, "BrokersMissing": 0},
        may_alert=BESIDE_TWO_DEAD_NODES | {"UncleanElection"},  # so Kafka counts the return of a last replica (KIP-966)
    ),
    "pause-short": Row(
        "acks=all waits for the paused replica, so every partition may wait as long as the pause; nobody is fenced",
        served=False,
        may_alert=BESIDE_A_DEAD_NODE,
    ),
    "pause-long": Row(
        "fenced when its session ends; as a zombie it must acknowledge nothing",
        sessions=1,
        commits_may_lag=True,
        alerts=OF_A_DEAD_NODE,
        may_alert=BESIDE_A_DEAD_NODE,
    ),
    "rolling-restart": Row(
        "leaders move before a node stops; one metadata refresh for each node",
        gap_ms=2 * QUIET,
        commits_may_lag=True,
        may_alert=OF_A_RESTART,
    ),
    "rotate-certificates": Row(
        "a rolling restart, each node with a new certificate",
        gap_ms=2 * QUIET,
        commits_may_lag=True,
        may_alert=OF_A_RESTART,
    ),
    "rotate-passwords": Row("connections that are open stay; new ones use the new password", lasting=False),
    "revoke-acl": Row(
        "writes are refused while the right is gone, and none of them may be in the log; a member may not even say that it "
        "leaves, so its partitions are given away when its session ends (group.consumer.session.timeout.ms, 45 s)",
        served=False,
        gap_ms=2 * QUIET,
        consume_extra_ms=50_000,
        recovery_ms=90_000,
        refused_allowed=frozenset({TOPIC_AUTHORIZATION_FAILED}),
        may_alert=OF_A_GROUP_BEHIND,
    ),
    "apply-config": Row("a topic's configuration changes without a restart", lasting=False, redelivery_allowed=False),
    "apply-partitions": Row(
        "new partitions are given to the group in a rebalance; keys may move between partitions", lasting=False
    ),
    "kill-and-pause": Row(
        "two of three nodes away: the ISR is below its minimum until one is back",
        sessions=1,
        gap_ms=15_000,
        served=False,
        unknown_allowed=True,
        commits_may_lag=True,
        alerts=OF_A_DEAD_CONTROLLER | {"BrokersMissing": 0},
        may_alert=BESIDE_TWO_DEAD_NODES,
    ),
}


def expected_of(run: Run) -> Expected:
    """The row of a run, in figures. Raises UsageError if there is no such row."""
    row = TABLE.get(run.expects)
    if row is None:
        raise UsageError(
            f"nothing is known of what is legal for {run.expects!r}",
            where=run.drill,
            hint=f"one of: {', '.join(TABLE)}",
        )
    gap = row.sessions * run.session_ms + row.gap_ms
    offered = run.load.rate * run.load.duration_ms // 1000
    return Expected(
        name=run.expects,
        reason=row.reason,
        least_acked=max(1, offered // 2 if row.served else offered // 10),
        least_acked_during=min(ENOUGH_DURING, run.load.rate) if row.served and row.lasting and run.faults else 0,
        produce_gap_ms=gap,
        consume_gap_ms=gap + row.consume_extra_ms,
        recovery_ms=row.recovery_ms,
        served=row.served,
        refused_allowed=row.refused_allowed,
        unknown_allowed=row.unknown_allowed,
        redelivery_allowed=row.redelivery_allowed,
        commits_may_lag=row.commits_may_lag,
        alerts={name: sessions * run.session_ms + (AN_ELECTION if sessions else 0) for name, sessions in row.alerts.items()},
        may_alert=row.may_alert,
    )
