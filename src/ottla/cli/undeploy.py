"""`ottla undeploy`: an environment taken down from its Kubernetes; its records stay unless they are told to go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ottla.cli.amounts import seconds_of
from ottla.cli.consent import Yes, agreed_to, refuse_if_nobody_is_there
from ottla.cli.output import Output, OutputOption, TerminalReporter, note, print_changes, print_document
from ottla.cli.running import DEFAULT_FILE, Context, Environment, SpecFile, chosen, explained, with_options
from ottla.errors import PlanRefused, UsageError

if TYPE_CHECKING:
    from ottla.kubernetes.undeployment import Undeployment


@explained
def command(
    file: SpecFile = DEFAULT_FILE,
    environment: Environment = None,
    context: Context = None,
    plan: Annotated[bool, typer.Option("--plan", help="Only show what would be deleted.")] = False,
    wipe: Annotated[
        bool, typer.Option("--wipe", help="Also delete the records: volumes, or topics of a cluster that stays.")
    ] = False,
    accept: Annotated[
        list[str] | None, typer.Option("--accept", help="Accept that records go, by the code of it: deletes-records.")
    ] = None,
    output: OutputOption = Output.TABLE,
    timeout: Annotated[str, typer.Option("--timeout", help="How long all resources of one kind may take to be gone.")] = "15m",
    yes: Yes = False,
) -> int:
    """Take an environment down from its Kubernetes. Its records stay, unless --wipe is given.

    Only what Ottla applied is deleted: topics are let go of before their resources go, volumes are kept and have the cluster_id
    written on them, with which `ottla deploy` comes back to them. Namespaces, StorageClasses and operators are left alone.
    """
    from ottla.kubernetes.undeployment import DELETES_RECORDS, refuse
    from ottla.platform import Platform

    accepted = chosen("--accept", accept, "codes", frozenset({DELETES_RECORDS}))
    seconds = seconds_of("--timeout", timeout, least=1)
    if output is not Output.TABLE and not plan:
        raise UsageError("--output is about a plan", hint="add: --plan")
    with Platform.load(file).deployment(environment, context=context, report=TerminalReporter()) as deployment:
        undeployment = deployment.plan_undeployment(wipe=wipe)
        _show(undeployment, output)
        refuse(undeployment, {DELETES_RECORDS} if plan else accepted)
        if plan or undeployment.is_empty:
            return 0
        if not yes and not _agreed(undeployment):
            note("nothing was done")
            return 0
        for line in deployment.take_down(undeployment, timeout=seconds):
            typer.echo(f"done: {line}")
    return 0


def _show(plan: Undeployment, output: Output) -> None:
    from ottla.kubernetes.undeployment import undeployment_document, undeployment_lines, undeployment_notes, undeployment_summary

    note(f"  context {plan.context} ({plan.server})")
    if output is not Output.TABLE:
        print_document("undeployment", undeployment_document(plan), output)
        return
    print_changes(undeployment_lines(plan))
    for each in undeployment_notes(plan):
        note(f"  note: {with_options(each)}")
    for each in plan.left_alone:
        note(f"  left alone: {each}")
    typer.echo(undeployment_summary(plan))


def _agreed(plan: Undeployment) -> bool:
    """A yes; where records go, the name of what goes."""
    if not plan.deletes_records:
        return agreed_to(f"Take it down from {plan.context}?")
    refuse_if_nobody_is_there()
    name = plan.kafka or plan.context
    if typer.prompt(f"This deletes records for good. Type {name} to go on") != name:
        raise PlanRefused([f"that is not {name}"], hint="nothing was done")
    return True
