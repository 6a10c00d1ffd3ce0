"""`ottla init`: a spec to start from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ottla.cli.running import DEFAULT_FILE, SpecFile, explained, with_options
from ottla.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


@explained
def command(
    starter: Annotated[str, typer.Argument(help="Which one: empty, or task-management.")] = "empty",
    file: SpecFile = DEFAULT_FILE,
) -> int:
    """Write a spec to start from: empty (commented, no topics yet) or task-management. Never overwrites a file."""
    from ottla.spec.faults import did_you_mean
    from ottla.spec.starters import STARTERS, starter_text

    if starter not in STARTERS:
        raise UsageError(f"there is no starter {starter!r}; {did_you_mean(starter, STARTERS)}")
    _write_new(file, starter_text(starter))
    typer.echo(f"wrote {file}: {STARTERS[starter]}")
    typer.echo(with_options("next: look at it, then ottla validate, then ottla up"))
    return 0


def _write_new(file: Path, text: str) -> None:
    try:
        with file.open("x", encoding="utf-8", newline="\n") as new:
            new.write(text)
    except FileExistsError:
        raise UsageError(f"{file} is there already; nothing was written", hint="name another file: --file PATH") from None
    except OSError as error:
        raise UsageError(f"cannot write {file}: {error.strerror}", hint="name another file: --file PATH") from None
