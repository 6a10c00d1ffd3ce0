"""`ottla logs`: what the nodes say."""

from __future__ import annotations

from typing import Annotated

import typer

from ottla.cli.offered import node_ids
from ottla.cli.running import DEFAULT_FILE, INTERRUPTED, Environment, SpecFileLong, explained, open_platform
from ottla.errors import UsageError


@explained
def command(
    node: Annotated[int | None, typer.Argument(help="A node_id; all nodes if not given.", autocompletion=node_ids)] = None,
    file: SpecFileLong = DEFAULT_FILE,
    environment: Environment = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes, until Ctrl-C.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many lines of each node to begin with.")] = 20,
) -> int:
    """The end of each node's log, and with --follow what comes after."""
    from ottla.local import follow_logs, tail_logs

    cluster = open_platform(file, environment).cluster
    nodes = [address.node_id for address in cluster.made().nodes]
    if node is not None and node not in nodes:
        raise UsageError(f"there is no node {node}; there are {', '.join(map(str, nodes))}")
    paths = {node_id: cluster.layout.node(node_id).server_log for node_id in nodes if node in {None, node_id}}
    many = len(paths) > 1
    for node_id, line in tail_logs(paths, lines=lines):
        typer.echo(f"{node_id} | {line}" if many else line)
    if follow:
        try:
            for node_id, line in follow_logs(paths):
                typer.echo(f"{node_id} | {line}" if many else line)
        except KeyboardInterrupt:
            return INTERRUPTED  # how following ends: nothing to explain
    return 0
