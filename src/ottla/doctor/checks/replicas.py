"""Brokers, leaders and replicas: who is missing, what that costs, and how far behind it is."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from ottla.doctor import kinds as of
from ottla.doctor.finding import found
from ottla.model.units import counted, format_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ottla.doctor.evidence import ClusterSeen, Evidence
    from ottla.doctor.finding import Finding
    from ottla.model.topic import Partition

SHOWN = 6


def check_cluster(evidence: Evidence) -> Iterator[Finding]:
    """Whether the cluster answered at all, and every part of it that was asked."""
    if evidence.cluster is None and evidence.silence is not None:
        yield found(
            of.CLUSTER_SILENT,
            "cluster",
            "does not answer",
            evidence=[evidence.silence],
            command="ottla status shows what runs; start it: ottla up"
            if evidence.has_spec
            else "check the address and the login",
        )
    for what, why in evidence.unseen:
        yield found(of.CANNOT_SEE, what, "could not be looked at", evidence=[why], cause=why, command="ask again: ottla doctor")


def check_brokers(evidence: Evidence) -> Iterator[Finding]:
    """Brokers that run, or are not nodes of this machine, and are not in the cluster. Of the others their process says more."""
    seen = evidence.cluster
    if seen is None or evidence.quorum_lost:
        return
    there = {broker.node_id for broker in seen.brokers if not broker.fenced}
    known = {node.node_id: node for node in evidence.nodes if node.is_broker}
    fenced = {broker.node_id for broker in seen.brokers if broker.fenced}
    for node_id in sorted((fenced | known.keys()) - there):
        node = known.get(node_id)
        if node is not None and not (node.works and node.answers):
            continue
        state = "is fenced" if node_id in fenced else "is not registered"
        lines = [f"in the cluster: {', '.join(map(str, sorted(there))) or 'nobody'}"]
        command = f"ottla logs {node_id} says why" if node else f"{_start([node_id])}; if it does run, read its log there"
        yield found(of.BROKER_MISSING, f"node {node_id}", state, evidence=lines, command=command)
    wanted = evidence.wanted.brokers
    if not known and wanted is not None and len(there | fenced) < wanted:
        lines = [f"{len(there | fenced)} of {wanted} brokers are known"]
        yield found(of.BROKER_MISSING, "cluster", "has fewer brokers than the spec says", evidence=lines, command="ottla status")


def check_replicas(evidence: Evidence) -> Iterator[Finding]:
    """Partitions without leader, under min ISR, and (one finding for each node) replicas that are not in sync."""
    seen = evidence.cluster
    if seen is None:
        return
    works = {node.node_id for node in evidence.nodes if node.works}
    # Without a quorum, metadata stand still: a leader that does not run is none, whatever the brokers still say.
    dead = {node.node_id for node in evidence.nodes} - works
    offline = [each for each in seen.partitions if each.leader is None or each.leader in dead]
    if offline and (evidence.quorum_lost or any(each.leader is None for each in offline)):
        nodes = sorted({node_id for each in offline for node_id in each.replicas})
        lines = [*_named(offline), f"their replicas are on nodes {', '.join(map(str, nodes))}"]
        what = f"{counted(len(offline), 'partition')} cannot be written or read"
        command = "ottla up" if evidence.has_spec else _start(nodes)
        yield found(of.OFFLINE_PARTITIONS, "cluster", what, evidence=lines, command=command)
    led = [each for each in seen.partitions if each not in offline]
    under = [each for each in led if len(each.isr) < each.least_isr(seen.min_isr.get(each.topic, 1))]
    if under:
        lines = [*_named(under), f"e.g. {under[0].topic} wants {under[0].least_isr(seen.min_isr[under[0].topic])} in sync"]
        what = f"{counted(len(under), 'partition')} cannot be written with acks=all"
        away = {node_id for each in under for node_id in set(each.replicas) - set(each.isr)}
        command = "ottla up" if evidence.has_spec else _start(sorted(away))
        yield found(of.UNDER_MIN_ISR, "cluster", what, evidence=lines, command=command)
    yield from _shrunk(evidence, seen, led)


def _shrunk(evidence: Evidence, seen: ClusterSeen, led: Iterable[Partition]) -> Iterator[Finding]:
    missing: dict[int, list[Partition]] = defaultdict(list)
    for each in led:
        for node_id in set(each.replicas) - set(each.isr):
            missing[node_id].append(each)
    states = {node.node_id: "down" if node.pid is None else "paused" if node.paused else "slow" for node in evidence.nodes}
    for node_id, partitions in sorted(missing.items()):
        state = states.get(node_id, "down or slow")
        lines = [*_named(partitions), *_behind(seen, node_id, partitions)]
        local = f"ottla logs {node_id}; its disk: ottla status" if state == "slow" else "ottla up"
        command = local if evidence.has_spec else f"{_start([node_id])}; if it does run, read its log there"
        yield found(
            of.ISR_SHRUNK,
            f"node {node_id}",
            f"{counted(len(partitions), 'replica')} on it not in sync: it is {state}",
            evidence=lines,
            cause=f"node {node_id} is {state}",
            command=command,
        )


def _start(node_ids: Sequence[int]) -> str:
    """How to go on with nodes of which only the cluster is known."""
    names = ", ".join(map(str, node_ids))
    return f"start nodes {names} where they run" if len(node_ids) > 1 else f"start node {names} where it runs"


def _behind(seen: ClusterSeen, node_id: int, partitions: Sequence[Partition]) -> Iterator[str]:
    """How many bytes it lacks, if it told its sizes."""
    places = [(each.topic, each.partition, each.leader) for each in partitions]
    pairs = [
        (seen.sizes[leader, topic, number], seen.sizes[node_id, topic, number])
        for topic, number, leader in places
        if leader is not None and (leader, topic, number) in seen.sizes and (node_id, topic, number) in seen.sizes
    ]
    if pairs:
        lack = sum(max(0, leaders - own) for leaders, own in pairs)
        yield f"it has {format_size(lack)} less than the leaders"


def _named(partitions: Sequence[Partition]) -> list[str]:
    names = [f"{each.topic}-{each.partition} (isr {list(each.isr)} of {list(each.replicas)})" for each in partitions[:SHOWN]]
    more = len(partitions) - SHOWN
    return [*names, *([f"and {more} more"] if more > 0 else [])]
