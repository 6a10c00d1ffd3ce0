"""What the Tab key offers for an argument: topics and groups of a cluster, environments and nodes of the spec."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer  # noqa: TC002  (typer reads the annotations)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ottla.platform.access import Access

PATIENCE = 1.5  # seconds that somebody waits for the Tab key


def topic_names(context: typer.Context, incomplete: str) -> list[str]:
    """The topics of the cluster that the command line names so far."""
    return _beginning(incomplete, lambda: (topic.name for topic in _access(context).topics()))


def group_ids(context: typer.Context, incomplete: str) -> list[str]:
    """The groups of the cluster that the command line names so far."""
    return _beginning(incomplete, lambda: (group.group_id for group in _access(context).groups()))


def user_names(context: typer.Context, incomplete: str) -> list[str]:
    """The users of the environment."""
    from ottla.spec import load_spec

    return _beginning(incomplete, lambda: load_spec(_file(context)).environment(context.params.get("environment"))[1].users)


def environment_names(context: typer.Context, incomplete: str) -> list[str]:
    """The environments of the spec."""
    from ottla.spec import load_spec

    return _beginning(incomplete, lambda: load_spec(_file(context)).environments)


def node_ids(context: typer.Context, incomplete: str) -> list[str]:
    """The nodes of the environment's cluster, as it was made."""
    from ottla.platform import Platform

    def read() -> Iterable[str]:
        platform = Platform.load(_file(context)).on(context.params.get("environment"))
        return (str(node.node_id) for node in platform.cluster.made().nodes)

    return _beginning(incomplete, read)


def _beginning(incomplete: str, read: Callable[[], Iterable[str]]) -> list[str]:
    """What begins with ``incomplete``. A cluster that does not answer, or a bad spec, is no reason to disturb a shell."""
    from ottla.errors import OttlaError

    try:
        return [name for name in read() if name.startswith(incomplete)]
    except OttlaError:
        return []


def _access(context: typer.Context) -> Access:
    from ottla.cli.on_cluster import open_access

    given = context.params
    access = open_access(
        _file(context),
        given.get("environment"),
        given.get("bootstrap_server"),
        given.get("command_config"),
        given.get("properties"),
        given.get("as_user"),
    )
    return replace(access, timeout=PATIENCE)


def _file(context: typer.Context) -> Path:
    from ottla.cli.running import DEFAULT_FILE

    return Path(context.params.get("file") or DEFAULT_FILE)
