"""What the group's commits promise: they go forward, and nothing before them is left undone. Section 3.2: 5, 17, 21, 22, 32."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.proof.checker.ledger import Ledger


def commit_went_back(ledger: Ledger) -> Iterator[str]:
    """The group's committed_offset of a partition is lower than it was before."""
    for at, partition, before, now in _changes(ledger):
        if now is not None and before is not None and now < before:
            yield f"partition {partition}: from {before} to {now}, {ledger.when(at)}"


def commits_came_back(ledger: Ledger) -> bool:
    """Whether each commit that went back stood where it had been, or further on, at the next look."""
    samples = [offsets for _, offsets in ledger.samples]
    for before, now, after in zip(samples, samples[1:], [*samples[2:], {}], strict=False):
        for partition, offset in before.items():
            if (now.get(partition) or 0) < (offset or 0) > (after.get(partition) or 0):
                return False
    return True


def commit_vanished(ledger: Ledger) -> Iterator[str]:
    """The group had a committed_offset for a partition, and then has none."""
    for at, partition, before, now in _changes(ledger):
        if now is None and before is not None:
            yield f"partition {partition}: {before} before, none {ledger.when(at)}"


def _changes(ledger: Ledger) -> Iterator[tuple[int, int, int | None, int | None]]:
    """(time, partition, before, now) of each sample of the group, partition by partition. Kafka's -1 is none."""
    last: dict[int, int] = {}
    for at, offsets in ledger.samples:
        known = {partition: offset for partition, offset in offsets.items() if offset is not None and offset >= 0}
        for partition in sorted(last.keys() | known.keys()):
            yield at, partition, last.get(partition), known.get(partition)
        last = known


def commit_beyond_end(ledger: Ledger) -> Iterator[str]:
    """The group's committed_offset is after the end of the log."""
    final = ledger.history.final
    for partition, offset in sorted(ledger.passed.items()):
        end = final.ends.get(partition, 0) if final else offset
        if offset > end:
            yield f"partition {partition}: committed {offset}, the log ends at {end}"


def commit_ahead_of_reading(ledger: Ledger) -> Iterator[str]:
    """A member committed an offset before it was given the records before it: work is lost if it dies then."""
    for member in ledger.history.members:
        for commit in ledger.replays[member.number].commits:
            log = ledger.logs.get(commit.partition)
            if commit.position is None or log is None:
                continue
            count = log.between(commit.position, commit.offset)
            if count:
                yield (
                    f"reader {member.number}, partition {commit.partition}: committed {commit.offset}, had read to "
                    f"{commit.position}, {count} records between, {ledger.when(commit.at)}"
                )


def skipped(ledger: Ledger) -> Iterator[str]:
    """A record was given to no member, and the group's commits are past it: work skipped, as across a rebalance."""
    for partition, offset in ledger.never_delivered:
        if offset < ledger.passed.get(partition, 0):
            yield f"{_record(ledger, partition, offset)}; committed {ledger.passed[partition]}"


def backlog_left(ledger: Ledger) -> Iterator[str]:
    """A record was given to no member by the end of the run, and no commit is past it: the group is stuck, or was stopped."""
    for partition, offset in ledger.never_delivered:
        if offset >= ledger.passed.get(partition, 0):
            yield _record(ledger, partition, offset)


def _record(ledger: Ledger, partition: int, offset: int) -> str:
    log = ledger.logs[partition]
    row = log.row(offset) or 0
    return f"partition {partition}, offset {offset}: {ledger.told(log.producers[row], log.seqs[row])}"


def redelivered(ledger: Ledger) -> Iterator[str]:
    """A record was given to members more than once. Legal after a rebalance, and only where a fault explains one."""
    for partition, (total, different) in sorted(ledger.deliveries.items()):
        if total > different:
            yield f"partition {partition}: {total - different:,} of {total:,} reads were of records that had been read"


def unexplained_redelivery(ledger: Ledger) -> Iterator[str]:
    """A member began to read before what the group had committed by then: commits were not honoured."""
    commits = _commits_by_partition(ledger)
    for member in ledger.history.members:
        for start in ledger.replays[member.number].starts:
            times, highest = commits.get(start.partition, ([], []))
            before = bisect_right(times, start.at)
            if before and start.offset < highest[before - 1]:
                yield (
                    f"reader {member.number}, partition {start.partition}: began at {start.offset}, "
                    f"committed was {highest[before - 1]}, {ledger.when(start.at)}"
                )


def _commits_by_partition(ledger: Ledger) -> dict[int, tuple[list[int], list[int]]]:
    """Partition -> times, and the highest commit that was known to be acknowledged by then."""
    pairs: dict[int, list[tuple[int, int]]] = {}
    for replay in ledger.replays.values():
        for commit in replay.commits:
            pairs.setdefault(commit.partition, []).append((commit.at, commit.offset))
    found = {}
    for partition, each in pairs.items():
        each.sort()
        found[partition] = ([at for at, _ in each], list(accumulate((offset for _, offset in each), max)))
    return found
