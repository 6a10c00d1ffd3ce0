"""Whether this machine has the memory that nodes about to start may take."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from ottla.errors import LocalError
from ottla.model.units import counted, format_size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ottla.local.record import NodeAddress
    from ottla.local.report import Reporter

MIB = 1024**2
BESIDE_HEAP = 160 * MIB  # what a JVM takes beside its heap: 123 MiB when idle (decision 0001), and threads and buffers to come
CONTROLLER_HEAP = 256 * MIB  # a controller alone keeps the metadata only
TIGHT = 0.8
LESS = (
    "take a smaller cluster.heap, fewer nodes (cluster.nodes, or an environment that has fewer: -e laptop), "
    "or stop what takes the memory"
)
CGROUP = Path("/sys/fs/cgroup")
CGROUP_FILES = (  # the limit, what is used of it, and a part of that which the kernel gives back (cgroups 2, then 1)
    ("memory.max", "memory.current", "memory.stat", "inactive_file"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat", "total_inactive_file"),
)


def heap_of(node: NodeAddress, heap: int) -> int:
    """The heap of a node, in bytes: ``heap``, or less where it is a controller alone."""
    return heap if node.is_broker else min(heap, CONTROLLER_HEAP)


def check_memory(nodes: Sequence[NodeAddress], heap: int, *, report: Reporter, way_out: str = LESS) -> None:
    """Say so where ``nodes`` leave little of the memory that is available.

    Raises LocalError, with ``way_out``, where they cannot fit into it.
    """
    needed = sum(heap_of(node, heap) + BESIDE_HEAP for node in nodes)
    available, swap = psutil.virtual_memory().available, psutil.swap_memory().free
    room = cgroup_room()
    if room is not None and room < available:
        available, swap = room, 0
    figures = (
        f"{counted(len(nodes), 'node')} may take {format_size(needed)} of memory "
        f"(a heap of {format_size(heap)} each, and {format_size(BESIDE_HEAP)} beside it)"
    )
    if needed > available + swap:
        raise LocalError(f"{figures}, and {format_size(available + swap)} is available", hint=way_out)
    if needed > available * TIGHT:
        report.note(f"memory is tight: {figures}, and {format_size(available)} is available")


def cgroup_room(root: Path = CGROUP) -> int | None:
    """What the container that this runs in leaves, in bytes; None where it sets no limit, or there is none."""
    for limit, used, details, cached in CGROUP_FILES:
        with suppress(OSError, ValueError):  # "max" is no number
            of_cache = dict(line.split() for line in (root / details).read_text(encoding="ascii").splitlines())
            most = int((root / limit).read_text(encoding="ascii"))
            return max(0, most - int((root / used).read_text(encoding="ascii")) + int(of_cache.get(cached, 0)))
    return None


def cgroup_limit(root: Path = CGROUP) -> int | None:
    """What the container that this runs in may take at most, in bytes; None where it sets no limit, or there is none."""
    for limit, *_ in CGROUP_FILES:
        with suppress(OSError, ValueError):  # "max" is no number
            return int((root / limit).read_text(encoding="ascii"))
    return None
