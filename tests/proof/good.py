"""Good histories: what a run looks like in which a fault did no harm."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.proof.runs import a_run

from ottla.proof.expected import TABLE
from ottla.proof.history.columns import (
    INTACT,
    NOWHERE,
    Attempts,
    Batches,
    Event,
    Fault,
    Final,
    History,
    Kind,
    Load,
    Member,
    Reads,
    Replica,
)

SECOND = 1_000_000_000
MS = 1_000_000
BEGIN = 1_000 * SECOND
LASTS = 10 * SECOND
FAULT, HEALED, REBALANCE = BEGIN + 3 * SECOND, BEGIN + 7 * SECOND, BEGIN + 5 * SECOND
NODES = (1, 2, 3)
ONE_FAULT = (Fault("kill", "node 2"),)


@dataclass
class Life:
    """What happened to a member: (time, what, partition, offset, (producer, seq, checksum)), in any order."""

    steps: list[tuple[int, str, int, int, tuple[int, int, int]]] = field(default_factory=list)

    def member(self, number: int) -> Member:
        reads, events = Reads(), []
        for at, what, partition, offset, (producer, seq, checksum) in sorted(self.steps, key=lambda step: step[0]):
            if what == "read":
                row = (partition, offset, producer, seq, checksum, at, INTACT)
                for column, value in zip(columns_of(reads), row, strict=True):
                    column.append(value)
            else:
                told = {partition: offset if offset >= 0 else None}
                events.append(Event(at, what, {"partitions": told, "reads": len(reads)}))
        return Member(number, reads, tuple(events))


@dataclass
class Record:
    """A record in a log."""

    offset: int
    producer: int
    seq: int
    checksum: int
    at: int


def columns_of(reads: Reads) -> tuple[array[int], ...]:
    return reads.partition, reads.offset, reads.producer, reads.seq, reads.checksum, reads.at, reads.flags


def good_history(
    *, expects: str = "none", seed: int = 0, attempts: int = 300, partitions: int = 3, producers: int = 2, readers: int = 2
) -> History:
    """A run of ten seconds with the fault of a row of the table; records, times and members as the seed has it."""
    random = Random(seed)  # noqa: S311  (a history, not a secret)
    faults = () if expects == "none" else ONE_FAULT
    run = a_run(
        expects=expects,
        faults=faults,
        partitions=partitions,
        producers=producers,
        readers=readers,
        load=Load(rate=max(1, attempts * producers // 10), size=1_024, duration_ms=10_000),
        began_ns=BEGIN,
        acts=len(faults),
    )
    logs: dict[int, list[Record]] = {partition: [] for partition in range(partitions)}
    sent = _sent(random, expects, attempts, producers, logs)
    members = _members(random, logs, readers, rebalances=TABLE[expects].redelivery_allowed)
    return History(
        run=run,
        timeline=_timeline(members, partitions, expects if faults else None),
        attempts=sent,
        members=members,
        final=_final(logs),
        replicas=tuple(_replica(node, logs, seed) for node in NODES),
    )


def _sent(random: Random, expects: str, count: int, producers: int, logs: dict[int, list[Record]]) -> tuple[Attempts, ...]:
    """Each producer's attempts, in turn; what is appended goes to ``logs``, which have gaps here and there."""
    columns = [_attempts(random, producer, count) for producer in range(producers)]
    ends = dict.fromkeys(logs, 0)
    for seq in range(count):
        for attempts in columns:
            kind, appended = _fate(random, expects, attempts.intended[seq])
            partition = attempts.key[seq] % len(logs)
            log = logs[partition]
            at = max(attempts.intended[seq] + random.randrange(2, 20) * MS, log[-1].at if log else 0)
            if appended:
                offset = ends[partition] + (random.random() < 0.05)
                ends[partition] = offset + 1
                log.append(Record(offset, attempts.producer, seq, attempts.checksum[seq], at))
                if kind is Kind.ACKED:
                    attempts.partition[seq], attempts.offset[seq] = partition, offset
            attempts.kind[seq] = kind
            attempts.code[seq] = {Kind.REFUSED: 29, Kind.UNKNOWN: 7}.get(kind, 0)
            attempts.at[seq] = at if kind is not Kind.NONE else 0
    return tuple(columns)


def _attempts(random: Random, producer: int, count: int) -> Attempts:
    return Attempts(
        producer,
        array("q", (BEGIN + seq * LASTS // count + producer for seq in range(count))),
        array("I", (random.getrandbits(32) for _ in range(count))),
        array("i", (seq % 12 for seq in range(count))),
        bytearray(count),
        array("h", [0]) * count,
        array("i", [NOWHERE]) * count,
        array("q", [NOWHERE]) * count,
        array("q", [0]) * count,
    )


def _fate(random: Random, expects: str, intended: int) -> tuple[Kind, bool]:
    """What a producer is told, and whether the record is appended: not always what it was told, while there is a fault."""
    if FAULT <= intended <= HEALED and random.random() < 0.2:
        if TABLE[expects].unknown_allowed:
            return random.choice([Kind.UNKNOWN, Kind.NONE]), random.random() < 0.5
        if TABLE[expects].refused_allowed:
            return Kind.REFUSED, False
    return Kind.ACKED, True


def _members(random: Random, logs: dict[int, list[Record]], readers: int, *, rebalances: bool) -> tuple[Member, ...]:
    lives = [Life() for _ in range(readers)]
    for partition, log in logs.items():
        first = lives[partition % readers]
        if rebalances and partition % readers == 0:
            _handed_over(random, partition, log, first, lives[(partition + 1) % readers])
        else:
            first.steps.append((BEGIN, "assigned", partition, random.choice([0, NOWHERE]), (0, 0, 0)))
            _read(random, partition, log, first)
    return tuple(life.member(number) for number, life in enumerate(lives))


def _handed_over(random: Random, partition: int, log: list[Record], first: Life, second: Life) -> None:
    """The first member loses the partition; the second reads on from the commit, records that were read among them."""
    before = [record for record in log if record.at < REBALANCE - 100 * MS]
    committed = random.randrange(len(before) + 1)
    offset = before[committed - 1].offset + 1 if committed else 0
    first.steps.append((BEGIN, "assigned", partition, 0, (0, 0, 0)))
    _read(random, partition, before[:committed], first)
    first.steps += [_reading(partition, record, 0) for record in before[committed:]]
    first.steps.append((REBALANCE, random.choice(["revoked", "lost"]), partition, NOWHERE, (0, 0, 0)))
    second.steps.append((REBALANCE + MS, "assigned", partition, random.choice([offset, NOWHERE if committed else 0]), (0, 0, 0)))
    _read(random, partition, log[committed:], second, since=REBALANCE + 2 * MS)


def _read(random: Random, partition: int, log: list[Record], life: Life, *, since: int = 0) -> None:
    """Read all of it, and commit now and then, and at the end."""
    for index, record in enumerate(log):
        reading = _reading(partition, record, since)
        life.steps.append(reading)
        if index == len(log) - 1 or random.random() < 0.1:
            life.steps.append((reading[0], "committed", partition, record.offset + 1, (0, 0, 0)))


def _reading(partition: int, record: Record, since: int) -> tuple[int, str, int, int, tuple[int, int, int]]:
    return max(since, record.at + 5 * MS), "read", partition, record.offset, (record.producer, record.seq, record.checksum)


def _timeline(members: tuple[Member, ...], partitions: int, fault: str | None) -> tuple[Event, ...]:
    whole, broken = {"in_sync": 3 * partitions, "of": 3 * partitions}, {"in_sync": 2 * partitions, "of": 3 * partitions}
    shown = {"fault": "kill", "target": "node 2", "shown": True, "evidence": ["pid 4711 is gone"]}
    events = [Event(BEGIN - SECOND, "isr", whole), Event(BEGIN, "load-begins"), Event(BEGIN + LASTS, "load-ends")]
    must = TABLE[fault].alerts if fault else {}
    events.append(Event(BEGIN, "alerts-watched", {"within": dict.fromkeys(must, 5_000)}))
    for number, name in enumerate(must):
        told = {"name": name, "labels": {"node": "2"}}
        events.append(Event(FAULT + (2 + number % 2) * SECOND, "alert", {**told, "state": "firing"}))
        events.append(Event(HEALED + 2 * SECOND, "alert", {**told, "state": "resolved"}))
    if fault:
        events += [
            Event(FAULT - MS, "fault-begins", {"fault": "kill", "target": "node 2"}),
            Event(FAULT, "fault-applied", shown),
            Event(FAULT + SECOND, "isr", broken),
            Event(HEALED - SECOND, "heal-begins", {"fault": "kill", "target": "node 2"}),
            Event(HEALED, "healed", shown),
            Event(HEALED + SECOND, "isr", whole),
        ]
    events += [Event(at, "group", {"offsets": _committed(members, at)}) for at in range(BEGIN, BEGIN + 12 * SECOND, SECOND)]
    return tuple(sorted(events, key=lambda event: event.at))


def _committed(members: tuple[Member, ...], at: int) -> dict[int, int | None]:
    found: dict[int, int | None] = {}
    commits = (event for member in members for event in member.events if event.what == "committed" and event.at <= at)
    for event in sorted(commits, key=lambda event: event.at):
        found.update(event.facts["partitions"])
    return found


def _final(logs: dict[int, list[Record]]) -> Final:
    rows: list[tuple[Any, ...]] = [
        (record.at, partition, record.offset, record.producer, record.seq, record.checksum)
        for partition, log in logs.items()
        for record in log
    ]
    reads = Reads()
    for _, *row in sorted(rows):
        for column, value in zip(columns_of(reads), (*row, BEGIN + 20 * SECOND, INTACT), strict=True):
            column.append(value)
    ends = {partition: log[-1].offset + 1 if log else 0 for partition, log in logs.items()}
    return Final(reads, dict.fromkeys(logs, 0), ends, complete=True)


def _columns(batches: Batches) -> tuple[array[int], ...]:
    return batches.partition, batches.base, batches.last, batches.checksum, batches.epoch


def _replica(node: int, logs: dict[int, list[Record]], seed: int) -> Replica:
    """The same batches on each node."""
    batches = Batches(array("i"), array("q"), array("q"), array("I"), array("i"))
    bounds = {}
    for partition, log in logs.items():
        sizes, begin = Random(seed), 0  # noqa: S311  (as above)
        while begin < len(log):
            end = min(len(log), begin + sizes.randrange(1, 6))
            row = (partition, log[begin].offset, log[end - 1].offset, sizes.getrandbits(32), 3)
            for column, value in zip(_columns(batches), row, strict=True):
                column.append(value)
            begin = end
        bounds[partition] = (0, log[-1].offset + 1 if log else 0)
    return Replica(node, batches, bounds)
