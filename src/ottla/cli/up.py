"""`ottla up`: make it so."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections import Counter
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from ottla.cli.certs import note_expiry
from ottla.cli.running import DEFAULT_FILE, PENDING, Environment, SpecFile, explained, open_platform, with_options
from ottla.errors import OttlaError
from ottla.model.units import counted

if TYPE_CHECKING:
    from pathlib import Path

    from ottla.kafka.events import Sender
    from ottla.platform import LocalPlatform, UpResult


class Beside(Enum):
    """What `up` can run beside the nodes."""

    MONITORING = "monitoring"


@explained
def command(
    file: SpecFile = DEFAULT_FILE,
    environment: Environment = None,
    verify: Annotated[bool, typer.Option("--verify", help="Then do `ottla verify --write`.")] = False,
    beside: Annotated[
        list[Beside] | None,
        typer.Option("--with", help="Run this beside the nodes: `monitoring` is Prometheus and Alertmanager."),
    ] = None,
) -> int:
    """Start what does not run, create what is missing; what bears a risk is shown as a plan (exit 3).

    What is missing are topics, users, ACLs (those that deny as well) and quotas.
    """
    from ottla.cli.output import note

    started = time.monotonic()
    platform = _with_companions(open_platform(file, environment), monitored=Beside.MONITORING in (beside or ()))
    for warning in platform.warnings:
        note(f"  note: {warning}")
    senders: list[Sender] = []
    result = platform.up(meanwhile=(lambda: senders.append(platform.open_sender())) if verify else None)
    _say_what_runs(platform, result, time.monotonic() - started)
    failures = (_keep_exporter(platform, file), _keep_monitoring(platform, wanted=Beside.MONITORING in (beside or ())))
    stopped = next((failure for failure in failures if failure is not None), None)
    note_expiry(platform)
    if result.pending is not None or result.upgrade is not None:
        if stopped is not None:
            note(f"ottla: {stopped}")
        return _say_what_is_left(result)
    code = 0
    if verify:
        from ottla.cli.verify import run_checks

        code = run_checks(platform, write=True, sender=senders[0])
    if stopped is not None:
        raise stopped
    note(f"\n{_next_commands()}")
    return code


def _keep_exporter(platform: LocalPlatform, file: Path) -> OttlaError | None:
    """Run the exporter as the spec says; why it does not is told when all else was."""
    from ottla.platform.exporter_process import keep_running

    try:
        url = keep_running(platform, file)
    except OttlaError as error:
        return error
    if url is not None:
        typer.echo(f"metrics: {url}")
    return None


def _with_companions(platform: LocalPlatform, *, monitored: bool) -> LocalPlatform:
    """The platform as it is with what is to run beside it. What is not installed is told before anything is started."""
    from ottla.platform.monitoring import monitoring_of, watched
    from ottla.platform.shared import refuse_shared

    if monitored:
        refuse_shared(platform.spec, "up", "--with", Beside.MONITORING.value)
        monitoring_of(platform).require_programs()
    return watched(platform, wanted=monitored)


def _keep_monitoring(platform: LocalPlatform, *, wanted: bool) -> OttlaError | None:
    """As `_keep_exporter`; one that runs already gets the files of the spec as it is now."""
    from ottla.cli.output import note
    from ottla.local.guards import named
    from ottla.platform.monitoring import keep_monitoring, without_agent

    try:
        kept = keep_monitoring(platform, wanted=wanted)
        if kept is None:
            return None
        for daemon in (kept[0].prometheus, kept[0].alertmanager):
            typer.echo(f"{daemon.name} {daemon.program.version()}: {daemon.url}")
        blind = without_agent(platform)
    except OttlaError as error:
        return error
    if blind:
        note(
            with_options(
                f"  note: no JMX agent in {named(blind)}: what only nodes tell is not known, and no alert is made of it;\n"
                "  to have that: cluster.jmx_agent: true in the spec, then: ottla apply"
            )
        )
    return None


def _next_commands() -> str:
    """What to type next, with `ottla` as this shell finds it."""
    ottla = "ottla" if shutil.which("ottla") else os.path.relpath(sys.argv[0])
    purposes = {
        "status": "what runs, and how it is",
        "plan": "edit platform.yaml, then see what that would change",
        "logs": "what the nodes say",
        "down": "stop; all data stays",
    }
    commands = [with_options(f"ottla {command}").replace("ottla", ottla, 1) for command in purposes]
    width = max(map(len, commands)) + 4
    return "next: " + "\n      ".join(f"{name:{width}}{why}" for name, why in zip(commands, purposes.values(), strict=True))


def _say_what_runs(platform: LocalPlatform, result: UpResult, seconds: float) -> None:
    servers = ",".join(result.record.bootstrap_servers)
    typer.echo(
        f"{platform.spec.cluster.name} runs ({platform.environment}): Kafka {result.record.kafka_version}, "
        f"{_nodes(result)}, {counted(len(platform.spec.topics), 'topic')}{_created(result)}, {seconds:.1f} s"
    )
    typer.echo(f"bootstrap servers: {servers}")


def _created(result: UpResult) -> str:
    from ottla.plan import CreateAcl, CreateTopic, UpsertScram

    words = {CreateTopic: "topic", UpsertScram: "credential", CreateAcl: "ACL"}
    counts = Counter(words.get(type(change), "quota") for change in result.created)
    said = ", ".join(counted(count, word) for word, count in counts.items())
    return f", {said} created" if said else ""


def _nodes(result: UpResult) -> str:
    brokers = sum(node.is_broker for node in result.record.nodes)
    controllers = len(result.record.nodes) - brokers
    return f"{counted(brokers, 'broker')}, {counted(controllers, 'controller')}" if controllers else counted(brokers, "node")


def _say_what_is_left(result: UpResult) -> int:
    from ottla.cli.output import note, print_changes
    from ottla.plan import plan_lines, plan_summary

    if result.upgrade is not None:
        versions = f"Kafka {result.record.kafka_version} runs, and the spec asks for {result.upgrade}"
        note(with_options(f"\n{versions}. To move to it, node by node: ottla upgrade"))
    if result.pending is None:
        return PENDING
    note("\nThe spec asks for more, which `up` does not do by itself:")
    print_changes(map(with_options, plan_lines(result.pending)))
    note(with_options(f"{plan_summary(result.pending)}. To do it: ottla apply"))
    return PENDING
