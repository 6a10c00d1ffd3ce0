"""What runs beside the nodes, as `ottla status` shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from ottla.cli.running import with_options
from ottla.model.units import counted, format_duration

if TYPE_CHECKING:
    from ottla.platform.monitoring import MonitoringStatus, Server


def print_monitoring(status: MonitoringStatus | None) -> None:
    """A line for each server, and one for what Prometheus sees; nothing where there is no monitoring."""
    if status is None:
        return
    typer.echo("")
    for server in status.servers:
        typer.echo(f"{server.name}: {_state(server)}")
    if status.targets is None or status.firing is None:
        typer.echo(with_options("  prometheus does not answer; start it anew: ottla up --with monitoring"))
        return
    if status.firing:
        firing = f"{counted(len(status.firing), 'alert')} firing: {', '.join(status.firing)}"
    else:
        firing = "no alert fires" if status.up else "so nothing is seen: that no alert fires says nothing"
    typer.echo(f"  {status.up} of {counted(status.targets, 'target')} healthy, {firing}")


def _state(server: Server) -> str:
    if server.uptime is None:
        return with_options("stopped; start it: ottla up --with monitoring")
    return f"{server.url}, up {format_duration(server.uptime * 1000)}"


def monitoring_document(status: MonitoringStatus | None) -> dict[str, Any] | None:
    """The same as data."""
    if status is None:
        return None
    return {
        "servers": [
            {"name": each.name, "url": each.url, "pid": each.pid, "uptime_seconds": each.uptime} for each in status.servers
        ],
        "targets": {"up": status.up, "total": status.targets},
        "firing": None if status.firing is None else list(status.firing),
    }
