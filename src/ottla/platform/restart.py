"""A rolling restart: one node at a time, only while everything is whole, the active controller last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.errors import PlanRefused
from ottla.local.guards import not_running
from ottla.local.processes import is_paused

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    import psutil

    from ottla.local import LocalCluster
    from ottla.local.record import ClusterRecord
    from ottla.reconcile import Observation

MIN_ISR = "min.insync.replicas"


def restart_in_turn(
    cluster: LocalCluster,
    node_ids: Iterable[int],
    *,
    wait_until_whole: Callable[[], int],
    look: Callable[[], Observation],
    properties: Mapping[int, Mapping[str, str]],
    doing: str = "restarting",
) -> tuple[int, ...]:
    """Restart each of ``node_ids`` with the properties it has; the order it was done in. ``doing`` is said of each.

    ``wait_until_whole`` waits for every replica and voter, and says which node leads the quorum; ``look`` says what topics
    there are; ``properties`` are for a node of which nobody knows what it had. Raises PlanRefused where a node is missing
    already, so that another one less would leave too few in sync.
    """
    record, left = cluster.made(), set(node_ids)
    refuse_missing(cluster)
    done: list[int] = []
    leader = wait_until_whole()
    _note_without_spare(cluster, without_spare(look()))
    while left:
        node_id = next_in_turn(record, left, leader)
        cluster.report.step(f"{doing} node {node_id} ({len(done) + 1} of {len(done) + len(left)})")
        cluster.restart_node(node_id, {} if node_id in cluster.applied() else properties[node_id])
        leader = wait_until_whole()
        left.remove(node_id)
        done.append(node_id)
    return tuple(done)


def next_in_turn(record: ClusterRecord, left: Collection[int], leader: int) -> int:
    """Brokers, then controllers of their own; the leader of the quorum last, so that it moves only once."""
    return min(left, key=lambda node_id: (node_id == leader, not record.node(node_id).is_broker, node_id))


def without_spare(observation: Observation) -> tuple[str, ...]:
    """Topics that have no replica to spare: acks=all writes to them wait while a node with one of theirs restarts."""
    found = []
    for name, partitions in observation.partitions.items():
        least = int(observation.effective[name].get(MIN_ISR) or 1)
        if any(len(partition.replicas) <= least for partition in partitions):
            found.append(name)
    return tuple(sorted(found))


def _note_without_spare(cluster: LocalCluster, topics: Sequence[str]) -> None:
    if topics:
        cluster.report.note(
            f"{len(topics)} topic{'s have' if len(topics) > 1 else ' has'} no more replicas than {MIN_ISR} ({topics[0]}): "
            "writes to them wait while their node restarts"
        )


def refuse_missing(cluster: LocalCluster) -> None:
    """Raise PlanRefused where a node does not run: without another one too few may be in sync."""
    running = cluster.running()
    missing = [each.node_id for each in cluster.made().nodes if is_paused_or_gone(running.get(each.node_id))]
    if missing:
        reason = f"{not_running(missing)}: one less could leave topics with fewer than {MIN_ISR} in sync"
        raise PlanRefused([reason], hint="start what is missing first: ottla up")


def is_paused_or_gone(process: psutil.Process | None) -> bool:
    """Whether a node cannot answer."""
    return process is None or is_paused(process)
