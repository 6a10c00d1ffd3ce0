"""`cluster.jmx_agent` turned on and off for a cluster that is there: a broker and a controller of its own, in one module."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from tests.conftest import Home, local_spec, start_home
from tests.kafka.scrape import jmx_ports, names_of, promised, scrape_all

from ottla.local.jvm import aot_cache_of, aot_refused
from ottla.local.ports import LOOPBACK, MAPPED
from ottla.local.processes import command_line
from ottla.metrics.metric import Presence, Role
from ottla.spec.versions import DEFAULT_KAFKA_VERSION, KAFKA_VERSIONS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.kafka, pytest.mark.long, pytest.mark.timeout(300)]
BROKER, CONTROLLER = 1, 101
ON = "on.yaml"


def spec(**cluster: object) -> str:
    found: dict[str, Any] = local_spec()
    found["cluster"] |= {"heap": "320MiB", **cluster}
    return json.dumps(found)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """Two processes without the agent; the same with it is written beside that spec."""
    folder = tmp_path_factory.mktemp("two")
    (folder / "platform.yaml").write_text(spec(controllers="dedicated"))
    (folder / ON).write_text(spec(controllers="dedicated", jmx_agent=True))
    home = start_home(folder, "laptop")
    try:
        yield home
    finally:
        home.end()


def commands(two: Home) -> dict[int, list[str]]:
    return {node_id: command_line(process) for node_id, process in two.platform.cluster.running().items()}


def with_agent(two: Home) -> set[int]:
    """The nodes whose JVM was told to start an agent."""
    return {node_id for node_id, words in commands(two).items() if any(word.startswith("-javaagent:") for word in words)}


def planned(two: Home, spec: str) -> list[str]:
    done = two.run("plan", spec=spec)
    assert done.returncode == 0, done.stderr
    return [line for line in done.stdout.splitlines() if line.startswith(("~", "    jmx_agent"))]


def test_without_it_a_node_has_nothing_of_it(two: Home) -> None:
    assert with_agent(two) == set()
    assert jmx_ports(two) == {}
    assert "JMX" not in two.run("status").stdout
    assert not any(two.platform.cluster.layout.node(node_id).jmx_config.exists() for node_id in (BROKER, CONTROLLER))
    assert not any(check.name == "jmx_agent" for check in two.platform.verify().checks)
    assert planned(two, "platform.yaml") == []


def test_a_plan_says_which_nodes_restart_for_it_and_verify_that_it_is_wanting(two: Home) -> None:
    on = "    jmx_agent: false -> true"
    assert planned(two, ON) == [f"~ node {BROKER}", on, f"~ node {CONTROLLER}", on]
    assert two.run("up", spec=ON).returncode == 3
    assert with_agent(two) == set()
    assert two.run("verify", spec=ON).returncode == 6


def test_a_node_that_does_not_come_up_with_it_goes_back_to_what_it_was(two: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    no_such_jar = two.folder / "nowhere.jar"
    monkeypatch.setattr("ottla.local.cluster.ensure_agent", lambda **_: no_such_jar)
    done = two.run("apply", "--yes", spec=ON)
    assert done.returncode != 0
    assert "goes back to the old ones" in done.stderr
    monkeypatch.undo()
    assert set(commands(two)) == {BROKER, CONTROLLER}
    assert with_agent(two) == set()
    assert two.run("verify").returncode == 0


def test_apply_turns_it_on_node_by_node_and_the_next_plan_is_empty(two: Home) -> None:
    done = two.run("apply", "--yes", spec=ON)
    assert done.returncode == 0, done.stderr
    assert with_agent(two) == {BROKER, CONTROLLER}
    assert two.run("plan", "--exit-code", spec=ON).returncode == 0
    assert two.run("verify", spec=ON).returncode == 0
    ports = jmx_ports(two, ON)
    assert sorted(ports) == [BROKER, CONTROLLER]
    assert all(str(port) in two.run("status", spec=ON).stdout for port in ports.values())


def test_a_node_gives_what_its_role_promises_and_nothing_of_the_other_one(two: Home) -> None:
    seen = scrape_all(two, ON)
    always = (Presence.ALWAYS, Presence.ROLE)
    of_broker, of_controller = promised({Role.BROKER}, *always), promised({Role.CONTROLLER}, *always)
    assert of_broker - names_of([seen[BROKER]]) == set()
    assert of_controller - names_of([seen[CONTROLLER]]) == set()
    assert names_of([seen[BROKER]]) <= promised({Role.BROKER}, *Presence)
    assert names_of([seen[CONTROLLER]]) <= promised({Role.CONTROLLER}, *Presence)
    assert seen[CONTROLLER].value("kafka_controller_kafkacontroller_activecontrollercount") == 1
    assert seen[BROKER].by_label("kafka_server_raft_metrics_current_state", "state") == {"observer": 1}
    assert seen[CONTROLLER].value("kafka_server_raft_metrics_number_of_observers") == 1


def test_it_listens_on_the_loopback_address_only(two: Home) -> None:
    ports, running = jmx_ports(two, ON), two.platform.cluster.running()
    for node_id, port in ports.items():
        listening = [each.laddr for each in running[node_id].net_connections() if each.status == psutil.CONN_LISTEN]
        assert {address.ip.removeprefix(MAPPED) for address in listening if address.port == port} == {LOOPBACK}


def test_nodes_start_from_a_start_up_cache_that_was_made_with_the_agent(two: Home) -> None:
    caches = {node_id: aot_cache_of(words) for node_id, words in commands(two).items()}
    assert None not in caches.values()
    assert [node_id for node_id in caches if aot_refused(two.platform.cluster.layout.node(node_id))] == []


def test_a_port_that_was_taken_is_given_up_and_no_other_moves(two: Home) -> None:
    record, ports = two.platform.cluster.made(), jmx_ports(two, ON)
    two.platform.down()
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((LOOPBACK, ports[BROKER]))
        server.listen()
        done = two.run("up", spec=ON)
        assert done.returncode == 0, done.stderr
        moved = jmx_ports(two, ON)
    assert moved[BROKER] != ports[BROKER]
    assert moved[CONTROLLER] == ports[CONTROLLER]
    assert f"the JMX agent of node {BROKER} listens on {LOOPBACK}:{moved[BROKER]} from now on" in done.stderr
    assert two.platform.cluster.made().bootstrap_servers == record.bootstrap_servers
    assert sorted(scrape_all(two, ON)) == [BROKER, CONTROLLER]


def test_a_stopped_cluster_starts_as_the_spec_says_now(two: Home) -> None:
    two.platform.down()
    assert two.run("up").returncode == 0
    assert with_agent(two) == set()
    assert jmx_ports(two) == {}
    assert two.run("plan", "--exit-code").returncode == 0
    two.platform.down()
    assert two.run("up", spec=ON).returncode == 0
    assert with_agent(two) == {BROKER, CONTROLLER}
    assert two.run("plan", "--exit-code", spec=ON).returncode == 0


def test_apply_turns_it_off_again_where_it_is_on(two: Home) -> None:
    assert two.platform.cluster.stop([BROKER]) == [BROKER]
    assert two.run("up").returncode == 3
    assert with_agent(two) == {CONTROLLER}
    assert planned(two, "platform.yaml") == [f"~ node {CONTROLLER}", "    jmx_agent: true -> false"]
    done = two.run("apply", "--yes")
    assert done.returncode == 0, done.stderr
    assert with_agent(two) == set()
    assert two.run("plan", "--exit-code").returncode == 0
    assert not two.platform.cluster.layout.node(CONTROLLER).jmx_config.exists()


@pytest.mark.parametrize("version", [each for each in KAFKA_VERSIONS if each != DEFAULT_KAFKA_VERSION])
def test_another_kafka_gives_the_same(tmp_path: Path, version: str) -> None:
    (tmp_path / "platform.yaml").write_text(spec(kafka_version=version, jmx_agent=True))
    home = start_home(tmp_path, "laptop")
    try:
        names = names_of(scrape_all(home).values())
    finally:
        home.end()
    assert promised(set(Role), Presence.ALWAYS, Presence.ROLE) <= names <= promised(set(Role), *Presence)
