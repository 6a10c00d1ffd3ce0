from __future__ import annotations

from dataclasses import dataclass

from ottla.local.faults.fault import Evidence
from ottla.proof.faults import Together

TOLD: list[str] = []


@dataclass
class Told:
    """A fault that says when it is called."""

    name: str
    shown: bool = True
    target: str = "node 1"

    def do(self) -> Evidence:
        TOLD.append(f"do {self.name}")
        return Evidence(self.shown, (f"{self.name} done",))

    def heal(self) -> Evidence:
        TOLD.append(f"heal {self.name}")
        return Evidence(self.shown, (f"{self.name} healed",))


def test_several_are_done_in_order_and_all_are_healed_the_other_way_round() -> None:
    TOLD.clear()
    both = Together([Told("kill"), Told("pause")])
    assert (both.name, both.target) == ("kill+pause", "kill: node 1; pause: node 1")
    assert both.do() == Evidence(shown=True, lines=("kill done", "pause done"))
    assert both.heal().shown
    assert TOLD == ["do kill", "do pause", "heal pause", "heal kill"]


def test_one_that_is_not_shown_is_enough_for_nothing_to_be_shown_and_all_are_healed() -> None:
    TOLD.clear()
    both = Together([Told("kill"), Told("pause", shown=False)])
    assert not both.do().shown
    assert not both.heal().shown
    assert TOLD[-2:] == ["heal pause", "heal kill"]


def test_none_at_all_shows_nothing() -> None:
    assert not Together([]).do().shown
