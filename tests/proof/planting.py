"""Each anomaly planted in a good history, as a broken cluster, client or harness would have left it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.proof.good import BEGIN, FAULT, HEALED, MS, SECOND, columns_of

from ottla.proof.history.columns import INTACT, NOBODY, Event, History, Kind, Member, Reads

if TYPE_CHECKING:
    from collections.abc import Callable

    Row = tuple[int, int, int, int, int, int, int]  # partition, offset, producer, seq, checksum, at, flags

COLUMNS = ("intended", "checksum", "key", "kind", "code", "partition", "offset", "at")  # of Attempts
SOON = BEGIN + SECOND // 2
PARTITION, OFFSET, PRODUCER, SEQ, CHECKSUM, AT, FLAGS = range(7)


def rows_of(reads: Reads) -> list[Row]:
    return list(zip(*columns_of(reads), strict=True))


def reads_of(rows: list[Row]) -> Reads:
    reads = Reads()
    for row in rows:
        for column, value in zip(columns_of(reads), row, strict=True):
            column.append(value)
    return reads


def with_final(history: History, change: Callable[[list[Row]], list[Row]], **other: Any) -> History:
    assert history.final is not None
    return replace(history, final=replace(history.final, reads=reads_of(change(rows_of(history.final.reads))), **other))


def appended(history: History, *rows: Row) -> History:
    """More records at the end of partition 0, which nobody but the verifier reads."""
    assert history.final is not None
    ends = {**history.final.ends, 0: history.final.ends[0] + len(rows)}
    return with_final(history, lambda old: [*old, *rows], ends=ends)


def with_member(history: History, number: int, **other: Any) -> History:
    members = [replace(member, **other) if member.number == number else member for member in history.members]
    return replace(history, members=tuple(members))


def with_last_sample(history: History, change: Callable[[dict[int, int]], dict[int, int]]) -> History:
    *before, last = [event for event in history.timeline if event.what == "group"]
    changed = replace(last, facts={"offsets": change(dict(before[-1].facts["offsets"]))})
    return replace(history, timeline=tuple(changed if event is last else event for event in history.timeline))


def with_events(history: History, what: str, change: Callable[[Event], Event | None]) -> History:
    changed = [change(event) if event.what == what else event for event in history.timeline]
    return replace(history, timeline=tuple(event for event in changed if event is not None))


def victims(history: History, partition: int = 0) -> list[int]:
    """Seqs of producer 0 that were acknowledged in a partition, from the middle on."""
    attempts = history.attempts[0]
    found = [seq for seq, each in enumerate(attempts.partition) if each == partition]
    return found[len(found) // 2 :]


def victim(history: History) -> int:
    return victims(history)[0]


def place(history: History, seq: int) -> tuple[int, int]:
    return history.attempts[0].partition[seq], history.attempts[0].offset[seq]


def end_row(history: History, seq: int, **other: int) -> Row:
    """A record of producer 0 at the end of partition 0."""
    assert history.final is not None
    checksum = other.get("checksum", history.attempts[0].checksum[seq] if seq < len(history.attempts[0]) else 0)
    return 0, history.final.ends[0], other.get("producer", 0), seq, checksum, BEGIN + 20 * SECOND, other.get("flags", INTACT)


def lost(history: History) -> History:
    gone = place(history, victim(history))
    return with_final(history, lambda rows: [row for row in rows if row[:2] != gone])


def lost_and_never_read(history: History) -> History:
    history, gone = lost(history), place(history, victim(history))
    for member in history.members:
        history = with_member(history, member.number, reads=reads_of([r for r in rows_of(member.reads) if r[:2] != gone]))
    return history


def lost_then_reused(history: History) -> History:
    here = place(history, victim(history))
    other = (0xFFFF, -1, 0)
    return with_final(history, lambda rows: [(*here, *other, row[AT], 0) if row[:2] == here else row for row in rows])


def truncated(history: History) -> History:
    assert history.final is not None
    partition, offset = place(history, victim(history))
    ends = {**history.final.ends, partition: offset}
    return with_final(history, lambda rows: [row for row in rows if row[0] != partition or row[1] < offset], ends=ends)


def misplaced(history: History) -> History:
    history.attempts[0].offset[victim(history)] += 1_000
    return history


def misplaced_partition(history: History) -> History:
    history.attempts[0].partition[victim(history)] = 1
    return history


def offset_given_twice(history: History) -> History:
    one, other = victims(history)[:2]
    history.attempts[0].offset[other] = history.attempts[0].offset[one]
    return history


def ack_inversion(history: History) -> History:
    (one, other), offsets = victims(history)[:2], history.attempts[0].offset
    offsets[one], offsets[other] = offsets[other], offsets[one]
    return history


def duplicate_append(history: History) -> History:
    return appended(history, end_row(history, victims(history)[-1]))


def duplicate_in_another_partition(history: History) -> History:
    assert history.final is not None
    row = end_row(history, victim(history))
    return with_final(history, lambda rows: [*rows, (1, history.final.ends[1] + 7, *row[2:])])  # type: ignore[union-attr]


def swapped(history: History, one: int, other: int) -> History:
    """Two records of producer 0 stand in each other's place; whoever read them saw it so, and so were they acknowledged."""
    first, second = place(history, one), place(history, other)

    def change(rows: list[Row]) -> list[Row]:
        held = {row[:2]: row[2:5] for row in rows}
        changed = {**held, first: held.get(second), second: held.get(first)}
        return [(*row[:2], *(changed[row[:2]] or row[2:5]), *row[5:]) for row in rows]

    for member in history.members:
        history = with_member(history, member.number, reads=reads_of(change(rows_of(member.reads))))
    offsets = history.attempts[0].offset
    offsets[one], offsets[other] = offsets[other], offsets[one]
    return with_final(history, change)


def reordered(history: History) -> History:
    return swapped(history, *victims(history)[:2])


def reordered_key(history: History) -> History:
    first = victim(history)
    key = history.attempts[0].key
    return swapped(history, first, next(seq for seq in victims(history)[1:] if key[seq] == key[first]))


def key_in_two_partitions(history: History) -> History:
    history.attempts[0].key[victims(history, 1)[0]] = history.attempts[0].key[victim(history)]
    return history


def phantom(history: History) -> History:
    return appended(history, end_row(history, -1, producer=NOBODY, flags=0))


def phantom_seq(history: History) -> History:
    return appended(history, end_row(history, len(history.attempts[0])))


def phantom_producer(history: History) -> History:
    return appended(history, end_row(history, 3, producer=77))


def phantom_read(history: History) -> History:
    history.members[0].reads.producer[5] = NOBODY
    return history


def corrupt(history: History) -> History:
    assert history.final is not None
    history.final.reads.flags[5] = 0
    return history


def corrupt_checksum(history: History) -> History:
    assert history.final is not None
    history.final.reads.checksum[5] ^= 1
    return history


def corrupt_read(history: History) -> History:
    history.members[1].reads.flags[5] = 0
    return history


def refused_but_visible(history: History) -> History:
    return told(history, victim(history), Kind.REFUSED, code=29)


def told(history: History, seq: int, kind: Kind, *, code: int = 0) -> History:
    """Another outcome of an attempt of producer 0."""
    attempts = history.attempts[0]
    attempts.kind[seq], attempts.code[seq], attempts.partition[seq], attempts.offset[seq] = kind, code, -1, -1
    return history


def without_read(member: Member, index: int) -> dict[str, Any]:
    rows = rows_of(member.reads)
    return {"reads": reads_of(rows[:index] + rows[index + 1 :]), "events": shifted(member, index, -1)}


def shifted(member: Member, index: int, by: int) -> tuple[Event, ...]:
    """Events after a row that came or went."""
    return tuple(
        replace(event, facts={**event.facts, "reads": event.facts["reads"] + by}) if event.facts["reads"] > index else event
        for event in member.events
    )


def poll_skip(history: History) -> History:
    return with_member(history, 1, **without_read(history.members[1], 20))


def poll_skip_at_the_start(history: History) -> History:
    member = history.members[1]
    index = next(i for i, row in enumerate(rows_of(member.reads)) if row[PARTITION] == 1)
    begun = tuple(
        replace(event, facts={**event.facts, "partitions": {1: 0}}) if event.what == "assigned" else event
        for event in member.events
    )
    return with_member(history, 1, **without_read(replace(member, events=begun), index))


def non_monotone_poll(history: History) -> History:
    member = history.members[1]
    rows = rows_of(member.reads)
    reads = reads_of([*rows[:21], rows[20], *rows[21:]])
    return with_member(history, 1, reads=reads, events=shifted(member, 20, 1))


def read_unassigned(history: History) -> History:
    return with_member(history, 1, events=tuple(event for event in history.members[1].events if event.what != "assigned"))


def readers_disagree(history: History) -> History:
    reads, attempts = history.members[1].reads, history.attempts[0]
    reads.producer[9], reads.seq[9], reads.checksum[9] = 0, 3, attempts.checksum[3]
    return history


def skipped(history: History) -> History:
    gone = place(history, victim(history))
    for member in history.members:
        for index in reversed([i for i, row in enumerate(rows_of(member.reads)) if row[:2] == gone]):
            history = with_member(history, member.number, **without_read(history.members[member.number], index))
    return history


def backlog_left(history: History) -> History:
    """Partition 1 is given to nobody after half of it."""
    half = place(history, victims(history, 1)[0])[1]
    for member in history.members:
        rows = rows_of(member.reads)
        for index in reversed([i for i, row in enumerate(rows) if row[0] == 1 and row[1] >= half]):
            history = with_member(history, member.number, **without_read(history.members[member.number], index))
        kept = [event for event in history.members[member.number].events if (event.facts["partitions"].get(1) or 0) <= half]
        history = with_member(history, member.number, events=tuple(kept))
    capped = [
        replace(event, facts={"offsets": {p: min(o, half) if p == 1 else o for p, o in event.facts["offsets"].items()}})
        if event.what == "group"
        else event
        for event in history.timeline
    ]
    return replace(history, timeline=tuple(capped))


def unexplained_redelivery(history: History) -> History:
    """The last member to be given partition 1 begins again at 0, though all of it was committed."""
    member = history.members[0]
    again = [row for row in rows_of(history.members[1].reads) if row[0] == 1]
    late = BEGIN + 11 * SECOND
    begun = Event(late, "assigned", {"partitions": {1: None}, "reads": len(member.reads)})
    rows = [*rows_of(member.reads), *((*row[:5], late + MS, row[6]) for row in again)]
    return with_member(history, 0, reads=reads_of(rows), events=(*member.events, begun))


def commit_went_back(history: History) -> History:
    return with_last_sample(history, lambda offsets: {**offsets, 0: offsets[0] - 1})


def commit_vanished(history: History) -> History:
    return with_last_sample(history, lambda offsets: {p: o for p, o in offsets.items() if p != 0})


def commit_vanished_as_minus_one(history: History) -> History:
    return with_last_sample(history, lambda offsets: {**offsets, 0: -1})


def commit_beyond_end(history: History) -> History:
    return with_last_sample(history, lambda offsets: {**offsets, 0: offsets[0] + 5})


def commit_ahead_of_reading(history: History) -> History:
    member = history.members[1]
    index = next(i for i, event in enumerate(member.events) if event.what == "committed" and 1 in event.facts["partitions"])
    event = member.events[index]
    ahead = replace(event, facts={**event.facts, "partitions": {1: event.facts["partitions"][1] + 10}})
    return with_member(history, 1, events=(*member.events[:index], ahead, *member.events[index + 1 :]))


def replicas_disagree(history: History) -> History:
    history.replicas[1].batches.checksum[4] ^= 1
    return history


def replica_of_another_epoch(history: History) -> History:
    history.replicas[2].batches.epoch[4] = 4
    return history


def replica_with_a_hole(history: History) -> History:
    for column in (
        (b := history.replicas[0].batches).partition,
        b.base,
        b.last,
        b.checksum,
        b.epoch,
    ):
        del column[4]
    return history


def replica_short(history: History) -> History:
    node = history.replicas[2]
    bounds = {**node.bounds, 0: (0, node.bounds[0][1] - 1)}
    return replace(history, replicas=(*history.replicas[:2], replace(node, bounds=bounds)))


def replica_not_there(history: History) -> History:
    node = history.replicas[2]
    bounds = {partition: span for partition, span in node.bounds.items() if partition != 1}
    return replace(history, replicas=(*history.replicas[:2], replace(node, bounds=bounds)))


def refused_without_reason(history: History) -> History:
    seq = victim(history)
    return told(lost(history), seq, Kind.REFUSED, code=87)


def unknown_without_reason(history: History) -> History:
    return told(history, victim(history), Kind.NONE)


def nothing_sent(history: History) -> History:
    empty = [replace(each, **{name: getattr(each, name)[:0] for name in COLUMNS}) for each in history.attempts]
    return replace(with_final(history, lambda _: []), attempts=tuple(empty))


def unacknowledged(history: History, since: int, until: int, partition: int | None = None) -> History:
    for attempts in history.attempts:
        for seq, at in enumerate(attempts.at):
            if since <= at <= until and (partition is None or attempts.partition[seq] == partition):
                attempts.kind[seq], attempts.partition[seq], attempts.offset[seq] = Kind.UNKNOWN, -1, -1
    return history


def too_few_acknowledged(history: History) -> History:
    return unacknowledged(history, BEGIN, BEGIN + 6 * SECOND)


def too_few_acknowledged_during_the_fault(history: History) -> History:
    return unacknowledged(history, FAULT, HEALED)


def stopped_early(history: History) -> History:
    return replace(history, run=replace(history.run, complete=False))


def final_read_incomplete(history: History) -> History:
    return with_final(history, lambda rows: rows, complete=False)


def alert_not_fired(history: History) -> History:
    return with_events(history, "alert", lambda event: None if event.facts["name"] == "BrokerDown" else event)


def alert_late(history: History) -> History:
    fault = history.first("fault-applied") or 0
    return with_events(
        history, "alert", lambda event: replace(event, at=fault + 60 * SECOND + (event.facts["state"] != "firing"))
    )


def alert_without_reason(history: History) -> History:
    told = {"name": "UncleanElection", "labels": {}}
    events = [Event(history.timeline[-1].at, "alert", {**told, "state": state}) for state in ("firing", "resolved")]
    return replace(history, timeline=(*history.timeline, *events))


def alert_before_the_fault(history: History) -> History:
    told = {"name": "BrokerDown", "labels": {}}
    events = [Event(history.timeline[0].at, "alert", {**told, "state": state}) for state in ("firing", "resolved")]
    return replace(history, timeline=(*events, *history.timeline))


def alert_not_resolved(history: History) -> History:
    return with_events(history, "alert", lambda event: event if event.facts["state"] == "firing" else None)


def alerts_unseen(history: History) -> History:
    seen = Event(history.timeline[-1].at, "alerts-unseen", {"text": "nobody answers"})
    return replace(history, timeline=(*history.timeline, seen))


def event_gone(what: str) -> Callable[[History], History]:
    return lambda history: with_events(history, what, lambda _: None)


def event_with(what: str, **facts: Any) -> Callable[[History], History]:
    return lambda history: with_events(history, what, lambda event: replace(event, facts={**event.facts, **facts}))


def torn_file(history: History) -> History:
    return replace(history, torn=("producer-0.outcomes: 3 bytes after entry 9 were cut off",))


def missing_file(history: History) -> History:
    return replace(history, missing=("replicas.json",))


def late(history: History, number: int, by: int, *, since: int = 0, partition: int | None = None) -> History:
    """A member is given what it was given after ``since`` (of one partition or of all) later."""
    rows = rows_of(history.members[number].reads)
    moved = [
        (*row[:5], row[AT] + by, row[FLAGS]) if row[AT] >= since and partition in {None, row[PARTITION]} else row for row in rows
    ]
    return with_member(history, number, reads=reads_of(moved))


def silent(history: History, partition: int | None = None) -> History:
    """The group is given nothing for nine seconds, or nothing of one partition."""
    return late(late(history, 0, 9 * SECOND, since=SOON, partition=partition), 1, 9 * SECOND, since=SOON, partition=partition)


def never_whole(history: History) -> History:
    broken = {"in_sync": 1, "of": 9}
    return with_events(history, "isr", lambda event: replace(event, facts=broken if event.at >= HEALED else event.facts))


def nobody_looked_after_healing(history: History) -> History:
    """All that was seen of the ISR is from before: an observer that waits for a node that does not answer sees nothing."""
    return with_events(history, "isr", lambda event: None if event.at > FAULT else event)


def never_begun(history: History) -> History:
    """Nobody could be found to do the fault to: none was begun, and nothing of it is in the timeline but that."""
    what = {"fault-begins", "fault-applied", "heal-begins", "healed", "isr"}
    told = Event(FAULT, "fault-applied", {"fault": "kill", "target": "nobody", "shown": False, "evidence": ["no leader"]})
    timeline = (*(event for event in history.timeline if event.what not in what), told)
    return replace(history, run=replace(history.run, faults=()), timeline=timeline)
