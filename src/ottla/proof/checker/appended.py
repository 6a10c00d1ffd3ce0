"""What the final log may hold: what was meant, once, in order, unharmed. Section 3.2: 4, 6, 7, 11, 12, 13."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

from ottla.proof.history.columns import NO_KEY, NOBODY, Kind

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterator

    from ottla.proof.checker.ledger import Ledger, Strand
    from ottla.proof.history.columns import Reads


def duplicate_append(ledger: Ledger) -> Iterator[str]:
    """One attempt stands in the log more than once, acknowledged or not (Jepsen: duplicate; KIP-98)."""
    for (producer, seq), places in sorted(ledger.duplicates.items()):
        where = ", ".join(f"partition {partition} offset {offset}" for partition, offset in sorted(places))
        yield f"{ledger.told(producer, seq)}; it stands at {where}"


def reordered(ledger: Ledger) -> Iterator[str]:
    """Two records of a producer stand in a partition in another order than they were sent in (KIP-98)."""
    for strand in ledger.strands:
        for (seq, offset), (later, after) in _steps_back(ledger, strand, strand.seqs, strand.offsets):
            yield (
                f"producer {strand.producer}, partition {strand.partition}: "
                f"seq {seq} at offset {offset} before seq {later} at offset {after}"
            )


def reordered_key(ledger: Ledger) -> Iterator[str]:
    """The records of a key are not in the order they were sent in, or in two partitions while their number stayed the same."""
    for strand in ledger.strands:
        if not strand.in_order:
            yield from _key_steps_back(ledger, strand)
    final = ledger.history.final
    if final is not None and len(final.ends) == ledger.run.partitions:
        yield from _keys_in_two_partitions(ledger)


def _key_steps_back(ledger: Ledger, strand: Strand) -> Iterator[str]:
    keys = ledger.attempts[strand.producer].key
    by_key: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for seq, offset in zip(strand.seqs, strand.offsets, strict=True):
        if keys[seq] != NO_KEY:
            by_key[keys[seq]].append((seq, offset))
    for key, pairs in sorted(by_key.items()):
        seqs, offsets = [seq for seq, _ in pairs], [offset for _, offset in pairs]
        for (seq, offset), (later, after) in _steps_back(ledger, strand, seqs, offsets):
            yield (
                f"key {key} of producer {strand.producer}, partition {strand.partition}: "
                f"seq {seq} at offset {offset} before seq {later} at offset {after}"
            )


def _keys_in_two_partitions(ledger: Ledger) -> Iterator[str]:
    homes: dict[tuple[int, int], set[int]] = defaultdict(set)
    for strand in ledger.strands:
        keys = ledger.attempts[strand.producer].key
        for key in set(map(keys.__getitem__, strand.seqs)):
            homes[strand.producer, key].add(strand.partition)
    for (producer, key), partitions in sorted(homes.items()):
        if key != NO_KEY and len(partitions) > 1:
            yield f"key {key} of producer {producer} is in partitions {', '.join(map(str, sorted(partitions)))}"


def _steps_back(
    ledger: Ledger, strand: Strand, seqs: array[int] | list[int], offsets: array[int] | list[int]
) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Neighbours of which the second was sent before the first. A second copy is a duplicate, and is not told of again here."""
    if seqs is strand.seqs and strand.in_order:
        return
    seen: set[int] = set()
    firsts = []
    for seq, offset in zip(seqs, offsets, strict=True):
        if seq not in seen:
            seen.add(seq)
            firsts.append((seq, offset))
    alone = [pair for pair in firsts if ledger.copies[strand.producer][pair[0]] == 1]
    yield from ((before, after) for before, after in pairwise(alone) if after[0] < before[0])


def phantom(ledger: Ledger) -> Iterator[str]:
    """A record was read that nobody of this run meant to send (Jepsen: G1a)."""
    for reader, reads, rows in _doubtful(ledger, kind="phantom"):
        for row in rows:
            who = "of no producer" if reads.producer[row] == NOBODY else f"producer {reads.producer[row]}, seq {reads.seq[row]}"
            yield f"{reader}: partition {reads.partition[row]}, offset {reads.offset[row]}: {who}"


def corrupt(ledger: Ledger) -> Iterator[str]:
    """The key or the value of a record that was read is not what was sent: its checksum differs."""
    for reader, reads, rows in _doubtful(ledger, kind="corrupt"):
        for row in rows:
            yield (
                f"{reader}: partition {reads.partition[row]}, offset {reads.offset[row]}: "
                f"{ledger.told(reads.producer[row], reads.seq[row])}"
            )


def _doubtful(ledger: Ledger, *, kind: str) -> Iterator[tuple[str, Reads, array[int]]]:
    history = ledger.history
    if history.final is not None:
        yield "final read", history.final.reads, getattr(ledger.doubtful_final, kind)
    for member in history.members:
        yield f"reader {member.number}", member.reads, getattr(ledger.doubtful_reads[member.number], kind)


def refused_but_visible(ledger: Ledger) -> Iterator[str]:
    """An attempt was refused with a definite error, and yet it can be read (Jepsen: G1a)."""
    refused = int(Kind.REFUSED)
    for producer, attempts in sorted(ledger.attempts.items()):
        if refused not in attempts.kind:
            continue
        partitions, offsets = ledger.places[producer]
        for seq, (kind, copies) in enumerate(zip(attempts.kind, ledger.copies[producer], strict=True)):
            if kind == refused and copies:
                yield f"{ledger.told(producer, seq)}; it stands in partition {partitions[seq]}, offset {offsets[seq]}"
