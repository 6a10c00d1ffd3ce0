"""How nodes come to run: looked at, given what they need, formatted if they are new, and started in an order that is safe."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ottla.local.addresses import settle_jmx_ports, settle_ports
from ottla.local.guards import named, refuse_blank_majority, refuse_unusable_data
from ottla.local.memory import check_memory, heap_of
from ottla.local.node import format_nodes, has_run, needs_format, start_node, stopped_cleanly, write_node_files
from ottla.local.open_files import check_open_files
from ottla.local.ready import wait_for_nodes
from ottla.local.record import write_record
from ottla.local.secured import is_secured, jvm_flags, new_seal
from ottla.local.trust import ensure_certificates, ensure_own_certificate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ottla.local.cluster import LocalCluster
    from ottla.local.jvm import Runtime
    from ottla.local.record import ClusterRecord, NodeAddress


def start_nodes(
    cluster: LocalCluster, record: ClusterRecord, node_ids: Sequence[int], configs: Mapping[int, Mapping[str, str]]
) -> ClusterRecord:
    """Start nodes that do not run, and return at once; the record comes back with other ports where some were taken.

    Raises LocalError or PlanRefused before anything was started.
    """
    layout = cluster.layout
    others_run = len(cluster.running()) > 0
    record = _keep_secured(cluster, record, configs)
    wanted = [record.node(node_id) for node_id in node_ids]
    refuse_unusable_data(layout, record, wanted)
    refuse_blank_majority(layout, record)
    check_memory(wanted, cluster.heap, report=cluster.report)
    check_open_files(layout, wanted)
    runtime = cluster.runtime(record.kafka_version)
    record = settle_ports(layout, record, wanted, others_run=others_run, report=cluster.report)
    record = settle_jmx_ports(layout, record, node_ids, wanted=cluster.jmx_agent, report=cluster.report)
    record = _keep_log_format(cluster, record, node_ids)
    nodes = [record.node(node_id) for node_id in node_ids]
    ensure_certificates(layout, cluster.name, nodes, others_run=others_run)
    if record.any_secured:
        ensure_own_certificate(layout)
        for remark in cluster.admission.ensure_certificates([node for node in nodes if node.secured]):
            cluster.report.note(remark)
    for node in nodes:
        write_node_files(layout, record, node, configs[node.node_id], cluster=cluster.name)
    _format(cluster, runtime, record, nodes)
    killed = [node.node_id for node in nodes if not stopped_cleanly(layout.node(node.node_id))]
    if killed:
        cluster.report.note(
            f"{named(killed)} did not end cleanly: Kafka waits for the old session to end first (9 s, unless set)"
        )
    _start_in_order(cluster, runtime, record, nodes, configs)
    return record


def _keep_secured(cluster: LocalCluster, record: ClusterRecord, configs: Mapping[int, Mapping[str, str]]) -> ClusterRecord:
    """The record, kept with what ``configs`` make of each node: secured, or open to anybody on this machine."""
    secured = {node_id: is_secured(properties) for node_id, properties in configs.items()}
    nodes = tuple(replace(node, secured=secured.get(node.node_id, node.secured)) for node in record.nodes)
    kept = replace(record, nodes=nodes)
    if kept.any_secured and not kept.seal:
        kept = replace(kept, seal=new_seal())
    if kept == record:
        return record
    write_record(cluster.layout.record, kept)
    return kept


def _keep_log_format(cluster: LocalCluster, record: ClusterRecord, node_ids: Sequence[int]) -> ClusterRecord:
    """The record, kept with how each of the nodes that are about to start writes its log."""
    nodes = [replace(node, ecs_logs=cluster.ecs_logs) if node.node_id in node_ids else node for node in record.nodes]
    kept = replace(record, nodes=tuple(nodes))
    if kept != record:
        write_record(cluster.layout.record, kept)
    return kept


def _format(cluster: LocalCluster, runtime: Runtime, record: ClusterRecord, nodes: Sequence[NodeAddress]) -> None:
    unformatted = [node.node_id for node in nodes if needs_format(cluster.layout.node(node.node_id))]
    if unformatted:
        cluster.report.step(f"formatting {named(unformatted)}")
        users = cluster.admission.first_users() if record.any_secured else ()
        format_nodes(runtime, cluster.layout, record, unformatted, users=users)


def _start_in_order(
    cluster: LocalCluster,
    runtime: Runtime,
    record: ClusterRecord,
    nodes: Sequence[NodeAddress],
    configs: Mapping[int, Mapping[str, str]],
) -> None:
    """A blank voter that led the quorum before would be told that it still does, and die of it: the others elect first."""
    known = [node for node in record.nodes if has_run(cluster.layout.node(node.node_id))]
    blank_voters = [node for node in nodes if node.is_voter and node not in known]
    if not (blank_voters and any(node.is_voter for node in known)):
        _start(cluster, runtime, nodes, configs)
        return
    first = [node for node in nodes if node not in blank_voters]
    _start(cluster, runtime, first, configs)
    # A broker takes clients only once there is a leader of the quorum; a controller alone listens before.
    wait_for_nodes(cluster, [*(node for node in known if node not in first), *first])
    _start(cluster, runtime, blank_voters, configs)


def _start(
    cluster: LocalCluster, runtime: Runtime, nodes: Sequence[NodeAddress], configs: Mapping[int, Mapping[str, str]]
) -> None:
    if nodes:
        cluster.report.step(f"starting {named([node.node_id for node in nodes])}")
    for node in nodes:
        flags = jvm_flags(configs[node.node_id])
        start_node(runtime, cluster.layout, node, heap=heap_of(node, cluster.heap), extra=flags)
