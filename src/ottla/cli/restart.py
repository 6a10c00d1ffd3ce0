"""`ottla restart`: nodes one at a time, so that the cluster goes on."""

from __future__ import annotations

from typing import Annotated

import typer

from ottla.cli.running import DEFAULT_FILE, Environment, SpecFile, explained, open_platform
from ottla.errors import UsageError


@explained
def command(
    nodes: Annotated[list[int] | None, typer.Argument(metavar="[NODE]...", help="node_ids; every node if not given.")] = None,
    file: SpecFile = DEFAULT_FILE,
    environment: Environment = None,
) -> int:
    """Restart nodes one at a time, each only while every replica is in sync; no acknowledged event is lost."""
    platform = open_platform(file, environment)
    there = [node.node_id for node in platform.cluster.made().nodes]
    unknown = sorted(set(nodes or []) - set(there))
    if unknown:
        raise UsageError(f"there is no node {', '.join(map(str, unknown))}; there are {', '.join(map(str, there))}")
    done = platform.restart(nodes or there)
    typer.echo(f"restarted: node {', '.join(map(str, done))}")
    return 0
