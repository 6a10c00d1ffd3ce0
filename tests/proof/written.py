"""A history in memory, written as the processes of a run write it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.proof.history.columns import INTACT, Kind
from ottla.proof.history.writing import (
    BatchLog,
    IntentLog,
    MemberLog,
    OutcomeLog,
    ReadLog,
    Timeline,
    write_final,
    write_replicas,
    write_run,
)

if TYPE_CHECKING:
    from pathlib import Path

    from ottla.proof.history.columns import Attempts, History, Member, Reads


def write_history(folder: Path, history: History) -> None:
    folder.mkdir(exist_ok=True)
    write_run(folder, history.run)
    with Timeline(folder) as timeline:
        for event in history.timeline:
            timeline.append(event.at, event.what, **event.facts)
    for attempts in history.attempts:
        _write_attempts(folder, attempts)
    for member in history.members:
        _write_member(folder, member)
    if history.final is not None:
        with ReadLog(folder) as final:
            _append(final, history.final.reads, 0, len(history.final.reads))
        write_final(folder, starts=history.final.starts, ends=history.final.ends, complete=history.final.complete)
    for replica in history.replicas:
        each = replica.batches
        with BatchLog(folder, replica.node) as log:
            for partition, base, last, checksum, epoch in zip(
                each.partition, each.base, each.last, each.checksum, each.epoch, strict=True
            ):
                log.append(partition, base=base, last=last, checksum=checksum, epoch=epoch)
    write_replicas(folder, {replica.node: replica.bounds for replica in history.replicas})


def _write_attempts(folder: Path, attempts: Attempts) -> None:
    with IntentLog(folder, attempts.producer) as intents, OutcomeLog(folder, attempts.producer) as outcomes:
        for seq, kind in enumerate(attempts.kind):
            intents.append(intended=attempts.intended[seq], checksum=attempts.checksum[seq], key=attempts.key[seq])
            code, at = attempts.code[seq], attempts.at[seq]
            if kind == Kind.ACKED:
                outcomes.acked(seq, partition=attempts.partition[seq], offset=attempts.offset[seq], at=at)
            elif kind == Kind.REFUSED:
                outcomes.refused(seq, code=code, at=at)
            elif kind == Kind.UNKNOWN:
                outcomes.unknown(seq, code=code, at=at)


def _write_member(folder: Path, member: Member) -> None:
    with ReadLog(folder, member.number) as reads, MemberLog(folder, member.number, reads) as log:
        for event in member.events:
            _append(reads, member.reads, reads.count, event.facts["reads"])
            log.append(event.at, event.what, event.facts["partitions"])
        _append(reads, member.reads, reads.count, len(member.reads))


def _append(log: ReadLog, reads: Reads, first: int, end: int) -> None:
    for row in range(first, end):
        who = reads.producer[row], reads.seq[row], reads.checksum[row]
        log.append(reads.partition[row], reads.offset[row], *who, reads.at[row], intact=bool(reads.flags[row] & INTACT))
