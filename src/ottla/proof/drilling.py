"""A drill from its first event to the last file of its history: load, fault, healing, and the reading of what is there."""

from __future__ import annotations

import secrets
import time
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING

from ottla.files import private_folder
from ottla.kafka.consume import Span, read_records
from ottla.kafka.offsets import read_offset_ranges
from ottla.kafka.profile import is_idempotent
from ottla.local.replica_log import read_batches
from ottla.proof.account import note
from ottla.proof.alerting import AlertWatch
from ottla.proof.drills import Scene
from ottla.proof.faulting import Faulting
from ottla.proof.history.columns import Load as Offered
from ottla.proof.history.columns import Run
from ottla.proof.history.writing import BatchLog, ReadLog, write_final, write_replicas, write_run
from ottla.proof.load import NANOSECONDS
from ottla.proof.measuring import measure, own_topic
from ottla.proof.messages import Interval, Renew, Renewed, Stop
from ottla.proof.observing import Diary, Observer
from ottla.proof.payload import read_stamp
from ottla.proof.workers import Role, Workers
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from ottla.local.replica_log import ReplicaBatch
    from ottla.platform import LocalPlatform
    from ottla.platform.access import Access
    from ottla.proof.alerting import Alerts
    from ottla.proof.drills import Drill
    from ottla.proof.load import Load
    from ottla.proof.messages import Job
    from ottla.proof.subject import Subject

KEPT = frozenset({"min.insync.replicas", "compression.type", "max.message.bytes"})
NOTHING_REMOVED = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
BEFORE, AFTERWARDS = 15.0, 15.0  # seconds of load before the fault, and after it was healed
WHOLE_TIMEOUT = 180.0  # for every replica to be in sync again
IDLE = 3  # intervals of a second
IDLE_TIMEOUT = 60.0  # for members to read what is left; a group waits 45 s for one that left no word
RENEWED_TIMEOUT = 60.0
LONGEST = 3_600.0  # no load lasts longer, whatever happens
SESSION, OF_KAFKA = "broker.session.timeout.ms", "9000"


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be drilled, and how to say it again (``command``)."""

    drill: Drill
    load: Load
    command: str
    said: Callable[[str], None]
    alerts: Alerts | None = None  # if they are to be watched


@dataclass(slots=True)
class _Progress:
    """What workers said so far."""

    acked: int = 0
    read: int = 0
    lags: dict[int, int] = field(default_factory=dict)
    idle: dict[int, int] = field(default_factory=dict)  # intervals in which a member was given nothing, one after the other
    told: int = 0
    renewed: int = 0

    def take(self, role: Role, number: int, interval: Interval) -> None:
        self.acked += interval.acked
        self.read += interval.read
        if role is Role.MEMBER:
            self.lags[number] = interval.lag
            self.idle[number] = 0 if interval.read else self.idle.get(number, 0) + 1


def drill_on(platform: LocalPlatform, subject: Subject, order: Order, folder: Path) -> None:
    """Drill a cluster, and leave the history in ``folder``. Raises OttlaError where not even the load could go on.

    Whatever ends it, what was done is healed first.
    """
    private_folder(folder)
    if order.load.warm_up:
        _warm_up(subject, order)
    run = secrets.token_hex(4)
    ours = platform.access()  # who sends and reads may lose a right or a password meanwhile
    with own_topic(ours, replace(subject.topic, configs=kept_for_good(subject.topic.configs)), f"ottla-drill-{run}") as topic:
        record = _record(platform, subject, order, topic)
        write_run(folder, record)
        job = subject.job(topic, replace(order.load, duration=LONGEST, warm_up=0), run, folder)
        drilling = _Drilling(platform, order, record, job)
        told = drilling.run()
        write_run(folder, told)
        partitions = _read_finally(ours, topic, run, folder)
        _read_replicas(platform, topic, partitions, folder)
        write_run(folder, replace(told, complete=drilling.ended))


def _warm_up(subject: Subject, order: Order) -> None:
    """Put the load on another topic, of which nobody keeps account: a JVM is slow until it has compiled what it does."""
    measure(
        subject,
        replace(order.load, duration=0),
        told=lambda number, second: order.said(f"warm-up: second {number}, {second.acked:,} acknowledged"),
    )


def kept_for_good(configs: Mapping[str, str]) -> dict[str, str]:
    """The configs of a topic of which nothing is removed while it is drilled: what is gone then is lost, and nothing else."""
    return {**{key: value for key, value in configs.items() if key in KEPT}, **NOTHING_REMOVED}


def _record(platform: LocalPlatform, subject: Subject, order: Order, topic: str) -> Run:
    shape, producer = subject.topic, subject.access.profile.producer
    load = order.load
    made = platform.cluster.made()
    properties = platform.properties
    return Run(
        drill=order.drill.name,
        expects=order.drill.expects,
        seed=load.seed,
        faults=(),
        load=Offered(load.rate, load.size, duration_ms=0, warm_up_ms=0),
        topic=topic,
        group=topic,
        partitions=shape.partitions,
        replication_factor=shape.replication_factor,
        min_insync_replicas=int(shape.configs.get("min.insync.replicas") or 1),
        acks=producer.get("acks", "all"),
        idempotent=is_idempotent(producer),
        session_ms=int(next(iter(properties.values())).get(SESSION, OF_KAFKA)),
        producers=load.producers,
        readers=load.consumers,
        nodes=tuple(node.node_id for node in made.nodes if node.is_broker),
        cluster_id=made.cluster_id,
        kafka_version=made.kafka_version,
        ottla_version=version("ottla"),
        command=order.command,
        acts=len(order.drill.acts),
        jvm=subject.jvm,
        began=datetime.now(UTC).isoformat(timespec="seconds"),
        began_ns=time.monotonic_ns(),
        complete=False,
    )


class _Drilling:
    """The part with the load: workers, observer, faults."""

    def __init__(self, platform: LocalPlatform, order: Order, record: Run, job: Job) -> None:
        self._platform, self._order, self._record, self._job = platform, order, record, job
        self.ended = False  # whether every worker came to its own end
        self._progress = _Progress()
        self._start = 0

    def run(self) -> Run:
        """Do it all; what is known of the run then."""
        folder = self._job.history
        assert folder is not None  # noqa: S101  (the account is what a drill is for)
        with ExitStack() as stack:
            diary = stack.enter_context(Diary(folder))
            workers = stack.enter_context(Workers())
            seed, renew = self._order.load.seed, partial(self._renew, workers)
            scene = Scene(self._platform, self._job.topic, self._job.group, seed, renew)
            self._begin(workers, diary)
            observer = stack.enter_context(
                Observer(self._platform.connected, topic=self._job.topic, group=self._job.group, diary=diary)
            )
            watch = None if self._order.alerts is None else stack.enter_context(AlertWatch(self._order.alerts, diary))
            faulting = stack.enter_context(Faulting(self._order.drill, scene, diary, lead=BEFORE, said=self._order.said))
            self._pump(workers, lambda: faulting.over)
            self._pump(workers, lambda: False, AFTERWARDS)
            whole = self._pump(workers, lambda: observer.whole, WHOLE_TIMEOUT)
            if not whole:
                diary.note("note", text=f"not every replica was in sync {WHOLE_TIMEOUT:g} s after the last fault was healed")
            self._end(workers, diary)
            if watch is not None:
                self._order.said("waiting until no alert fires")
                watch.wait_until_calm()
            duration = (time.monotonic_ns() - self._start) // 1_000_000
            return replace(self._record, faults=faulting.told, load=replace(self._record.load, duration_ms=duration))

    def _begin(self, workers: Workers, diary: Diary) -> None:
        load = self._order.load
        self._start = workers.launch(self._job, self._record.partitions)
        diary.note("load-begins", at=self._start)
        self._order.said(f"{load.rate:,} events/s of {load.size:,} bytes")

    def _renew(self, workers: Workers) -> None:
        """Have the clients of the load made anew, and wait for it. Raises WaitTimeout."""
        self._progress.renewed, load = 0, self._order.load
        workers.tell(Renew())
        everybody = load.producers + load.consumers
        wait_until(
            lambda: self._progress.renewed, lambda renewed: renewed == everybody, what="clients to go on", timeout=RENEWED_TIMEOUT
        )

    def _end(self, workers: Workers, diary: Diary) -> None:
        """Stop sending, let members read what is left, and stop them."""
        workers.tell(Stop(), Role.PRODUCER)
        diary.note("load-ends")
        self._order.said("the load ends; what is left is read")
        self._pump(workers, lambda: Role.PRODUCER not in workers.at_work)
        self._progress.idle.clear()
        self._pump(workers, lambda: self._have_read_all, IDLE_TIMEOUT)
        workers.tell(Stop(), Role.MEMBER)
        self.ended = self._pump(workers, lambda: not workers.at_work, IDLE_TIMEOUT)

    @property
    def _have_read_all(self) -> bool:
        """Whether as much was read as acknowledged, and no member was given anything for some seconds, or knows of anything more.

        A member without partitions knows of nothing: the group may wait for the session of one that is gone to end.
        """
        progress, members = self._progress, range(self._order.load.consumers)
        idle = all(progress.idle.get(each, 0) >= IDLE and not progress.lags.get(each) for each in members)
        return idle and progress.read >= progress.acked

    def _pump(self, workers: Workers, done: Callable[[], bool], timeout: float = LONGEST) -> bool:
        """Hear what workers say until it is ``done``, or for so many seconds; whether it is."""
        deadline = time.monotonic() + timeout
        while not done():
            if time.monotonic() > deadline:
                return False
            for role, number, message in workers.messages():
                match message:
                    case Interval():
                        self._progress.take(role, number, message)
                    case Renewed():
                        self._progress.renewed += 1
                    case _:
                        pass
            self._tell()
        return True

    def _tell(self) -> None:
        second = (time.monotonic_ns() - self._start) // NANOSECONDS
        if second > self._progress.told:
            self._progress.told = second
            lag = sum(self._progress.lags.values())
            counts = f"{self._progress.acked:,} acknowledged and {self._progress.read:,} read so far, lag {lag:,}"
            self._order.said(f"second {second}: {counts}")


def _read_finally(access: Access, topic: str, run: str, folder: Path) -> list[int]:
    """Read each partition from its start to where it ends now, and write down what is there; the partitions."""
    with access.connected() as connection:
        ranges = read_offset_ranges(connection, [topic])
    spans = {place: Span(each.start, each.end) for place, each in ranges.items()}
    read = {partition: each.start for (_, partition), each in ranges.items()}
    with ReadLog(folder) as reads:
        for batch in read_records(access.settings, access.profile, spans):
            at = time.monotonic_ns()
            for record in batch:
                note(reads, record.partition, record.offset, read_stamp(run.encode(), record.key, record.value), at)
                read[record.partition] = record.offset + 1
    starts = {partition: each.start for (_, partition), each in ranges.items()}
    ends = {partition: each.end for (_, partition), each in ranges.items()}
    write_final(folder, starts=starts, ends=ends, complete=read == ends)
    return sorted(ends)


def _read_replicas(platform: LocalPlatform, topic: str, partitions: Sequence[int], folder: Path) -> None:
    """Write down what stands in each node's own log."""
    bounds: dict[int, dict[int, tuple[int, int]]] = {}
    for node in platform.cluster.made().nodes:
        if not node.is_broker:
            continue
        data = platform.cluster.layout.node(node.node_id).data
        with BatchLog(folder, node.node_id) as log:
            bounds[node.node_id] = {
                partition: _copy(log, partition, read_batches(data, topic, partition)) for partition in partitions
            }
    write_replicas(folder, bounds)


def _copy(log: BatchLog, partition: int, batches: Iterable[ReplicaBatch]) -> tuple[int, int]:
    """Write down batches; the offsets where they start and end."""
    start = end = None
    for batch in batches:
        log.append(partition, base=batch.base_offset, last=batch.last_offset, checksum=batch.crc, epoch=batch.leader_epoch)
        start, end = batch.base_offset if start is None else start, batch.last_offset + 1
    return start or 0, end or 0
