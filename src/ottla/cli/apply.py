"""`ottla apply`: show the plan, ask, do exactly that."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from ottla.cli.output import note, print_changes
from ottla.cli.plan import KINDS, Allow
from ottla.cli.running import DEFAULT_FILE, Environment, SpecFile, chosen, explained, open_platform, with_options
from ottla.errors import PlanRefused

if TYPE_CHECKING:
    from ottla.plan import Plan


@explained
def command(
    file: SpecFile = DEFAULT_FILE,
    environment: Environment = None,
    allow: Allow = None,
    accept: Annotated[
        list[str] | None, typer.Option("--accept", help="Accept a risk to data by its code, as the plan shows it.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> int:
    """Make the live cluster what the spec says. Nothing is deleted without --allow; risks to data want --accept."""
    from ottla.plan import CODES, plan_lines, plan_summary, refuse_unaccepted

    kinds = chosen("--allow", allow, "kinds", KINDS)
    accepted = chosen("--accept", accept, "codes", CODES)
    platform = open_platform(file, environment)
    plan = platform.plan(allow=kinds)

    print_changes(map(with_options, plan_lines(plan)))
    typer.echo(plan_summary(plan))
    if not plan.changes:
        return 0
    refuse_unaccepted(plan, accepted)
    if not yes and not _agreed(plan, platform.spec.cluster.name):
        note("nothing was done")
        return 0
    done = platform.apply(plan, accept=accepted)
    for line in done:
        typer.echo(f"done: {line}")
    return 0


def _agreed(plan: Plan, cluster: str) -> bool:
    from ottla.plan import DeleteTopic

    if not sys.stdin.isatty():
        raise PlanRefused(["nobody is there to be asked"], hint="to apply without asking: ottla apply --yes")
    if any(isinstance(planned.change, DeleteTopic) for planned in plan.changes):
        if typer.prompt(f"This deletes topics. Type the cluster's name ({cluster}) to go on") != cluster:
            raise PlanRefused(["that is not the cluster's name"], hint="nothing was done")
        return True
    return typer.confirm("Apply?")
