"""`ottla status`: what runs, and how it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from ottla.cli.beside import monitoring_document, print_monitoring
from ottla.cli.certs import note_expiry
from ottla.cli.output import Output, OutputOption, fits, print_document, print_filled, print_table
from ottla.cli.running import DEFAULT_FILE, WANTING, Environment, SpecFile, explained, open_platform, with_options
from ottla.errors import OttlaError
from ottla.model.units import format_duration, format_size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ottla.local import NodeStatus
    from ottla.local.faults.record import FaultRecord
    from ottla.local.record import NodeAddress
    from ottla.platform import LocalPlatform, PlatformStatus

NOTHING = "-"
JMX = "JMX"  # a column where any node has the agent


@explained
def command(file: SpecFile = DEFAULT_FILE, environment: Environment = None, output: OutputOption = Output.TABLE) -> int:
    """Nodes, roles, quorum leader, ISR, disk, memory, ports, uptime. Exit 6 unless every node runs and is in sync."""
    from ottla.platform.monitoring import monitoring_of

    platform = open_platform(file, environment)
    try:
        status = platform.status()
    except OttlaError:
        if output is Output.TABLE:
            _print_scratch(platform)  # a drill needs no platform that was made
        raise
    exporter, monitoring = _exporter(platform), monitoring_of(platform).status()
    if output is Output.TABLE:
        _print_table(status)
        if exporter is not None:
            typer.echo(f"\nexporter: {exporter['url'] if exporter['pid'] else with_options('stopped; start it: ottla up')}")
        print_monitoring(monitoring)
        _print_scratch(platform)
        note_expiry(platform)
    else:
        beside = {"exporter": exporter, "monitoring": monitoring_document(monitoring), "scratch": _scratch(platform)}
        print_document("status", {**_document(status), **beside}, output)
    beside_runs = (exporter is None or exporter["pid"]) and (monitoring is None or monitoring.runs)
    return 0 if _healthy(status) and beside_runs else WANTING


def _exporter(platform: LocalPlatform) -> dict[str, Any] | None:
    """The exporter beside the nodes, where there is one or should be."""
    from ottla.platform.exporter_process import exporter_process, where_it_listens
    from ottla.platform.monitoring import watched

    process = exporter_process(platform).find()
    if process is None and not watched(platform, wanted=False).spec.exporter.enabled:
        return None
    return {"url": where_it_listens(platform), "pid": None if process is None else process.pid}


def _scratch(platform: LocalPlatform) -> list[dict[str, Any]]:
    """The clusters that drills made for themselves; without a holder, one was left behind."""
    from ottla.local.scratch import scratch_clusters

    found = scratch_clusters(platform.folder)
    return [{"run": each.run, "folder": str(each.layout.root), "holder": each.holder} for each in found]


def _print_scratch(platform: LocalPlatform) -> None:
    for each in _scratch(platform):
        then = f"in use ({each['holder']})" if each["holder"] else "its drill was cut off; remove it: ottla up"
        typer.echo(with_options(f"\ndrill: scratch cluster {each['run']} ({each['folder']}): {then}"))


def _healthy(status: PlatformStatus) -> bool:
    view = status.view
    if view is None or any(node.pid is None or node.paused for node in status.nodes):
        return False
    fenced = any(broker.fenced for broker in view.brokers)
    return _leader(status) is not None and not (fenced or view.under_replicated or view.offline)


def _leader(status: PlatformStatus) -> int | None:
    """Who leads the quorum, if it is known."""
    return status.view.quorum.leader if status.view and status.view.quorum else None


def _print_table(status: PlatformStatus) -> None:
    typer.echo(f"{status.cluster} ({status.environment}): Kafka {status.kafka_version}, cluster_id {status.cluster_id}")
    typer.echo(f"bootstrap servers: {','.join(status.bootstrap_servers)}")
    addresses = [node.address for node in status.nodes]
    with_certificates = [f"{each.host}:{port}" for each in addresses for how, port in each.client_ports.items() if how == "tls"]
    if with_certificates:
        typer.echo(f"  for certificates: {','.join(with_certificates)}")
    if status.view is not None:
        view = status.view
        total = len(view.partitions)
        typer.echo(
            f"{view.topics} topics (Kafka's own included), {total} partitions: {total - len(view.offline)} have a leader, "
            f"{total - len(view.under_replicated)} have every replica in sync"
        )
    running, voters = status.voters_running
    if not status.has_quorum and any(node.pid is not None for node in status.nodes):
        known = "" if status.view is None else ", so this is what the brokers knew last"
        typer.echo(f"no quorum: only {running} of {voters} controllers {'run' if running > 1 else 'runs'}{known}")
    typer.echo("")
    _print_nodes(status)
    if status.problem:
        typer.echo(with_options(f"\nthe cluster does not answer: {status.problem}\n  see why: ottla logs"))
    for what, nodes in (("stopped", _without_process(status)), ("paused", [node for node in status.nodes if node.paused])):
        names = ", ".join(str(node.address.node_id) for node in nodes)
        if nodes:
            said = "nothing runs" if len(nodes) == len(status.nodes) and what == "stopped" else f"{what}: node {names}"
            typer.echo(with_options(f"\n{said}; start it: ottla up"))
    for fault in status.faults:
        then = "it runs, and heals that itself" if fault.drill_lives else "it was cut off; heal what it left: ottla up"
        typer.echo(with_options(f"\ndrill: {fault}; {then}"))


def _without_process(status: PlatformStatus) -> list[NodeStatus]:
    return [node for node in status.nodes if node.pid is None]


def _print_nodes(status: PlatformStatus) -> None:
    agents = (JMX,) if any(node.address.jmx_port is not None for node in status.nodes) else ()
    listeners = ("CLIENTS", "INTERNAL", "CONTROLLER", *agents)
    header = ("NODE", "STATE", "ROLES", *listeners, "PID", "UPTIME", "MEMORY", "DISK", "FREE")
    rows = [_row(status, node, listeners) for node in status.nodes]
    if fits(header, rows):
        print_table(header, rows)
        return
    for node_id, state, roles, *rest in rows:
        print_filled((f"node {node_id}", state, roles), indent="")
        ports = zip((name.lower() for name in listeners), rest, strict=False)
        print_filled([f"{name} {port}" for name, port in ports if port != NOTHING], indent="  ")
        named = dict(zip(("pid", "up", "memory", "disk", "free"), rest[len(listeners) :], strict=True))
        print_filled([f"{name} {figure}" for name, figure in named.items() if figure != NOTHING], indent="  ")


def _row(status: PlatformStatus, node: NodeStatus, listeners: Sequence[str]) -> tuple[str, ...]:
    address = node.address
    ports = {
        "CLIENTS": f"{address.host}:{','.join(map(str, address.client_ports.values()))}" if address.is_broker else NOTHING,
        "INTERNAL": str(address.internal_port) if address.is_broker else NOTHING,
        "CONTROLLER": str(address.controller_port) if address.is_voter else NOTHING,
        JMX: NOTHING if address.jmx_port is None else str(address.jmx_port),
    }
    return (
        str(address.node_id),
        _state(status, node),
        _roles(status, node),
        *(ports[name] for name in listeners),
        str(node.pid) if node.pid is not None else NOTHING,
        format_duration(node.uptime * 1000) if node.uptime is not None else NOTHING,
        format_size(node.memory) if node.memory is not None else NOTHING,
        format_size(node.disk),
        _free(status, address.node_id),
    )


def _state(status: PlatformStatus, node: NodeStatus) -> str:
    if node.pid is None:
        return "stopped"
    if node.paused:
        return "paused"
    if status.view is None or not node.address.is_broker:
        return "running"
    fenced = {broker.node_id: broker.fenced for broker in status.view.brokers}
    return "fenced" if fenced.get(node.address.node_id, True) else "running"


def _roles(status: PlatformStatus, node: NodeStatus) -> str:
    leads = _leader(status) == node.address.node_id
    return ",".join(node.address.roles) + (" (quorum leader)" if leads else "")


def _free(status: PlatformStatus, node_id: int) -> str:
    if status.view is None:
        return NOTHING
    usable = [log_dir.usable for log_dir in status.view.log_dirs if log_dir.node_id == node_id]
    return format_size(sum(usable)) if usable else NOTHING


def _document(status: PlatformStatus) -> dict[str, Any]:
    view = status.view
    return {
        "environment": status.environment,
        "cluster": status.cluster,
        "cluster_id": status.cluster_id,
        "kafka_version": status.kafka_version,
        "bootstrap_servers": list(status.bootstrap_servers),
        "healthy": _healthy(status),
        "problem": status.problem,
        "has_quorum": status.has_quorum,
        "quorum": view
        and view.quorum
        and {
            "leader": view.quorum.leader,
            "epoch": view.quorum.epoch,
            "voters": list(view.quorum.voters),
            "observers": list(view.quorum.observers),
        },
        "topics": view and view.topics,
        "partitions": view
        and {
            "total": len(view.partitions),
            "under_replicated": len(view.under_replicated),
            "offline": len(view.offline),
        },
        "nodes": [_node_document(status, node) for node in status.nodes],
        "faults": [_fault_document(fault) for fault in status.faults],
    }


def _fault_document(fault: FaultRecord) -> dict[str, Any]:
    return {
        "what": fault.what,
        "nodes": list(fault.node_ids),
        "pid": fault.pid,
        "since": fault.since,
        "drill_lives": fault.drill_lives,
    }


def _ports(address: NodeAddress) -> dict[str, int]:
    clients = {**address.client_ports, "internal": address.internal_port} if address.is_broker else {}
    controller = {"controller": address.controller_port} if address.is_voter else {}
    return clients | controller | ({} if address.jmx_port is None else {"jmx": address.jmx_port})


def _node_document(status: PlatformStatus, node: NodeStatus) -> dict[str, Any]:
    log_dirs = status.view.log_dirs if status.view else ()
    return {
        "node_id": node.address.node_id,
        "state": _state(status, node),
        "roles": list(node.address.roles),
        "host": node.address.host,
        "ports": _ports(node.address),
        "pid": node.pid,
        "uptime_seconds": node.uptime,
        "memory_bytes": node.memory,
        "disk_bytes": node.disk,
        "log_dirs": [
            {"path": log_dir.path, "total_bytes": log_dir.total, "usable_bytes": log_dir.usable}
            for log_dir in log_dirs
            if log_dir.node_id == node.address.node_id
        ],
    }
