"""`ottla verify`: whether it is as the spec says, and whether an event goes through."""

from __future__ import annotations

import secrets
from collections import defaultdict
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ottla.cli.offered import user_names
from ottla.cli.output import Output, OutputOption, print_document
from ottla.cli.running import DEFAULT_FILE, WANTING, Environment, SpecFile, explained, open_platform, with_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ottla.kafka.events import Sender
    from ottla.platform import LocalPlatform, Verification
    from ottla.reconcile import Check

EXPORTER = "exporter"


@explained
def command(
    file: SpecFile = DEFAULT_FILE,
    environment: Environment = None,
    output: OutputOption = Output.TABLE,
    write: Annotated[
        bool, typer.Option("--write", help="Put a marked event through every topic that is empty or permits it.")
    ] = False,
    as_user: Annotated[
        str | None,
        typer.Option(
            "--as",
            help="Log in as this user of the spec; else look as Ottla itself, and --write as the administrator.",
            metavar="USER",
            autocompletion=user_names,
        ),
    ] = None,
) -> int:
    """Compare existence, partitions, replication, ISR and configs in force with the spec. Exit 6 if one thing is off."""
    return run_checks(open_platform(file, environment).working_as(as_user), write=write, output=output)


def run_checks(platform: LocalPlatform, *, write: bool, output: Output = Output.TABLE, sender: Sender | None = None) -> int:
    """Check, print, and say by the exit code whether anything is wanting. ``sender`` is one that was opened before."""
    found = platform.verify(write_as=secrets.token_hex(8) if write else None, sender=sender)
    wanting = [check for check in (*found.checks, *found.events) if check.wanting is not None]
    if output is Output.TABLE:
        _print_table(platform, found)
    else:
        print_document("verify", _document(platform, found), output)
    return WANTING if wanting else 0


def _print_table(platform: LocalPlatform, found: Verification) -> None:
    read: dict[str, list[Check]] = defaultdict(list)
    for check in found.events:
        read[check.subject].append(check)
    for subject, group in groupby(found.checks, key=lambda check: check.subject):
        of_subject = list(group)
        wanting = [check for check in (*of_subject, *read[subject]) if check.wanting is not None]
        for check in wanting:
            typer.echo(f"WANTING  {subject}: {check.name}: {with_options(str(check.wanting))}")
        if not wanting:
            events = "".join(f"; {check.name}: {check.seen}" for check in read[subject])
            typer.echo(f"ok  {subject}: {_facts(of_subject)}{events}")
    for name in found.left_alone:
        typer.echo(f"--  topic {name}: no event written (it holds records, has no leader, or may not be written: verify_write)")
    _print_sum(platform, found)


def _print_sum(platform: LocalPlatform, found: Verification) -> None:
    every = (*found.checks, *found.events)
    off = sum(check.wanting is not None for check in every)
    if off:
        dead = any(check.wanting is not None and _is_started_by_up(check) for check in every)
        hint = "Start what is missing: ottla up" if dead else "What would mend it: ottla plan; what runs: ottla status"
        typer.echo(f"{off} of {len(every)} checks found wanting. {with_options(hint)}")
        return
    through = f", and an event went through each of {len(found.events)} topics and came back" if found.events else ""
    typer.echo(f"{len(every)} checks: the cluster is as {platform.spec.platform} says{through}")


def _is_started_by_up(check: Check) -> bool:
    return check.subject == EXPORTER or (check.name == "exists" and check.subject.startswith("node "))


def _facts(checks: Sequence[Check]) -> str:
    named = {check.name: check.seen for check in checks}
    if checks[0].subject == EXPORTER:
        return named["fresh"]
    if "kafka_version" in named:
        return f"Kafka {named['kafka_version']}"
    if "acls" in named:
        return f"{named['acls']} ACLs"
    if "partitions" not in named:
        return f"{len(checks)} properties as the spec says"
    configs = len(named.keys() - {"exists", "partitions", "replication_factor", "isr"})
    return (
        f"{named['partitions']} partitions, replication_factor {named['replication_factor']}, isr {named['isr']}, "
        f"{configs} configs"
    )


def _document(platform: LocalPlatform, found: Verification) -> dict[str, Any]:
    checks = (*found.checks, *found.events)
    return {
        "environment": platform.environment,
        "verified": all(check.wanting is None for check in checks),
        "checks": [
            {"subject": check.subject, "name": check.name, "seen": check.seen, "wanting": check.wanting} for check in checks
        ],
        "not_written": list(found.left_alone),
    }
