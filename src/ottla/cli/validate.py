"""`ottla validate`: whether the spec is sound, before anything runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ottla.cli.output import Output, OutputOption, note, print_document, print_table
from ottla.cli.running import DEFAULT_FILE, WANTING, SpecFile, explained
from ottla.errors import SpecError

if TYPE_CHECKING:
    from pathlib import Path

    from ottla.spec import EnvironmentSpec, Fault, Spec

HEADER = ("ENVIRONMENT", "TARGET", "NODES", "TOPICS", "PARTITIONS", "REPLICAS")


@explained
def command(
    file: SpecFile = DEFAULT_FILE,
    output: OutputOption = Output.TABLE,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 6 if there are warnings.")] = False,
) -> int:
    """Check every environment of the spec; all faults are told at once (exit 1), warnings beside them. Starts nothing."""
    from ottla.spec import load_spec

    try:
        spec = load_spec(file)
    except SpecError as error:
        if output is Output.TABLE:
            raise
        print_document("validation", _faulty(file, error), output)
        return error.exit_code
    warnings = _warnings(spec)
    for warning, environments in warnings:
        note(f"  note: {warning}{_only(environments, spec)}")
    if output is Output.TABLE:
        print_table(HEADER, [_row(name, one, spec) for name, one in spec.environments.items()])
        count = len(warnings)
        typer.echo(f"{file} is sound{f', with {count} warning' if count else ''}{'s' if count > 1 else ''}")
    else:
        print_document("validation", _document(spec, warnings), output)
    return WANTING if strict and warnings else 0


def _warnings(spec: Spec) -> list[tuple[Fault, list[str]]]:
    """Every warning once, with the environments that have it."""
    of = {name: set(spec.warnings(name)) for name in spec.environments}
    return [(warning, [name for name, have in of.items() if warning in have]) for warning in sorted(set().union(*of.values()))]


def _only(environments: list[str], spec: Spec) -> str:
    return "" if len(environments) == len(spec.environments) else f" [{', '.join(environments)}]"


def _figures(one: EnvironmentSpec) -> dict[str, int]:
    default = one.topic_defaults.replication_factor
    return {
        "nodes": one.cluster.nodes,
        "topics": len(one.topics),
        "partitions": sum(topic.partitions for topic in one.topics.values()),
        "replicas": sum(topic.partitions * (topic.replication_factor or default) for topic in one.topics.values()),
    }


def _row(name: str, one: EnvironmentSpec, spec: Spec) -> tuple[str, ...]:
    shown = f"{name} (default)" if name == spec.default_environment and len(spec.environments) > 1 else name
    return (shown, f"in {one.shares}" if one.shares else one.target.value, *map(str, _figures(one).values()))


def _document(spec: Spec, warnings: list[tuple[Fault, list[str]]]) -> dict[str, Any]:
    return {
        "file": str(spec.path),
        "valid": True,
        "faults": [],
        "warnings": [{**_fault(warning), "environments": environments} for warning, environments in warnings],
        "default_environment": spec.default_environment,
        "environments": [_environment(name, one) for name, one in spec.environments.items()],
    }


def _environment(name: str, one: EnvironmentSpec) -> dict[str, Any]:
    shared = {"shares": one.shares, "prefix": one.prefix} if one.shares else {}
    return {"name": name, "target": one.target.value, **shared, **_figures(one)}


def _faulty(file: Path, error: SpecError) -> dict[str, Any]:
    from ottla.spec import Fault

    faults = [_fault(fault) for fault in error.faults if isinstance(fault, Fault)]
    return {"file": str(file), "valid": False, "faults": faults, "warnings": [], "default_environment": None, "environments": []}


def _fault(fault: Fault) -> dict[str, Any]:
    return {"file": fault.file, "line": fault.mark.line, "key": fault.mark.key, "message": fault.message}
