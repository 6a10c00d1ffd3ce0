"""`ottla schema`: the JSON Schema of platform.yaml."""

from __future__ import annotations

import typer

from ottla.cli.running import explained


@explained
def command() -> int:
    """Print the JSON Schema of platform.yaml, with which editors complete and check it."""
    from ottla.spec.json_schema import schema_text

    typer.echo(schema_text(), nl=False)
    return 0
