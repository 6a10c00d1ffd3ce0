"""What an acknowledgement promises: the record is there, at that place, and stays. Section 3.2: 1, 2, 3, 8, 9, 10."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from operator import lt
from typing import TYPE_CHECKING

from ottla.proof.history.columns import NOBODY, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.proof.checker.ledger import Ledger


def lost(ledger: Ledger) -> Iterator[str]:
    """An acknowledged record is nowhere in the final log, and nothing stands in its place (Jepsen: lost-write)."""
    for producer, seq in ledger.without_copy:
        if _what_became(ledger, producer, seq) == "lost":
            yield ledger.told(producer, seq)


def lost_then_reused(ledger: Ledger) -> Iterator[str]:
    """An acknowledged record is gone, and its offset holds another one: logs have diverged (KIP-101)."""
    for producer, seq in ledger.without_copy:
        if _what_became(ledger, producer, seq) == "reused":
            attempts = ledger.attempts[producer]
            yield f"{ledger.told(producer, seq)}; there is {_holder(ledger, attempts.partition[seq], attempts.offset[seq])}"


def truncated(ledger: Ledger) -> Iterator[str]:
    """An acknowledged record is gone, because the log ends before it: the end went back (KIP-101, KIP-279)."""
    final = ledger.history.final
    for producer, seq in ledger.without_copy:
        if final and _what_became(ledger, producer, seq) == "truncated":
            yield f"{ledger.told(producer, seq)}; the log ends at {final.ends[ledger.attempts[producer].partition[seq]]}"


def _what_became(ledger: Ledger, producer: int, seq: int) -> str:
    attempts, final = ledger.attempts[producer], ledger.history.final
    partition, offset = attempts.partition[seq], attempts.offset[seq]
    if final is None or partition not in final.ends or offset < 0:
        return "lost"
    if offset >= final.ends[partition]:
        return "truncated"
    return "lost" if ledger.logs[partition].row(offset) is None else "reused"


def _holder(ledger: Ledger, partition: int, offset: int) -> str:
    log = ledger.logs[partition]
    row = log.row(offset)
    if row is None:
        return "nothing"
    return "a phantom" if log.producers[row] == NOBODY else f"producer {log.producers[row]}, seq {log.seqs[row]}"


def misplaced(ledger: Ledger) -> Iterator[str]:
    """A record is in the log, but not at the partition and offset that were acknowledged (Jepsen: inconsistent-offsets)."""
    acknowledged = int(Kind.ACKED)
    for producer, attempts in sorted(ledger.attempts.items()):
        partitions, offsets = ledger.places[producer]
        rows = zip(attempts.kind, attempts.partition, attempts.offset, partitions, offsets, strict=True)
        for seq, (kind, partition, offset, found_partition, found) in enumerate(rows):
            if kind != acknowledged or offset < 0 or found < 0 or (found == offset and found_partition == partition):
                continue
            if (partition, offset) not in ledger.duplicates.get((producer, seq), ()):
                yield f"{ledger.told(producer, seq)}; it stands in partition {found_partition}, offset {found}"


def offset_given_twice(ledger: Ledger) -> Iterator[str]:
    """One offset was acknowledged to two different attempts (Jepsen: inconsistent-offsets)."""
    for partition, columns in sorted(ledger.acked.items()):
        count = sum(len(column.offsets) for column in columns)
        if len({offset for column in columns for offset in column.offsets}) == count:
            continue
        owners: dict[int, list[str]] = defaultdict(list)
        for column in columns:
            for seq, offset in zip(column.seqs, column.offsets, strict=True):
                owners[offset].append(f"producer {column.producer}, seq {seq}")
        for offset, names in sorted(owners.items()):
            if len(names) > 1:
                yield f"partition {partition}, offset {offset}: {'; '.join(names)}"


def ack_inversion(ledger: Ledger) -> Iterator[str]:
    """A producer's later attempt was acknowledged at a lower offset of the same partition (Jepsen: nonmonotonic-send)."""
    for partition, columns in sorted(ledger.acked.items()):
        for column in columns:
            if all(map(lt, column.offsets, column.offsets[1:])):
                continue
            for (seq, offset), (later, lower) in pairwise(zip(column.seqs, column.offsets, strict=True)):
                if lower < offset:
                    yield (
                        f"producer {column.producer}, partition {partition}: seq {seq} at offset {offset}, "
                        f"seq {later} at offset {lower}"
                    )
