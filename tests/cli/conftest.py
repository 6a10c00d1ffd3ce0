"""`ottla` in this process, in a folder with the shipped spec: for commands that start nothing."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner, Result

from ottla.cli.main import app
from ottla.local.record import ClusterRecord, NodeAddress, new_cluster_id, write_record
from ottla.platform import Platform

if TYPE_CHECKING:
    from collections.abc import Callable

    from ottla.platform import LocalPlatform

    Ottla = Callable[..., Result]

ADDRESS = NodeAddress.in_block(1, "127.0.0.1", 9092)
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


@pytest.fixture
def made(folder: Path) -> Callable[[str], LocalPlatform]:
    """Make what an environment's cluster leaves on disk: its record and, of a locked one, certificates. No node runs."""

    def make(environment: str) -> LocalPlatform:
        platform = Platform.load(folder / "platform.yaml").on(environment)
        nodes = (replace(ADDRESS, secured=platform.secured),)
        write_record(platform.cluster.layout.record, ClusterRecord(new_cluster_id(), "4.3.1", nodes))
        if platform.secured:
            platform.cluster.admission.ensure_certificates(nodes)
        return platform

    return make


@pytest.fixture
def shared(folder: Path) -> Path:
    """The spec of the folder, with an environment ``dev`` in the cluster of ``local-secure``."""
    path = folder / "platform.yaml"
    path.write_text(f"{path.read_text()}  dev: {{shares: local-secure, prefix: dev., users: {{admin: null}}}}\n")
    return path
