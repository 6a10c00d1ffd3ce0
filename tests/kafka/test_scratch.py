"""A drill's own cluster beside the platform: made from the same spec, and gone afterwards, whatever becomes of the drill."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ottla.errors import LocalError
from ottla.kafka.events import Event, send_events
from ottla.local import memory
from ottla.local.faults.kill import KillNodes
from ottla.local.scratch import scratch_clusters
from ottla.platform.scratch import Shape, scratch

if TYPE_CHECKING:
    from tests.conftest import Home

pytestmark = pytest.mark.kafka
SMALL = 320 * 1024**2
DRILL = """\
import sys
from ottla.platform import Platform
from ottla.platform.scratch import Shape, scratch
with scratch(Platform.load(sys.argv[1]).on(sys.argv[2]), "run-2", Shape(heap=320 * 1024**2)):
    print("up", flush=True)
    sys.stdin.read()
"""


def test_it_runs_beside_the_platform_with_the_sessions_of_kafka_and_leaves_nothing(one: Home) -> None:
    mine = one.platform.cluster
    before, pid = mine.made(), mine.running()[1].pid
    with scratch(one.platform, "run-1", Shape(heap=SMALL)) as made:
        assert made.cluster.made().cluster_id != before.cluster_id
        assert not {*made.cluster.made().nodes[0].reserved} & {*before.nodes[0].reserved}
        look = made.look()
        assert set(look.partitions) >= set(made.spec.topics_by_full_name)
        properties = made.cluster.layout.node(1).properties.read_text()
        assert "broker.session.timeout.ms=9000\n" in properties
        assert "broker.heartbeat.interval.ms=2000\n" in properties
        assert "in use (pid" in one.run("status").stdout
        refused = one.run("down", "--wipe", "--yes")
        assert (refused.returncode, "run-1" in refused.stderr) == (4, True)
    assert made.cluster.running() == {}
    assert not made.cluster.layout.root.exists()
    assert (mine.made(), mine.running()[1].pid) == (before, pid)
    assert one.run("verify").returncode == 0


def test_one_whose_drill_was_killed_is_named_by_status_and_removed_by_up(one: Home) -> None:
    words = [sys.executable, "-W", "ignore", "-c", DRILL, str(one.folder / "platform.yaml"), one.environment]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as drill:
        assert drill.stdout is not None
        assert drill.stdout.readline() == "up\n"
        drill.kill()
    [left] = scratch_clusters(one.platform.folder)
    assert left.holder is None
    assert "scratch cluster run-2" in one.run("status").stdout
    assert "its drill was cut off; remove it: ottla up" in one.run("status").stdout
    assert json.loads(one.run("status", "-o", "json").stdout)["data"]["scratch"][0]["run"] == "run-2"
    done = one.run("up")
    assert done.returncode == 0, done.stderr
    assert "removed: scratch cluster run-2" in done.stderr
    assert scratch_clusters(one.platform.folder) == ()
    assert not left.layout.root.exists()


def test_where_the_platform_itself_takes_the_memory_the_way_out_says_so(one: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "cgroup_room", lambda: 2**20)
    with pytest.raises(LocalError) as caught, scratch(one.platform, "run-4"):
        raise AssertionError("it was begun")
    assert "stop the platform meanwhile (it runs node 1): ottla down" in str(caught.value.hint)
    assert scratch_clusters(one.platform.folder) == ()


@pytest.mark.long
def test_another_shape_can_be_asked_for_locked_with_dedicated_controllers(one: Home) -> None:
    """Six nodes; two of the three controllers are killed, and brokers go on."""
    shape = Shape(nodes=3, dedicated=True, secured=True, heap=SMALL)
    with scratch(one.platform, "run-3", shape) as made:
        assert set(made.cluster.running()) == {1, 2, 3, 101, 102, 103}
        fault = KillNodes(made.cluster, [101, 102])
        assert fault.do().shown
        sent = send_events(made.access().settings, made.profile, [Event("task-events", b"key", b"value")], timeout=30)
        assert sent[0].error is None
        healed = fault.heal()
        assert healed.shown, healed
        made.wait_until_whole()
    assert not made.cluster.layout.root.exists()
