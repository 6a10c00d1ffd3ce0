"""Drills whose alerts are watched: a fault raises those of its row in time, and the control run raises none."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from tests.companions.conftest import monitored_spec, write_spec
from tests.conftest import Home

from ottla.local.companion import told_of_files_in
from ottla.platform import Platform
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.companions
LOAD = ("--rate", "200")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A platform of which nothing runs; drills have clusters of their own."""
    write_spec(tmp_path, monitored_spec())
    return Home(tmp_path, "local", Platform.load(tmp_path / "platform.yaml").on("local"))


def drilled(home: Home, name: str) -> dict[str, Any]:
    done = home.run("drill", "run", name, *LOAD, "--alerts", "-o", "json", timeout=300)
    assert done.returncode == 0, done.stderr[-3_000:] + done.stdout[-3_000:]
    verdict: dict[str, Any] = json.loads(done.stdout)["data"]
    return verdict


@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    ("drill", "raised"), [("none", set()), ("kill-broker", {"BrokerDown", "BrokersMissing", "BrokerFenced"})]
)
def test_a_killed_broker_raises_its_alerts_and_the_control_run_none(home: Home, drill: str, raised: set[str]) -> None:
    seen = drilled(home, drill)["alerts"].keys()
    assert (seen >= raised, bool(seen)) == (True, bool(raised))
    assert told_of_files_in(home.folder) == {}


def test_what_watches_a_drill_that_was_killed_is_ended_by_the_next_run(home: Home) -> None:
    where = ["-f", str(home.folder / "platform.yaml")]
    command = [sys.executable, "-m", "ottla.cli", "drill", "run", "none", *LOAD, "--alerts"]
    process = subprocess.Popen([*command, *where], stderr=subprocess.DEVNULL, start_new_session=True)
    wait_until(lambda: told_of_files_in(home.folder), lambda seen: len(seen) > 1, what="Prometheus and Alertmanager", timeout=120)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert home.run("down", "--wipe", "--yes").returncode == 0
    assert told_of_files_in(home.folder) == {}


def test_alerts_are_not_watched_on_the_platform_itself(home: Home) -> None:
    done = home.run("drill", "run", "none", "--here", "--alerts")
    assert (done.returncode, "--alerts is for a cluster of its own" in done.stderr) == (2, True)
