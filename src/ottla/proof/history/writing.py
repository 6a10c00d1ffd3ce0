"""Writing a history while it happens: entries are collected, and appended by ``flush()``. One writer for each file.

A killed process leaves whole entries and at most one torn one. Raises LocalError where the disk refuses.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Self

from ottla.files import explained, write_atomic
from ottla.proof.history.columns import INTACT, NO_KEY, NOWHERE, Kind
from ottla.proof.history.layout import (
    BATCH,
    FINAL,
    FINAL_READS,
    FORMAT,
    INTENT,
    OUTCOME,
    READ,
    REPLICAS,
    RUN,
    TIMELINE,
    batches,
    by_partition,
    intents,
    member_events,
    outcomes,
    reads,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

    from ottla.proof.history.columns import Run

ENOUGH = 1 << 16  # bytes that are collected before they are appended


class _Appending:
    """A file that only grows."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._buffer = bytearray()
        with explained("write", path):
            self._file = path.open("ab", buffering=0)

    def flush(self) -> None:
        """Append what was collected."""
        with explained("write", self.path):
            while self._buffer:
                del self._buffer[: self._file.write(self._buffer)]

    def close(self) -> None:
        """Append what was collected, and close."""
        self.flush()
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class IntentLog(_Appending):
    """What a producer means to send. ``flush()`` it BEFORE the batch is sent: it returns when the disk has it."""

    def __init__(self, folder: Path, producer: int) -> None:
        super().__init__(folder / intents(producer))
        self._pack = INTENT.packed.pack
        self._seq = self.path.stat().st_size // INTENT.packed.size

    def append(self, *, intended: int, checksum: int, key: int = NO_KEY) -> int:
        """Note an attempt; returns its seq."""
        self._buffer += self._pack(intended, checksum, key)
        self._seq += 1
        return self._seq - 1

    def flush(self) -> None:
        """Append the batch and wait for the disk."""
        super().flush()
        with explained("write", self.path):
            os.fsync(self._file.fileno())


class OutcomeLog(_Appending):
    """What became of the attempts. An attempt that is never told of here stays unknown."""

    def __init__(self, folder: Path, producer: int) -> None:
        super().__init__(folder / outcomes(producer))
        self._pack = OUTCOME.packed.pack

    def acked(self, seq: int, *, partition: int, offset: int, at: int) -> None:
        """Every replica in sync has it (``acks=all``)."""
        self._append(seq, Kind.ACKED, 0, partition, offset, at)

    def refused(self, seq: int, *, code: int, at: int) -> None:
        """A definite error: it never reached a log."""
        self._append(seq, Kind.REFUSED, code, NOWHERE, NOWHERE, at)

    def unknown(self, seq: int, *, code: int, at: int) -> None:
        """A time-out, a connection that ended: it may be in the log or not."""
        self._append(seq, Kind.UNKNOWN, code, NOWHERE, NOWHERE, at)

    def _append(self, seq: int, kind: Kind, code: int, partition: int, offset: int, at: int) -> None:
        self._buffer += self._pack(seq, kind, code, partition, offset, at)
        if len(self._buffer) >= ENOUGH:
            self.flush()


class ReadLog(_Appending):
    """What a member of the group was given, in that order; without a number, the verifier's read."""

    def __init__(self, folder: Path, member: int | None = None) -> None:
        super().__init__(folder / (FINAL_READS if member is None else reads(member)))
        self._pack = READ.packed.pack
        self.count = 0

    def append(self, partition: int, offset: int, producer: int, seq: int, checksum: int, at: int, *, intact: bool) -> None:
        """Note a record. Of a phantom the producer is NOBODY, the seq -1 and the checksum 0."""
        self._buffer += self._pack(partition, offset, producer, seq, checksum, at, INTACT if intact else 0)
        self.count += 1
        if len(self._buffer) >= ENOUGH:
            self.flush()


class BatchLog(_Appending):
    """What stands in one node's own log."""

    def __init__(self, folder: Path, node: int) -> None:
        super().__init__(folder / batches(node))
        self._pack = BATCH.packed.pack

    def append(self, partition: int, *, base: int, last: int, checksum: int, epoch: int) -> None:
        """Note a batch, in the order of the log."""
        self._buffer += self._pack(partition, base, last, checksum, epoch)
        if len(self._buffer) >= ENOUGH:
            self.flush()


class _Lines(_Appending):
    def _append(self, at: int, what: str, facts: Mapping[str, Any]) -> None:
        self._buffer += json.dumps({"at": at, "what": what, **facts}, separators=(",", ":")).encode() + b"\n"
        self.flush()


class Timeline(_Lines):
    """What happened, each line at once on disk (as far as the system goes): a killed drill tells how far it came."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / TIMELINE)

    def append(self, at: int, what: str, **facts: Any) -> None:
        """Note something, with its facts.

        The checker asks for ``load-begins`` and ``load-ends``; for ``fault-begins``, ``fault-applied``, ``heal-begins`` and
        ``healed`` with ``fault`` and ``target`` (those of the run) and, where something was seen, ``evidence`` and ``shown``; for
        ``isr`` with ``in_sync`` and ``of`` (once at the beginning, then when it changed); for ``group`` with ``offsets``: EVERY
        partition that has a committed_offset. An observer that was not answered notes no sample.
        """
        self._append(at, what, facts)


class MemberLog(_Lines):
    """What a member of the group was told of its partitions. Give it the member's ReadLog, which counts the reads before."""

    def __init__(self, folder: Path, member: int, reading: ReadLog) -> None:
        super().__init__(folder / member_events(member))
        self._reading = reading

    def append(self, at: int, what: str, partitions: Mapping[int, int | None]) -> None:
        """Note ``assigned``, ``revoked``, ``lost`` or ``committed``; offsets that are not known are None.

        What was read before that is on disk before that: one that is killed has committed nothing that it did not read.
        """
        self._reading.flush()
        named = {str(partition): offset for partition, offset in sorted(partitions.items())}
        self._append(at, what, {"partitions": named, "reads": self._reading.count})


def write_run(folder: Path, run: Run) -> None:
    """Write what is run; once before it begins (not ``complete``), and once at its end."""
    write_atomic(folder / RUN, json.dumps({"format": FORMAT, **asdict(run)}, indent=2) + "\n")


def write_final(folder: Path, *, starts: Mapping[int, int], ends: Mapping[int, int], complete: bool) -> None:
    """Write where the verifier's read began and ended; its records are a ReadLog's."""
    bounds = {"starts": by_partition(starts), "ends": by_partition(ends), "complete": complete}
    write_atomic(folder / FINAL, json.dumps(bounds) + "\n")


def write_replicas(folder: Path, bounds: Mapping[int, Mapping[int, tuple[int, int]]]) -> None:
    """Write {node: {partition: (start, end)}}; the batches of each node are a BatchLog's."""
    document = {
        str(node): {str(partition): {"start": start, "end": end} for partition, (start, end) in sorted(partitions.items())}
        for node, partitions in sorted(bounds.items())
    }
    write_atomic(folder / REPLICAS, json.dumps(document) + "\n")
