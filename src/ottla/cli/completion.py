"""`ottla completion SHELL`: the script that completes commands, options, topics and groups."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ottla.cli.running import DEFAULT_FILE, explained

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ottla.platform.access import Access


PATIENCE = 1.5  # seconds that somebody waits for the Tab key
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


def topic_names(context: typer.Context, incomplete: str) -> list[str]:
    """The topics of the cluster that the command line names so far."""
    return _offered(context, incomplete, lambda access: (topic.name for topic in access.topics()))


def group_ids(context: typer.Context, incomplete: str) -> list[str]:
    """The groups of the cluster that the command line names so far."""
    return _offered(context, incomplete, lambda access: (group.group_id for group in access.groups()))


def user_names(context: typer.Context, incomplete: str) -> list[str]:
    """The users of the spec that the command line names so far."""
    from ottla.errors import OttlaError
    from ottla.spec import load_spec

    try:
        spec = load_spec(Path(context.params.get("file") or DEFAULT_FILE))
        users = spec.environment(context.params.get("environment"))[1].users
    except OttlaError:
        return []
    return [name for name in users if name.startswith(incomplete)]


def _offered(context: typer.Context, incomplete: str, read: Callable[[Access], Iterable[str]]) -> list[str]:
    """What begins with ``incomplete``. A cluster that does not answer, or a bad spec, is no reason to disturb a shell."""
    from ottla.cli.on_cluster import open_access
    from ottla.errors import OttlaError

    given = context.params
    try:
        access = open_access(
            Path(given.get("file") or DEFAULT_FILE),
            given.get("environment"),
            given.get("bootstrap_server"),
            given.get("command_config"),
            given.get("properties"),
            given.get("as_user"),
        )
        return [name for name in read(replace(access, timeout=PATIENCE)) if name.startswith(incomplete)]
    except OttlaError:
        return []
