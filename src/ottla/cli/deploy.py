"""`ottla deploy`: an environment brought to a Kubernetes: shown, asked, rolled out, waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ottla.cli.amounts import seconds_of
from ottla.cli.consent import Accept, Yes, agreed_to
from ottla.cli.output import Output, OutputOption, TerminalReporter, note, print_changes, print_document
from ottla.cli.running import DEFAULT_FILE, PENDING, Context, Environment, SpecFile, Timeout, chosen, explained, with_options
from ottla.errors import PlanRefused, UsageError

if TYPE_CHECKING:
    from ottla.kubernetes.rollout import Rollout
    from ottla.platform.deploying import Deployment


@explained
def command(
    file: SpecFile = DEFAULT_FILE,
    environment: Environment = None,
    context: Context = None,
    plan: Annotated[bool, typer.Option("--plan", help="Only show what would change.")] = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="With --plan: exit 3 if there is anything to do.")] = False,
    finalise: Annotated[
        bool, typer.Option("--finalize", help="Also raise metadata.version. One-way: an older Kafka cannot start after that.")
    ] = False,
    force: Annotated[
        list[str] | None,
        typer.Option(
            "--force-conflicts",
            help="Take the fields of this resource that others own (repeatable).",
            metavar="KIND/NAMESPACE/NAME",
        ),
    ] = None,
    output: OutputOption = Output.TABLE,
    accept: Accept = None,
    timeout: Timeout = "15m",
    verify: Annotated[bool, typer.Option("--verify", help="Then do `ottla verify`.")] = False,
    yes: Yes = False,
) -> int:
    """Bring an environment to its Kubernetes (Strimzi), or make what is there what the spec says.

    What is missing (kinds, rights, a storage class) is told first, all at once. Then each resource is compared by a dry run on
    the server, shown, asked for, and applied step after step: each is waited for until its operator says that it is ready.
    Strimzi itself is installed, or upgraded, by helm, as a step of the same plan. Cut off, it goes on when it is run again.
    Nothing is deleted: what is rendered no more is listed, and left alone.
    """
    from ottla.kubernetes.rollout import refuse_unaccepted
    from ottla.plan import CODES
    from ottla.platform import Platform

    accepted = chosen("--accept", accept, "codes", CODES)
    seconds = seconds_of("--timeout", timeout, least=1)
    if (exit_code or output is not Output.TABLE) and not plan:
        raise UsageError(f"{'--exit-code' if exit_code else '--output'} is about a plan", hint="add: --plan")
    with Platform.load(file).deployment(environment, context=context, report=TerminalReporter()) as deployment:
        for said in (*(f"note: {each}" for each in deployment.rendering.warnings), *deployment.rendering.notes):
            note(f"  {said}")
        rollout = deployment.plan(force=force or (), finalise=finalise)
        _show(rollout, output)
        if rollout.reasons:
            raise PlanRefused(rollout.reasons, hint=_way_out(rollout))
        if plan:
            return PENDING if exit_code and rollout.lines else 0
        refuse_unaccepted(rollout, accepted)
        return _carry_out(deployment, rollout, seconds, yes=yes, verify=verify)


def _show(rollout: Rollout, output: Output) -> None:
    from ottla.kubernetes.rollout import rollout_document, rollout_lines, rollout_summary

    note(f"  context {rollout.context} ({rollout.server}), Kubernetes {rollout.version}, namespace {rollout.namespace}")
    if output is not Output.TABLE:
        print_document("rollout", rollout_document(rollout), output)
        return
    print_changes(rollout_lines(rollout))
    for each in rollout.notes:
        note(f"  note: {with_options(each)}")
    for each in rollout.left_alone:
        note(f"  left alone, rendered no more: {each}")
    typer.echo(rollout_summary(rollout))


def _way_out(rollout: Rollout) -> str:
    from ottla.kubernetes.rollout import named

    taken = [f"--force-conflicts {named(each.resource.identity)}" for each in rollout.planned if each.conflicts]
    if not taken:
        return "nothing was changed"
    return f"nothing was changed; leave those fields to their owner, or take them: ottla deploy {' '.join(taken)}"


def _carry_out(deployment: Deployment, rollout: Rollout, timeout: float, *, yes: bool, verify: bool) -> int:
    """Where nothing is to be written it is waited for all the same: a run before this one may have been cut off."""
    if rollout.lines and not yes and not agreed_to(f"Apply to {rollout.context}?"):
        note("nothing was done")
        return 0
    for line in deployment.apply(rollout, timeout=timeout):
        typer.echo(f"done: {line}")
    note("  all that is waited for is ready")
    if verify:
        from ottla.cli.verify import verify_within

        return verify_within(deployment, timeout)
    return 0
