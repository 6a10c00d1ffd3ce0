"""`ottla verify`: whether it is as the spec says, and whether an event goes through."""

from __future__ import annotations

import secrets
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ottla.cli.output import Output, OutputOption, print_document
from ottla.cli.running import DEFAULT_FILE, WANTING, Environment, SpecFile, explained, open_platform

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ottla.kafka.events import Sender
    from ottla.platform import LocalPlatform
    from ottla.reconcile import Check


@explained
def command(
    file: SpecFile = DEFAULT_FILE,
    environment: Environment = None,
    output: OutputOption = Output.TABLE,
    write: Annotated[
        bool, typer.Option("--write", help="Put a marked event through every topic that is empty or permits it.")
    ] = False,
) -> int:
    """Compare existence, partitions, replication, ISR and configs in force with the spec. Exit 6 if one thing is off."""
    return run_checks(open_platform(file, environment), write=write, output=output)


def run_checks(platform: LocalPlatform, *, write: bool, output: Output = Output.TABLE, sender: Sender | None = None) -> int:
    """Check, print, and say by the exit code whether anything is wanting. ``sender`` is one that was opened before."""
    checks = platform.verify()
    events: tuple[Check, ...] = ()
    left_alone: tuple[str, ...] = ()
    if write:
        events, left_alone = platform.verify_write(run_id=secrets.token_hex(8), sender=sender)
    wanting = [check for check in (*checks, *events) if check.wanting is not None]
    if output is Output.TABLE:
        _print_table(platform, checks, events, left_alone)
    else:
        print_document("verify", _document(platform, (*checks, *events), left_alone), output)
    return WANTING if wanting else 0


def _print_table(platform: LocalPlatform, checks: Sequence[Check], events: Sequence[Check], left_alone: Sequence[str]) -> None:
    read = {check.subject: check for check in events}
    for subject, group in groupby(checks, key=lambda check: check.subject):
        of_subject = list(group)
        wanting = [check for check in (*of_subject, *filter(None, [read.get(subject)])) if check.wanting is not None]
        for check in wanting:
            typer.echo(f"WANTING  {subject}: {check.name}: {check.wanting}")
        if not wanting:
            event = read.get(subject)
            typer.echo(f"ok  {subject}: {_facts(of_subject)}{f'; event: {event.seen}' if event else ''}")
    for name in left_alone:
        typer.echo(f"--  topic {name}: no event written (it holds records, or may not be written: verify_write)")
    count = len(checks) + len(events)
    off = sum(check.wanting is not None for check in (*checks, *events))
    if off:
        typer.echo(f"{off} of {count} checks found wanting. What would mend it: ottla plan; what runs: ottla status")
    else:
        through = f", and an event went through each of {len(events)} topics and came back" if events else ""
        typer.echo(f"{count} checks: the cluster is as {platform.spec.platform} says{through}")


def _facts(checks: Sequence[Check]) -> str:
    named = {check.name: check.seen for check in checks}
    if "partitions" not in named:
        return f"{len(checks)} properties as the spec says"
    configs = len(checks) - 4
    return (
        f"{named['partitions']} partitions, replication_factor {named['replication_factor']}, isr {named['isr']}, "
        f"{configs} configs"
    )


def _document(platform: LocalPlatform, checks: Sequence[Check], left_alone: Sequence[str]) -> dict[str, Any]:
    return {
        "environment": platform.environment,
        "verified": all(check.wanting is None for check in checks),
        "checks": [
            {"subject": check.subject, "name": check.name, "seen": check.seen, "wanting": check.wanting} for check in checks
        ],
        "not_written": list(left_alone),
    }
