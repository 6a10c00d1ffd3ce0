"""What every replica's own log holds: the same bytes, and all that was acknowledged. Section 3.2: 3, 18."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.proof.checker.ledger import Ledger
    from ottla.proof.history.columns import Replica

Batch = tuple[int, int, int, int]  # base offset, last offset, CRC, leader epoch


def replicas_disagree(ledger: Ledger) -> Iterator[str]:
    """Two replicas hold different batches below the smallest end: logs have diverged (KIP-101, KIP-279)."""
    contents = {replica.node: _by_partition(replica) for replica in ledger.history.replicas}
    for partition in _partitions(ledger):
        holders = [replica for replica in ledger.history.replicas if partition in replica.bounds]
        start = max(replica.bounds[partition][0] for replica in holders)
        end = min(replica.bounds[partition][1] for replica in holders)
        first, *others = [(each.node, _cut(contents[each.node].get(partition, []), start, end)) for each in holders]
        for other in others:
            yield from _differences(partition, first, other)


def _differences(partition: int, one: tuple[int, list[Batch]], other: tuple[int, list[Batch]]) -> Iterator[str]:
    (node, batches), (other_node, other_batches) = one, other
    if batches == other_batches:
        return
    theirs = {batch[0]: batch for batch in other_batches}
    ours = {batch[0]: batch for batch in batches}
    for base in sorted(ours.keys() | theirs.keys()):
        if ours.get(base) != theirs.get(base):
            yield f"partition {partition}: node {node} has {_named(ours.get(base))}, node {other_node} {_named(theirs.get(base))}"


def _named(batch: Batch | None) -> str:
    if batch is None:
        return "no such batch"
    base, last, checksum, epoch = batch
    return f"offsets {base} to {last} (CRC {checksum:08x}, epoch {epoch})"


def replica_short(ledger: Ledger) -> Iterator[str]:
    """After healing, a replica ends before an acknowledged record, or is not there at all."""
    for partition, columns in sorted(ledger.acked.items()):
        highest = max(max(column.offsets) for column in columns)
        holders = [replica for replica in ledger.history.replicas if partition in replica.bounds]
        for replica in holders:
            end = replica.bounds[partition][1]
            if end <= highest:
                yield f"partition {partition}: node {replica.node} ends at {end}, offset {highest} was acknowledged"
        if len(holders) < ledger.run.replication_factor:
            yield f"partition {partition}: {len(holders)} nodes hold it, of {ledger.run.replication_factor}"


def _partitions(ledger: Ledger) -> list[int]:
    return sorted({partition for replica in ledger.history.replicas for partition in replica.bounds})


def _by_partition(replica: Replica) -> dict[int, list[Batch]]:
    found: dict[int, list[Batch]] = {}
    batches = replica.batches
    for partition, *batch in zip(batches.partition, batches.base, batches.last, batches.checksum, batches.epoch, strict=True):
        base, last, checksum, epoch = batch
        found.setdefault(partition, []).append((base, last, checksum, epoch))
    return found


def _cut(batches: list[Batch], start: int, end: int) -> list[Batch]:
    return [batch for batch in batches if batch[0] >= start and batch[1] < end]
