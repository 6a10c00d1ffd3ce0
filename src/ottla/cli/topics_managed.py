"""`ottla topics manage` and `unmanage`: who owns a topic on Strimzi, its operator or somebody who works on Kafka itself."""

from __future__ import annotations

from typing import Annotated

import typer

from ottla.cli.amounts import seconds_of
from ottla.cli.offered import topic_names
from ottla.cli.output import TerminalReporter, note
from ottla.cli.running import DEFAULT_FILE, Context, Environment, SpecFile, Timeout, explained

Names = Annotated[list[str], typer.Argument(help="The topics, as the spec calls them.", autocompletion=topic_names)]


@explained
def manage(
    names: Names,
    file: SpecFile = DEFAULT_FILE,
    environment: Environment = None,
    context: Context = None,
    timeout: Timeout = "2m",
) -> int:
    """On Strimzi: give topics back to their operator, which sets them back to what their resources say.

    What was done to them in Kafka itself is undone: that is retention too, so that records may go. Exit 1 where the operator says
    that it cannot make one what its resource says.
    """
    return _set(names, file, environment, context, timeout, managed=True)


@explained
def unmanage(
    names: Names,
    file: SpecFile = DEFAULT_FILE,
    environment: Environment = None,
    context: Context = None,
    timeout: Timeout = "2m",
) -> int:
    """On Strimzi: take topics out of their operator's hands (strimzi.io/managed: "false"), to work on them in Kafka itself.

    Nothing in Kafka is changed by it. What is applied to them meanwhile is not carried out, and a resource that is deleted
    takes no record with it.
    """
    return _set(names, file, environment, context, timeout, managed=False)


def _set(names: list[str], file: SpecFile, environment: Environment, context: Context, timeout: str, *, managed: bool) -> int:
    from ottla.platform import Platform

    seconds = seconds_of("--timeout", timeout, least=1)
    with Platform.load(file).deployment(environment, context=context, report=TerminalReporter()) as deployment:
        note(f"  context {deployment.cluster.context} ({deployment.cluster.server})")
        deployment.set_managed(names, managed=managed, timeout=seconds)
    for name in dict.fromkeys(names):
        typer.echo(f"{name}: {'its operator has made it what its resource says' if managed else 'its operator has let go of it'}")
    return 0
