"""How every command runs: known errors become one message and their exit code, an interrupt becomes 130."""

from __future__ import annotations

import errno
import functools
import os
import re
import sys
from contextvars import ContextVar
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
# what is put behind commands of the spec, and behind those that take an address as well
_options: ContextVar[tuple[str, str]] = ContextVar("options", default=("", ""))
COMMAND = re.compile(
    r"\bottla (?:((?:topics|groups|records) [a-z]+|(?:lag|produce|consume)\b)|"
    r"(?:up|down|restart|upgrade|plan|apply|verify|status|logs|validate|explain)\b)"
)

SpecFile = Annotated[Path, typer.Option("--file", "-f", help="The spec.", show_default=True)]
SpecFileLong = Annotated[Path, typer.Option("--file", help="The spec.", show_default=True)]  # where -f means something else
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
            _write_no_more()  # whoever read the output has seen enough (`ottla logs | head`)
            code = 0
        except OSError as error:
            if error.filename is None and error.errno != errno.ENOSPC:
                raise
            _write_no_more()
            note(f"ottla: {error.filename or 'cannot write the output'}: {error.strerror}")
            code = OttlaError.exit_code
        raise typer.Exit(code)

    return run


def _write_no_more() -> None:
    """What is still to be flushed to stdout goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def with_options(text: str) -> str:
    """``text`` with the file and environment of this call put behind each command that it tells a person to type."""
    return COMMAND.sub(lambda found: found[0] + _options.get()[found[1] is not None], text)


def _options_of(call: Mapping[str, object]) -> tuple[str, str]:
    file, address = call.get("file", DEFAULT_FILE), call.get("bootstrap_server")
    spec = {" --file ": file if file != DEFAULT_FILE else None, " -e ": call.get("environment")}
    cluster = {**spec, " -b ": address, " --command-config ": call.get("command_config")}
    return _written(spec), _written(cluster)


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

    return Platform.load(file).on(environment, report=TerminalReporter())
