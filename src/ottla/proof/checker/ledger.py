"""The ledger: a history, and what many checks ask of it, worked out once. Columns and few passes; no object for a record."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from operator import gt, lt
from typing import TYPE_CHECKING

from ottla.proof.checker.replay import Replay, replayed
from ottla.proof.history.columns import INTACT, NOWHERE, Attempts, History, Kind, Reads

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SEVERAL = 2  # copies of a record: two are as bad as ten
FOR_EVER = 1 << 62
NS_PER_SECOND = 1_000_000_000

Content = tuple[int, int, int]  # producer, seq, checksum


@dataclass(frozen=True, slots=True)
class Log:
    """A partition as the verifier read it, by offset; each offset once."""

    partition: int
    offsets: array[int]
    producers: array[int]
    seqs: array[int]
    checksums: array[int]
    dense: bool

    def row(self, offset: int) -> int | None:
        """Where an offset stands in the columns; None if no record has it."""
        row = offset - self.offsets[0] if self.dense else bisect_left(self.offsets, offset)
        return row if 0 <= row < len(self.offsets) and self.offsets[row] == offset else None

    def between(self, first: int, end: int) -> int:
        """How many records have an offset from ``first`` to before ``end``; offsets may have gaps."""
        return max(0, bisect_left(self.offsets, end) - bisect_left(self.offsets, first))


NO_LOG = Log(NOWHERE, array("q"), array("H"), array("q"), array("I"), dense=False)


@dataclass(frozen=True, slots=True)
class Strand:
    """The records of one producer in one partition, by offset."""

    partition: int
    producer: int
    seqs: array[int]
    offsets: array[int]

    @property
    def in_order(self) -> bool:
        """Whether each seq is higher than the one before: then there is no duplicate here either."""
        return all(map(lt, self.seqs, self.seqs[1:]))


@dataclass(frozen=True, slots=True)
class Stray:
    """A read of (partition, offset) that saw something else than the final log holds there; None: it holds nothing."""

    place: tuple[int, int]
    saw: Content
    held: Content | None


@dataclass(frozen=True, slots=True)
class Doubtful:
    """Rows of a reader that are not as they were meant."""

    phantom: array[int]
    corrupt: array[int]


@dataclass(frozen=True, slots=True)
class Acked:
    """What one producer was acknowledged in one partition, by seq; acknowledgements without an offset left out."""

    producer: int
    seqs: array[int]
    offsets: array[int]
    times: array[int]


class Ledger:
    """A history to ask."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.run = history.run
        self.attempts: dict[int, Attempts] = {attempts.producer: attempts for attempts in history.attempts}

    @cached_property
    def logs(self) -> dict[int, Log]:
        """The final log of each partition."""
        final = self.history.final
        if final is None:
            return {}
        rows: dict[int, array[int]] = {partition: array("q") for partition in final.ends}
        for row, partition in enumerate(final.reads.partition):
            rows.setdefault(partition, array("q")).append(row)
        return {partition: _log(partition, final.reads, each) for partition, each in sorted(rows.items())}

    @cached_property
    def strands(self) -> list[Strand]:
        """The records of this run, by partition and producer; phantoms left out."""
        strands = []
        counts = {producer: len(attempts) for producer, attempts in self.attempts.items()}
        for log in self.logs.values():
            columns: dict[int, tuple[array[int], array[int]]] = defaultdict(lambda: (array("q"), array("q")))
            for offset, producer, seq in zip(log.offsets, log.producers, log.seqs, strict=True):
                if 0 <= seq < counts.get(producer, 0):
                    seqs, offsets = columns[producer]
                    seqs.append(seq)
                    offsets.append(offset)
            strands += [Strand(log.partition, producer, *pair) for producer, pair in sorted(columns.items())]
        return strands

    @cached_property
    def copies(self) -> dict[int, bytearray]:
        """How often each attempt stands in the final log, by producer and seq; 2 stands for more."""
        copies = {producer: bytearray(len(attempts)) for producer, attempts in self.attempts.items()}
        for strand in self.strands:
            column = copies[strand.producer]
            for seq in strand.seqs:
                if column[seq] < SEVERAL:
                    column[seq] += 1
        return copies

    @cached_property
    def duplicates(self) -> dict[tuple[int, int], list[tuple[int, int]]]:
        """(producer, seq) -> its (partition, offset)s, for those that stand in the log more than once."""
        found: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
        if not any(SEVERAL in column for column in self.copies.values()):
            return found
        for strand in self.strands:
            column = self.copies[strand.producer]
            for seq, offset in zip(strand.seqs, strand.offsets, strict=True):
                if column[seq] == SEVERAL:
                    found[strand.producer, seq].append((strand.partition, offset))
        return found

    @cached_property
    def places(self) -> dict[int, tuple[array[int], array[int]]]:
        """Producer -> partition and offset of each seq's first copy; NOWHERE if it has none."""
        places = {
            producer: (array("i", [NOWHERE]) * len(attempts), array("q", [NOWHERE]) * len(attempts))
            for producer, attempts in self.attempts.items()
        }
        for strand in self.strands:
            partitions, offsets = places[strand.producer]
            for seq, offset in zip(strand.seqs, strand.offsets, strict=True):
                if offsets[seq] == NOWHERE:
                    partitions[seq], offsets[seq] = strand.partition, offset
        return places

    @cached_property
    def acked(self) -> dict[int, list[Acked]]:
        """What was acknowledged, by partition and producer."""
        found: dict[int, list[Acked]] = defaultdict(list)
        for producer, attempts in sorted(self.attempts.items()):
            columns: dict[int, Acked] = {}
            rows = zip(attempts.kind, attempts.partition, attempts.offset, attempts.at, strict=True)
            acknowledged = int(Kind.ACKED)
            for seq, (kind, partition, offset, at) in enumerate(rows):
                if kind != acknowledged or offset < 0:
                    continue
                column = columns.get(partition)
                if column is None:
                    column = columns[partition] = Acked(producer, array("q"), array("q"), array("q"))
                column.seqs.append(seq)
                column.offsets.append(offset)
                column.times.append(at)
            for partition, column in sorted(columns.items()):
                found[partition].append(column)
        return dict(found)

    @cached_property
    def without_copy(self) -> list[tuple[int, int]]:
        """(producer, seq) of acknowledged attempts that the final log does not have."""
        acknowledged = int(Kind.ACKED)
        return [
            (producer, seq)
            for producer, attempts in sorted(self.attempts.items())
            for seq, (kind, copies) in enumerate(zip(attempts.kind, self.copies[producer], strict=True))
            if kind == acknowledged and not copies
        ]

    @cached_property
    def doubtful_final(self) -> Doubtful:
        """Phantom and corrupt records of the final read."""
        return self._doubtful(self.history.final.reads if self.history.final else Reads())

    @cached_property
    def doubtful_reads(self) -> dict[int, Doubtful]:
        """Phantom and corrupt records that members were given."""
        return {member.number: self._doubtful(member.reads) for member in self.history.members}

    def _doubtful(self, reads: Reads) -> Doubtful:
        doubtful = Doubtful(array("q"), array("q"))
        meant = {producer: attempts.checksum for producer, attempts in self.attempts.items()}
        nothing = array("I")
        for row, (producer, seq, checksum, flags) in enumerate(
            zip(reads.producer, reads.seq, reads.checksum, reads.flags, strict=True)
        ):
            checksums = meant.get(producer, nothing)
            if not 0 <= seq < len(checksums):
                doubtful.phantom.append(row)
            elif checksums[seq] != checksum or not flags & INTACT:
                doubtful.corrupt.append(row)
        return doubtful

    @cached_property
    def strays(self) -> dict[int, list[Stray]]:
        """By member, the reads that are not what the final log holds at their offset."""
        return {member.number: list(self._strays(member.reads)) for member in self.history.members}

    def _strays(self, reads: Reads) -> Iterator[Stray]:
        following: dict[int, int] = {}  # the row after the last one, by partition: nearly always the next one
        rows = zip(reads.partition, reads.offset, reads.producer, reads.seq, reads.checksum, strict=True)
        for partition, offset, producer, seq, checksum in rows:
            log = self.logs.get(partition, NO_LOG)
            row: int | None = following.get(partition, 0)
            if row is None or row >= len(log.offsets) or log.offsets[row] != offset:
                row = log.row(offset)
                if row is None:
                    yield Stray((partition, offset), (producer, seq, checksum), None)
                    continue
            following[partition] = row + 1
            if log.seqs[row] != seq or log.producers[row] != producer or log.checksums[row] != checksum:
                held = log.producers[row], log.seqs[row], log.checksums[row]
                yield Stray((partition, offset), (producer, seq, checksum), held)

    @cached_property
    def replays(self) -> dict[int, Replay]:
        """The life of each member."""
        return {member.number: replayed(member) for member in self.history.members}

    @cached_property
    def samples(self) -> list[tuple[int, Mapping[int, int | None]]]:
        """The group's committed offsets as an observer saw them, with the time."""
        return [(event.at, event.facts.get("offsets", {})) for event in self.history.timeline if event.what == "group"]

    @cached_property
    def passed(self) -> dict[int, int]:
        """The highest offset that the group committed, by partition: what it holds as done."""
        passed: dict[int, int] = {}
        seen = [(commit.partition, commit.offset) for replay in self.replays.values() for commit in replay.commits]
        seen += [pair for _, offsets in self.samples for pair in ((p, o) for p, o in offsets.items() if o is not None)]
        for partition, offset in seen:
            passed[partition] = max(offset, passed.get(partition, 0))
        return passed

    @cached_property
    def _delivered(self) -> dict[int, list[array[int]]]:
        """The offsets that members were given, by partition, one column for each member."""
        found: dict[int, list[array[int]]] = defaultdict(list)
        for member in self.history.members:
            columns: dict[int, array[int]] = defaultdict(lambda: array("q"))
            for partition, offset in zip(member.reads.partition, member.reads.offset, strict=True):
                columns[partition].append(offset)
            for partition, column in columns.items():
                found[partition].append(column)
        return found

    @cached_property
    def deliveries(self) -> dict[int, tuple[int, int]]:
        """Partition -> how many records members were given, and how many different ones."""
        return {partition: (sum(map(len, columns)), len(set().union(*columns))) for partition, columns in self._delivered.items()}

    @cached_property
    def never_delivered(self) -> list[tuple[int, int]]:
        """(partition, offset) of records of this run that no member was given."""
        missed: dict[int, set[int]] = defaultdict(set)
        for strand in self.strands:
            missed[strand.partition].update(strand.offsets)
        for partition, offsets in missed.items():
            offsets.difference_update(*self._delivered.get(partition, ()))
        return [(partition, offset) for partition in sorted(missed) for offset in sorted(missed[partition])]

    @cached_property
    def fault_windows(self) -> list[tuple[int, int]]:
        """When there was a fault: from where the first begins until the last is healed. One never healed lasts for ever."""
        windows: list[tuple[int, int]] = []
        going_on: set[tuple[object, object]] = set()
        began = 0
        for event in self.history.timeline:
            fault = (event.facts.get("fault"), event.facts.get("target"))
            if event.what in {"fault-begins", "fault-applied"}:
                began = began if going_on else event.at
                going_on.add(fault)
            elif event.what == "healed" and fault in going_on:
                going_on.remove(fault)
                if not going_on:
                    windows.append((began, event.at))
        return [*windows, (began, FOR_EVER)] if going_on else windows

    @cached_property
    def _origin(self) -> tuple[int, str]:
        fault = self.history.first("fault-applied")
        if fault is not None:
            return fault, "the fault"
        return self.history.first("load-begins") or self.run.began_ns, "the load began"

    def when(self, at: int) -> str:
        """A time as a person asks for it: before or after the fault, or after the load began."""
        origin, name = self._origin
        seconds = (at - origin) / NS_PER_SECOND
        return f"{abs(seconds):.3f} s {'after' if seconds >= 0 else 'before'} {name}"

    def told(self, producer: int, seq: int) -> str:
        """An attempt, and what its producer was told of it."""
        attempts = self.attempts[producer]
        kind, at = Kind(attempts.kind[seq]), attempts.at[seq]
        who = f"producer {producer}, seq {seq}"
        if kind is Kind.ACKED:
            place = f"partition {attempts.partition[seq]}, offset {attempts.offset[seq]}"
            return f"{who}, acknowledged at {place}, {self.when(at)}"
        if kind is Kind.REFUSED:
            return f"{who}, refused with code {attempts.code[seq]}, {self.when(at)}"
        return f"{who}, meant {self.when(attempts.intended[seq])}, outcome unknown"


def _log(partition: int, reads: Reads, rows: array[int]) -> Log:
    """The columns of one partition, sorted and each offset once."""
    offsets = array("q", map(reads.offset.__getitem__, rows))
    if not all(map(gt, offsets[1:], offsets)):
        first = {reads.offset[row]: row for row in reversed(rows)}
        rows = array("q", (first[offset] for offset in sorted(first)))
        offsets = array("q", map(reads.offset.__getitem__, rows))
    return Log(
        partition,
        offsets,
        array("H", map(reads.producer.__getitem__, rows)),
        array("q", map(reads.seq.__getitem__, rows)),
        array("I", map(reads.checksum.__getitem__, rows)),
        dense=bool(offsets) and offsets[-1] - offsets[0] + 1 == len(offsets),
    )
