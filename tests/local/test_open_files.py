"""A node that may not open the files that it needs is not started: it would drop the end of its metadata log."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.conftest import OTTLA, SHIPPED_SPEC

from ottla.local.layout import Layout

if TYPE_CHECKING:
    from pathlib import Path

SEGMENTS = 90
CHECK = """
import sys
from pathlib import Path
from ottla.local.layout import Layout
from ottla.local.open_files import check_open_files
from ottla.local.record import NodeAddress
check_open_files(Layout(Path(sys.argv[1])), [NodeAddress.in_block(1, "127.0.0.1", 9092)])
"""


def limited(most: int, *command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command that may open so many files, and so may all that it starts."""
    shell = f'ulimit -n {most} && exec "$@"'
    return subprocess.run(
        ["bash", "-c", shell, "bash", *command], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )


def test_up_refuses_before_a_node_starts(tmp_path: Path) -> None:
    shutil.copy(SHIPPED_SPEC, tmp_path / "platform.yaml")
    done = limited(511, str(OTTLA), "up", "-e", "laptop", folder=tmp_path)
    assert (done.returncode, "node 1 needs to open 512 files" in done.stderr) == (1, True), done.stderr
    assert "this shell lets a process open 511 (ulimit -Hn)" in done.stderr
    assert "ulimit -n 100000, then: ottla up -e laptop" in done.stderr


def test_every_segment_that_is_there_counts(tmp_path: Path) -> None:
    partition = Layout(tmp_path).node(1).data / "task-events-0"
    partition.mkdir(parents=True)
    for number in range(SEGMENTS):
        (partition / f"{number:020}.log").touch()
    few, enough = (limited(511 + SEGMENTS + more, sys.executable, "-c", CHECK, str(tmp_path), folder=tmp_path) for more in (0, 1))
    assert (few.returncode, f"needs to open {512 + SEGMENTS} files ({SEGMENTS} segments" in few.stderr) == (1, True), few.stderr
    assert (enough.returncode, enough.stderr) == (0, "")
