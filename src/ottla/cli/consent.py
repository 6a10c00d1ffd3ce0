"""A plan shown, agreed to, and carried out: every question to a person is asked here."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from ottla.cli.output import note, print_changes
from ottla.cli.running import chosen, with_options
from ottla.errors import PlanRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from ottla.plan import Plan

Accept = Annotated[list[str] | None, typer.Option("--accept", help="Accept a risk to data by its code, as the plan shows it.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def carry_out(
    plan: Plan,
    apply: Callable[[Plan, frozenset[str]], tuple[str, ...]],
    *,
    accept: list[str] | None,
    yes: bool,
    cluster: str,
    then: Callable[[], None] = lambda: None,
) -> int:
    """Show ``plan``, ask unless ``yes``, and do exactly that, and ``then`` what it entails, which is so for no change as well.

    ``cluster`` is what is typed before topics are deleted.

    Raises PlanRefused where a risk is not accepted, nobody is there to be asked, or the wrong name is typed.
    """
    from ottla.plan import CODES, plan_lines, plan_summary, refuse_unaccepted

    accepted = chosen("--accept", accept, "codes", CODES)
    print_changes(map(with_options, plan_lines(plan)))
    typer.echo(plan_summary(plan))
    if not plan.changes:
        then()  # what runs beside the nodes may have another spec than is there now
        return 0
    refuse_unaccepted(plan, accepted)
    if not yes and not _agreed(plan, cluster):
        note("nothing was done")
        return 0
    for line in apply(plan, accepted):
        typer.echo(f"done: {line}")
    then()
    return 0


def _agreed(plan: Plan, cluster: str) -> bool:
    from ottla.plan import DeleteTopic

    if not any(isinstance(planned.change, DeleteTopic) for planned in plan.changes):
        return agreed_to("Apply?")
    refuse_if_nobody_is_there()
    if typer.prompt(f"This deletes topics. Type the cluster's name ({cluster}) to go on") != cluster:
        raise PlanRefused(["that is not the cluster's name"], hint="nothing was done")
    return True


def agreed_to(question: str) -> bool:
    """Ask for a yes or no. Raises PlanRefused where nobody is there to be asked."""
    refuse_if_nobody_is_there()
    return typer.confirm(question)


def refuse_if_nobody_is_there() -> None:
    """Raise PlanRefused unless stdin is a terminal."""
    if not sys.stdin.isatty():
        raise PlanRefused(["nobody is there to be asked"], hint="to go on without being asked, add: --yes")
