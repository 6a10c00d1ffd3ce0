"""Which ports a node gets, and which ones after somebody else took them."""

from __future__ import annotations

import os
import socket
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ottla.errors import LocalError
from ottla.local import Layout, Silent, addresses
from ottla.local.addresses import new_addresses, settle_jmx_ports, settle_ports
from ottla.local.ports import LOOPBACK, holder
from ottla.local.record import ClusterRecord, NodeAddress, read_record, write_record
from ottla.local.roles import node_roles

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMBINED = node_roles(3, dedicated=False)


class Notes(Silent):
    """A reporter that keeps its notes."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


@contextmanager
def listening(port: int) -> Iterator[None]:
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((LOOPBACK, port))
        server.listen()
        yield


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "LET_GO_TIMEOUT", 0.05)


def made(layout: Layout, roles: dict[int, tuple[str, ...]] | None = None) -> ClusterRecord:
    record = ClusterRecord("id", "4.3.1", new_addresses(layout, roles or COMBINED, {}, {}))
    write_record(layout.record, record)
    return record


def test_no_port_is_given_twice_neither_within_a_cluster_nor_to_another_environment(tmp_path: Path) -> None:
    here, beside = made(Layout(tmp_path / "local")), made(Layout(tmp_path / "laptop"))
    reserved = [port for node in (*here.nodes, *beside.nodes) for port in node.reserved]
    assert len(reserved) == len(set(reserved)) == 30


def test_ports_that_are_free_stay(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "local")
    record = made(layout)
    before = layout.record.read_bytes()
    told = Notes()
    assert settle_ports(layout, record, record.nodes, others_run=False, report=told) is record
    assert (layout.record.read_bytes(), told.notes) == (before, [])


def test_a_node_whose_port_was_taken_gets_another_block_and_keeps_it(tmp_path: Path) -> None:
    layout, told = Layout(tmp_path / "local"), Notes()
    record = made(layout)
    with listening(record.nodes[1].internal_port):
        settled = settle_ports(layout, record, record.nodes, others_run=False, report=told)
    assert read_record(layout.record) == settled
    assert (settled.nodes[0], settled.nodes[2]) == (record.nodes[0], record.nodes[2])
    assert settled.nodes[1].reserved.isdisjoint(port for node in record.nodes for port in node.reserved)
    assert f"{LOOPBACK}:{record.nodes[1].internal_port} is taken by " in told.notes[0]
    assert f"(pid {os.getpid()})" in told.notes[0]
    assert told.notes[1] == f"bootstrap_servers changed: {','.join(settled.bootstrap_servers)}"


def test_while_other_nodes_run_a_controller_port_stays_and_the_others_move(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "local")
    record = made(layout)
    first = record.nodes[0]
    with listening(first.client_port):
        settled = settle_ports(layout, record, [first], others_run=True, report=Silent())
    assert settled.nodes[0].controller_port == first.controller_port
    assert settled.nodes[0].client_port not in first.reserved
    assert first.controller_port in settled.nodes[0].reserved


def test_a_controller_port_that_running_nodes_know_is_refused_with_the_way_out(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "local")
    record = made(layout)
    before = layout.record.read_bytes()
    with listening(record.nodes[0].controller_port):
        with pytest.raises(LocalError, match="ottla down, then ottla up"):
            settle_ports(layout, record, record.nodes[:1], others_run=True, report=Silent())
        assert layout.record.read_bytes() == before
        settled = settle_ports(layout, record, record.nodes, others_run=False, report=Silent())
    assert settled.nodes[0].controller_port != record.nodes[0].controller_port


def test_a_port_that_a_node_does_not_listen_on_is_nobodys_business(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "local")
    record = made(layout, node_roles(1, dedicated=True))
    broker, controller = record.nodes
    with listening(controller.client_port), listening(broker.controller_port):
        assert settle_ports(layout, record, record.nodes, others_run=False, report=Silent()) is record


def test_a_secured_node_whose_port_was_taken_is_secured_where_it_goes(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "local")
    open_one = made(layout)
    record = replace(open_one, nodes=tuple(replace(node, secured=True) for node in open_one.nodes))
    with listening(record.nodes[0].sasl_port):
        settled = settle_ports(layout, record, record.nodes, others_run=False, report=Silent())
    assert settled.nodes[0].sasl_port != record.nodes[0].sasl_port
    assert all(node.secured for node in settled.nodes)
    assert settled.bootstrap_servers[0].endswith(f":{settled.nodes[0].sasl_port}")
    with listening(record.nodes[0].client_port):
        assert settle_ports(layout, record, record.nodes, others_run=False, report=Silent()) is record


def test_a_new_controller_port_of_a_controller_changes_no_bootstrap_server(tmp_path: Path) -> None:
    layout, told = Layout(tmp_path / "local"), Notes()
    record = made(layout, node_roles(1, dedicated=True))
    with listening(record.nodes[1].controller_port):
        settled = settle_ports(layout, record, record.nodes, others_run=False, report=told)
    assert settled.bootstrap_servers == record.bootstrap_servers
    assert len(told.notes) == 1


def test_ports_of_a_node_behind_a_prefix_cannot_be_seen_and_stay(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "local")
    record = made(layout)
    sandboxed = replace(record.nodes[0], prefix=("env",))
    with listening(sandboxed.client_port):
        assert settle_ports(layout, record, [sandboxed], others_run=False, report=Silent()) is record


def test_a_jmx_agent_has_the_port_after_the_block_of_its_node_and_only_where_it_is_wanted(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "local")
    record = made(layout)
    on = settle_jmx_ports(layout, record, [1, 2], wanted=True, report=Silent())
    assert [node.jmx_port and node.jmx_port - node.client_port for node in on.nodes] == [5, 5, None]
    assert on.with_jmx_agent == {1, 2}
    assert [replace(node, jmx_port=None) for node in on.nodes] == list(record.nodes)
    assert read_record(layout.record) == on
    off = settle_jmx_ports(layout, on, [1], wanted=False, report=Silent())
    assert read_record(layout.record) == off
    assert off.with_jmx_agent == {2}


def test_where_no_agent_is_wanted_nothing_is_written(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "local")
    record = made(layout)
    before = layout.record.stat()
    assert settle_jmx_ports(layout, record, [1, 2, 3], wanted=False, report=Silent()) == record
    assert layout.record.stat().st_mtime_ns == before.st_mtime_ns


def test_a_jmx_port_that_was_taken_moves_alone_is_said_and_is_nobody_elses(tmp_path: Path) -> None:
    layout, told = Layout(tmp_path / "local"), Notes()
    record = settle_jmx_ports(layout, made(layout), [1, 2, 3], wanted=True, report=Silent())
    port = record.nodes[0].jmx_port
    assert port is not None
    with listening(port):
        moved = settle_jmx_ports(layout, record, [1, 2, 3], wanted=True, report=told)
        beside = made(Layout(tmp_path / "laptop"))
    assert moved.nodes[0].jmx_port == port + 1
    assert moved.nodes[1:] == record.nodes[1:]
    assert moved.bootstrap_servers == record.bootstrap_servers
    assert told.notes[0].endswith(f"the JMX agent of node 1 listens on {LOOPBACK}:{port + 1} from now on")
    assert not {each for node in moved.nodes for each in node.reserved} & {
        each for node in beside.nodes for each in node.reserved
    }
    assert settle_jmx_ports(layout, moved, [1, 2, 3], wanted=True, report=told) == moved


def test_a_port_that_another_node_was_given_is_not_taken_for_an_agent(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "local")
    record = made(layout)
    near = replace(record.nodes[1], jmx_port=record.nodes[0].client_port + 5)
    settled = settle_jmx_ports(layout, replace(record, nodes=(record.nodes[0], near)), [1], wanted=True, report=Silent())
    assert settled.nodes[0].jmx_port == record.nodes[0].client_port + 6


def test_a_node_says_what_it_listens_on_by_its_roles() -> None:
    assert NodeAddress.in_block(1, LOOPBACK, 9092).ports == (9092, 9095, 9096)
    assert NodeAddress.in_block(1, LOOPBACK, 9092, roles=("broker",)).ports == (9092, 9095)
    assert NodeAddress.in_block(1, LOOPBACK, 9092, roles=("controller",)).ports == (9096,)


@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::ffff:127.0.0.1")])  # noqa: S104
def test_who_has_a_port_is_said_however_it_listens(family: socket.AddressFamily, address: str) -> None:
    with socket.socket(family) as server:
        server.bind((address, 0))
        server.listen()
        assert holder(LOOPBACK, server.getsockname()[1]).endswith(f"(pid {os.getpid()})")
