"""An open platform is locked, and a locked one opened, while it runs: node by node, and gone on with where it was cut off."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from tests.conftest import Home, local_spec, start_home
from tests.kafka.clients import LET_IN, entrance, of_librdkafka, read, write

from ottla.kafka.settings import ClientSettings, login_settings
from ottla.platform import Platform
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.kafka, pytest.mark.long]

TOPIC = "task-events"


@pytest.fixture
def open_three(tmp_path: Path) -> Iterator[Home]:
    home = start_home(tmp_path, "local")
    yield home
    home.end()


def ask_for(home: Home, *, locked: bool) -> None:
    spec = local_spec()
    spec["environments"]["local"]["security"] = {"enabled": locked}
    (home.folder / "platform.yaml").write_text(json.dumps(spec))


def login(home: Home, user: str) -> dict[str, Any]:
    platform = Platform.load(home.folder / "platform.yaml").on("local")
    return of_librdkafka(login_settings(platform.login(user)))


def locked_nodes(home: Home) -> int:
    return sum(node.secured for node in home.platform.cluster.made().nodes)


def test_a_platform_is_locked_and_opened_while_it_runs_and_a_cut_off_run_is_gone_on_with(open_three: Home) -> None:
    home = open_three
    before = of_librdkafka(ClientSettings(home.bootstrap_servers))
    assert write(before, TOPIC, b"written while open") == LET_IN
    ask_for(home, locked=True)
    left = home.run("up")
    assert (left.returncode, "locks-out" in left.stdout, "super.users" in left.stdout) == (3, True, True), left.stderr
    assert locked_nodes(home) == 0
    arguments = home.command("apply", "--yes", "--file", str(home.folder / "platform.yaml"))
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as cut_off:
        wait_until(lambda: locked_nodes(home), lambda count: count == 2, what="a second locked node", timeout=90)
        os.kill(cut_off.pid, signal.SIGKILL)
    assert home.run("status").returncode in {0, 6}
    home.run("up")  # starts the node that was on its way
    done = home.run("apply", "--yes")
    assert done.returncode == 0, done.stderr
    assert home.run("plan", "--exit-code").returncode == 0
    assert home.run("verify").returncode == 0
    assert entrance(before) != LET_IN
    reader = login(home, "reminder-service")
    assert read(reader, TOPIC, group="reminder-service") == LET_IN, "what was written before is there"
    assert "authoriz" in write(reader, TOPIC).lower()
    ask_for(home, locked=False)
    refused = home.run("apply", "--yes")
    assert (refused.returncode, "--accept opens-platform" in refused.stderr) == (4, True), refused.stderr
    opened = home.run("apply", "--yes", "--accept", "opens-platform")
    assert opened.returncode == 0, opened.stderr
    assert home.run("plan", "--exit-code").returncode == 0
    assert locked_nodes(home) == 0
    assert write(before, TOPIC) == LET_IN
