"""`ottla client-config`: the files that a client needs to log in as a user."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  (typer reads the annotations)
from typing import TYPE_CHECKING, Annotated

import typer

from ottla.cli.offered import user_names
from ottla.cli.output import note
from ottla.cli.running import DEFAULT_FILE, Environment, SpecFile, explained, open_platform
from ottla.model.client import ClientKind  # noqa: TC001  (typer reads the annotations)

if TYPE_CHECKING:
    from ottla.platform import LocalPlatform

FOLDER = "clients"


@explained
def command(
    user: Annotated[str, typer.Argument(help="A user of the spec.", autocompletion=user_names)],
    kind: Annotated[ClientKind, typer.Option("--for", help="Which kind of client.", case_sensitive=False)],
    output: Annotated[
        Path | None,
        typer.Option("--output", help="Where to; .ottla/ENVIRONMENT/clients/USER/KIND if not given.", metavar="FOLDER"),
    ] = None,
    file: SpecFile = DEFAULT_FILE,
    environment: Environment = None,
) -> int:
    """Write the files with which a client logs in as a user: for Kafka's own tools, kcat, Dapr or Spring Boot. They hold secrets.

    Only their owner may read them, and no secret is printed. They name the platform's CA (and certificate) where it lies.
    """
    from ottla.platform.clients import client_of, group_of, render, write_files

    platform = open_platform(file, environment)
    name, found = platform.identity.user(user)
    client = client_of(platform.login(name), platform.profile, group_of(platform.spec, found))
    folder = (output or _default(platform, name, kind)).resolve()
    files = render(kind, client, folder)
    for path in write_files(files, folder):
        typer.echo(str(path))
    note(f"use them: {files.usage}")
    for each in files.notes:
        note(f"  note: {each}")
    return 0


def _default(platform: LocalPlatform, user: str, kind: ClientKind) -> Path:
    """A folder for each kind: Dapr takes every YAML file beside its own for a component."""
    return platform.folder / FOLDER / user / kind.value
