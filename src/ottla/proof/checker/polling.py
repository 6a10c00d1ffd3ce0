"""What the members of the group were given: every record, in order, the same for all. Section 3.2: 15, 16, 19, 20."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.proof.checker.replay import left_out
from ottla.proof.history.columns import NOBODY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.proof.checker.ledger import Ledger, Log
    from ottla.proof.history.columns import Member, Reads

Content = tuple[int, int, int]  # producer, seq, checksum


def poll_skip(ledger: Ledger) -> Iterator[str]:
    """Within an assignment a member was not given records that are in the log (Jepsen: poll-skip, int-poll-skip)."""
    for member in ledger.history.members:
        for step, count in left_out(ledger, ledger.replays[member.number].forward):
            yield (
                f"reader {member.number}, partition {step.partition}: offset {step.offset} where {step.expected} was next, "
                f"{count} records left out, {ledger.when(member.reads.at[step.row])}"
            )


def non_monotone_poll(ledger: Ledger) -> Iterator[str]:
    """Within an assignment a member was given an offset that is not after the one before (Jepsen: nonmonotonic-poll)."""
    for member in ledger.history.members:
        for step in ledger.replays[member.number].backward:
            yield (
                f"reader {member.number}, partition {step.partition}: offset {step.offset} after {step.expected - 1}, "
                f"{ledger.when(member.reads.at[step.row])}"
            )


def readers_disagree(ledger: Ledger) -> Iterator[str]:
    """Two readers were given different records at one offset (Jepsen: inconsistent-offsets)."""
    elsewhere: dict[tuple[int, int], tuple[str, Content]] = {}
    for member in ledger.history.members:
        name = f"reader {member.number}"
        for row, place, content in _not_as_in_the_log(ledger, member):
            partition, offset = place
            other, held = elsewhere.setdefault(place, (name, content)) if row is None else ("final read", _content(ledger, place))
            if held != content:
                yield f"partition {partition}, offset {offset}: {name} saw {_named(content)}, {other} saw {_named(held)}"


def read_then_gone(ledger: Ledger) -> Iterator[str]:
    """A member was given a record that the final log no longer has: it was read above the high_watermark, or truncated."""
    for member in ledger.history.members:
        for row, (partition, offset), content in _not_as_in_the_log(ledger, member):
            if row is None:
                yield f"partition {partition}, offset {offset}: reader {member.number} saw {_named(content)}"


def _not_as_in_the_log(ledger: Ledger, member: Member) -> Iterator[tuple[int | None, tuple[int, int], Content]]:
    """(row in the log or None, (partition, offset), what the member saw) of reads that are not what the final log holds."""
    logs = ledger.logs
    reads: Reads = member.reads
    rows = zip(reads.partition, reads.offset, reads.producer, reads.seq, reads.checksum, strict=True)
    for partition, offset, producer, seq, checksum in rows:
        log: Log | None = logs.get(partition)
        row = log.row(offset) if log else None
        if log is None or row is None:
            yield None, (partition, offset), (producer, seq, checksum)
        elif log.seqs[row] != seq or log.producers[row] != producer or log.checksums[row] != checksum:
            yield row, (partition, offset), (producer, seq, checksum)


def _content(ledger: Ledger, place: tuple[int, int]) -> Content:
    partition, offset = place
    log = ledger.logs[partition]
    row = log.row(offset) or 0
    return log.producers[row], log.seqs[row], log.checksums[row]


def _named(content: Content) -> str:
    producer, seq, checksum = content
    return "a phantom" if producer == NOBODY else f"producer {producer}, seq {seq} (checksum {checksum:08x})"
