"""Data to stdout, notes to stderr; JSON and YAML in an envelope with a version."""

from __future__ import annotations

import json
import os
import shutil
import sys
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ottla.model.units import format_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ENVELOPE_VERSION = 1
QUARTER = 25
REWRITE = "\033[1A\r\033[K"  # up one line, and clear it


class Output(Enum):
    """How a command prints its data."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


OutputOption = Annotated[Output, typer.Option("--output", "-o", help="How to print.", case_sensitive=False)]
COLOURS = {"+": typer.colors.GREEN, "-": typer.colors.RED, "~": typer.colors.YELLOW, "!": typer.colors.MAGENTA}


def is_terminal(stream: Any) -> bool:
    """Whether a person sees the stream in colours (https://no-color.org)."""
    return bool(stream.isatty()) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def print_document(kind: str, data: dict[str, Any], output: Output) -> None:
    """Print data for a machine: ``kind`` and ``version`` say what it is."""
    envelope = {"kind": kind, "version": ENVELOPE_VERSION, "data": data}
    if output is Output.YAML:
        from ruamel.yaml import YAML

        writer = YAML(typ="safe", pure=True)
        writer.default_flow_style = False
        writer.dump(envelope, sys.stdout)
    else:
        typer.echo(json.dumps(envelope, indent=2))


def print_changes(lines: Iterable[str]) -> None:
    """Print lines of a plan in the colours of their first character."""
    coloured = is_terminal(sys.stdout)
    for line in lines:
        colour = COLOURS.get(line[:1]) if coloured else None
        typer.echo(typer.style(line, fg=colour) if colour else line)


def or_dash(value: int | None) -> str:
    """A figure in a table; a dash where it is not known."""
    return "-" if value is None else str(value)


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as what stands in them; no lines are drawn, so that the output can be cut and sorted."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    for row in (header, *rows):
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def fits(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether a table fits the terminal (or COLUMNS); what goes into a file or a pipe always does."""
    width = sum(max(len(row[column]) for row in (header, *rows)) for column in range(len(header))) + 2 * (len(header) - 1)
    return width <= shutil.get_terminal_size(fallback=(width, 0)).columns


def print_filled(parts: Iterable[str], *, indent: str) -> None:
    """Parts of a sentence, as many on a line as the terminal is wide; none is broken."""
    width = shutil.get_terminal_size().columns
    line = ""
    for part in parts:
        if line and len(line) + 2 + len(part) > width:
            typer.echo(line)
            line = ""
        line = f"{line}  {part}" if line else f"{indent}{part}"
    typer.echo(line)


def note(text: str) -> None:
    """A line for a person, on stderr. Where nobody reads it any more (``2>&1 | head``), the work goes on."""
    try:
        typer.echo(text, err=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


class TerminalReporter:
    """Tells a person on stderr: a line for each step, one that is rewritten for what counts on.

    Where nobody watches, a download is a line for each quarter, and what counts on is told once.
    """

    def __init__(self) -> None:
        self._watched = is_terminal(sys.stderr)
        self._counting = ""
        self._percent = -1

    def step(self, text: str) -> None:
        """Show a step. ``waiting for replicas: 3 of 9`` takes the place of the same words with other figures."""
        self._line(text, counting=text.partition(": ")[0] if ": " in text else "")

    def note(self, text: str) -> None:
        """Show something worth knowing."""
        self._counting = ""
        note(typer.style(f"  {text}", fg=typer.colors.YELLOW) if self._watched else f"  note: {text}")

    def progress(self, text: str, done: int, total: int) -> None:
        """Show how far a download is."""
        percent = 100 * done // total if total else 100
        shown = percent if self._watched else percent // QUARTER * QUARTER
        if shown == self._percent:
            return
        self._percent = shown
        figures = f"{text} {_bar(percent)} {percent:3d} %  {format_size(done)} of {format_size(total)}"
        self._line(figures, counting=text if self._watched else "")

    def _line(self, text: str, *, counting: str) -> None:
        again = bool(counting) and counting == self._counting
        self._counting = counting
        if not self._watched:
            if not again:
                note(f"  {text}")
            return
        width = shutil.get_terminal_size().columns - 1  # a line that wraps could not be rewritten
        note(f"{REWRITE if again else ''}{f'  {text}'[:width] if counting else f'  {text}'}")


def _bar(percent: int) -> str:
    width = 24
    full = min(width, width * percent // 100)
    return f"[{'#' * full}{'.' * (width - full)}]"
