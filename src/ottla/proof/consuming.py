"""A group member's part of a run, in a process of its own: it reads as soon as something is there, and commits what it read."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ottla.kafka.group_member import GroupMember
from ottla.proof.latency import Collected
from ottla.proof.load import NANOSECONDS
from ottla.proof.messages import Finished, Interval, Ready, Renewed
from ottla.proof.payload import read_stamp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ottla.kafka.group_member import Delivery
    from ottla.proof.account import MemberAccount
    from ottla.proof.line import Line
    from ottla.proof.messages import Job
    from ottla.proof.payload import Stamp

EVERY = NANOSECONDS
COMMIT_EVERY = NANOSECONDS
RESTRAINT = NANOSECONDS  # before another member is made in place of one that ended
WAIT = 0.1


class Uncounted:
    """Keeps no account."""

    def read(self, delivery: Delivery, stamp: Stamp | None, at: int) -> None:
        """Leave it."""

    def assigned(self, partitions: Mapping[int, int | None]) -> None:
        """Leave it."""

    def revoked(self, partitions: list[int], *, lost: bool) -> None:
        """Leave it."""

    def committed(self, offsets: Mapping[int, int]) -> None:
        """Leave it."""

    def close(self) -> None:
        """Leave it."""


class Consuming:
    """Reads until it is stopped, and tells an interval a second."""

    def __init__(self, job: Job, line: Line, reading: MemberAccount | Uncounted) -> None:
        self._job, self._line, self._reading = job, line, reading
        self._run = job.run.encode()
        self._member = self._joined()
        self._ended_at: int | None = None
        self._measured_from = 0
        self._read = self._damaged = 0
        self._warm, self._latencies = Collected(), Collected()
        self._told_at = self._tell_at = 0  # once the start is known

    def run(self) -> None:
        """Join, say what was assigned, read, leave."""
        said, committed = -1, time.monotonic_ns()
        while not self._line.stopped():
            deliveries, at = self._member.deliveries(WAIT)
            self._account(deliveries, at)
            if self._member.ended is not None:
                self._join_again(at)
            if self._line.to_renew():
                self._renew()
            if len(self._member.partitions) != said:
                said = len(self._member.partitions)
                self._line.say(Ready(said))
            if self._line.start is not None and not self._tell_at:
                self._begin(self._line.start)
            if at - committed >= COMMIT_EVERY:
                self._member.commit_soon()
                committed = at
            if 0 < self._tell_at <= at:
                self._tell(at)
                self._tell_at += EVERY * ((at - self._tell_at) // EVERY + 1)
        self._tell(time.monotonic_ns())
        self._member.commit()
        self._member.close()
        self._reading.close()
        self._line.say(Finished())

    def _begin(self, start: int) -> None:
        """From now on intervals are those of the run's seconds."""
        self._measured_from = start + int(self._job.load.warm_up * NANOSECONDS)
        self._told_at, self._tell_at = start, start + EVERY

    def _joined(self) -> GroupMember:
        job = self._job
        return GroupMember(job.settings, job.profile, job.topic, group=job.group, watcher=self._reading)

    def _join_again(self, now: int) -> None:
        """Another member in place of one that ended; not at once, because the reason may still be there."""
        if self._ended_at is None:
            self._ended_at = now
        if now - self._ended_at >= RESTRAINT:
            self._member.close()
            self._member, self._ended_at = self._joined(), None

    def _renew(self) -> None:
        self._member.commit()
        self._member.close()
        self._member = self._joined()
        self._line.say(Renewed())

    def _account(self, deliveries: list[Delivery], at: int) -> None:
        for delivery in deliveries:
            stamp = read_stamp(self._run, delivery.key, delivery.value)
            self._reading.read(delivery, stamp, at)
            self._read += 1
            if stamp is None or not stamp.intact:
                self._damaged += 1
                continue
            latencies = self._latencies if stamp.intended >= self._measured_from > 0 else self._warm
            latencies.record(at - stamp.intended)

    def _tell(self, now: int) -> None:
        self._line.say(
            Interval(
                began=self._told_at or now,
                at=now,
                read=self._read,
                damaged=self._damaged,
                lag=self._member.lag(),
                warm=self._warm.take(),
                latencies=self._latencies.take(),
            )
        )
        self._read, self._damaged, self._told_at = 0, 0, now
