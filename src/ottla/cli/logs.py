"""`ottla logs`: what the nodes say, and the configuration of what ships it."""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path  # noqa: TC003  (typer reads the annotations)
from typing import TYPE_CHECKING, Annotated

import typer

from ottla.cli.offered import node_ids
from ottla.cli.output import note
from ottla.cli.running import DEFAULT_FILE, INTERRUPTED, Environment, SpecFileLong, explained, open_platform
from ottla.errors import UsageError

if TYPE_CHECKING:
    from ottla.platform import LocalPlatform


class Shipper(Enum):
    """As ``ottla.telemetry.shippers.Shipper``; `--help` imports nothing heavy."""

    FILEBEAT = "filebeat"
    FLUENT_BIT = "fluent-bit"


@explained
def command(
    node: Annotated[int | None, typer.Argument(help="A node_id; all nodes if not given.", autocompletion=node_ids)] = None,
    file: SpecFileLong = DEFAULT_FILE,
    environment: Environment = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes, until Ctrl-C.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many lines of each node to begin with.")] = 20,
    shipper: Annotated[
        Shipper | None, typer.Option("--shipper", help="Print the configuration of what ships these logs, and end.")
    ] = None,
    directory: Annotated[
        Path | None, typer.Option("--directory", "-d", help="With --shipper: write it into this folder.", metavar="DIR")
    ] = None,
) -> int:
    """The end of each node's log, and with --follow what comes after. Logs in JSON are shown as text, too."""
    from ottla.local import follow_logs, tail_logs

    if directory is not None and shipper is None:
        raise UsageError("--directory is for the configuration of a shipper: say which one, --shipper NAME")
    platform = open_platform(file, environment)
    if shipper is not None:
        return _configure(platform, shipper, directory)
    cluster = platform.cluster
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


def _configure(platform: LocalPlatform, shipper: Shipper, directory: Path | None) -> int:
    """Print or write the configuration of a shipper for the files of this environment."""
    import io

    from ruamel.yaml import YAML

    from ottla.files import write_atomic
    from ottla.model.log_format import LogFormat
    from ottla.telemetry import shippers

    cluster = platform.cluster
    logs = shippers.LogFiles(
        cluster.layout.root, platform.environment, cluster.name, as_json=platform.spec.logs.format is LogFormat.ECS
    )
    wanted = shippers.Shipper(shipper.value)
    writer, text = YAML(typ="safe", pure=True), io.StringIO()
    writer.default_flow_style, writer.sort_base_mapping_type_on_output = False, False
    writer.dump(shippers.configuration(wanted, logs), text)
    if directory is None:
        sys.stdout.write(text.getvalue())
        return 0
    directory.mkdir(parents=True, exist_ok=True)
    write_atomic(directory / wanted.file_name, text.getvalue())
    note(f"  written: {directory / wanted.file_name}")
    return 0
