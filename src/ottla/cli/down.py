"""`ottla down`: stop; with `--wipe`, remove."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from ottla.cli.running import DEFAULT_FILE, Environment, SpecFile, explained, open_platform
from ottla.errors import PlanRefused

if TYPE_CHECKING:
    from ottla.platform import LocalPlatform


@explained
def command(
    file: SpecFile = DEFAULT_FILE,
    environment: Environment = None,
    wipe: Annotated[bool, typer.Option("--wipe", help="Remove all data of the environment as well.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> int:
    """Stop every node. All data stays, unless --wipe is given."""
    platform = open_platform(file, environment)
    if wipe:
        return _wipe(platform, yes=yes)
    stopped = platform.down()
    nodes = f"node{'s' if len(stopped) > 1 else ''} {', '.join(map(str, stopped))}"
    typer.echo(f"stopped: {nodes}; all data stays" if stopped else "nothing was running; all data stays")
    return 0


def _wipe(platform: LocalPlatform, *, yes: bool) -> int:
    from ottla.platform.shared import refuse_shared

    refuse_shared(platform.spec, "down", "--wipe")
    folder = platform.cluster.layout.root
    what = f"{folder} and every event in it{_of_neighbours(platform)}"
    if not yes:
        if not sys.stdin.isatty():
            raise PlanRefused([f"--wipe removes {what}"], hint="if that is meant, add --yes")
        if not typer.confirm(f"Remove {what}?"):
            typer.echo("nothing was done")
            return 0
    platform.wipe()
    typer.echo(f"removed: {folder}")
    return 0


def _of_neighbours(platform: LocalPlatform) -> str:
    return f", those of {', '.join(platform.neighbours)} as well" if platform.neighbours else ""
