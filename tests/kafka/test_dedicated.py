"""`controllers: dedicated`: three brokers and three controllers, six processes, in one cluster for this whole module."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from tests.conftest import Home, local_spec

from ottla.kafka.events import Event, read_back, send_events
from ottla.platform import Platform
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = [pytest.mark.kafka, pytest.mark.long, pytest.mark.timeout(300)]
BROKERS, CONTROLLERS = {1, 2, 3}, {101, 102, 103}


def spec(change: Callable[[dict[str, Any]], None] | None = None) -> str:
    """The shipped platform with dedicated controllers, small heaps, and the short sessions of a laptop."""
    found = local_spec()
    found["cluster"] |= {"heap": "320MiB", "controllers": "dedicated"}
    found["cluster"]["config"] |= {"broker.session.timeout.ms": "3s", "broker.heartbeat.interval.ms": "500ms"}
    if change is not None:
        change(found)
    return json.dumps(found)


@pytest.fixture(scope="module")
def six(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    folder = tmp_path_factory.mktemp("six")
    (folder / "platform.yaml").write_text(spec())
    home = Home(folder, "local", Platform.load(folder / "platform.yaml").on("local"))
    try:
        done = home.run("up", "--verify")
        assert done.returncode == 0, done.stderr
        yield home
    finally:
        home.end()


def variant(six: Home, name: str, change: Callable[[dict[str, Any]], None]) -> None:
    (six.folder / name).write_text(spec(change))


def write(six: Home, value: bytes) -> tuple[str, int, int]:
    sent = send_events(six.settings, six.platform.profile, [Event("recurring-events", b"key", value)], timeout=30)
    assert sent[0].error is None
    return sent[0].event.topic, sent[0].partition, sent[0].offset


def read(six: Home, place: tuple[str, int, int]) -> bytes | None:
    found = read_back(six.settings, six.platform.profile, {place[:2]: place[2]}, {place}, timeout=30)
    return found[place].value


def kill(six: Home, node_id: int) -> None:
    six.platform.cluster.running()[node_id].kill()
    wait_until(six.platform.cluster.running, lambda running: node_id not in running, what="its end", timeout=10)


def test_six_processes_have_one_role_each_and_only_brokers_are_bootstrap_servers(six: Home) -> None:
    status = json.loads(six.run("status", "-o", "json").stdout)["data"]
    roles = {node["node_id"]: node["roles"] for node in status["nodes"]}
    assert roles == {**{key: ["broker"] for key in BROKERS}, **{key: ["controller"] for key in CONTROLLERS}}
    assert (set(status["quorum"]["voters"]), set(status["quorum"]["observers"])) == (CONTROLLERS, BROKERS)
    assert status["quorum"]["leader"] in CONTROLLERS
    assert len(status["bootstrap_servers"]) == 3
    assert status["healthy"]
    ports = {node["node_id"]: set(node["ports"]) for node in status["nodes"]}
    assert (ports[1], ports[101]) == ({"client", "internal"}, {"controller"})


def test_the_plan_is_empty_and_every_node_is_verified(six: Home) -> None:
    assert six.platform.plan().changes == ()
    done = six.run("verify", "-o", "json")
    assert done.returncode == 0
    subjects = {check["subject"] for check in json.loads(done.stdout)["data"]["checks"]}
    assert {f"node {node_id}" for node_id in BROKERS | CONTROLLERS} <= subjects


def test_down_ends_no_node_by_force_and_data_stays(six: Home) -> None:
    place = write(six, b"before down")
    done = six.run("down")
    assert done.returncode == 0, done.stderr
    assert "ended by force" not in done.stderr
    up = six.run("up")
    assert up.returncode == 0, up.stderr
    assert "did not end cleanly" not in up.stderr
    assert read(six, place) == b"before down"


def test_a_killed_controller_is_wanting_a_read_error_for_plan_and_comes_back(six: Home) -> None:
    leader = json.loads(six.run("status", "-o", "json").stdout)["data"]["quorum"]["leader"]
    kill(six, leader)
    found = six.run("verify")
    assert (found.returncode, f"WANTING  node {leader}: exists" in found.stdout) == (6, True)
    assert "Start what is missing: ottla up" in found.stdout
    assert six.run("status").returncode == 6
    planned = six.run("plan")
    assert planned.returncode == 1
    assert f"node {leader} does not run" in planned.stderr
    assert "ottla up" in planned.stderr
    place = write(six, b"two controllers are a quorum")
    done = six.run("up")
    assert done.returncode == 0, done.stderr
    assert read(six, place) == b"two controllers are a quorum"
    assert six.run("verify").returncode == 0


def test_a_killed_broker_comes_back_and_nothing_acknowledged_is_lost(six: Home) -> None:
    place = write(six, b"before the kill")
    kill(six, 2)
    assert six.run("verify").returncode == 6
    done = six.run("up")
    assert done.returncode == 0, done.stderr
    assert read(six, place) == b"before the kill"
    assert six.run("verify").returncode == 0


def test_a_controller_that_lost_its_disk_is_formatted_and_knows_everything_again(six: Home) -> None:
    six.platform.down()
    shutil.rmtree(six.platform.cluster.layout.node(103).data)
    done = six.run("up")
    assert done.returncode == 0, done.stderr
    assert "formatting node 103" in done.stderr
    assert six.run("verify").returncode == 0


def test_a_rolling_restart_ends_with_the_active_controller(six: Home) -> None:
    leader = json.loads(six.run("status", "-o", "json").stdout)["data"]["quorum"]["leader"]
    done = six.run("restart", "3", *map(str, CONTROLLERS), timeout=280)
    assert done.returncode == 0, done.stderr
    order = [int(line.split()[2]) for line in done.stderr.splitlines() if line.startswith("  restarting node ")]
    assert order == [3, *sorted(CONTROLLERS - {leader}), leader]
    assert six.run("verify").returncode == 0


def test_changed_properties_are_planned_for_brokers_and_controllers_and_applied_one_at_a_time(six: Home) -> None:
    def other(found: dict[str, Any]) -> None:
        found["cluster"]["config"]["num.io.threads"] = 12

    variant(six, "other.yaml", other)
    planned = six.run("plan", spec="other.yaml")
    assert [line for line in planned.stdout.splitlines() if line.startswith("~ node")] == [
        f"~ node {node_id}" for node_id in sorted(BROKERS | CONTROLLERS)
    ]
    done = six.run("apply", "--yes", spec="other.yaml", timeout=280)
    assert done.returncode == 0, done.stderr
    properties = six.platform.cluster.layout.node(101).properties.read_text()
    assert "num.io.threads=12" in properties
    assert six.run("plan", "--exit-code", spec="other.yaml").returncode == 0


@pytest.mark.parametrize(("key", "value"), [("controllers", "combined"), ("nodes", 4)])
def test_a_switch_of_roles_or_counts_is_refused_with_the_way_out_and_nothing_is_done(six: Home, key: str, value: object) -> None:
    before: Path = six.platform.cluster.layout.record
    kept, running = before.read_bytes(), {node_id: process.pid for node_id, process in six.platform.cluster.running().items()}
    variant(six, "switched.yaml", lambda found: found["cluster"].update({key: value}))
    for command in ("up", "plan"):
        done = six.run(command, spec="switched.yaml")
        assert done.returncode == 4, done.stderr
        assert "ottla down" in done.stderr
    assert before.read_bytes() == kept
    assert {node_id: process.pid for node_id, process in six.platform.cluster.running().items()} == running
