"""Faults on real nodes: done and shown, healed and shown; what a killed drill leaves is named, and `up` heals it."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from ottla.local.faults.kill import KillNodes
from ottla.local.faults.pause import PauseNodes
from ottla.local.faults.record import recorded
from ottla.local.processes import is_paused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Home, Locked

pytestmark = pytest.mark.kafka
DRILL = """\
import sys
from ottla.local.faults.kill import KillNodes
from ottla.local.faults.pause import PauseNodes
from ottla.platform import Platform
cluster = Platform.load(sys.argv[1]).on(sys.argv[2]).cluster
print(vars()[sys.argv[3]](cluster, [1]).do().shown, flush=True)
sys.stdin.read()
"""


@contextmanager
def drill(home: Home, fault: str) -> Iterator[subprocess.Popen[str]]:
    """A process that has done a fault to node 1, and lives."""
    words = [sys.executable, "-W", "ignore", "-c", DRILL, str(home.folder / "platform.yaml"), home.environment, fault]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_paused_node_is_shown_to_be_stopped_and_silent_and_then_to_answer(three: Home) -> None:
    cluster = three.platform.cluster
    fault = PauseNodes(cluster, [2])
    done = fault.do()
    try:
        assert done.shown, done
        assert is_paused(cluster.running()[2])
        assert "is stopped" in done.lines[0]
        assert "takes a connection and does not answer" in done.lines[0]
        assert [(each.what, each.node_ids) for each in recorded(cluster.layout)] == [("pause", (2,))]
    finally:
        healed = fault.heal()
    assert healed.shown, healed
    assert recorded(cluster.layout) == ()


def test_a_locked_node_is_greeted_by_tls(locked: Locked) -> None:
    fault = PauseNodes(locked.platform.cluster, [1])
    try:
        assert fault.do().shown
    finally:
        healed = fault.heal()
    assert healed.shown, healed


def test_what_cannot_be_shown_is_not_said_to_be_so(three: Home) -> None:
    cluster = three.platform.cluster
    fault = PauseNodes(cluster, [1])
    try:
        fault.do()
        cluster.running()[1].resume()  # somebody else healed it behind the back of the drill
        assert not PauseNodes(cluster, [7]).heal().shown
        seen = fault.heal()
        assert seen.shown, seen
    finally:
        for each in cluster.running().values():
            each.resume()


def test_what_a_drill_that_was_killed_left_paused_is_named_and_up_heals_it(one: Home) -> None:
    with drill(one, "PauseNodes") as process:
        status = one.run("status")
        assert f"drill: pause of node 1, by a drill (pid {process.pid})" in status.stdout
        assert "it runs, and heals that itself" in status.stdout
        refused = one.run("up")
        assert refused.returncode == 4
        assert f"kill {process.pid}" in refused.stderr
        assert is_paused(one.platform.cluster.running()[1])
    status = one.run("status")
    assert status.returncode == 6
    assert "it was cut off; heal what it left: ottla up" in status.stdout
    assert json.loads(one.run("status", "-o", "json").stdout)["data"]["faults"][0]["drill_lives"] is False
    done = one.run("up")
    assert done.returncode == 0, done.stderr
    assert f"a drill was cut off, and what it left is healed now: pause of node 1, by a drill (pid {process.pid})" in done.stderr
    after = one.run("status")
    assert (after.returncode, "drill" in after.stdout) == (0, False)


def test_what_a_drill_that_was_killed_left_dead_is_started_by_up(one: Home) -> None:
    with drill(one, "KillNodes"):
        assert one.run("up").returncode == 4
        assert one.platform.cluster.running() == {}
    done = one.run("up")
    assert done.returncode == 0, done.stderr
    assert "what it left is healed now: kill of node 1" in done.stderr
    assert recorded(one.platform.cluster.layout) == ()


@pytest.mark.long
def test_killed_nodes_are_shown_to_be_gone_and_come_back_as_other_processes(three: Home) -> None:
    """The old sessions of two of three voters end first: about fifteen seconds."""
    cluster = three.platform.cluster
    before, applied = cluster.running(), cluster.applied()
    fault = KillNodes(cluster, [3, 1])
    assert (fault.name, fault.target) == ("kill", "nodes 1, 3")
    done = fault.do()
    assert done.shown, done
    assert list(cluster.running()) == [2]
    assert f"pid {before[1].pid} is gone" in done.lines[0]
    assert not KillNodes(cluster, [1]).do().shown  # it does not run
    assert not PauseNodes(cluster, [1]).heal().shown
    healed = fault.heal()
    assert healed.shown, healed
    assert f"(it was {before[1].pid})" in healed.lines[0]
    assert cluster.applied() == applied
    assert three.run("up").returncode == 0  # forgets what was done in vain
    assert recorded(cluster.layout) == ()
    assert three.run("verify").returncode == 0
