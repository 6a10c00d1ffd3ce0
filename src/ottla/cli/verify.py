"""`ottla verify`: whether it is as the spec says, and whether an event goes through."""

from __future__ import annotations

import secrets
from collections import defaultdict
from dataclasses import replace
from importlib.metadata import version
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ottla.cli.amounts import seconds_of
from ottla.cli.offered import user_names
from ottla.cli.on_cluster import CommandConfig, Properties, open_access
from ottla.cli.output import Output, OutputOption, TerminalReporter, note, print_document
from ottla.cli.running import (
    DEFAULT_FILE,
    WANTING,
    Context,
    Environment,
    SpecFile,
    explained,
    open_platform,
    with_options,
)
from ottla.errors import ClusterError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ottla.kafka.events import Sender
    from ottla.platform import LocalPlatform, Verification
    from ottla.platform.access import Access
    from ottla.platform.deploying import Deployment
    from ottla.reconcile import Check

EXPORTER, PROMETHEUS = "exporter", "prometheus"
OF_EVENTS = ("event", "tombstone")  # the names of checks that are of an event that was written
CHECK = ("subject", "name", "seen", "wanting")  # what is said of each
MENDS_LOCAL = "What would mend it: ottla plan; what runs: ottla status"
MENDS_DEPLOYED = "What would mend it: ottla deploy --plan"
Compared = Annotated[
    str | None,
    typer.Option(
        "--bootstrap-server", "-b", help="Compare the cluster at this address (HOST:PORT,...) with the spec.", metavar="ADDRESS"
    ),
]
UntilAnswered = Annotated[
    str,
    typer.Option(
        "--timeout",
        help="In Kubernetes, and only there: how long until the Job has answered. It gives a Prometheus a minute to begin.",
    ),
]


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
    bootstrap_server: Compared = None,
    command_config: CommandConfig = None,
    properties: Properties = None,
    prometheus: Annotated[
        str | None,
        typer.Option("--prometheus", help="Beside an address: whether this Prometheus scrapes that cluster.", metavar="URL"),
    ] = None,
    context: Context = None,
    timeout: UntilAnswered = "5m",
) -> int:
    """Compare existence, partitions, replication, ISR and configs in force with the spec. Exit 6 if one thing is off.

    An environment in Kubernetes is looked at from within: a Job there runs this command, and its answer is printed here. With
    --bootstrap-server or --command-config it is a cluster at that address that is compared: its topics, and what its brokers say
    of themselves.
    """
    seconds = seconds_of("--timeout", timeout, least=1)
    if bootstrap_server is not None or command_config is not None:
        if as_user is not None or context is not None:
            raise UsageError("--as and --context name a cluster, and --bootstrap-server or --command-config another one")
        access = open_access(file, None, bootstrap_server, command_config, properties, None)
        return _elsewhere(file, environment, access, prometheus, write=write, output=output)
    if prometheus is not None:
        raise UsageError("--prometheus is beside an address", hint="add: --bootstrap-server or --command-config")
    if _lies_in_kubernetes(file, environment):
        if as_user is not None:
            raise UsageError("--as: a Job in Kubernetes looks as whom the exporter does, and writes as the administrator")
        return _within(file, environment, context, seconds, write=write, output=output)
    if context is not None:
        raise UsageError("--context is about an environment in Kubernetes", hint="choose one that lies there: -e NAME")
    return run_checks(open_platform(file, environment).working_as(as_user), write=write, output=output)


def _lies_in_kubernetes(file: Path, environment: str | None) -> bool:
    from ottla.platform import Platform
    from ottla.spec import Target

    return Platform.load(file).spec.environment(environment)[1].target is Target.STRIMZI


def _elsewhere(
    file: Path, environment: str | None, access: Access, prometheus: str | None, *, write: bool, output: Output
) -> int:
    from ottla.platform import Platform
    from ottla.platform.scrape_check import scrape_checks
    from ottla.platform.verifying import verify_elsewhere

    name, spec = Platform.load(file).spec.environment(environment)
    found = verify_elsewhere(spec, access, write_as=secrets.token_hex(8) if write else None)
    if prometheus is not None:
        found = replace(found, checks=(*found.checks, *scrape_checks(spec, prometheus)))
    return _print(found, spec.platform, name, output)


def _within(file: Path, environment: str | None, context: str | None, timeout: float, *, write: bool, output: Output) -> int:
    from ottla.platform import Platform

    with Platform.load(file).deployment(environment, context=context, report=TerminalReporter()) as deployment:
        note(f"  context {deployment.cluster.context} ({deployment.cluster.server})")
        return verify_within(deployment, timeout, write=write, output=output)


def verify_within(deployment: Deployment, timeout: float, *, write: bool = False, output: Output = Output.TABLE) -> int:
    """Let a Job look at a deployment, and print what it says; the exit code."""
    answer = deployment.verify(write=write, timeout=timeout)
    spec, name = deployment.rendering.site.spec, deployment.rendering.environment
    return _print(_verification(answer.data), spec.platform, name, output, mends=MENDS_DEPLOYED)


def _verification(data: Mapping[str, Any]) -> Verification:
    """What an Ottla says there, which may be of another version: keys that this one does not know are left out.

    Raises ClusterError where one is missing.
    """
    from ottla.platform import Verification
    from ottla.reconcile import Check

    try:
        every = [Check(**{key: each[key] for key in CHECK}) for each in data["checks"]]
        not_written = tuple(data["not_written"])
    except (KeyError, TypeError) as error:
        raise ClusterError(
            f"its answer cannot be read ({type(error).__name__}: {error}): it is of another version of Ottla",
            where="the Job in Kubernetes",
            hint=f"kubernetes.image of the spec must be of the Ottla that asks, which is {version('ottla')}",
        ) from error
    read, events = (tuple(each for each in every if (each.name in OF_EVENTS) is wanted) for wanted in (False, True))
    return Verification(read, events, not_written)


def run_checks(platform: LocalPlatform, *, write: bool, output: Output = Output.TABLE, sender: Sender | None = None) -> int:
    """Check, print, and say by the exit code whether anything is wanting. ``sender`` is one that was opened before."""
    found = platform.verify(write_as=secrets.token_hex(8) if write else None, sender=sender)
    return _print(found, platform.spec.platform, platform.environment, output, mends=MENDS_LOCAL)


def _print(found: Verification, platform: str, environment: str, output: Output, *, mends: str = "") -> int:
    """``mends`` says what to do about what is wanting; of a cluster of somebody else Ottla does not know."""
    if output is Output.TABLE:
        _print_table(platform, found, mends)
    else:
        print_document("verify", _document(environment, found), output)
    return 0 if all(check.wanting is None for check in (*found.checks, *found.events)) else WANTING


def _print_table(platform: str, found: Verification, mends: str) -> None:
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
    _print_sum(platform, found, mends)


def _print_sum(platform: str, found: Verification, mends: str) -> None:
    every = (*found.checks, *found.events)
    off = sum(check.wanting is not None for check in every)
    if off:
        dead = any(check.wanting is not None and _is_started_by_up(check) for check in every)
        hint = "Start what is missing: ottla up" if dead and mends == MENDS_LOCAL else mends
        typer.echo(f"{off} of {len(every)} checks found wanting. {with_options(hint)}".rstrip())
        return
    through = f", and an event went through each of {len(found.events)} topics and came back" if found.events else ""
    typer.echo(f"{len(every)} checks: the cluster is as {platform} says{through}")


def _is_started_by_up(check: Check) -> bool:
    return check.subject == EXPORTER or (check.name == "exists" and check.subject.startswith("node "))


def _facts(checks: Sequence[Check]) -> str:
    named = {check.name: check.seen for check in checks}
    if checks[0].subject == EXPORTER:
        return named["fresh"]
    if checks[0].subject == PROMETHEUS:
        return ", ".join(f"{check.name} {check.seen}" for check in checks)
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


def _document(environment: str, found: Verification) -> dict[str, Any]:
    checks = (*found.checks, *found.events)
    return {
        "environment": environment,
        "verified": all(check.wanting is None for check in checks),
        "checks": [{key: getattr(check, key) for key in CHECK} for check in checks],
        "not_written": list(found.left_alone),
    }
