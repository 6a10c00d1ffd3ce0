"""How every command runs: known errors become one message and their exit code, an interrupt becomes 130."""

from __future__ import annotations

import errno
import functools
import os
import re
import sys
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ParamSpec

import typer

from ottla.cli.offered import environment_names
from ottla.cli.output import note
from ottla.errors import OttlaError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ottla.platform import LocalPlatform

Parameters = ParamSpec("Parameters")
PENDING = 3
WANTING = 6
INTERRUPTED = 130
COMMAND = re.compile(
    r"\bottla (?:(?P<in_kubernetes>(?:deploy|undeploy|verify|topics (?:un)?manage)\b)|"
    r"(?P<address>(?:topics|groups|records) [a-z]+|(?:lag|produce|consume|doctor)\b)|"
    r"(?P<nodes>(?:up|down|restart|upgrade|status|logs|certs rotate)\b)|"
    r"(?:plan|apply|validate|explain|access|client-config|monitoring|render)\b|(?:users|certs) [a-z]+)"
    r"(?P<environment> -e [\w.-]*\w)?"
)


@dataclass(frozen=True, slots=True)
class _Options:
    """What is put behind commands: of the spec, about nodes, that take an address or a context, that say their environment."""

    of_spec: str = ""
    of_nodes: str = ""
    of_cluster: str = ""
    of_kubernetes: str = ""
    of_file: str = ""


_options: ContextVar[_Options] = ContextVar("options", default=_Options())  # noqa: B039  (frozen)

SpecFile = Annotated[Path, typer.Option("--file", "-f", help="The spec.", show_default=True)]
SpecFileLong = Annotated[Path, typer.Option("--file", help="The spec.", show_default=True)]  # where -f means something else
Context = Annotated[
    str | None,
    typer.Option(
        "--context", help="Which context of kubectl; without it, that of the spec, else the current one.", metavar="NAME"
    ),
]
Timeout = Annotated[str, typer.Option("--timeout", help="How long each step may take.")]
Environment = Annotated[
    str | None,
    typer.Option(
        "--environment",
        "-e",
        help="Which environment of the spec; its default one if not given.",
        autocompletion=environment_names,
    ),
]
DEFAULT_FILE = Path("platform.yaml")


def explained(command: Callable[Parameters, int]) -> Callable[Parameters, None]:
    """Run a command; what it returns is the exit code. Only a bug shows a traceback."""

    @functools.wraps(command)
    def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> None:
        _options.set(_options_of(kwargs))
        try:
            code = command(*args, **kwargs)
            sys.stdout.flush()
        except OttlaError as error:
            note(f"ottla: {with_options(str(error))}")
            code = error.exit_code
        except (KeyboardInterrupt, typer.Abort):
            after_the_sign = "\n" if sys.stderr.isatty() else ""  # the terminal has just shown ^C
            note(f"{after_the_sign}ottla: interrupted; to go on, run the command again")
            code = INTERRUPTED
        except BrokenPipeError:
            write_no_more()  # whoever read the output has seen enough (`ottla logs | head`)
            code = 0
        except OSError as error:
            if error.filename is None and error.errno != errno.ENOSPC:
                raise
            write_no_more()
            note(f"ottla: {error.filename or 'cannot write the output'}: {error.strerror}")
            code = OttlaError.exit_code
        raise typer.Exit(code)

    return run


def write_no_more() -> None:
    """Nobody reads stdout any more: what is still to be flushed to stdout goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def alone(context: typer.Context, *options: str) -> None:
    """Raise UsageError where any but ``options`` were given: they would say nothing to the first of them."""
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        if source is not None and source.name == "COMMANDLINE" and not set(options) & set(parameter.opts):
            raise UsageError(f"{parameter.opts[0]} says nothing to {options[0]}", hint="take one of them away")


def with_options(text: str) -> str:
    """``text`` with the file, environment and context of this call put behind each command that it tells a person to type."""
    return COMMAND.sub(_with_options, text)


def _with_options(found: re.Match[str]) -> str:
    options = _options.get()
    if found["environment"]:
        return found[0] + options.of_file
    if found["nodes"]:
        return found[0] + options.of_nodes
    if found["in_kubernetes"]:
        return found[0] + options.of_kubernetes
    return found[0] + (options.of_cluster if found["address"] else options.of_spec)


def _options_of(call: Mapping[str, object]) -> _Options:
    file, address, context = call.get("file", DEFAULT_FILE), call.get("bootstrap_server"), call.get("context")
    of_file = {" --file ": file if file != DEFAULT_FILE else None}
    spec = {**of_file, " -e ": call.get("environment")}
    cluster = {**spec, " -b ": address, " --command-config ": call.get("command_config")}
    kubernetes = {**spec, " --context ": context if isinstance(context, str) else None}  # elsewhere it may be typer's
    return _Options(*map(_written, (spec, spec, cluster, kubernetes, of_file)))


def _written(options: Mapping[str, object]) -> str:
    return "".join(f"{word}{value}" for word, value in options.items() if value)


def chosen(option: str, values: list[str] | None, what: str, known: frozenset[str]) -> frozenset[str]:
    """The words given to an option, which may be repeated and take several at once (``a,b``).

    Raises UsageError for one that is not ``known``.
    """
    given = frozenset(word for value in values or [] for word in value.split(","))
    unknown = sorted(given - known)
    if unknown:
        raise UsageError(f"{option} {', '.join(unknown)}: the {what} are {', '.join(sorted(known))}")
    return given


def open_platform(file: Path, environment: str | None) -> LocalPlatform:
    """The platform that a command is about, with notes going to stderr."""
    from ottla.cli.output import TerminalReporter
    from ottla.platform import Platform

    platform = Platform.load(file).on(environment, report=TerminalReporter())
    if platform.spec.shares:  # the nodes are that one's
        options = _options.get()
        _options.set(replace(options, of_nodes=f"{options.of_file} -e {platform.spec.shares}"))
    return platform
