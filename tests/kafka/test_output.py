"""What a person sees on a narrow terminal, without colours, and through a pipe that is closed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Home

pytestmark = pytest.mark.kafka
OTTLA = Path(sys.executable).parent / "ottla"


def shell(home: Home, command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a line of shell in the folder of the platform, with the status of the whole pipe."""
    line = f"set -o pipefail; {command}".replace("ottla", str(OTTLA))
    environment = {**os.environ, **variables}
    return subprocess.run(
        ["bash", "-c", line], cwd=home.folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def test_status_fits_into_60_columns(three: Home) -> None:
    done = shell(three, "ottla status -e local", COLUMNS="60")
    assert done.returncode == 0, done.stderr
    _, _, nodes = done.stdout.partition("\n\n")
    assert max(map(len, nodes.splitlines())) <= 60
    record = three.platform.cluster.made()
    for node in record.nodes:
        assert f"node {node.node_id}  running  broker,controller" in nodes
        assert f"clients {node.host}:{node.client_port}  internal {node.internal_port}  controller" in nodes


def test_status_is_one_line_a_node_in_a_pipe(three: Home) -> None:
    done = shell(three, "unset COLUMNS; ottla status -e local | grep -c 'broker,controller'")
    assert done.stdout.strip() == "3"


@pytest.mark.parametrize("command", ["status", "status -o json", "status -o yaml", "verify", "plan -o json", "logs -n 500"])
def test_a_reader_that_has_seen_enough_gets_no_traceback(one: Home, command: str) -> None:
    done = shell(one, f"ottla {command} -e laptop | head -1")
    assert len(done.stdout.splitlines()) == 1
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


def test_up_is_done_to_its_end_though_nobody_reads_what_it_says(one: Home) -> None:
    one.platform.down()
    done = shell(one, "ottla up -e laptop 2>&1 | head -1")
    assert len(done.stdout.splitlines()) == 1
    assert one.run("status").returncode == 0


def test_no_escape_sequence_is_written_without_a_terminal_or_with_no_color(one: Home) -> None:
    done = one.run("up")
    assert "\x1b" not in done.stdout + done.stderr
    in_terminal = shell(one, f"script -qec '{OTTLA} status -e laptop' /dev/null", NO_COLOR="1", COLUMNS="60")
    assert "\x1b[" not in in_terminal.stdout
    assert "node 1  running" in in_terminal.stdout
