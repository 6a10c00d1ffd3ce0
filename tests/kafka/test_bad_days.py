"""What happens to laptops: ports taken, lids closed, runs cut off, files lost."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from ruamel.yaml import YAML
from tests.conftest import Home

from ottla.files import private_folder
from ottla.kafka.events import Event, read_back, send_events
from ottla.local import Layout
from ottla.local.artifacts import cache_folder
from ottla.local.processes import is_alive
from ottla.local.record import new_cluster_id, write_record
from ottla.platform import Platform
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import psutil

    from ottla.platform import LocalPlatform

pytestmark = [pytest.mark.kafka, pytest.mark.long]
TOPIC = "notification-events"
LISTEN = (
    "import socket, sys; s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\n"
    "s.bind(('127.0.0.1', int(sys.argv[1]))); s.listen(); print('on', flush=True); sys.stdin.read()"
)


@contextmanager
def port_taken(port: int) -> Iterator[int]:
    """Somebody else listens on the port; the pid."""
    with subprocess.Popen([sys.executable, "-c", LISTEN, str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        yield holder.pid
        holder.kill()


def write(home: Home, value: bytes) -> tuple[str, int, int]:
    sent = send_events(home.settings, home.platform.profile, [Event(TOPIC, b"key", value)], timeout=30)
    assert sent[0].error is None
    return TOPIC, sent[0].partition, sent[0].offset


def read(home: Home, place: tuple[str, int, int]) -> bytes | None:
    found = read_back(home.settings, home.platform.profile, {place[:2]: place[2]}, {place}, timeout=30)
    return found[place].value


def at(platform: LocalPlatform, folder: Path) -> LocalPlatform:
    """The same platform, as it is once its folder was moved."""
    layout = Layout(folder / ".ottla" / platform.environment)
    return replace(platform, cluster=replace(platform.cluster, layout=layout))


def kill(process: psutil.Process) -> None:
    process.kill()
    wait_until(lambda: is_alive(process), lambda alive: not alive, what="its end", timeout=10)


def test_a_cluster_whose_ports_were_taken_starts_on_others_and_keeps_them(one: Home) -> None:
    place = write(one, b"before the move")
    one.platform.down()
    before = one.platform.cluster.made().nodes[0]
    with port_taken(before.client_port) as pid:
        done = one.run("up")
    assert done.returncode == 0, done.stderr
    after = one.platform.cluster.made().nodes[0]
    assert f"127.0.0.1:{before.client_port} is taken by " in done.stderr
    assert f"(pid {pid})" in done.stderr
    assert f"bootstrap_servers changed: 127.0.0.1:{after.client_port}" in done.stderr
    assert f"bootstrap servers: 127.0.0.1:{after.client_port}" in done.stdout
    assert read(one, place) == b"before the move"
    assert one.run("verify", "--write").returncode == 0
    assert one.run("down").returncode == 0
    again = one.run("up")  # the old port is free again, and the new one is kept
    assert (again.returncode, one.platform.cluster.made().nodes[0]) == (0, after)


def test_a_node_moves_its_client_port_while_the_others_run_and_never_its_controller_port(three: Home) -> None:
    cluster = three.platform.cluster
    cluster.stop([2])
    before = cluster.made().node(2)
    with port_taken(before.controller_port) as pid:
        refused = three.run("up")
        assert refused.returncode == 1
        assert f"(pid {pid}): the controller port of node 2" in refused.stderr
        assert "then ottla up" in refused.stderr
        assert cluster.made().node(2) == before
    with port_taken(before.client_port):
        done = three.run("up")
    assert done.returncode == 0, done.stderr
    after = cluster.made().node(2)
    assert (after.client_port != before.client_port, after.controller_port) == (True, before.controller_port)
    assert three.run("verify").returncode == 0


def test_every_controller_port_may_move_when_the_whole_cluster_starts(three: Home) -> None:
    place = write(three, b"before the quorum moved")
    three.platform.down()
    before = three.platform.cluster.made().node(3)
    with port_taken(before.controller_port):
        done = three.run("up")
    assert done.returncode == 0, done.stderr
    assert three.platform.cluster.made().node(3).controller_port != before.controller_port
    assert read(three, place) == b"before the quorum moved"
    assert three.run("verify").returncode == 0


def test_two_platforms_side_by_side_start_in_any_order_and_leave_each_other_alone(one: Home, tmp_path: Path) -> None:
    """The second one was made while the first was down, so both were promised the same ports."""
    one.platform.down()
    promised = one.platform.cluster.made()
    shutil.copy(one.folder / "platform.yaml", tmp_path)
    other = Home(tmp_path, "laptop", Platform.load(tmp_path / "platform.yaml").on("laptop"))
    private_folder(other.platform.cluster.layout.root)
    write_record(other.platform.cluster.layout.record, replace(promised, cluster_id=new_cluster_id()))
    try:
        assert other.run("up").returncode == 0
        assert other.bootstrap_servers == promised.bootstrap_servers
        done = one.run("up")
        assert done.returncode == 0, done.stderr
        assert "is taken by java (pid" in done.stderr
        ids = {home.platform.cluster.made().cluster_id for home in (one, other)}
        servers = {home.bootstrap_servers for home in (one, other)}
        assert len(ids) == len(servers) == 2
        for home in (one, other):
            assert home.run("verify", "--write").returncode == 0
        pid = one.platform.cluster.running()[1].pid
        assert other.run("down", "--wipe", "--yes").returncode == 0
        assert one.platform.cluster.running()[1].pid == pid
        assert one.run("verify").returncode == 0
    finally:
        other.end()


def test_a_laptop_that_slept_has_a_whole_cluster_again_by_itself(three: Home) -> None:
    """All nodes are paused for longer than their sessions last (9 s)."""
    place = write(three, b"before the lid was closed")
    nodes = three.platform.cluster.running()
    for process in nodes.values():
        process.send_signal(signal.SIGSTOP)
    paused = three.run("status")
    assert (paused.returncode, "paused: node 1, 2, 3; start it: ottla up" in paused.stdout) == (6, True)
    slept = subprocess.run([sys.executable, "-c", "import threading; threading.Event().wait(11)"], check=True)
    assert slept.returncode == 0
    for process in nodes.values():
        process.send_signal(signal.SIGCONT)
    wait_until(lambda: three.run("status").returncode, lambda code: code == 0, what="a whole cluster", timeout=60, every=1)
    done = three.run("up")
    assert done.returncode == 0, done.stderr
    assert {node_id: process.pid for node_id, process in three.platform.cluster.running().items()} == {
        node_id: process.pid for node_id, process in nodes.items()
    }
    assert read(three, place) == b"before the lid was closed"
    assert three.run("verify").returncode == 0


def test_up_lets_paused_nodes_go_on_and_down_stops_them_in_order(one: Home) -> None:
    one.platform.cluster.running()[1].send_signal(signal.SIGSTOP)
    done = one.run("up")
    assert done.returncode == 0, done.stderr
    assert "paused (SIGSTOP), and resumed now: node 1" in done.stderr
    one.platform.cluster.running()[1].send_signal(signal.SIGSTOP)
    down = one.run("down")
    assert (down.returncode, "by force" in down.stderr) == (0, False)
    assert one.run("up").returncode == 0


def test_a_down_that_was_cut_off_is_finished_by_the_next_up(three: Home) -> None:
    place = write(three, b"before a down that was interrupted")
    program = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\nfrom ottla.cli.main import main; main()"
    command = [sys.executable, "-c", program, "down", "-f", str(three.folder / "platform.yaml"), "-e", "local"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as interrupted:
        assert interrupted.stderr is not None
        stopping = three.platform.cluster.layout.node(3).stopping
        wait_until(stopping.exists, bool, what="the signals", timeout=10, every=0.005)
        interrupted.send_signal(signal.SIGINT)
        assert "interrupted; to go on, run the command again" in interrupted.stderr.read()
    assert interrupted.returncode == 130
    done = three.run("up")
    assert done.returncode == 0, done.stderr
    assert len(three.platform.cluster.running()) == 3
    assert read(three, place) == b"before a down that was interrupted"
    assert three.run("verify").returncode == 0


def test_verify_and_status_say_what_is_missing_while_the_rest_answers(three: Home) -> None:
    process = three.platform.cluster.running()[2]
    process.kill()
    wait_until(three.platform.cluster.running, lambda running: 2 not in running, what="its end", timeout=10)
    try:
        found = three.run("verify", "--write", "-o", "json")
        assert found.returncode == 6, found.stderr
        checks = json.loads(found.stdout)["data"]["checks"]
        wanting = {(check["subject"], check["name"]) for check in checks if check["wanting"]}
        assert ("node 2", "exists") in wanting
        assert not {("node 1", "exists"), ("node 3", "exists")} & wanting
        status = three.run("status")
        assert (status.returncode, "stopped: node 2; start it: ottla up" in status.stdout) == (6, True)
        planned = three.run("plan")
        assert (planned.returncode, "node 2" in planned.stderr, "ottla up" in planned.stderr) == (1, True, True)
    finally:
        assert three.run("up").returncode == 0
    assert three.run("verify").returncode == 0


def test_without_a_quorum_status_says_that_it_shows_what_was_known_last(three: Home) -> None:
    killed = [three.platform.cluster.running()[node_id] for node_id in (1, 2)]
    for process in killed:
        process.kill()
    wait_until(three.platform.cluster.running, lambda running: len(running) == 1, what="their end", timeout=10)
    try:
        status = three.run("status", timeout=20)  # it does not wait for an answer that nobody can give
        said = "no quorum: only 1 of 3 controllers runs, so this is what the brokers knew last"
        assert (status.returncode, said in status.stdout) == (6, True), status.stdout
        assert three.run("verify").returncode == 6
        assert three.run("plan").returncode == 1
    finally:
        assert three.run("up").returncode == 0
    assert three.run("verify").returncode == 0


def test_files_that_were_lost_are_mended_or_named(one: Home) -> None:
    layout = one.platform.cluster.layout
    one.platform.down()
    for path in (layout.authority, layout.authority_key, layout.lock, layout.node(1).properties, layout.node(1).log4j2):
        path.unlink()
    layout.node(1).keystore.write_bytes(layout.node(1).keystore.read_bytes()[:200])
    layout.node(1).applied.write_text("{ damaged")
    done = one.run("up")
    assert done.returncode == 0, done.stderr
    assert one.run("verify").returncode == 0
    one.platform.down()
    meta = layout.node(1).data / "meta.properties"
    kept = meta.read_bytes()
    meta.unlink()
    refused = one.run("up")
    assert (refused.returncode, str(meta) in refused.stderr) == (1, True)
    meta.write_bytes(kept)
    assert one.run("up").returncode == 0


def test_nodes_whose_files_were_removed_are_found_and_stopped(one: Home, tmp_path: Path) -> None:
    shutil.copy(one.folder / "platform.yaml", tmp_path)
    other = Home(tmp_path, "laptop", Platform.load(tmp_path / "platform.yaml").on("laptop"))
    try:
        assert other.run("up").returncode == 0
        shutil.rmtree(other.platform.cluster.layout.root, ignore_errors=True)
        refused = other.run("up")
        assert refused.returncode == 1
        assert "node 1 of a cluster whose files were removed still run" in refused.stderr
        assert other.run("down", "--wipe", "--yes").returncode == 0
        assert other.platform.cluster.running() == {}
    finally:
        other.end()


def test_a_folder_that_was_moved_while_its_nodes_ran_is_not_started_on(one: Home, tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    before.mkdir()
    shutil.copy(one.folder / "platform.yaml", before)
    other = Home(before, "laptop", Platform.load(before / "platform.yaml").on("laptop"))
    moved = replace(other, folder=after, platform=at(other.platform, after))
    try:
        assert other.run("up").returncode == 0
        record = other.platform.cluster.layout.record.read_bytes()
        # A node ends by itself once it writes to the old path, a few seconds on; until then its data is in use.
        other.platform.cluster.running()[1].send_signal(signal.SIGSTOP)
        before.rename(after)
        refused = moved.run("up")
        assert refused.returncode == 1
        assert "the data of node 1 is in use by another process" in refused.stderr
        assert moved.platform.cluster.layout.record.read_bytes() == record
        kill(other.platform.cluster.running()[1])
        done = moved.run("up")
        assert done.returncode == 0, done.stderr
        assert moved.run("verify").returncode == 0
    finally:
        for home in (other, moved):
            home.end()


def test_a_heap_too_small_for_kafka_is_said_with_the_way_out(one: Home, tmp_path: Path) -> None:
    spec = YAML(typ="safe").load(one.folder / "platform.yaml")
    spec["cluster"]["heap"] = "100MiB"
    (tmp_path / "platform.yaml").write_text(json.dumps(spec))
    small = Home(tmp_path, "laptop", Platform.load(tmp_path / "platform.yaml").on("laptop"))
    try:
        done = small.run("up")
        assert done.returncode == 1
        assert "Java heap space" in done.stderr
        assert "raise cluster.heap" in done.stderr
    finally:
        small.end()


def interrupted_at(folder: Path, step: str, environment: dict[str, str]) -> str:
    """Run `up`, press Ctrl-C when it says ``step``, and give what it says after that."""
    program = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\nfrom ottla.cli.main import main; main()"
    command = [sys.executable, "-c", program, "up", "-f", str(folder / "platform.yaml"), "-e", "laptop"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as run:
        assert run.stderr is not None
        said = ""
        for line in run.stderr:
            said += line
            if step in line:
                break
        assert step in said
        os.killpg(run.pid, signal.SIGINT)  # as a terminal does it: to the children as well
        rest = run.stderr.read()
    assert run.returncode == 130, said + rest
    return rest


def test_an_interrupt_at_each_step_of_a_first_up_is_one_line_and_the_next_up_goes_on(one: Home, tmp_path: Path) -> None:
    shutil.copy(one.folder / "platform.yaml", tmp_path)
    home = Home(tmp_path, "laptop", Platform.load(tmp_path / "platform.yaml").on("laptop"))
    environment = {**os.environ, "OTTLA_CACHE": str(tmp_path / "cache")}
    shutil.copytree(cache_folder() / "kafka", tmp_path / "cache" / "kafka")
    try:
        for step in ("training the JVM", "formatting node 1", "starting node 1", "waiting for node 1", "creating 9 topics"):
            rest = interrupted_at(tmp_path, step, environment)
            assert rest.splitlines()[-1:] == ["ottla: interrupted; to go on, run the command again"], step
            assert "Traceback" not in rest
        assert list((tmp_path / "cache" / "aot").glob("train-*")) == []
        done = home.run("up", "--verify")
        assert done.returncode == 0, done.stderr
    finally:
        home.end()
