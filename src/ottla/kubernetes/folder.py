"""Rendered files in a folder under version control: what would change there, and the change. Files of others are left alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ottla.errors import LocalError
from ottla.files import explained, write_atomic
from ottla.kubernetes.writing import WRITTEN

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class FolderChanges:
    """What is to be done so that a folder holds what was rendered: names of files."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]

    def __bool__(self) -> bool:
        """Whether anything is."""
        return bool(self.added or self.changed or self.removed)


def folder_changes(folder: Path, files: Mapping[str, str], *, environment: str, force: bool = False) -> FolderChanges:
    """Compare; a file that was rendered of the ``environment`` before and is rendered no more is to be removed.

    Raises LocalError where a file of somebody else's (or of another environment) is in the way, unless ``force`` says that it may
    be written over.
    """
    there, ours = _texts(folder), f"{WRITTEN} -e {environment}` "
    foreign = sorted(name for name in files.keys() & there.keys() if not there[name].startswith(ours))
    if foreign and not force:
        raise LocalError(
            f"is there, and is not of `ottla render -e {environment}`; nothing was written",
            where=str(folder / foreign[0]),
            hint="choose another folder, or write over it: --force",
        )
    return FolderChanges(
        added=tuple(sorted(files.keys() - there.keys())),
        changed=tuple(sorted(name for name in files.keys() & there.keys() if files[name] != there[name])),
        removed=tuple(sorted(name for name in there.keys() - files.keys() if there[name].startswith(ours))),
    )


def write_changes(folder: Path, files: Mapping[str, str], changes: FolderChanges) -> None:
    """Do them; a run that is cut off is gone on with by the next one. Raises LocalError."""
    for name in (*changes.added, *changes.changed):
        write_atomic(folder / name, files[name])
    for name in changes.removed:
        with explained("remove", folder / name):
            (folder / name).unlink(missing_ok=True)


def _texts(folder: Path) -> dict[str, str]:
    """What lies in the folder: its YAML files, and not those of folders in it."""
    with explained("read", folder):
        paths = sorted(folder.glob("*.yaml")) if folder.is_dir() else []
        return {path.name: path.read_text(encoding="utf-8", errors="replace") for path in paths if path.is_file()}
