"""What workers write into a history: each event before it is sent, what became of it, and what readers were given."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ottla.kafka.paced_producer import OutcomeKind
from ottla.proof.history.columns import NOBODY
from ottla.proof.history.writing import IntentLog, MemberLog, OutcomeLog, ReadLog

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ottla.kafka.group_member import Delivery
    from ottla.kafka.paced_producer import Outcome
    from ottla.proof.payload import Stamp

NO_SEQ = -1


class ProducerAccount:
    """The account of one producer."""

    def __init__(self, folder: Path, producer: int) -> None:
        self._intents, self._outcomes = IntentLog(folder, producer), OutcomeLog(folder, producer)

    def intended(self, at: int, checksum: int, key: int) -> None:
        """An event is to be sent at that time (monotonic ns); seqs count from 0."""
        self._intents.append(intended=at, checksum=checksum, key=key)

    def secured(self) -> None:
        """Return when the disk has all that was intended so far: none of it is sent before."""
        self._intents.flush()

    def outcome(self, seq: int, outcome: Outcome, at: int) -> None:
        """What became of an event."""
        match outcome.kind:
            case OutcomeKind.ACKED:
                self._outcomes.acked(seq, partition=outcome.partition, offset=outcome.offset, at=at)
            case OutcomeKind.REFUSED:
                self._outcomes.refused(seq, code=outcome.code, at=at)
            case OutcomeKind.UNKNOWN:
                self._outcomes.unknown(seq, code=outcome.code, at=at)

    def close(self) -> None:
        """There will be no more."""
        self._intents.close()
        self._outcomes.close()


class MemberAccount:
    """The account of one member of the group."""

    def __init__(self, folder: Path, member: int) -> None:
        self._reads = ReadLog(folder, member)
        self._events = MemberLog(folder, member, self._reads)

    def read(self, delivery: Delivery, stamp: Stamp | None, at: int) -> None:
        """An event came; without a stamp it is none of this run."""
        note(self._reads, delivery.partition, delivery.offset, stamp, at)

    def assigned(self, partitions: Mapping[int, int | None]) -> None:
        """The member was given these partitions, beside those that it has; with where it begins to read, if that is known."""
        self._told("assigned", partitions)

    def revoked(self, partitions: list[int], *, lost: bool) -> None:
        """They were taken from it."""
        self._told("lost" if lost else "revoked", dict.fromkeys(partitions))

    def committed(self, offsets: Mapping[int, int]) -> None:
        """The group's offsets are these now."""
        self._told("committed", offsets)

    def close(self) -> None:
        """There will be no more."""
        self._reads.close()
        self._events.close()

    def _told(self, what: str, partitions: Mapping[int, int | None]) -> None:
        self._events.append(time.monotonic_ns(), what, partitions)


def note(reads: ReadLog, partition: int, offset: int, stamp: Stamp | None, at: int) -> None:
    """Write down a record that was read."""
    if stamp is None:
        reads.append(partition, offset, NOBODY, NO_SEQ, 0, at, intact=False)
    else:
        reads.append(partition, offset, stamp.producer, stamp.seq, stamp.checksum, at, intact=stamp.intact)
