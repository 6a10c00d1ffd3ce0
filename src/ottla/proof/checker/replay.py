"""A member's life, walked through once: where it read on, where it went back or left out, and what it committed meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ottla.proof.checker.ledger import Ledger, Log
    from ottla.proof.history.columns import Event, Member


@dataclass(frozen=True, slots=True)
class Step:
    """Read ``row`` of a member: ``offset`` of ``partition``, where ``expected`` would have been next."""

    row: int
    partition: int
    expected: int
    offset: int


@dataclass(frozen=True, slots=True)
class Start:
    """A partition was given to a member, which began to read at ``offset``."""

    at: int
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit that was acknowledged to a member; ``position`` is how far it had read, None if that is not known."""

    at: int
    partition: int
    offset: int
    position: int | None


@dataclass(slots=True)
class Replay:
    """What is worth looking at in a member's life."""

    forward: list[Step] = field(default_factory=list)
    backward: list[Step] = field(default_factory=list)
    starts: list[Start] = field(default_factory=list)
    commits: list[Commit] = field(default_factory=list)
    unassigned: list[Step] = field(default_factory=list)  # where it began to read a partition that it was never given
    _positions: dict[int, int | None] = field(default_factory=dict)  # of the partitions it has
    _reached: dict[int, int] = field(default_factory=dict)  # of those it once had, too
    _ever: set[int] = field(default_factory=set)
    _given_at: dict[int, int] = field(default_factory=dict)  # partitions that began at an offset nobody told

    def read(self, member: Member, first: int, end: int) -> None:
        """Go on by the reads from ``first`` to before ``end``."""
        positions = self._positions
        reads = member.reads
        pairs = zip(reads.partition[first:end], reads.offset[first:end], strict=True)
        for row, (partition, offset) in enumerate(pairs, start=first):
            expected = positions.get(partition)
            if expected is not None and offset != expected:
                found = self.forward if offset > expected else self.backward
                found.append(Step(row, partition, expected, offset))
            elif expected is None and partition in self._given_at:
                self.starts.append(Start(self._given_at.pop(partition), partition, offset))
            elif expected is None and partition not in self._ever:
                self.unassigned.append(Step(row, partition, offset, offset))
            positions[partition] = offset + 1

    def live(self, event: Event) -> None:
        """Go on by something that the member was told."""
        partitions: Mapping[int, int | None] = event.facts.get("partitions", {})
        self._reached.update({partition: position for partition, position in self._positions.items() if position is not None})
        for partition, offset in partitions.items():
            match event.what:
                case "assigned":
                    self._assigned(event.at, partition, offset)
                case "revoked" | "lost":
                    self._positions.pop(partition, None)
                    self._given_at.pop(partition, None)
                case "committed" if offset is not None:
                    self.commits.append(Commit(event.at, partition, offset, self._reached.get(partition)))
                case _:
                    pass

    def _assigned(self, at: int, partition: int, offset: int | None) -> None:
        self._positions[partition] = offset
        self._ever.add(partition)
        if offset is None:
            self._given_at[partition] = at
            self._reached.pop(partition, None)
        else:
            self.starts.append(Start(at, partition, offset))
            self._reached[partition] = offset


def replayed(member: Member) -> Replay:
    """A member's life."""
    replay = Replay()
    done = 0
    for event in member.events:
        upto = min(len(member.reads), int(event.facts.get("reads", done)))
        if upto > done:
            replay.read(member, done, upto)
            done = upto
        replay.live(event)
    replay.read(member, done, len(member.reads))
    return replay


def left_out(ledger: Ledger, steps: list[Step]) -> Iterator[tuple[Step, int]]:
    """Steps over records that are in the log, and how many. Offsets without a record (markers, compaction) are no skip."""
    for step in steps:
        log: Log | None = ledger.logs.get(step.partition)
        count = log.between(step.expected, step.offset) if log else 0
        if count:
            yield step, count
