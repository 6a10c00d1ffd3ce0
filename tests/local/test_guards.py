"""What is refused before anything is started."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from ottla.errors import LocalError, PlanRefused
from ottla.local import Layout, Silent, guards, memory
from ottla.local.guards import refuse_blank_majority, refuse_leftovers, refuse_other_cluster, refuse_unusable_data
from ottla.local.memory import cgroup_room, check_memory, heap_of
from ottla.local.record import ClusterRecord, NodeAddress
from ottla.local.roles import node_roles

if TYPE_CHECKING:
    from pathlib import Path

HOLD_LOCK = "import fcntl, sys; f = open(sys.argv[1], 'r+b'); fcntl.lockf(f, fcntl.LOCK_EX); print(flush=True); sys.stdin.read()"


def record_of(roles: dict[int, tuple[str, ...]]) -> ClusterRecord:
    nodes = [
        NodeAddress.in_block(node_id, "127.0.0.1", 9092 + 10 * index, (), roles[node_id]) for index, node_id in enumerate(roles)
    ]
    return ClusterRecord("cluster-one", "4.3.1", tuple(nodes))


THREE, SIX = record_of(node_roles(3, dedicated=False)), record_of(node_roles(3, dedicated=True))


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "local")


def ran(layout: Layout, node_id: int, meta: str | None = None) -> None:
    data = layout.node(node_id).data
    (data / "__cluster_metadata-0").mkdir(parents=True)
    (data / "meta.properties").write_text(f"version=1\ncluster.id=cluster-one\nnode.id={node_id}\n" if meta is None else meta)


@pytest.mark.parametrize(
    ("roles", "words"),
    [
        (node_roles(1, dedicated=False), "made with 3 nodes; the spec asks for 1 node."),
        (node_roles(3, dedicated=True), "the spec asks for 3 brokers and 3 controllers"),
    ],
)
def test_another_shape_of_cluster_is_refused_with_the_way_out(roles: dict[int, tuple[str, ...]], words: str) -> None:
    refuse_other_cluster(THREE, node_roles(3, dedicated=False))
    with pytest.raises(PlanRefused) as caught:
        refuse_other_cluster(THREE, roles)
    assert words in str(caught.value)
    assert "ottla down --wipe" in str(caught.value)


def test_dedicated_controllers_do_not_become_combined_nodes() -> None:
    with pytest.raises(PlanRefused, match="made with 3 brokers and 3 controllers;"):
        refuse_other_cluster(SIX, node_roles(3, dedicated=False))


def test_data_that_another_process_uses_is_not_started_on(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "LET_GO_TIMEOUT", 0.05)
    ran(layout, 1)
    lock = layout.node(1).data / ".lock"
    lock.touch()
    refuse_unusable_data(layout, THREE, THREE.nodes)
    with subprocess.Popen([sys.executable, "-c", HOLD_LOCK, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(LocalError, match="the data of node 1 is in use by another process"):
            refuse_unusable_data(layout, THREE, THREE.nodes)
        holder.kill()


def test_a_process_that_was_just_killed_gets_a_moment_to_let_go_of_the_data(layout: Layout) -> None:
    ran(layout, 1)
    lock = layout.node(1).data / ".lock"
    lock.touch()
    with subprocess.Popen([sys.executable, "-c", HOLD_LOCK, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        threading.Timer(0.2, holder.kill).start()
        refuse_unusable_data(layout, THREE, THREE.nodes)


@pytest.mark.parametrize(
    ("meta", "words"),
    [
        ("cluster.id=another\nnode.id=1\n", "cluster.id is another, not cluster-one"),
        ("cluster.id=cluster-one\nnode.id=2\n", "node.id is 2, not 1"),
        ("cluster.id=cluster-one\n", "node.id is missing"),
        ("", "missing or empty"),
        ("\x00\x01 rubbish", "cluster.id is missing"),
    ],
)
def test_data_that_is_not_this_nodes_or_does_not_say_is_not_started_on(layout: Layout, meta: str, words: str) -> None:
    ran(layout, 1, meta)
    with pytest.raises(LocalError) as caught:
        refuse_unusable_data(layout, THREE, THREE.nodes)
    assert words in str(caught.value)
    assert str(layout.node(1).data / "meta.properties") in str(caught.value)
    assert "ottla up" in str(caught.value)


def test_blank_voters_never_outvote_those_that_know(layout: Layout) -> None:
    for node_id in (1, 2, 3):
        ran(layout, node_id)
    refuse_blank_majority(layout, THREE)
    (layout.node(1).data / "__cluster_metadata-0").rmdir()
    refuse_blank_majority(layout, THREE)
    (layout.node(2).data / "__cluster_metadata-0").rmdir()
    with pytest.raises(PlanRefused, match="only node 3 still has any"):
        refuse_blank_majority(layout, THREE)


def test_brokers_may_all_be_blank_and_controllers_may_not(layout: Layout) -> None:
    for node_id in (101, 102, 103):
        ran(layout, node_id)
    refuse_blank_majority(layout, SIX)
    for node_id in (101, 102, 103):
        (layout.node(node_id).data / "__cluster_metadata-0").rmdir()
    refuse_blank_majority(layout, SIX)  # nobody has anything: a new cluster
    ran(layout, 1)
    with pytest.raises(PlanRefused, match="no controller has any left"):
        refuse_blank_majority(layout, SIX)


def test_no_cluster_is_made_among_what_another_one_left(layout: Layout) -> None:
    refuse_leftovers(layout, [])
    with pytest.raises(LocalError, match="nodes 1, 2 of a cluster whose files were removed still run"):
        refuse_leftovers(layout, [1, 2])
    ran(layout, 1)
    with pytest.raises(LocalError, match="nodes with data"):
        refuse_leftovers(layout, [])


class Notes(Silent):
    """A reporter that keeps its notes."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def test_nodes_that_cannot_fit_into_memory_are_refused_with_figures_and_the_way() -> None:
    with pytest.raises(LocalError) as caught:
        check_memory(THREE.nodes, 2**50, report=Silent())
    assert "3 nodes may take 3,072 TiB of memory" in str(caught.value)
    assert "is available" in str(caught.value)
    assert "cluster.heap" in str(caught.value)


def test_memory_that_is_tight_is_said_and_what_fits_well_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Notes()
    check_memory(THREE.nodes[:1], 2**20, report=told)
    assert told.notes == []
    monkeypatch.setattr(memory, "TIGHT", 0.0)
    check_memory(THREE.nodes[:1], 2**20, report=told)
    assert told.notes[0].startswith("memory is tight: 1 node may take")


def test_a_controller_alone_has_a_smaller_heap() -> None:
    assert [heap_of(node, 512 * 2**20) >> 20 for node in SIX.nodes] == [512, 512, 512, 256, 256, 256]
    assert {heap_of(node, 100) for node in SIX.nodes} == {100}


@pytest.mark.parametrize(
    ("folder", "files", "room"),
    [
        (".", {"memory.max": "1000", "memory.current": "900", "memory.stat": "anon 500\ninactive_file 300"}, 400),
        (".", {"memory.max": "max", "memory.current": "900", "memory.stat": "inactive_file 300"}, None),
        ("memory", {"limit_in_bytes": "1000", "usage_in_bytes": "2000", "stat": "total_inactive_file 1"}, 0),
        (".", {}, None),
    ],
    ids=["version 2", "no limit", "version 1", "no cgroups"],
)
def test_the_memory_of_a_container_is_its_own(tmp_path: Path, folder: str, files: dict[str, str], room: int | None) -> None:
    (tmp_path / folder).mkdir(exist_ok=True)
    for name, text in files.items():
        (tmp_path / folder / (name if folder == "." else f"memory.{name}")).write_text(text + "\n")
    assert cgroup_room(tmp_path) == room


def test_a_container_that_is_too_small_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "cgroup_room", lambda: 300 * 2**20)
    with pytest.raises(LocalError, match="300 MiB is available"):
        check_memory(THREE.nodes[:1], 256 * 2**20, report=Silent())
