"""The command line: which commands there are. Each command imports what it needs when it runs."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from ottla.cli import (
    access,
    apply,
    bench,
    certs,
    client_config,
    completion,
    consume,
    deploy,
    doctor,
    down,
    drill,
    explain,
    exporter,
    groups,
    here,
    init,
    lag,
    logs,
    monitoring,
    plan,
    produce,
    records,
    render,
    restart,
    schema,
    status,
    top,
    topics,
    undeploy,
    up,
    upgrade,
    users,
    validate,
    verify,
)
from ottla.cli.output import note
from ottla.cli.running import INTERRUPTED
from ottla.errors import OttlaError

if TYPE_CHECKING:
    from types import FrameType

TERMINATED = 143

app = typer.Typer(
    name="ottla",
    help="One file describes an event platform on Apache Kafka; Ottla runs it here, for real, in seconds.",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for module in (init, validate, explain, schema, up, status, plan, apply, verify, doctor, logs, restart, upgrade, down):
    app.command(name=module.__name__.rpartition(".")[2])(module.command)
for module in (
    render,
    deploy,
    undeploy,
    lag,
    top,
    produce,
    consume,
    exporter,
    monitoring,
    bench,
    access,
    client_config,
    completion,
):
    app.command(name=module.__name__.rpartition(".")[2].replace("_", "-"))(module.command)
for group in (topics, groups, records, certs, users, drill):
    app.add_typer(group.app, name=group.__name__.rpartition(".")[2])


def _show_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        from ottla.spec.versions import DEFAULT_KAFKA_VERSION

        typer.echo(f"ottla {version('ottla')} (Kafka {DEFAULT_KAFKA_VERSION} unless the spec names another)")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Ottla's version and Kafka's, and exit.")
    ] = False,
) -> None:
    """Without a command: what runs here, and what to do next."""
    if context.invoked_subcommand is None:
        here.command()


def main() -> None:
    """The `ottla` command. A SIGTERM ends it as Ctrl-C does: groups are left, and what was begun is accounted for."""
    code = INTERRUPTED

    def terminate(_number: int, _frame: FrameType | None) -> None:
        nonlocal code
        code = TERMINATED
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, terminate)
    if sys.stdout is None:  # `ottla ... >&-`
        note("ottla: cannot write the output: stdout is closed")
        sys.exit(OttlaError.exit_code)
    if completion.ASKED in os.environ:
        completion.prepare()
    try:
        app()
    except KeyboardInterrupt:
        pass  # before a command began, or while one ends
    except SystemExit as leaving:
        if leaving.code != INTERRUPTED:
            raise
    os._exit(code)  # whoever pressed Ctrl-C does not wait for threads that wait for a server
