"""Why a node does not run: what its ports, its data, its disk and its last words say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.doctor import kinds as of
from ottla.doctor.evidence import NoWriting
from ottla.doctor.finding import found
from ottla.doctor.signatures import recognised
from ottla.local.addresses import KNOWN_BY_IT, OUT_OF_IT
from ottla.model.units import counted, format_duration, format_size

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ottla.doctor.evidence import Evidence, NodeSeen
    from ottla.doctor.finding import Finding

CLUSTER_ID, NODE_ID = "cluster.id", "node.id"
WORDS = 3


def check(evidence: Evidence) -> Iterator[Finding]:
    """A finding for each cause that is known of a node that does not run; else that it was stopped, or died."""
    stopped, blank = [], []
    for node in evidence.nodes:
        of_data = [*_foreign_data(evidence, node), *_no_writing(node)]
        yield from of_data
        if node.pid is not None:
            continue
        causes = [*_causes(evidence, node)]
        yield from causes
        if causes or of_data:
            continue
        if not node.was_started:
            blank.append(node)
        elif node.ended_cleanly and not recognised(node.words):
            stopped.append(node)
        else:
            yield _died(node)
    if blank:
        lines = [f"{_of_all(evidence, blank)} no data and no log"]
        yield found(of.NEVER_STARTED, _named(blank), "never started", evidence=lines, command="ottla up")
    if stopped:
        lines = [f"{_of_all(evidence, stopped)} been stopped in an orderly way"]
        yield found(of.NODE_STOPPED, _named(stopped), "not running", evidence=lines, command="ottla up")


def _named(nodes: Sequence[NodeSeen]) -> str:
    return f"node{'s' if len(nodes) > 1 else ''} {', '.join(str(node.node_id) for node in nodes)}"


def _of_all(evidence: Evidence, nodes: Sequence[NodeSeen]) -> str:
    return f"{len(nodes)} of {counted(len(evidence.nodes), 'node')} {'has' if len(nodes) == 1 else 'have'}"


def _foreign_data(evidence: Evidence, node: NodeSeen) -> Iterator[Finding]:
    """A node may well run on the data of another cluster: Kafka says nothing where no other voter contradicts it."""
    if not node.has_data:
        return
    where, path = f"node {node.node_id}", f"{node.folder}/data/meta.properties"
    aside = _aside(evidence, node)
    meta = node.meta or {}
    cluster_id, node_id = meta.get(CLUSTER_ID), meta.get(NODE_ID)
    if cluster_id is None or node_id is None:
        what, command = "has data that do not say whose they are", f"put {path} back from a backup of this node{aside}"
        lines, cause = [f"no {path}"], "the file was deleted"
        if node.meta is not None:
            lines, cause = [f"{path} is damaged: no {CLUSTER_ID} and {NODE_ID} can be read in it"], "the file was damaged"
        yield found(of.DATA_UNREADABLE, where, what, evidence=lines, cause=cause, command=command)
        return
    if evidence.cluster_id is not None and cluster_id != evidence.cluster_id:
        lines = [f"{path}: {CLUSTER_ID} is {cluster_id}", f"this platform is cluster {evidence.cluster_id}"]
        command = f"put back what was exchanged, cluster.json or the folder {node.folder}/data, from a backup{aside}"
        yield found(of.WRONG_CLUSTER_ID, where, "has the data of another cluster", evidence=lines, command=command)
    if node_id != str(node.node_id):
        lines = [f"{path}: {NODE_ID} is {node_id}"]
        command = f"put back its own folder {node.folder}/data{aside}"
        yield found(of.WRONG_NODE_ID, where, f"has the data of node {node_id}", evidence=lines, command=command)


def _no_writing(node: NodeSeen) -> Iterator[Finding]:
    if node.no_writing is None:
        return
    data = f"{node.folder}/data"
    again = "ottla up" if node.pid is None else f"ottla restart {node.node_id}"
    what = "does not run, and its data cannot be written" if node.pid is None else "runs, and its data cannot be written"
    command = f"give {data} back to whoever runs the nodes (chown -R); then: {again}"
    if node.no_writing is NoWriting.READ_ONLY:
        command = f"mount -o remount,rw $(findmnt -nT {data} -o TARGET), then: {again}"
    yield found(of.DISK_READ_ONLY, f"node {node.node_id}", what, evidence=[f"{data}: {node.no_writing}"], command=command)


def _aside(evidence: Evidence, node: NodeSeen) -> str:
    """What may be done beside putting data back, and how it goes on.

    A node may begin anew only where a majority of the other voters has its own data: else an empty cluster may be what comes up.
    """
    others = [each for each in evidence.nodes if each.is_voter and each.node_id != node.node_id]
    safe = sum(_has_own_data(evidence, each) for each in others) * 2 > len(others)
    return f", or move {node.folder}/data away; then: ottla up" if safe else "; then: ottla up"


def _has_own_data(evidence: Evidence, node: NodeSeen) -> bool:
    ids = None if node.meta is None else (node.meta.get(CLUSTER_ID), node.meta.get(NODE_ID))
    return node.has_data and ids == (evidence.cluster_id, str(node.node_id))


def _causes(evidence: Evidence, node: NodeSeen) -> Iterator[Finding]:
    where, seen = f"node {node.node_id}", {of.DISK_READ_ONLY.name} if node.no_writing else set[str]()
    if node.holders and node.was_started:  # of one that never was, nobody knows the ports
        seen.add(of.PORT_TAKEN.name)
        yield _port_taken(evidence, node)
    if node.data_in_use:
        lines = [f"{node.folder}/data/.lock is held"]
        command = f"fuser {node.folder}/data/.lock names it; end it, then: ottla up"
        yield found(of.DATA_IN_USE, where, "does not run, and another process uses its data", evidence=lines, command=command)
    if node.disk_free is not None and node.disk_free < evidence.limits.disk_least:
        seen.add(of.DISK_FULL.name)
        lines = [f"{format_size(node.disk_free)} are free on the volume of {node.folder}/data", *_last(node)]
        yield found(
            of.DISK_FULL, where, "does not run, and its disk is full", evidence=lines, command="make room, then: ottla up"
        )
    if not node.ended_cleanly or node.words:
        yield from _said(node, seen)
    if evidence.machine is not None and evidence.machine.killed and not node.ended_cleanly and not node.words:
        lines = list(evidence.machine.killed[-1:])
        what = "does not run, and the kernel killed a java for want of memory"
        command = "take a smaller cluster.heap, or end what takes the memory; then: ottla up"
        yield found(of.KILLED_FOR_MEMORY, where, what, evidence=lines, command=command)


def _port_taken(evidence: Evidence, node: NodeSeen) -> Finding:
    """The same advice as that of `ottla up`, which refuses to move the port that the nodes that run know a voter by."""
    port, command = next(iter(node.holders)), "ottla up gives it other ports (or end that process first)"
    lines = [f"port {each}: {holder} listens there" for each, holder in node.holders.items()]
    known_by, others_run = node.controller_port, any(each.pid is not None for each in evidence.nodes)
    if others_run and known_by is not None and known_by in node.holders:
        port, command = known_by, OUT_OF_IT
        lines.append(f"{port} is the controller port of node {node.node_id}, {KNOWN_BY_IT}")
    what = f"does not run, and its port {port} is taken by {node.holders[port]}"
    return found(of.PORT_TAKEN, f"node {node.node_id}", what, evidence=lines, command=command)


def _said(node: NodeSeen, seen: set[str]) -> Iterator[Finding]:
    """What its last words say, apart from what was ``seen`` by other means, or is to be seen in its data."""
    known = {of.WRONG_NODE_ID.name, of.DATA_UNREADABLE.name}  # meta.properties tells what is so now
    for each in recognised(node.words):
        kind = each.signature.kind
        if kind.name not in seen | known:
            what = f"ended: {kind.title[0].lower()}{kind.title[1:]}"
            yield found(
                kind, f"node {node.node_id}", what, evidence=[each.line], cause=each.cause, command=each.signature.command
            )


def _last(node: NodeSeen) -> list[str]:
    return list(node.words[-WORDS:])


def _died(node: NodeSeen) -> Finding:
    ago = "" if node.silent_for is None else f", {format_duration(round(node.silent_for) * 1000)} ago"
    nothing = f"it said nothing unusual before it ended{ago}: it was killed, or the machine stopped"
    lines = [*_last(node), *([f"that was the end of its log{ago}"] if ago else [])] if node.words else [nothing]
    return found(
        of.NODE_DIED, f"node {node.node_id}", "does not run; it did not end in an orderly way", evidence=lines, command="ottla up"
    )
