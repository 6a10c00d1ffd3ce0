from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

from ottla.errors import LocalError, PlanRefused
from ottla.local import Layout
from ottla.local.faults.record import FaultRecord, forget, left_behind, recorded, refuse_drilled, remember, still_drilled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DRILL = (
    "import sys, pathlib\n"
    "from ottla.local import Layout\n"
    "from ottla.local.faults.record import remember\n"
    "print(remember(Layout(pathlib.Path(sys.argv[1])), 'kill', [2, 3]), flush=True)\n"
    "sys.stdin.read()"
)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "local")


@pytest.fixture
def drill(layout: Layout) -> Iterator[subprocess.Popen[str]]:
    """A process that has written a fault down, and lives."""
    words = [sys.executable, "-c", DRILL, str(layout.root)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def test_nothing_is_recorded_where_no_drill_ever_was(layout: Layout) -> None:
    assert (recorded(layout), left_behind(layout), still_drilled(layout)) == ((), (), ())
    refuse_drilled(layout)


def test_the_fault_of_a_drill_that_lives_is_left_alone_and_named(layout: Layout, drill: subprocess.Popen[str]) -> None:
    [fault] = still_drilled(layout)
    assert (fault.what, fault.node_ids, fault.pid, fault.drill_lives) == ("kill", (2, 3), drill.pid, True)
    assert left_behind(layout) == ()
    with pytest.raises(PlanRefused) as caught:
        refuse_drilled(layout)
    assert f"kill of nodes 2, 3, by a drill (pid {drill.pid})" in str(caught.value)
    assert f"end it (kill {drill.pid}), then: ottla up" in str(caught.value)


def test_the_fault_of_a_drill_that_was_killed_is_left_behind(layout: Layout, drill: subprocess.Popen[str]) -> None:
    drill.kill()
    drill.wait()
    refuse_drilled(layout)
    [fault] = left_behind(layout)
    assert (fault.drill_lives, still_drilled(layout)) == (False, ())
    forget(layout, fault.fault_id)
    assert recorded(layout) == ()


def test_a_pid_that_was_given_to_another_process_is_not_the_drill(layout: Layout, drill: subprocess.Popen[str]) -> None:
    [path] = layout.faults.glob("*.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), "started": 1.0}))
    assert psutil.pid_exists(drill.pid)
    assert [fault.drill_lives for fault in left_behind(layout)] == [False]


def test_a_fault_of_this_very_process_is_for_itself_to_heal(layout: Layout) -> None:
    fault_id = remember(layout, "pause", [1])
    refuse_drilled(layout)
    assert [fault.fault_id for fault in left_behind(layout)] == [fault_id]


def test_a_record_that_cannot_be_read_is_named_with_the_way_out(layout: Layout) -> None:
    fault_id = remember(layout, "pause", [1])
    path = layout.faults / f"{fault_id}.json"
    for text in ("", "{}", '{"fault_id": "x", "what": "y", "node_ids": 7}'):
        path.write_text(text)
        with pytest.raises(LocalError, match=str(path)) as caught:
            recorded(layout)
        assert "ottla up" in str(caught.value.hint)


def test_a_fault_of_no_node_is_one_of_the_cluster() -> None:
    assert FaultRecord("id", "acl-revoked", (), 1, 0.0, "now").target == "the cluster"
