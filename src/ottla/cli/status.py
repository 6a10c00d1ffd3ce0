"""`ottla status`: what runs, and how it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from ottla.cli.output import Output, OutputOption, print_document, print_table
from ottla.cli.running import DEFAULT_FILE, WANTING, Environment, SpecFile, explained, open_platform, with_options
from ottla.model.units import format_duration, format_size

if TYPE_CHECKING:
    from ottla.local import NodeStatus
    from ottla.platform import PlatformStatus


@explained
def command(file: SpecFile = DEFAULT_FILE, environment: Environment = None, output: OutputOption = Output.TABLE) -> int:
    """Nodes, roles, quorum leader, ISR, disk, memory, ports, uptime. Exit 6 unless every node runs and is in sync."""
    status = open_platform(file, environment).status()
    if output is Output.TABLE:
        _print_table(status)
    else:
        print_document("status", _document(status), output)
    return 0 if _healthy(status) else WANTING


def _healthy(status: PlatformStatus) -> bool:
    view = status.view
    if view is None or any(node.pid is None for node in status.nodes):
        return False
    fenced = any(broker.fenced for broker in view.brokers)
    return not (fenced or view.under_replicated or view.offline) and view.quorum.leader is not None


def _print_table(status: PlatformStatus) -> None:
    typer.echo(f"{status.cluster} ({status.environment}): Kafka {status.kafka_version}, cluster_id {status.cluster_id}")
    typer.echo(f"bootstrap servers: {','.join(status.bootstrap_servers)}")
    if status.view is not None:
        view = status.view
        total = len(view.partitions)
        typer.echo(
            f"{view.topics} topics (Kafka's own included), {total} partitions: {total - len(view.offline)} have a leader, "
            f"{total - len(view.under_replicated)} have every replica in sync"
        )
    typer.echo("")
    header = ("NODE", "STATE", "ROLES", "CLIENTS", "INTERNAL", "CONTROLLER", "PID", "UPTIME", "MEMORY", "DISK", "FREE")
    print_table(header, [_row(status, node) for node in status.nodes])
    if status.problem:
        typer.echo(f"\nthe cluster does not answer: {status.problem}\n  see why: ottla logs")
    stopped = [str(node.address.node_id) for node in status.nodes if node.pid is None]
    if stopped:
        what = "nothing runs" if len(stopped) == len(status.nodes) else f"stopped: node {', '.join(stopped)}"
        typer.echo(with_options(f"\n{what}; start it: ottla up"))


def _row(status: PlatformStatus, node: NodeStatus) -> tuple[str, ...]:
    address = node.address
    running = node.pid is not None
    return (
        str(address.node_id),
        _state(status, node),
        _roles(status, address.node_id),
        f"{address.host}:{address.client_port}",
        str(address.internal_port),
        str(address.controller_port),
        str(node.pid) if running else "-",
        format_duration(node.uptime * 1000) if node.uptime is not None else "-",
        format_size(node.memory) if node.memory is not None else "-",
        format_size(node.disk),
        _free(status, address.node_id),
    )


def _state(status: PlatformStatus, node: NodeStatus) -> str:
    if node.pid is None:
        return "stopped"
    if status.view is None:
        return "running"
    fenced = {broker.node_id: broker.fenced for broker in status.view.brokers}
    return "fenced" if fenced.get(node.address.node_id, True) else "running"


def _roles(status: PlatformStatus, node_id: int) -> str:
    leads = status.view is not None and status.view.quorum.leader == node_id
    return "broker,controller" + (" (quorum leader)" if leads else "")


def _free(status: PlatformStatus, node_id: int) -> str:
    if status.view is None:
        return "-"
    usable = [log_dir.usable for log_dir in status.view.log_dirs if log_dir.node_id == node_id]
    return format_size(sum(usable)) if usable else "-"


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
        "quorum": view
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
    }


def _node_document(status: PlatformStatus, node: NodeStatus) -> dict[str, Any]:
    log_dirs = status.view.log_dirs if status.view else ()
    return {
        "node_id": node.address.node_id,
        "state": _state(status, node),
        "roles": ["broker", "controller"],
        "host": node.address.host,
        "ports": {
            "client": node.address.client_port,
            "internal": node.address.internal_port,
            "controller": node.address.controller_port,
        },
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
