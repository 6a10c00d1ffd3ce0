"""`ottla completion SHELL`: the script that completes commands, options, and what `offered` offers."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import typer

from ottla.cli.running import explained

ASKED = "_OTTLA_COMPLETE"  # the variable by which a shell asks


class Shell(Enum):
    """The shells that it can be done for."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


@explained
def command(shell: Annotated[Shell, typer.Argument(help="Your shell.", case_sensitive=False)]) -> int:
    """Print the completion script of a shell. For bash: `source <(ottla completion bash)`; the how-to has the others."""
    from typer.completion import get_completion_script  # type: ignore[attr-defined]  # not in its __all__

    typer.echo(get_completion_script(prog_name="ottla", complete_var=ASKED, shell=shell.value))
    return 0


def prepare() -> None:
    """Teach typer the shells: it does so by itself only with its own --install-completion, which writes into start-up files."""
    from typer.completion import get_completion_inspect_parameters

    get_completion_inspect_parameters()
