"""Which cluster a command looks at: an environment of the spec, or any address."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ottla.cli.offered import user_names
from ottla.cli.running import DEFAULT_FILE, Environment, SpecFile, explained
from ottla.errors import UsageError

if TYPE_CHECKING:
    from ottla.kafka.settings import ClientSettings
    from ottla.platform.access import Access

LIST = "list"


def _named(value: str | None) -> str | None:
    """An empty name is a variable that was not set: it must not work as whoever works without one."""
    if value == "":
        raise typer.BadParameter("no user is named")
    return value


AsUser = Annotated[
    str | None,
    typer.Option(
        "--as",
        help="Log in as this user of the spec; else as the administrator.",
        metavar="USER",
        autocompletion=user_names,
        callback=_named,
    ),
]
AsUserOrItself = Annotated[
    str | None,
    typer.Option(
        "--as",
        help="Log in as this user of the spec; else as Ottla itself, whom no ACL holds back.",
        metavar="USER",
        autocompletion=user_names,
        callback=_named,
    ),
]
Reach = Callable[[], "Access"]  # opens the cluster that a command is about, once its own words were read


def _list_keys(values: list[str] | None) -> list[str] | None:
    if values and LIST in values:
        from ottla.kafka.settings import KEYS

        typer.echo("\n".join(sorted(KEYS)))
        raise typer.Exit
    return values


BootstrapServer = Annotated[
    str | None, typer.Option("--bootstrap-server", "-b", help="Any cluster (HOST:PORT,...), no spec.", metavar="ADDRESS")
]
CommandConfig = Annotated[
    Path | None, typer.Option("--command-config", help="Client settings in Java's properties form.", metavar="FILE")
]
Properties = Annotated[
    list[str] | None,
    typer.Option("-X", help="One client setting; `-X list` shows which.", metavar="KEY=VALUE", callback=_list_keys),
]


def _options(
    file: SpecFile = DEFAULT_FILE,
    environment: Environment = None,
    bootstrap_server: BootstrapServer = None,
    command_config: CommandConfig = None,
    properties: Properties = None,
    as_user: AsUser = None,
) -> None:
    """Hold the options that ``on_cluster`` gives to a command."""


def on_cluster(command: Callable[..., int]) -> Callable[..., None]:
    """Make a command of a function whose first argument is a ``Reach``: it gets the options that say which cluster."""
    theirs = inspect.signature(_options, eval_str=True).parameters
    own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]

    @functools.wraps(command)
    def run(**given: Any) -> int:
        reach = functools.partial(open_access, **{name: given.pop(name) for name in theirs})
        return command(reach, **given)

    shown = explained(run)
    parameters = [*own, *theirs.values()]
    shown.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what typer reads; mypy does not know it
    shown.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return shown


def open_access(
    file: Path,
    environment: str | None,
    bootstrap_server: str | None,
    command_config: Path | None,
    properties: list[str] | None,
    as_user: str | None,
) -> Access:
    """The cluster that a command is about; ``-X`` wins over what it knows. Raises UsageError where two are named at once."""
    from ottla.kafka.settings import read_settings, with_properties

    if bootstrap_server is None and command_config is None:
        from ottla.cli.running import open_platform

        access = open_platform(file, environment).access(as_user)
        if not properties:
            return access
        return replace(access, settings=_with_secrets(with_properties(access.settings, properties), Path()))
    if environment is not None or as_user is not None:
        option = "-e names an environment" if as_user is None else "--as names a user"
        raise UsageError(f"{option} of the spec, and --bootstrap-server or --command-config another cluster")
    from ottla.model.client import PLAIN_PROFILE
    from ottla.platform.access import Access

    folder = Path() if command_config is None else command_config.resolve().parent
    settings = _with_secrets(read_settings(bootstrap_server, command_config, properties or []), folder)
    return Access(",".join(settings.bootstrap_servers), settings, PLAIN_PROFILE)


def _with_secrets(settings: ClientSettings, folder: Path) -> ClientSettings:
    """A password that is a reference, as a spec has them, is what stands there: so no file of settings need hold one.

    A relative path begins in ``folder``. Raises LocalError where it leads nowhere.
    """
    from ottla.kafka.settings import SECRETS
    from ottla.model.secret import REFERENCE, parse_reference
    from ottla.secrets import resolve

    named = {key: value for key, value in settings.connection.items() if key in SECRETS and REFERENCE.fullmatch(value)}
    if not named:
        return settings
    found = {key: resolve(parse_reference(value), environ=os.environ, folder=folder).reveal() for key, value in named.items()}
    return replace(settings, connection={**settings.connection, **found})
