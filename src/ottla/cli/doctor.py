"""`ottla doctor`: what is wrong, what shows it, why, and what to do next."""

from __future__ import annotations

import sys
import textwrap
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ottla.cli.on_cluster import BootstrapServer, CommandConfig, Properties  # noqa: TC001  (typer reads the annotations)
from ottla.cli.output import Output, OutputOption, is_terminal, note, print_document
from ottla.cli.running import DEFAULT_FILE, WANTING, Environment, SpecFile, explained, with_options
from ottla.errors import UsageError
from ottla.model.units import counted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ottla.doctor.evidence import Evidence
    from ottla.doctor.finding import Finding, Kind

COLOURS = {"error": typer.colors.RED, "warning": typer.colors.YELLOW, "note": typer.colors.BLUE}
WIDTH = 100
LIST = "list"


@explained
def command(
    file: SpecFile = DEFAULT_FILE,
    environment: Environment = None,
    bootstrap_server: BootstrapServer = None,
    command_config: CommandConfig = None,
    properties: Properties = None,
    explain: Annotated[
        str | None, typer.Option("--explain", metavar="KIND", help="What a kind of finding means; `list` shows all kinds.")
    ] = None,
    output: OutputOption = Output.TABLE,
) -> int:
    """Look at nodes, logs, disks, replicas, groups and clients, and say what is wrong and why. Exit 6 if anything is wanting."""
    if explain is not None:
        return _explain(explain, output)
    from ottla.doctor.diagnosis import diagnose

    evidence = _evidence(file, environment, bootstrap_server, command_config, properties)
    findings = diagnose(evidence)
    wanting = [finding for finding in findings if finding.is_wanting]
    if output is Output.TABLE:
        _print(findings, evidence)
    else:
        print_document("doctor", {"healthy": not wanting, "findings": [_document(finding) for finding in findings]}, output)
    return WANTING if wanting else 0


def _evidence(
    file: Path, environment: str | None, server: str | None, config: Path | None, properties: list[str] | None
) -> Evidence:
    from ottla.doctor.examining import examine, examine_access

    def said(text: str) -> None:
        note(f"  {text}")

    if server is not None or config is not None:
        from ottla.cli.on_cluster import open_access

        return examine_access(open_access(file, environment, server, config, properties, None), said=said)
    if properties:
        raise UsageError("-X is a client setting of another cluster", hint="name it: -b HOST:PORT")
    from ottla.cli.running import open_platform

    return examine(open_platform(file, environment), said=said)


def _print(findings: Sequence[Finding], evidence: Evidence) -> None:
    coloured = is_terminal(sys.stdout)
    for finding in findings:
        severity = str(finding.severity)
        shown = typer.style(severity, fg=COLOURS[severity]) if coloured else severity
        typer.echo(f"{shown}  {finding.where}: {finding.what}  [{finding.kind.name}]")
        for line in finding.evidence:
            typer.echo(f"         {line}")
        typer.echo(f"  cause: {finding.cause}")
        typer.echo(f"  next:  {with_options(finding.command)}\n")
    typer.echo(_sum(findings, evidence))


def _sum(findings: Sequence[Finding], evidence: Evidence) -> str:
    if findings:
        counts = {severity: sum(finding.severity == severity for finding in findings) for severity in COLOURS}
        figures = ", ".join(f"{count} {severity}{'' if count == 1 else 's'}" for severity, count in counts.items() if count)
        return f"{figures}; what a kind means: {with_options('ottla doctor')} --explain {findings[0].kind.name}"
    looked = f"{counted(len(evidence.nodes), 'node')}, " if evidence.nodes else ""
    topics, groups = counted(len(evidence.topics), "topic"), counted(len(evidence.groups), "group")
    return f"healthy: {looked}{topics} and {groups} were looked at, and nothing is wrong"


def _document(finding: Finding) -> dict[str, Any]:
    return {
        "kind": finding.kind.name,
        "severity": str(finding.severity),
        "where": finding.where,
        "what": finding.what,
        "evidence": list(finding.evidence),
        "cause": finding.cause,
        "next": with_options(finding.command),
    }


def _explain(name: str, output: Output) -> int:
    from ottla.doctor.kinds import BY_NAME, KINDS

    if name != LIST and name not in BY_NAME:
        raise UsageError(f"there is no kind of finding {name!r}", hint="all kinds: ottla doctor --explain list")
    chosen = KINDS if name == LIST else (BY_NAME[name],)
    if output is not Output.TABLE:
        print_document("finding-kinds", {"kinds": [_kind(kind) for kind in chosen]}, output)
    elif name == LIST:
        for kind in chosen:
            typer.echo(f"{kind.name:24}{kind.severity:9}{kind.title}")
    else:
        _print_kind(chosen[0])
    return 0


def _kind(kind: Kind) -> dict[str, str]:
    return {
        "name": kind.name,
        "severity": str(kind.severity),
        "title": kind.title,
        "meaning": kind.meaning,
        "comes": kind.comes,
        "remedy": kind.remedy,
    }


def _print_kind(kind: Kind) -> None:
    typer.echo(f"{kind.name} ({kind.severity}): {kind.title}\n")
    for label, text in (("meaning", kind.meaning), ("comes by", kind.comes), ("to do", kind.remedy)):
        typer.echo(textwrap.fill(text, WIDTH, initial_indent=f"{label:10}", subsequent_indent=" " * 10))
