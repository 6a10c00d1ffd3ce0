"""Faults beside a load: whatever goes wrong with one, or with the telling of it, all that was done is healed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from tests.proof.runs import a_run

from ottla.errors import ClusterError, LocalError
from ottla.local.faults.fault import Evidence
from ottla.proof.drills import Act, Drill
from ottla.proof.faulting import Faulting
from ottla.proof.history.reading import read_history
from ottla.proof.history.writing import write_run
from ottla.proof.observing import Diary
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

SCENE: Any = None  # no act here looks at it


@dataclass
class Toy:
    """A fault of nothing, that remembers what was done with it."""

    name: str
    log: list[str]
    breaks: Exception | None = None
    target: str = field(default="toy")

    def do(self) -> Evidence:
        self.log.append(f"do {self.name}")
        return Evidence(shown=True, lines=("seen",))

    def heal(self) -> Evidence:
        self.log.append(f"heal {self.name}")
        if self.breaks is not None:
            raise self.breaks
        return Evidence(shown=True, lines=("gone",))


def drill(*toys: Toy | Exception, hold: float = 0.0) -> Drill:
    def act(toy: Toy | Exception) -> Act:
        def make(_: object) -> tuple[Toy, str]:
            if isinstance(toy, Exception):
                raise toy
            return toy, f"target of {toy.name}"

        return Act(make)

    return Drill("toy", "nothing", "none", tuple(map(act, toys)), hold=hold)


def run(folder: Path, drill: Drill, *, said: Any = None, diary: Diary | None = None) -> Faulting:
    with diary or Diary(folder) as open_diary:
        with Faulting(drill, SCENE, open_diary, lead=0.0, said=said or (lambda _: None)) as faulting:
            wait_until(lambda: faulting.over, bool, what="the faults", timeout=10)
        return faulting


def events(folder: Path) -> list[tuple[str, object, object]]:
    write_run(folder, a_run(producers=0, readers=0, nodes=()))
    timeline = read_history(folder).timeline
    return [(event.what, event.facts.get("fault"), event.facts.get("shown")) for event in timeline]


def test_what_was_done_last_is_healed_first_and_all_of_it_is_in_the_timeline(tmp_path: Path) -> None:
    log: list[str] = []
    faulting = run(tmp_path, drill(Toy("one", log), Toy("two", log)))
    assert log == ["do one", "do two", "heal two", "heal one"]
    assert [(fault.name, fault.target) for fault in faulting.told] == [("one", "target of one"), ("two", "target of two")]
    assert events(tmp_path) == [
        ("fault-begins", "one", None),
        ("fault-applied", "one", True),
        ("fault-begins", "two", None),
        ("fault-applied", "two", True),
        ("heal-begins", "two", None),
        ("healed", "two", True),
        ("heal-begins", "one", None),
        ("healed", "one", True),
    ]


@pytest.mark.parametrize("error", [ClusterError("nobody leads"), RuntimeError("a bug")])
def test_a_fault_that_cannot_be_begun_is_told_and_the_one_before_is_healed(tmp_path: Path, error: Exception) -> None:
    log: list[str] = []
    faulting = run(tmp_path, drill(Toy("one", log), error))
    assert log == ["do one", "heal one"]
    assert len(faulting.told) == 1
    assert ("fault-applied", "toy", False) in events(tmp_path)


def test_one_that_does_not_heal_keeps_no_other_from_it(tmp_path: Path) -> None:
    log: list[str] = []
    run(tmp_path, drill(Toy("one", log), Toy("two", log, breaks=OSError("no"))))
    assert log == ["do one", "do two", "heal two", "heal one"]
    assert ("healed", "two", False) in events(tmp_path)


def test_neither_a_full_disk_nor_a_terminal_that_is_gone_keeps_a_fault_from_being_healed(tmp_path: Path) -> None:
    class Full(Diary):
        def note(self, what: str, at: int | None = None, **facts: Any) -> None:  # noqa: ARG002  (as it is called)
            raise LocalError("disk full")

    def gone(_: str) -> None:
        raise BrokenPipeError

    log: list[str] = []
    run(tmp_path, drill(Toy("one", log)), said=gone, diary=Full(tmp_path))
    assert log == ["do one", "heal one"]


def test_leaving_early_heals_at_once(tmp_path: Path) -> None:
    log: list[str] = []
    with Diary(tmp_path) as diary, Faulting(drill(Toy("one", log), hold=600), SCENE, diary, lead=0.0, said=lambda _: None):
        wait_until(lambda: log, bool, what="the fault", timeout=10)
    assert log == ["do one", "heal one"]
