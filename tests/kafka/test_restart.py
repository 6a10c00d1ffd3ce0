"""`ottla restart`: a rolling restart under load loses nothing that was acknowledged."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.kafka.load import Load

from ottla.kafka.events import read_back
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from tests.conftest import Home

pytestmark = pytest.mark.kafka
TOPIC = "recurring-events"


def pids(home: Home) -> dict[int, int]:
    return {node_id: process.pid for node_id, process in home.platform.cluster.running().items()}


@pytest.mark.long
def test_a_rolling_restart_under_load_loses_no_acknowledged_event(three: Home) -> None:
    before = pids(three)
    with Load(three, TOPIC) as load:
        wait_until(lambda: len(load.acknowledged), lambda count: count > 100, what="load", timeout=30)
        done = three.run("restart")
        after_restart = len(load.acknowledged)
    assert done.returncode == 0, done.stderr
    assert all(f"restarting node {node_id} (" in done.stderr for node_id in (1, 2, 3))
    assert {node_id for node_id, pid in pids(three).items() if pid != before[node_id]} == {1, 2, 3}
    assert load.failed == []
    assert len(load.acknowledged) == load.sent > after_restart > 500
    places: dict[tuple[str, int], int] = {}
    for topic, partition, offset in load.acknowledged:
        places[topic, partition] = min(offset, places.get((topic, partition), offset))
    found = read_back(three.settings, three.platform.profile, places, set(load.acknowledged), timeout=60)
    assert {place: record.value for place, record in found.items()} == load.acknowledged
    assert three.run("verify").returncode == 0


@pytest.mark.long
def test_only_the_named_nodes_restart_and_an_unknown_one_is_refused(three: Home) -> None:
    before = pids(three)
    done = three.run("restart", "2")
    assert (done.returncode, done.stdout.startswith("restarted: node 2 (")) == (0, True)
    assert {node_id for node_id, pid in pids(three).items() if pid != before[node_id]} == {2}
    unknown = three.run("restart", "2", "7")
    assert (unknown.returncode, "there is no node 7; there are 1, 2, 3" in unknown.stderr) == (2, True)


@pytest.mark.long
def test_a_restart_is_refused_while_another_node_is_down(three: Home) -> None:
    three.platform.cluster.stop([3])
    before = pids(three)
    try:
        done = three.run("restart", "1")
        assert done.returncode == 4
        assert "node 3 does not run" in done.stderr
        assert "ottla up" in done.stderr
        assert pids(three) == before
    finally:
        assert three.run("up").returncode == 0


@pytest.mark.long
def test_a_node_that_ends_while_all_are_waited_for_is_named_at_once(three: Home) -> None:
    """A fourth broker, which never comes, is what `restart` waits for; a node that runs ends meanwhile."""
    three.variant("four.yaml", lambda spec: spec["cluster"].update(nodes=4))
    command = three.command("restart", "--file", str(three.folder / "four.yaml"), "-e", "local")
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as waiting:
        assert waiting.stderr is not None
        assert "brokers in the cluster: 1, 2, 3" in waiting.stderr.readline()
        three.platform.cluster.running()[2].kill()
        said = waiting.stderr.read()
    assert (waiting.returncode, "node 2 ended before the cluster was whole" in said) == (1, True), said
    assert "to start it again: ottla up" in said
    assert three.run("up").returncode == 0


@pytest.mark.long
def test_an_interrupted_restart_leaves_a_cluster_that_up_completes(three: Home) -> None:
    program = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\nfrom ottla.cli.main import main; main()"
    command = [sys.executable, "-c", program, "restart", "-f", str(three.folder / "platform.yaml"), "-e", "local"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as interrupted:
        assert interrupted.stderr is not None
        for line in interrupted.stderr:
            if "stopping node" in line:
                break
        interrupted.send_signal(signal.SIGINT)
        assert "interrupted; to go on, run the command again" in interrupted.stderr.read()
    assert interrupted.returncode == 130
    assert three.run("up").returncode == 0
    assert len(pids(three)) == 3
    assert three.run("verify").returncode == 0


@pytest.mark.long
def test_one_node_alone_restarts_and_says_that_writes_wait(one: Home) -> None:
    done = one.run("restart")
    assert done.returncode == 0, done.stderr
    assert "no more replicas than min.insync.replicas" in done.stderr
    assert one.run("verify").returncode == 0
