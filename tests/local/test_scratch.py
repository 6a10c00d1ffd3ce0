from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ottla.errors import PlanRefused
from ottla.files import lock_holder
from ottla.local import Layout, LocalCluster, Silent
from ottla.local.addresses import new_addresses
from ottla.local.record import ClusterRecord, write_record
from ottla.local.roles import node_roles
from ottla.local.scratch import end_left_behind, held, refuse_lived_in, scratch_clusters

if TYPE_CHECKING:
    from pathlib import Path

HOLD = (
    "import sys, pathlib\n"
    "from ottla.local import Layout, LocalCluster, Silent\n"
    "from ottla.local.scratch import held\n"
    "layout = Layout(pathlib.Path(sys.argv[1])).scratch('run-1')\n"
    "with held(LocalCluster(layout, 'shop', '4.3.1', 1, Silent())):\n"
    "    (layout.nodes / '1').mkdir(parents=True)\n"
    "    print('held', flush=True)\n"
    "    sys.stdin.read()\n"
)


@pytest.fixture
def home(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "local")


def cluster(layout: Layout) -> LocalCluster:
    return LocalCluster(layout, "shop", "4.3.1", 1, Silent())


def test_it_is_held_while_its_run_lives_and_gone_at_its_end(home: Layout) -> None:
    made = cluster(home.scratch("run-1"))
    with held(made):
        (made.layout.nodes / "1").mkdir(parents=True)
        [seen] = scratch_clusters(home.root)
        assert (seen.run, seen.layout, seen.holder is not None) == ("run-1", made.layout, True)
        with pytest.raises(PlanRefused, match="run-1"):
            refuse_lived_in(home.root)
        end_left_behind(cluster(home), home.root)
        assert made.layout.nodes.exists()
    assert scratch_clusters(home.root) == ()
    assert list(home.scratches.iterdir()) == []


def test_it_is_gone_after_ctrl_c_as_well(home: Layout) -> None:
    def interrupted() -> None:
        with held(made):
            made.layout.nodes.mkdir(parents=True)
            raise KeyboardInterrupt

    made = cluster(home.scratch("run-1"))
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(home.scratches.iterdir()) == []


def test_one_whose_run_was_killed_is_recognised_and_removed(home: Layout) -> None:
    words = [sys.executable, "-c", HOLD, str(home.root)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "held\n"
        assert [each.holder for each in scratch_clusters(home.root)] == [f"pid {run.pid}"]
        run.kill()
    assert [each.holder for each in scratch_clusters(home.root)] == [None]
    refuse_lived_in(home.root)
    end_left_behind(cluster(home), home.root)
    assert list(home.scratches.iterdir()) == []


def test_a_removal_that_was_cut_off_is_gone_on_with(home: Layout) -> None:
    grave = home.scratches / ".run-1.removed-4711"
    grave.mkdir(parents=True)
    (home.scratches / "run-1.lock").touch()
    end_left_behind(cluster(home), home.root)
    assert list(home.scratches.iterdir()) == []


def test_its_ports_are_none_of_the_platform_and_the_other_way_round(home: Layout) -> None:
    roles = node_roles(3, dedicated=False)
    ports: list[set[int]] = []
    for layout in (home, home.scratch("run-1"), home.scratch("run-2"), Layout(home.root.with_name("laptop"))):
        nodes = new_addresses(layout, roles, {}, {})
        write_record(layout.record, ClusterRecord("id", "4.3.1", nodes))
        ports.append({port for node in nodes for port in node.reserved})
    assert len(set.union(*ports)) == sum(map(len, ports))


def test_a_lock_that_nobody_holds_has_no_holder(tmp_path: Path) -> None:
    assert lock_holder(tmp_path / "lock") is None
    (tmp_path / "lock").write_text("pid 4711")
    assert lock_holder(tmp_path / "lock") is None
