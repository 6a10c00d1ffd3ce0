"""A folder with rendered files: what is Ottla's is kept as the spec says, what is others' is left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ottla.errors import LocalError
from ottla.kubernetes.folder import FolderChanges, folder_changes, write_changes
from ottla.kubernetes.writing import WRITTEN

if TYPE_CHECKING:
    from pathlib import Path

OURS = f"{WRITTEN} -e doks` from platform.yaml\n"
FILES = {"a.yaml": f"{OURS}a: 1\n", "b.yaml": f"{OURS}b: 1\n"}


def brought(folder: Path, files: dict[str, str], *, force: bool = False) -> FolderChanges:
    changes = folder_changes(folder, files, environment="doks", force=force)
    write_changes(folder, files, changes)
    return changes


def test_the_second_run_has_nothing_to_do(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    assert brought(folder, FILES) == FolderChanges(("a.yaml", "b.yaml"), (), ())
    assert {path.name: path.read_text() for path in folder.iterdir()} == FILES
    assert not folder_changes(folder, FILES, environment="doks")


def test_what_changed_is_written_and_what_is_rendered_no_more_is_removed(tmp_path: Path) -> None:
    brought(tmp_path, FILES)
    changes = brought(tmp_path, {"a.yaml": f"{OURS}a: 2\n"})
    assert changes == FolderChanges((), ("a.yaml",), ("b.yaml",))
    assert [path.name for path in tmp_path.iterdir()] == ["a.yaml"]


def test_files_of_others_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("mine: true\n")
    (tmp_path / "overlays").mkdir()
    brought(tmp_path, FILES)
    brought(tmp_path, {})
    assert {path.name for path in tmp_path.iterdir()} == {"own.yaml", "overlays"}


def test_a_file_of_somebody_else_in_the_way_stops_everything(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text("mine: true\n")
    with pytest.raises(LocalError, match="is not of `ottla render -e doks`; nothing was written") as refused:
        folder_changes(tmp_path, FILES, environment="doks")
    assert str(tmp_path / "b.yaml") in str(refused.value)
    assert not (tmp_path / "a.yaml").exists()
    assert brought(tmp_path, FILES, force=True) == FolderChanges(("a.yaml",), ("b.yaml",), ())


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalError, match="cannot write"):
        brought(tmp_path / "file" / "in-it", FILES)


def test_what_was_rendered_of_another_environment_is_somebody_elses(tmp_path: Path) -> None:
    brought(tmp_path, FILES)
    with pytest.raises(LocalError, match="is not of `ottla render -e minikube`"):
        folder_changes(tmp_path, FILES, environment="minikube")
    assert folder_changes(tmp_path, {}, environment="minikube") == FolderChanges((), (), ())
