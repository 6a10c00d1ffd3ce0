"""Write the generated part of the documentation: `make docs`. A test compares it with what is committed."""

from __future__ import annotations

from pathlib import Path

from typer.main import get_command
from typer.testing import CliRunner

from ottla.cli.main import app
from ottla.spec.json_schema import schema_text

REFERENCE = Path(__file__).parent.parent / "docs" / "reference"
TARGET = REFERENCE / "cli.md"
SCHEMA = REFERENCE / "platform.schema.json"


def cli_reference() -> str:
    """The help of every command, as Markdown."""
    runner = CliRunner(env={"COLUMNS": "100", "TERMINAL_WIDTH": "100", "NO_COLOR": "1"})
    commands = sorted(get_command(app).commands)  # type: ignore[attr-defined]  # a group has commands
    parts = ["# Commands\n\nWritten by `make docs`; do not edit.\n"]
    for arguments in ([], *([name] for name in commands)):
        title = " ".join(["ottla", *arguments])
        text = runner.invoke(app, [*arguments, "--help"], prog_name="ottla").output.strip()
        lines = "\n".join(line.rstrip() for line in text.splitlines())
        parts.append(f"## `{title}`\n\n```text\n{lines}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    TARGET.write_text(cli_reference(), encoding="utf-8")
    SCHEMA.write_text(schema_text(), encoding="utf-8")
