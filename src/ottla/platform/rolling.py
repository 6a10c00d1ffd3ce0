"""One node at a time: each only while every broker is there and every replica in sync; the active controller last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.errors import PlanRefused
from ottla.kafka.cluster import read_quorum

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ottla.platform.local import LocalPlatform


def refuse_missing_nodes(platform: LocalPlatform) -> None:
    """Raise PlanRefused if a node does not run: one more that is missing could be one too many."""
    there = platform.cluster.running()
    missing = [str(node.node_id) for node in platform.cluster.made().nodes if node.node_id not in there]
    if missing:
        reason = f"node {', '.join(missing)} does not run, and no other is stopped while one is missing"
        raise PlanRefused([reason], hint="start it first: ottla up")


def restart_one_by_one(platform: LocalPlatform, node_ids: Iterable[int], *, what: str) -> list[int]:
    """Restart nodes with the properties that they had; ``what`` is said of each. Returns their order.

    Cut off in between it leaves at most one node stopped, which ``up`` starts. Raises LocalError, WaitTimeout.
    """
    platform.wait_until_whole()
    with platform.connected() as connection:
        leader = read_quorum(connection).leader
    ordered = sorted(node_ids, key=lambda node_id: (node_id == leader, node_id))
    for position, node_id in enumerate(ordered, start=1):
        platform.cluster.report.step(f"{what} node {node_id} ({position} of {len(ordered)})")
        platform.restart_node(node_id, {})
    return ordered
