"""A producer's part of a run, in a process of its own: every event at its time, whatever became of those before."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from ottla.kafka.paced_producer import OutcomeKind, PacedProducer
from ottla.proof.latency import Collected
from ottla.proof.load import NANOSECONDS
from ottla.proof.messages import Finished, Interval, Ready, Renewed
from ottla.proof.payload import Payloads, intended_of, seq_of

if TYPE_CHECKING:
    from ottla.kafka.paced_producer import Outcome
    from ottla.proof.account import ProducerAccount
    from ottla.proof.line import Line
    from ottla.proof.messages import Job

AHEAD = NANOSECONDS // 20  # events are made, and their intent is written down, so long before they are sent
WARM = 10**11  # the first seq of the warm-up, beyond any that counts
LEAST_OPEN = 100  # events without an answer, in the warm-up
AT_ONCE = 2_000  # events that are made in one go, where the run is behind its schedule
EVERY = NANOSECONDS  # between two intervals
TICK = 0.001  # seconds; librdkafka waits no shorter
QUEUE = 1_000_000
QUEUE_KBYTES = 1_048_576
PATIENCE = 10 * NANOSECONDS  # to send what was made, once the run is over
GOODBYE = 10.0  # seconds for the outcomes of what was sent, before another producer is made because somebody asks for it
LAST_WAIT = 90.0  # seconds for the outcomes of what was sent
RESTRAINT = NANOSECONDS  # before another producer is made in place of one that ended


class Producing:
    """Sends the events of its schedule, and tells an interval a second."""

    def __init__(self, job: Job, line: Line, account: ProducerAccount | None) -> None:
        self._job, self._line, self._account = job, line, account
        load = job.load
        self._schedule = load.schedule(job.number)
        self._payloads = Payloads(load, run=job.run, producer=job.number, types=job.types, key_name=job.key_name)
        extra = {"queue.buffering.max.messages": QUEUE, "queue.buffering.max.kbytes": QUEUE_KBYTES}
        self._producer = PacedProducer(job.settings, job.profile, job.topic, told=self._told, extra=extra)
        self._origin = self._told_at = self._tell_at = 0
        self._made: list[tuple[bytes, bytes]] = []  # from seq ``_made_from`` on: to be sent next
        self._made_from = self._sent = 0
        self._answered_by = load.answered_by
        self._ended_at: int | None = None
        self._counts = dict.fromkeys(OutcomeKind, 0)
        self._in_time = self._held_up = self._sent_before = self._warm_sent = 0
        self._warm, self._latencies, self._delays = Collected(), Collected(), Collected()

    def run(self) -> None:
        """Meet the cluster, wait for the start, warm up, send, wait for what is open."""
        self._line.say(Ready(self._producer.connect()))
        start = self._line.await_start()
        self._origin = start + int(self._job.load.warm_up * NANOSECONDS)
        self._told_at, self._tell_at = start, start + EVERY
        self._warm_up(start)
        self._send_all()
        self._finish()

    def _warm_up(self, start: int) -> None:
        """Send at the rate, but no more than is answered: a cluster that is still cold shall not begin with a backlog.

        What it cannot take is left out, and not made up for. Latencies count from the real send here.
        """
        load = self._job.load
        step, most = NANOSECONDS * load.producers / load.rate, max(LEAST_OPEN, load.rate // load.producers // 5)
        seq, due = WARM, float(start)
        while (now := time.monotonic_ns()) < self._origin and not self._line.stopped():
            self._prepare(now - self._origin)
            while due <= now and self._may_send(now) and self._producer.unanswered < most:
                key, value, _ = self._payloads.make(seq, now)
                if not self._producer.send(key, value):
                    break
                seq, due = seq + 1, due + step
            if due <= now:
                due = now + step
            self._warm_sent = seq - WARM
            self._producer.poll(TICK)
            self._tell_sometimes(now)

    def _send_all(self) -> None:
        deadline = math.inf
        while self._sent < self._schedule.count and (now := time.monotonic_ns()) < deadline:
            if self._line.to_renew():
                self._renew()
            if not self._line.stopped():
                self._prepare(now - self._origin)
            elif self._sent == self._made_from + len(self._made):
                break
            else:  # what was written down as intended is sent
                deadline = min(deadline, now + PATIENCE)
            self._send_due(now)
            self._producer.poll(TICK)
            self._tell_sometimes(now)

    def _prepare(self, elapsed: int) -> None:
        """Make the events of the next moments."""
        begin = self._made_from + len(self._made)
        until = min(self._schedule.due(elapsed + 2 * AHEAD), begin + AT_ONCE)
        if begin >= until or self._schedule.at(begin) > elapsed + AHEAD:
            return
        if self._sent > self._made_from:
            del self._made[: self._sent - self._made_from]
            self._made_from = self._sent
        for seq in range(begin, until):
            at = self._origin + self._schedule.at(seq)
            key, value, checksum = self._payloads.make(seq, at)
            self._made.append((key, value))
            if self._account is not None:
                self._account.intended(at, checksum, self._payloads.key_of(seq))
        if self._account is not None:
            self._account.secured()

    def _send_due(self, now: int) -> None:
        if not self._may_send(now):
            return
        due = min(self._schedule.due(now - self._origin), self._made_from + len(self._made))
        while self._sent < due:
            if not self._producer.send(*self._made[self._sent - self._made_from]):
                self._held_up += 1
                return
            self._delays.record(time.monotonic_ns() - self._origin - self._schedule.at(self._sent))
            self._sent += 1
            self._producer.poll(0)

    def _may_send(self, now: int) -> bool:
        """Whether there is a producer: another in place of one that ended, not at once, as the reason may still be there."""
        if not self._producer.ended:
            return True
        if self._ended_at is None:
            self._ended_at = now
        if now - self._ended_at < RESTRAINT:
            return False
        self._producer.begin_again()
        self._ended_at = None
        return True

    def _renew(self) -> None:
        self._producer.finish(GOODBYE)
        self._producer.begin_again()
        self._line.say(Renewed())

    def _told(self, value: bytes, outcome: Outcome) -> None:
        at, seq = time.monotonic_ns(), seq_of(value)
        self._counts[outcome.kind] += 1
        acked = outcome.kind is OutcomeKind.ACKED
        if seq >= WARM:
            if acked:
                self._warm.record(at - intended_of(value))
            return
        if acked:
            self._latencies.record(at - self._origin - self._schedule.at(seq))
            self._in_time += at - self._origin <= self._answered_by
        if self._account is not None:
            self._account.outcome(seq, outcome, at)

    def _finish(self) -> None:
        deadline = time.monotonic() + LAST_WAIT
        while self._producer.unanswered and time.monotonic() < deadline and not self._line.broken():
            self._producer.finish(1.0)
            self._tell(time.monotonic_ns())
        self._tell(time.monotonic_ns())
        if self._account is not None:
            self._account.close()
        self._line.say(Finished(unanswered=self._producer.unanswered))

    def _tell_sometimes(self, now: int) -> None:
        if now >= self._tell_at:
            self._tell(now)
            self._tell_at += EVERY * ((now - self._tell_at) // EVERY + 1)

    def _tell(self, now: int) -> None:
        sent = self._sent + self._warm_sent
        acked, refused, unknown = (self._counts[kind] for kind in OutcomeKind)
        self._line.say(
            Interval(
                began=self._told_at,
                at=now,
                sent=sent - self._sent_before,
                acked=acked,
                in_time=self._in_time,
                refused=refused,
                unknown=unknown,
                held_up=self._held_up,
                warm=self._warm.take(),
                latencies=self._latencies.take(),
                delays=self._delays.take(),
            )
        )
        self._counts = dict.fromkeys(OutcomeKind, 0)
        self._in_time, self._held_up, self._sent_before, self._told_at = 0, 0, sent, now
