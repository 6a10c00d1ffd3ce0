"""`ottla restart`: one node at a time."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from ottla.cli.offered import node_ids
from ottla.cli.running import DEFAULT_FILE, Environment, SpecFile, explained, open_platform


@explained
def command(
    node: Annotated[
        list[int] | None, typer.Argument(help="The node_ids to restart; all nodes if none is given.", autocompletion=node_ids)
    ] = None,
    file: SpecFile = DEFAULT_FILE,
    environment: Environment = None,
) -> int:
    """Restart nodes one at a time, each only while every replica is in sync; the active controller last."""
    started = time.monotonic()
    done = open_platform(file, environment).restart(node)
    nodes = ", ".join(map(str, done))
    typer.echo(f"restarted: node{'s' if len(done) > 1 else ''} {nodes} ({time.monotonic() - started:.1f} s)")
    return 0
