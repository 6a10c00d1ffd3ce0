"""The command line: which commands there are. Each command imports what it needs when it runs."""

from __future__ import annotations

import sys

import typer

from ottla.cli import apply, down, explain, init, logs, plan, schema, status, up, validate, verify
from ottla.cli.running import INTERRUPTED

app = typer.Typer(
    name="ottla",
    help="One file describes an event platform on Apache Kafka; Ottla runs it here, for real, in seconds.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for module in (init, validate, explain, schema, up, status, plan, apply, verify, logs, down):
    app.command(name=module.__name__.rpartition(".")[2])(module.command)


@app.callback()
def _root() -> None:
    """Keep `ottla COMMAND` a group, however many commands there are."""


def main() -> None:
    """The `ottla` command."""
    try:
        app()
    except KeyboardInterrupt:  # before a command began, or while one ends
        sys.exit(INTERRUPTED)
