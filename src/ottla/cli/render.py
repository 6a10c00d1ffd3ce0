"""`ottla render`: an environment as manifests of Kubernetes."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  (typer reads the annotations)
from typing import Annotated

import typer

from ottla.cli.output import note
from ottla.cli.running import DEFAULT_FILE, PENDING, Environment, SpecFile, explained
from ottla.errors import UsageError
from ottla.model.units import counted


@explained
def command(
    file: SpecFile = DEFAULT_FILE,
    environment: Environment = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--output-directory",
            "-o",
            help="Write a file for each resource into this folder, and a kustomization.",
            metavar="DIR",
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 3 if the folder does not hold what would be written.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Also over files that Ottla did not write.")] = False,
) -> int:
    """Show an environment as manifests for Kubernetes (Strimzi), or write them into a folder for version control.

    The same spec gives the same bytes. Behind a value stands the line of the spec that it comes from. Of files in the folder that
    Ottla wrote and that are rendered no more, none is left; others are not touched. No secret is in any of them.
    """
    from ottla.kubernetes.folder import folder_changes, write_changes
    from ottla.platform import Platform

    if folder is None and (check or force):
        raise UsageError(f"{'--check' if check else '--force'} is about a folder", hint="name it: -o DIR")
    rendering = Platform.load(file).render(environment)
    for warning in rendering.warnings:
        note(f"  note: {warning}")
    for left_out in rendering.notes:
        note(f"  {left_out}")
    if folder is None:
        typer.echo(rendering.stream, nl=False)
        return 0
    changes = folder_changes(folder, rendering.files, environment=rendering.environment, force=force)
    if not check:
        write_changes(folder, rendering.files, changes)
    for sign, names in (("+", changes.added), ("~", changes.changed), ("-", changes.removed)):
        for name in names:
            typer.echo(f"{sign} {folder / name}")
    if check:
        wrong = f"  it is not what the spec says; write it: ottla render -e {rendering.environment} -o {folder}"
        note(wrong if changes else "  it is what the spec says")
        return PENDING if changes else 0
    note(f"  {counted(len(rendering.files), 'file')} in {folder}, {'as they were' if not changes else 'as the spec says'}")
    return 0
