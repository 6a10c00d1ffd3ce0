"""Where nodes listen: blocks of ports chosen when a cluster is made, and others for a node whose ports were taken meanwhile."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from ottla.errors import LocalError, WaitTimeout
from ottla.local.ports import LOOPBACK, free_block, free_port, holder, is_free
from ottla.local.processes import LET_GO_TIMEOUT
from ottla.local.record import BLOCK, NodeAddress, read_record, write_record
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from ottla.local.layout import Layout
    from ottla.local.record import ClusterRecord
    from ottla.local.report import Reporter


KNOWN_BY_IT = "which the nodes that run know it by"
OUT_OF_IT = "stop that process, then: ottla up. Or let every node have it elsewhere: ottla down, then ottla up"


def new_addresses(
    layout: Layout,
    roles: Mapping[int, tuple[str, ...]],
    hosts: Mapping[int, str],
    prefixes: Mapping[int, Sequence[str]],
) -> tuple[NodeAddress, ...]:
    """A block of ports for each node that nothing listens on, and that no other environment of the spec was given."""
    nodes = []
    taken = _ports_of_siblings(layout)
    for node_id, of_node in sorted(roles.items()):
        host = hosts.get(node_id, LOOPBACK)
        first = free_block(host, taken=taken)
        nodes.append(NodeAddress.in_block(node_id, host, first, tuple(prefixes.get(node_id, ())), of_node))
        taken |= nodes[-1].reserved
    return tuple(nodes)


def _ports_of_siblings(layout: Layout) -> set[int]:
    """What other environments of the spec, and scratch clusters, listen on, also those that do not run now."""
    ports: set[int] = set()
    for path in layout.records():
        with suppress(LocalError):
            record = read_record(path)
            for node in record.nodes if record else ():
                ports |= node.reserved
    return ports


def settle_ports(
    layout: Layout, record: ClusterRecord, nodes: Sequence[NodeAddress], *, others_run: bool, report: Reporter
) -> ClusterRecord:
    """The record, kept with other ports for each of ``nodes`` (about to start) whose own somebody else has taken.

    The controller ports of all voters stand in every node's properties (controller.quorum.voters), and are read when a node
    starts: while ``others_run``, a controller port cannot move, and LocalError says the way out. Client and internal
    listeners are registered anew with every start, so they may.
    """
    busy = _busy_ports(nodes)
    if not busy:
        return record
    taken = {port for node in record.nodes for port in node.reserved} | _ports_of_siblings(layout)
    moved: dict[int, NodeAddress] = {}
    for node in (node for node in nodes if node.node_id in busy):
        stays = others_run and node.is_voter and node.controller_port in busy[node.node_id]
        port = node.controller_port if stays else busy[node.node_id][0]
        by = f"{node.host}:{port} is taken by {holder(node.host, port)}"
        if stays:
            raise LocalError(
                f"{by}: the controller port of node {node.node_id}, {KNOWN_BY_IT}",
                hint=OUT_OF_IT,
            )
        new = node.moved_to(free_block(node.host, taken=taken))
        moved[node.node_id] = replace(new, controller_port=node.controller_port) if others_run else new
        taken |= new.reserved
        report.note(f"{by}: node {node.node_id} listens on {new.host}:{moved[node.node_id].ports[0]} from now on")
    kept = replace(record, nodes=tuple(moved.get(node.node_id, node) for node in record.nodes))
    write_record(layout.record, kept)
    if kept.bootstrap_servers != record.bootstrap_servers:
        report.note(f"bootstrap_servers changed: {','.join(kept.bootstrap_servers)}")
    return kept


def settle_jmx_ports(
    layout: Layout, record: ClusterRecord, node_ids: Collection[int], *, wanted: bool, report: Reporter
) -> ClusterRecord:
    """The record, kept with a port for the JMX agent of each of ``node_ids`` (about to start), or with none.

    It is the one after the block of the node, or after that the first that is free: nobody else is moved for it.
    """
    taken = {port for node in record.nodes for port in node.reserved} | _ports_of_siblings(layout)
    nodes = []
    for node in record.nodes:
        port = node.jmx_port
        if node.node_id in node_ids:
            port = _jmx_port(node, taken, report) if wanted else None
        nodes.append(replace(node, jmx_port=port))
        taken |= nodes[-1].reserved
    kept = replace(record, nodes=tuple(nodes))
    if kept != record:
        write_record(layout.record, kept)
    return kept


def _jmx_port(node: NodeAddress, taken: set[int], report: Reporter) -> int:
    """The port that it had, if it is still free."""
    if node.jmx_port is None:
        return free_port(LOOPBACK, taken=taken, start=node.client_port + BLOCK)
    if node.prefix or _gets_free(LOOPBACK, node.jmx_port):
        return node.jmx_port
    new = free_port(LOOPBACK, taken=taken, start=node.jmx_port + 1)
    by = f"{LOOPBACK}:{node.jmx_port} is taken by {holder(LOOPBACK, node.jmx_port)}"
    report.note(f"{by}: the JMX agent of node {node.node_id} listens on {LOOPBACK}:{new} from now on")
    return new


def _gets_free(host: str, port: int) -> bool:
    """Whether a port is free; a process that just ended gets a moment to let go."""
    with suppress(WaitTimeout):
        return wait_until(lambda: is_free(host, port), bool, what="a port", timeout=LET_GO_TIMEOUT)
    return False


def _busy_ports(nodes: Sequence[NodeAddress]) -> dict[int, list[int]]:
    """The ports of each node that something listens on; a process that just ended gets a moment to let go.

    With a prefix a node may live in a network of its own, which cannot be seen from here.
    """

    def look() -> dict[int, list[int]]:
        visible = [node for node in nodes if not node.prefix]
        busy = {node.node_id: [port for port in node.ports if not is_free(node.host, port)] for node in visible}
        return {node_id: ports for node_id, ports in busy.items() if ports}

    try:
        return wait_until(look, lambda busy: not busy, what="its ports", timeout=LET_GO_TIMEOUT)
    except WaitTimeout:
        return look()
