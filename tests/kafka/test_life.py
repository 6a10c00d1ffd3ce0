"""Start, stop, kill, wipe: what outlives what."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from ottla.errors import ClusterError, LocalError, PlanRefused
from ottla.kafka.events import Event, read_back, send_events
from ottla.local import Layout, LocalCluster, Silent
from ottla.local.processes import find_processes
from ottla.local.record import write_record
from ottla.platform import Platform
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import psutil
    from tests.conftest import Home

pytestmark = pytest.mark.kafka

TOPIC = "recurring-events"
COORDINATOR_MOVES = {KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_LOAD_IN_PROGRESS, KafkaError.COORDINATOR_NOT_AVAILABLE}


class Notes(Silent):
    """A reporter that keeps its notes."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def write(home: Home, value: bytes) -> tuple[str, int, int]:
    sent = send_events(home.settings, home.platform.profile, [Event(TOPIC, b"key", value)], timeout=30)
    assert sent[0].error is None
    return TOPIC, sent[0].partition, sent[0].offset


def read(home: Home, place: tuple[str, int, int]) -> bytes | None:
    topic, partition, offset = place
    found = read_back(home.settings, home.platform.profile, {(topic, partition): offset}, {place}, timeout=30)
    return found[place].value


def commit(home: Home, group: str, offset: int) -> None:
    with closing(Consumer({"bootstrap.servers": ",".join(home.bootstrap_servers), "group.id": group})) as consumer:
        asked_again(lambda: consumer.commit(offsets=[TopicPartition(TOPIC, 0, offset)], asynchronous=False))


def committed(home: Home, group: str) -> int:
    with closing(Consumer({"bootstrap.servers": ",".join(home.bootstrap_servers), "group.id": group})) as consumer:
        found = asked_again(lambda: consumer.committed([TopicPartition(TOPIC, 0)], timeout=30))
    return int(found[0].offset)


def asked_again(ask: Callable[[], Any]) -> Any:
    """What a consumer gets that keeps trying: the coordinator of a group may still be on its way to another node."""

    def ask_now() -> tuple[Any, int | None]:
        try:
            return ask(), None
        except KafkaException as error:
            if error.args[0].code() not in COORDINATOR_MOVES:
                raise
            return None, error.args[0].code()

    return wait_until(ask_now, lambda answer: answer[1] is None, what="the coordinator", timeout=30)[0]


def kill(processes: Iterable[psutil.Process]) -> None:
    for process in processes:
        process.kill()


def wait_gone(home: Home, count: int) -> None:
    wait_until(
        home.platform.cluster.running, lambda running: len(running) == count, what="the killed node to be gone", timeout=10
    )


def test_events_topics_and_offsets_survive_down_and_up(one: Home) -> None:
    place = write(one, b"before down")
    commit(one, "survivors", 7)
    assert "all data stays" in one.run("down").stdout
    assert one.platform.cluster.running() == {}
    stopped = one.run("status")
    assert (stopped.returncode, "nothing runs" in stopped.stdout) == (6, True)
    done = one.run("up")
    assert done.returncode == 0, done.stderr
    assert "created" not in done.stdout
    assert read(one, place) == b"before down"
    assert committed(one, "survivors") == 7


def test_events_and_offsets_survive_kill_9_of_every_node(one: Home) -> None:
    place = write(one, b"before kill")
    commit(one, "killed", 3)
    kill(one.platform.cluster.running().values())
    done = one.run("up")
    assert done.returncode == 0, done.stderr
    assert "did not end cleanly" in done.stderr
    assert read(one, place) == b"before kill"
    assert committed(one, "killed") == 3


@pytest.mark.long
def test_only_the_dead_node_is_started_again_and_nothing_acknowledged_is_lost(three: Home) -> None:
    before = three.platform.cluster.running()
    place = write(three, b"acknowledged by three")
    kill([before[2]])
    wait_gone(three, 2)
    assert read(three, place) == b"acknowledged by three"
    during = write(three, b"written while one is dead")
    wanting = three.run("status", "-o", "json")
    assert wanting.returncode == 6
    states = {node["node_id"]: node["state"] for node in json.loads(wanting.stdout)["data"]["nodes"]}
    assert states[2] == "stopped"
    done = three.run("up")
    assert done.returncode == 0, done.stderr
    after = three.platform.cluster.running()
    assert (after[1].pid, after[3].pid) == (before[1].pid, before[3].pid)
    assert after[2].pid != before[2].pid
    assert read(three, during) == b"written while one is dead"
    assert three.run("verify").returncode == 0


@pytest.mark.long
def test_a_dead_node_is_a_read_error_for_plan_and_never_an_empty_cluster(three: Home) -> None:
    kill([three.platform.cluster.running()[3]])
    wait_gone(three, 2)
    try:
        done = three.run("plan", "--exit-code")
        assert done.returncode == 1
        assert "+ topic" not in done.stdout
        assert "node 3" in done.stderr
    finally:
        assert three.run("up").returncode == 0


def test_a_cli_killed_in_mid_up_leaves_nothing_that_the_next_up_cannot_take_over(one: Home) -> None:
    one.platform.down()
    command = [str(Path(sys.executable).parent / "ottla"), "up", "-f", str(one.folder / "platform.yaml"), "-e", "laptop"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as killed:
        wait_until(one.platform.cluster.running, bool, what="a node to be started", timeout=30, every=0.005)
        killed.kill()
    orphan = one.platform.cluster.running()[1].pid
    done = one.run("up")
    assert done.returncode == 0, done.stderr
    assert one.platform.cluster.running()[1].pid == orphan


@pytest.mark.parametrize("step", ["starting node", "waiting for node"])
def test_an_interrupt_at_a_step_of_up_says_so_and_the_next_up_goes_on(one: Home, step: str) -> None:
    one.platform.down()
    # a shell that runs the tests in the background lets its children ignore SIGINT: this one shall not
    program = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\nfrom ottla.cli.main import main; main()"
    command = [sys.executable, "-c", program, "up", "-f", str(one.folder / "platform.yaml"), "-e", "laptop"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as interrupted:
        assert interrupted.stderr is not None
        for line in interrupted.stderr:
            if step in line:
                break
        interrupted.send_signal(signal.SIGINT)
        assert "interrupted; to go on, run the command again" in interrupted.stderr.read()
    assert interrupted.returncode == 130
    assert one.run("up").returncode == 0


@pytest.mark.long
def test_every_node_killed_at_once_comes_back_with_every_acknowledged_event(three: Home) -> None:
    place = write(three, b"before all three died")
    kill(three.platform.cluster.running().values())
    done = three.run("up")
    assert done.returncode == 0, done.stderr
    assert len(three.platform.cluster.running()) == 3
    assert read(three, place) == b"before all three died"
    assert three.run("verify").returncode == 0


def test_two_runs_at_once_end_in_one_cluster(one: Home) -> None:
    one.platform.down()
    command = [str(Path(sys.executable).parent / "ottla"), "up", "-f", str(one.folder / "platform.yaml"), "-e", "laptop"]
    runs = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    outcomes = [(run.communicate(timeout=90), run.returncode) for run in runs]
    assert [code for _, code in outcomes] == [0, 0], outcomes
    assert any("waiting for pid" in texts[1] for texts, _ in outcomes)
    assert len(one.platform.cluster.running()) == 1


def test_other_nodes_than_the_cluster_was_made_with_are_refused_with_the_way_out(one: Home) -> None:
    def two_nodes(spec: dict[str, Any]) -> None:
        spec["environments"]["laptop"]["cluster"]["nodes"] = 2

    with pytest.raises(PlanRefused, match=r"ottla down --wipe"):
        one.variant("two.yaml", two_nodes).up()
    assert one.run("up", spec="two.yaml").returncode == 4
    assert len(one.platform.cluster.running()) == 1


@pytest.mark.long
def test_changed_server_properties_are_planned_shown_by_up_and_applied_by_a_restart(one: Home) -> None:
    def more_threads(spec: dict[str, Any]) -> None:
        spec["cluster"]["config"]["num.io.threads"] = 12

    platform = one.variant("threads.yaml", more_threads)
    before = one.platform.cluster.running()[1].pid
    shown = one.run("up", spec="threads.yaml")
    assert shown.returncode == 3
    assert "num.io.threads: 16 -> 12" in shown.stdout
    assert one.platform.cluster.running()[1].pid == before
    applied = one.run("apply", "--yes", spec="threads.yaml")
    assert applied.returncode == 0, applied.stderr
    assert one.platform.cluster.running()[1].pid != before
    assert platform.plan().changes == ()
    assert one.run("apply", "--yes").returncode == 0


@pytest.mark.long
def test_a_node_that_cannot_start_says_why_and_comes_back_as_it_was(one: Home) -> None:
    def nonsense(spec: dict[str, Any]) -> None:
        spec["cluster"]["config"]["client.quota.callback.class"] = "no.such.Callback"

    one.variant("nonsense.yaml", nonsense)
    done = one.run("apply", "--yes", spec="nonsense.yaml")
    assert done.returncode == 5
    assert "Invalid value no.such.Callback for configuration client.quota.callback.class" in done.stderr
    assert "Traceback" not in done.stderr
    assert "goes back to the old ones" in done.stderr
    assert one.platform.plan().changes == ()


@pytest.mark.long
def test_blank_nodes_may_never_outvote_those_that_know_the_metadata(three: Home) -> None:
    layout = three.platform.cluster.layout
    three.platform.down()
    for node_id in (1, 2):
        layout.node(node_id).data.rename(layout.node(node_id).folder / "kept")
    refused = three.run("up")
    assert refused.returncode == 4
    assert "only node 3 still has any" in refused.stderr
    for node_id in (1, 2):
        (layout.node(node_id).folder / "kept").rename(layout.node(node_id).data)
    assert three.run("up").returncode == 0
    assert three.run("verify").returncode == 0


@pytest.mark.long
def test_one_node_that_lost_its_disk_is_formatted_and_catches_up(three: Home) -> None:
    place = write(three, b"on the other two")
    three.platform.down()
    shutil.rmtree(three.platform.cluster.layout.node(1).data)
    done = three.run("up")
    assert done.returncode == 0, done.stderr
    assert "formatting node 1" in done.stderr
    assert read(three, place) == b"on the other two"
    assert three.run("verify").returncode == 0


@pytest.mark.long
def test_a_property_that_is_taken_out_of_the_spec_stays_and_is_listed(one: Home) -> None:
    def extra(spec: dict[str, Any]) -> None:
        spec["cluster"]["config"]["log.cleaner.threads"] = 2

    with_it = one.variant("extra.yaml", extra)
    with_it.apply(with_it.plan())
    assert one.run("down").returncode == 0
    assert one.run("up").returncode == 0
    plan = one.platform.plan()
    assert plan.changes == ()
    assert [(each.subject, each.key, each.value) for each in plan.unowned if each.subject == "node 1"] == [
        ("node 1", "log.cleaner.threads", "2")
    ]


def test_changed_properties_and_new_topics_are_applied_in_one_plan(one: Home) -> None:
    def both(spec: dict[str, Any]) -> None:
        spec["cluster"]["config"]["log.cleaner.threads"] = 1
        spec["topics"]["after-restart"] = {"partitions": 1}

    platform = one.variant("both.yaml", both)
    assert len(platform.apply(platform.plan())) == 2
    assert platform.plan().changes == ()


def test_another_cluster_on_the_same_ports_is_never_taken_for_this_one(one: Home, tmp_path: Path) -> None:
    (tmp_path / "platform.yaml").write_text((one.folder / "platform.yaml").read_text())
    other = Platform.load(tmp_path / "platform.yaml").on("laptop")
    write_record(other.cluster.layout.record, replace(one.platform.cluster.made(), cluster_id="AAAAAAAAAAAAAAAAAAAAAA"))
    with pytest.raises(ClusterError, match="another platform listens on these ports"):
        other.plan(allow=frozenset({"topics"}))
    problem = other.status().problem
    assert problem is None or "another platform" in problem


@pytest.mark.long
def test_a_refused_start_up_cache_is_thrown_away_and_never_fatal(
    one: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one.platform.down()
    cache = tmp_path / "damaged.aot"
    cache.write_bytes(b"this is no AOT cache")
    monkeypatch.setattr("ottla.local.aot.cache_path", lambda *_, **__: cache)
    told = Notes()
    replace(one.platform, cluster=replace(one.platform.cluster, report=told)).up()
    assert not cache.exists()
    assert any("refused its start-up cache" in note for note in told.notes)


def test_wipe_asks_and_then_leaves_nothing_and_damaged_state_can_be_wiped(tmp_path: Path, one: Home) -> None:
    folder = tmp_path / "wiped"
    folder.mkdir()
    (folder / "platform.yaml").write_text((one.folder / "platform.yaml").read_text())
    platform = Platform.load(folder / "platform.yaml").on("laptop")
    platform.up()
    refused = subprocess.run(
        [str(Path(sys.executable).parent / "ottla"), "down", "--wipe", "-f", str(folder / "platform.yaml"), "-e", "laptop"],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert refused.returncode == 4
    assert len(platform.cluster.running()) == 1
    platform.cluster.layout.record.write_text("{ damaged")
    with pytest.raises(LocalError, match="damaged"):
        platform.status()
    platform.wipe()
    assert platform.cluster.running() == {}
    assert not platform.cluster.layout.root.exists()


def test_a_process_that_only_looks_like_a_node_is_never_signalled(one: Home) -> None:
    properties = one.platform.cluster.layout.node(1).properties
    # its last words are those of a node's command; only java is missing
    program = [sys.executable, "-c", "import sys; sys.stdin.read()", "kafka.Kafka", str(properties)]
    with subprocess.Popen(program, stdin=subprocess.PIPE) as other:
        assert other.pid not in {process.pid for process in find_processes({1: properties}).values()}
        one.platform.down()
        assert other.poll() is None
        other.kill()
    one.platform.up()


def test_a_node_can_have_an_address_and_a_command_prefix_of_its_own(tmp_path: Path, one: Home) -> None:
    spec = one.platform.desired
    cluster = LocalCluster(Layout(tmp_path), "sandboxed", "4.3.1", 256 * 1024**2, Silent())
    try:
        configs = {1: spec.nodes[1].properties}
        record = cluster.up(configs, hosts={1: "127.0.0.2"}, prefixes={1: ["env", "SANDBOX=yes"]})
        cluster.wait_for_ports(configs)
        assert record.bootstrap_servers[0].startswith("127.0.0.2:")
        assert cluster.running()[1].environ()["SANDBOX"] == "yes"
    finally:
        cluster.wipe()


def test_nodes_outlive_the_command_that_started_them_and_keep_their_own_session(one: Home) -> None:
    node = one.platform.cluster.running()[1]
    assert os.getsid(node.pid) != os.getsid(0)
