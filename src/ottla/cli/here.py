"""`ottla` alone: what runs here, and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from ottla.cli.output import print_table
from ottla.cli.running import DEFAULT_FILE, explained

if TYPE_CHECKING:
    from ottla.platform import Platform


@explained
def command() -> int:
    """Show each environment of the spec in this folder and whether it runs; the process table is asked, no cluster is."""
    from ottla.platform import Platform

    if not DEFAULT_FILE.exists():
        typer.echo(f"There is no {DEFAULT_FILE} here.")
        _next({"ottla init": "write one to begin with", "ottla --help": "every command"})
        return 0
    platform = Platform.load(DEFAULT_FILE)
    rows = [_row(platform, name) for name in platform.spec.environments]
    print_table(("ENVIRONMENT", "TARGET", "STATE", "BOOTSTRAP SERVERS"), rows)
    runs = any(state.startswith("running") for _, _, state, _ in rows)
    if runs:
        commands = {
            "ottla status": "how it is",
            "ottla verify": "whether it is as the spec says",
            "ottla down": "stop; all data stays",
        }
    else:
        commands = {"ottla up": f"run {platform.spec.default_environment} here"}
    _next({**commands, "ottla --help": "every command"})
    return 0


def _row(platform: Platform, name: str) -> tuple[str, str, str, str]:
    from ottla.errors import NotYet, OttlaError
    from ottla.spec import Target

    shown = f"{name} (default)" if name == platform.spec.default_environment else name
    spec = platform.spec.environments[name]
    target = f"in {spec.shares}" if spec.shares else spec.target.value
    try:
        cluster = platform.on(name).cluster
        record = cluster.record()
    except NotYet:
        there = spec.target is Target.STRIMZI
        return shown, target, f"in Kubernetes, see: ottla deploy --plan -e {name}" if there else "not built yet", "-"
    except OttlaError:
        return shown, target, f"damaged, see: ottla status -e {name}", "-"
    if record is None:
        return shown, target, "not made yet", "-"
    running = len(cluster.running())
    state = f"running, {running} of {len(record.nodes)} nodes" if running else "stopped"
    return shown, target, state, ",".join(record.bootstrap_servers)


def _next(commands: dict[str, str]) -> None:
    width = max(map(len, commands)) + 4
    typer.echo("\nnext: " + "\n      ".join(f"{name:{width}}{why}" for name, why in commands.items()))
