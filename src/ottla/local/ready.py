"""What is waited for: nodes that take clients, or that die and leave their last words."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from ottla.errors import LocalError, WaitTimeout
from ottla.local.artifacts import cache_folder, damaged_jars
from ottla.local.guards import named
from ottla.local.jmx_agent import damaged_agent
from ottla.local.node import last_words
from ottla.local.ports import accepts
from ottla.local.processes import is_alive
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import psutil

    from ottla.local.cluster import LocalCluster
    from ottla.local.record import NodeAddress

START_TIMEOUT = 120.0
PORT_POLL = 0.02
PREFIX_TIMEOUT = 2.0
WAYS_OUT = {  # what last words say, and what to do then
    "OutOfMemoryError": "its heap is too small: raise cluster.heap, then: ottla up",
    "No space left on device": "the disk is full: make room, then: ottla up",
    "Address already in use": "somebody took its port this very moment: ottla up gives it others",
}


def wait_for_nodes(cluster: LocalCluster, nodes: Sequence[NodeAddress]) -> dict[int, psutil.Process]:
    """Wait until every one of ``nodes`` takes clients. Raises LocalError, with its last words, as soon as one dies."""
    waiting = {node.node_id: node for node in nodes}
    with suppress(WaitTimeout):  # behind a prefix, a moment passes before the process is java
        wait_until(
            cluster.running,
            lambda running: {node.node_id for node in nodes} <= set(running),
            what="the processes",
            timeout=PREFIX_TIMEOUT,
        )
    processes = cluster.running()

    def look() -> tuple[int, ...]:
        for node_id, node in list(waiting.items()):
            # The process comes first: on the port of one that died of it somebody else may answer.
            if node_id not in processes or not is_alive(processes[node_id]):
                raise _dead(cluster, node_id, "it took clients")
            if accepts(node.host, node.ports[0]):
                del waiting[node_id]
        return tuple(sorted(waiting))

    wait_until(
        look,
        lambda left: not left,
        what="nodes to take clients",
        timeout=START_TIMEOUT,
        every=PORT_POLL,
        hint="see why: ottla logs",
        changed=lambda left: cluster.report.step(f"waiting for {named(left)}"),
    )
    return processes


def stay_alive(cluster: LocalCluster) -> Callable[[], None]:
    """A look at the processes that run now: it raises LocalError, with its last words, once a node of the cluster has none."""
    processes, nodes = cluster.running(), cluster.made().nodes

    def look() -> None:
        for node in nodes:
            if node.node_id not in processes or not is_alive(processes[node.node_id]):
                raise _dead(cluster, node.node_id, "the cluster was whole")

    return look


def _dead(cluster: LocalCluster, node_id: int, before: str) -> LocalError:
    message = f"node {node_id} ended before {before}:\n{last_words(cluster.layout.node(node_id))}"
    damaged = [*damaged_jars(cluster.made().kafka_version), *(damaged_agent() if cluster.jmx_agent else ())]
    if damaged:
        return LocalError(f"{message}\n  damaged in {cache_folder()}: {', '.join(damaged)}", hint="to fetch them again: ottla up")
    known = next((hint for words, hint in WAYS_OUT.items() if words in message), None)
    return LocalError(message, hint=known or f"all of it: ottla logs {node_id}; to start it again: ottla up")
