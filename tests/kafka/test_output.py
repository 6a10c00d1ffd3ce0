"""What a person sees on a narrow terminal, without colours, and through a pipe that is closed."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Home

pytestmark = pytest.mark.kafka
BIN = Path(sys.executable).parent


def shell(home: Home, command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a line of shell in the folder of the platform, with the status of the whole pipe."""
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", **variables}
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        cwd=home.folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
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


@pytest.mark.long
def test_up_is_done_to_its_end_though_nobody_reads_what_it_says(one: Home) -> None:
    one.platform.down()
    done = shell(one, "ottla up -e laptop 2>&1 | head -1")
    assert len(done.stdout.splitlines()) == 1
    assert one.run("status").returncode == 0


def in_terminal(home: Home, command: str, **variables: str) -> str:
    """What a command writes to a terminal."""
    ours, its = pty.openpty()
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "TERM": "xterm", **variables}
    with subprocess.Popen(["bash", "-c", command], cwd=home.folder, env=environment, stdout=its, stderr=its, stdin=its):
        os.close(its)
        written = b""
        with suppress(OSError), os.fdopen(ours, "rb", 0) as terminal:  # EIO: the last writer is gone
            while piece := terminal.read(4096):
                written += piece
    return written.decode()


def test_colours_are_for_a_terminal_that_wants_them(one: Home) -> None:
    done = one.run("up")
    assert "\x1b" not in done.stdout + done.stderr
    one.variant("more.yaml", lambda spec: spec["topics"].update({"more": {"partitions": 1}}))
    assert "\x1b[32m+ topic more" in in_terminal(one, "ottla plan -e laptop -f more.yaml")
    assert "\x1b[" not in in_terminal(one, "ottla plan -e laptop -f more.yaml", NO_COLOR="1")
    plain = in_terminal(one, "ottla up -e laptop; ottla status -e laptop", NO_COLOR="1", COLUMNS="60")
    assert "\x1b[" not in plain
    assert "node 1  running" in plain
