"""`ottla` in this process, in a folder with the shipped spec: for commands that start nothing."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner, Result

from ottla.cli.main import app

if TYPE_CHECKING:
    from collections.abc import Callable

    Ottla = Callable[..., Result]

SHIPPED = Path(__file__).parent.parent.parent / "platform.yaml"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that commands run in; it holds the shipped spec."""
    shutil.copy(SHIPPED, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def ottla(folder: Path) -> Ottla:
    """Run a command in the folder."""
    assert folder.is_dir()
    runner = CliRunner(env={"COLUMNS": "100", "NO_COLOR": "1"})
    return lambda *arguments: runner.invoke(app, [*arguments], prog_name="ottla")
