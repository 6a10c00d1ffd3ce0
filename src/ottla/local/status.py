"""What can be said of a node by looking at its process and its files."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from ottla.local.processes import is_paused

if TYPE_CHECKING:
    from ottla.local.cluster import LocalCluster
    from ottla.local.record import NodeAddress

BLOCK_BYTES = 512  # the unit of st_blocks (stat(2))


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """A node's process. ``memory`` (resident) and ``disk`` are bytes, ``uptime`` seconds; None where it does not run.

    ``paused``: it is there, and somebody stopped it (SIGSTOP), so that it does nothing.
    """

    address: NodeAddress
    pid: int | None
    uptime: float | None
    memory: int | None
    disk: int
    paused: bool = False


def node_statuses(cluster: LocalCluster) -> list[NodeStatus]:
    """Every node of the cluster, running or not."""
    running = cluster.running()
    statuses = []
    for address in cluster.made().nodes:
        disk = _size_on_disk(cluster.layout.node(address.node_id).data)
        statuses.append(_status(address, running.get(address.node_id), disk))
    return statuses


def _size_on_disk(folder: Path) -> int:
    """Bytes that the files below a folder take; Kafka renames and removes files all the time, so some may be gone already."""
    size = 0
    for at, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                size += (Path(at) / name).lstat().st_blocks * BLOCK_BYTES
    return size


def _status(address: NodeAddress, process: psutil.Process | None, disk: int) -> NodeStatus:
    if process is not None:
        try:
            uptime = max(0.0, time.time() - process.create_time())  # the clock may have been moved back
            return NodeStatus(address, process.pid, uptime, process.memory_info().rss, disk, is_paused(process))
        except psutil.NoSuchProcess:
            pass  # it ended while it was looked at
    return NodeStatus(address, None, None, None, disk)
