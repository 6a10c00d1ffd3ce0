"""`ottla plan`: what would change, and at what risk."""

from __future__ import annotations

from typing import Annotated

import typer

from ottla.cli.on_cluster import AsUserOrItself  # noqa: TC001  (typer reads the annotations)
from ottla.cli.output import Output, OutputOption, note, print_changes, print_document
from ottla.cli.running import DEFAULT_FILE, PENDING, Environment, SpecFile, chosen, explained, open_platform, with_options

Allow = Annotated[list[str] | None, typer.Option("--allow", help="Allow deletions of a kind: topics, acls, users, quotas.")]
KINDS = frozenset({"topics", "acls", "users", "quotas"})


@explained
def command(
    file: SpecFile = DEFAULT_FILE,
    environment: Environment = None,
    output: OutputOption = Output.TABLE,
    allow: Allow = None,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit 3 if there is anything to do.")] = False,
    as_user: AsUserOrItself = None,
) -> int:
    """Compare the spec with the live cluster and show what apply would do. Changes nothing."""
    kinds = chosen("--allow", allow, "kinds", KINDS)
    platform = open_platform(file, environment).working_as(as_user)
    plan, upgrade = platform.plan(allow=kinds), platform.pending_upgrade
    from ottla.plan import plan_document, plan_lines, plan_summary

    if output is Output.TABLE:
        print_changes(map(with_options, plan_lines(plan)))
        for warning in platform.warnings:
            note(f"  note: {warning}")
        typer.echo(plan_summary(plan))
        if upgrade is not None:
            typer.echo(with_options(f"but not every node runs Kafka {upgrade}. To move them: ottla upgrade"))
    else:
        print_document("plan", plan_document(plan), output)
    return PENDING if exit_code and (plan.changes or upgrade) else 0
