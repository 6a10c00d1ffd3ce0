"""Write the generated part of the documentation: `make docs`. A test compares it with what is committed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from typer.main import get_command
from typer.testing import CliRunner

from ottla.cli.main import app

if TYPE_CHECKING:
    from collections.abc import Iterator

TARGET = Path(__file__).parent.parent / "docs" / "reference" / "cli.md"


def cli_reference() -> str:
    """The help of every command, as Markdown."""
    runner = CliRunner(env={"COLUMNS": "100", "TERMINAL_WIDTH": "100", "NO_COLOR": "1"})
    parts = ["# Commands\n\nWritten by `make docs`; do not edit.\n"]
    for arguments in _commands(get_command(app), []):
        title = " ".join(["ottla", *arguments])
        text = runner.invoke(app, [*arguments, "--help"], prog_name="ottla").output.strip()
        lines = "\n".join(line.rstrip() for line in text.splitlines())
        parts.append(f"## `{title}`\n\n```text\n{lines}\n```\n")
    return "\n".join(parts)


def _commands(command: Any, path: list[str]) -> Iterator[list[str]]:
    """The words of a command and of everything below it."""
    yield path
    for name, below in sorted(getattr(command, "commands", {}).items()):
        yield from _commands(below, [*path, name])


if __name__ == "__main__":
    TARGET.write_text(cli_reference(), encoding="utf-8")
