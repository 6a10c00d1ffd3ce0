"""What a platform looks like now: the processes, and the cluster as it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ottla.errors import OttlaError
from ottla.local.faults.record import recorded
from ottla.local.status import node_statuses

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ottla.local import LocalCluster, NodeStatus
    from ottla.local.faults.record import FaultRecord
    from ottla.local.record import ClusterRecord
    from ottla.model.node import Broker, LogDir, Quorum
    from ottla.model.topic import Partition

STATUS_TIMEOUT = 3.0


@dataclass(frozen=True, slots=True)
class ClusterView:
    """What the cluster says of itself. ``quorum`` is None where no majority of the voters runs: nobody could tell."""

    brokers: tuple[Broker, ...]
    quorum: Quorum | None
    partitions: tuple[Partition, ...]
    log_dirs: tuple[LogDir, ...]

    @property
    def topics(self) -> int:
        """How many topics there are, Kafka's own included."""
        return len({partition.topic for partition in self.partitions})

    @property
    def under_replicated(self) -> tuple[Partition, ...]:
        """Partitions some of whose replicas are not in the isr."""
        return tuple(each for each in self.partitions if len(each.isr) < len(each.replicas))

    @property
    def offline(self) -> tuple[Partition, ...]:
        """Partitions without a leader."""
        return tuple(each for each in self.partitions if each.leader is None)


@dataclass(frozen=True, slots=True)
class PlatformStatus:
    """Everything ``ottla status`` shows. ``view`` is None where the cluster does not answer; ``problem`` says why.

    ``faults`` are those that drills have on the nodes, or left there.
    """

    environment: str
    cluster: str
    cluster_id: str
    kafka_version: str
    bootstrap_servers: tuple[str, ...]
    nodes: tuple[NodeStatus, ...]
    view: ClusterView | None
    problem: str | None
    faults: tuple[FaultRecord, ...] = ()

    @property
    def voters_running(self) -> tuple[int, int]:
        """How many of the voters run, and how many there are."""
        return _voters_running(self.nodes)

    @property
    def has_quorum(self) -> bool:
        """Whether a majority of the voters runs. Without it brokers go on saying what they knew last."""
        running, voters = self.voters_running
        return running * 2 > voters


def _voters_running(nodes: Sequence[NodeStatus]) -> tuple[int, int]:
    voters = [node for node in nodes if node.address.is_voter]
    return sum(node.pid is not None and not node.paused for node in voters), len(voters)


def read_status(environment: str, cluster: LocalCluster) -> PlatformStatus:
    """Look at processes first, then ask the cluster if any node runs. Raises LocalError where none was made."""
    record = cluster.made()
    nodes = tuple(node_statuses(cluster))
    view, problem = None, None
    running = {node.address.node_id for node in nodes if node.pid is not None and not node.paused}
    if running:
        try:
            voting, voters = _voters_running(nodes)
            view = _view(cluster, record, running, ask_quorum=voting * 2 > voters)
        except OttlaError as error:
            problem = error.message
    return PlatformStatus(
        environment,
        cluster.name,
        record.cluster_id,
        record.kafka_version,
        record.bootstrap_servers,
        nodes,
        view,
        problem,
        recorded(cluster.layout),
    )


def _view(cluster: LocalCluster, record: ClusterRecord, running: set[int], *, ask_quorum: bool) -> ClusterView:
    """Ask the cluster; a broker that died may still be registered, so only running nodes are asked for their own.

    Brokers know the rest, and hand a question about the quorum to its leader: without one they wait half a minute for it.
    """
    from ottla.kafka.cluster import read_brokers, read_log_dirs, read_quorum
    from ottla.kafka.connection import connect
    from ottla.kafka.topics import read_metadata
    from ottla.platform.identity import own_settings

    settings, wanted = own_settings(cluster.layout, record), record.cluster_id
    with connect(settings.bootstrap_servers, timeout=STATUS_TIMEOUT, cluster_id=wanted, options=settings.for_admin) as connection:
        brokers = read_brokers(connection)
        metadata = read_metadata(connection)
        partitions = tuple(partition for topic in metadata.partitions.values() for partition in topic)
        present = [broker.node_id for broker in brokers if not broker.fenced and broker.node_id in running]
        quorum = read_quorum(connection) if ask_quorum else None
        return ClusterView(brokers, quorum, partitions, read_log_dirs(connection, present))
