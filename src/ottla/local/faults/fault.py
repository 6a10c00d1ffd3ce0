"""What every fault is: something with a name and a target that can be done and healed, and says what was seen of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was looked for, and found: ``shown`` says whether it proves the point; ``lines`` are for a person."""

    shown: bool
    lines: tuple[str, ...]

    @classmethod
    def of(cls, sightings: Iterable[tuple[bool, str]]) -> Evidence:
        """All sightings together: one that does not prove it is enough for nothing to be shown, and so is none at all."""
        seen = tuple(sightings)
        return cls(bool(seen) and all(proves for proves, _ in seen), tuple(line for _, line in seen))


class Fault(Protocol):
    """A fault. ``do`` and ``heal`` look for themselves whether it took hold, and whether it is gone.

    What goes wrong on the way is evidence that is not shown, and no exception: a drill that could not do its fault has a
    verdict, and has to heal what it did of it.
    """

    @property
    def name(self) -> str:
        """What is done, in a word: ``kill``."""
        ...

    @property
    def target(self) -> str:
        """To whom, for a person: ``nodes 1, 2``."""
        ...

    def do(self) -> Evidence:
        """Do it, and show that it took hold."""
        ...

    def heal(self) -> Evidence:
        """Undo it, and show that it is gone. It may be called again, and before ``do`` was through."""
        ...
