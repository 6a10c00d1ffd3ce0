"""Whether nodes about to start may open the files that they need: one that may not loses the end of its metadata log over it."""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING

from ottla.errors import LocalError
from ottla.local.guards import named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ottla.local.layout import Layout
    from ottla.local.record import NodeAddress

BESIDE_SEGMENTS = 512  # jars, indexes that are written, sockets: 230 seen on an idle node, and clients are to come
ENOUGH = 100_000  # Kafka's own advice (docs/operations, "Hardware and OS")


def check_open_files(layout: Layout, nodes: Sequence[NodeAddress]) -> None:
    """Raise LocalError where a node would not be allowed to open its segments.

    What counts is the hard limit: a JVM raises its own limit to that (-XX:+MaxFDLimit, on by default).
    """
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if most == resource.RLIM_INFINITY:
        return
    for node in nodes:
        segments = sum(1 for _ in layout.node(node.node_id).data.glob("*/*.log"))
        needed = BESIDE_SEGMENTS + segments
        if most < needed:
            raise LocalError(
                f"{named([node.node_id])} needs to open {needed:,} files ({segments:,} segments, and {BESIDE_SEGMENTS} beside "
                f"them), and this shell lets a process open {most:,} (ulimit -Hn)",
                hint=f"in a shell that may: ulimit -n {ENOUGH}, then: ottla up",
            )
