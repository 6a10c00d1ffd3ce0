"""The files that a client of a locked platform works with: one module for each kind of client; texts, written by one function."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.errors import UsageError
from ottla.files import PRIVATE_FILE, explained, private_folder, write_atomic
from ottla.model.client import ClientKind
from ottla.platform.clients import dapr, java, librdkafka, spring
from ottla.platform.clients.client import WRITTEN_BY, Client, ClientFiles, client_of, group_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

RENDERERS: Mapping[ClientKind, Callable[[Client, Path], ClientFiles]] = {
    ClientKind.JAVA: java.render,
    ClientKind.LIBRDKAFKA: librdkafka.render,
    ClientKind.DAPR: dapr.render,
    ClientKind.SPRING: spring.render,
}


def render(kind: ClientKind, client: Client, folder: Path) -> ClientFiles:
    """The files of a kind of client, as they are to lie in ``folder`` (absolute).

    Raises UsageError for a password that the form cannot hold.
    """
    return RENDERERS[kind](client, folder)


def write_files(files: ClientFiles, folder: Path) -> list[Path]:
    """Write them, for the owner's eyes alone; a folder that is missing is made so too. Returns their paths.

    Raises UsageError, before anything is written, where a file lies that something else wrote.
    """
    paths = [folder / name for name in files.texts]
    for path in paths:
        if path.exists() and not _is_ours(path):
            raise UsageError(f"{path} is there, and this command did not write it", hint="choose another folder: --output FOLDER")
    if not folder.exists():
        private_folder(folder)
    for path, text in zip(paths, files.texts.values(), strict=True):
        write_atomic(path, text.reveal(), mode=PRIVATE_FILE)
    return paths


def _is_ours(path: Path) -> bool:
    with explained("read", path):
        return WRITTEN_BY.encode() in path.read_bytes()


__all__ = ["Client", "ClientFiles", "client_of", "group_of", "render", "write_files"]
