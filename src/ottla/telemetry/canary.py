"""The canary: records of Ottla's own to each broker and back, all the time; how long they take, and whether they come.

Two threads, because both directions are waited for: one sends, hears the answers and keeps the topic, one receives.
"""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, TypeVar

from ottla.errors import ClusterError
from ottla.kafka.canary import RESTRAINT, CanaryReceiver, CanarySender
from ottla.kafka.canary_keeper import TopicKeeper
from ottla.metrics.canary import Ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from opentelemetry.trace import Tracer

    from ottla.kafka.canary import Answer
    from ottla.kafka.canary_keeper import CanaryTopic
    from ottla.kafka.settings import ClientSettings
    from ottla.metrics.samples import Sample
    from ottla.model.client import ClientProfile
    from ottla.spec.exporter import CanarySpec

RUN_BYTES = 12
GIVE_UP = 30.0  # seconds, unless the deadline is later: by then a producer of people's has been told
WARM_UP = 2.0  # seconds for clients to connect before records count
OWN_SLEEP = 1.0  # seconds; who wakes so late has slept, or was stopped
SLICE = 0.1  # seconds after which somebody who waits for Kafka looks up
ENDED = 5.0
Client = TypeVar("Client", CanarySender, CanaryReceiver)


@dataclass(frozen=True, slots=True)
class _Course:
    """Where records go now. ``log`` is the ledger's number of the topic's log."""

    log: int
    topic: CanaryTopic


class Canary:
    """Sends a record to each partition of its topic every ``interval``, and waits for it.

    Makes and keeps the topic. ``problem`` says why that could not be done, when it was last tried. With a ``tracer`` the way of
    each record is a trace.
    """

    def __init__(
        self, settings: ClientSettings, profile: ClientProfile, spec: CanarySpec, *, tracer: Tracer | None = None
    ) -> None:
        self._tracer = tracer
        self._settings = settings
        self._profile = profile
        self._topic = spec.topic
        self._interval, self._deadline = spec.interval / 1000, spec.deadline / 1000
        self._run = secrets.token_bytes(RUN_BYTES)  # tells its records from those of another canary
        self._ledger = Ledger(deadline=self._deadline)
        self._lock = threading.Lock()  # on the ledger
        self._course: _Course | None = None
        self._due = 0.0
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._problems: dict[str, str | None] = {}  # by what was tried

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def problem(self) -> str | None:
        """Why there is no topic to send to, or no client, or None."""
        if self._threads and not self._stop.is_set() and not all(thread.is_alive() for thread in self._threads):
            return "the canary has ended"  # by a bug, which was shown
        return next(filter(None, self._problems.values()), None)

    def start(self) -> None:
        """Begin, without waiting for Kafka. Raises ClusterError where the profile or the settings make no client."""
        keeper, sender, receiver = TopicKeeper(self._settings, self._topic), self._new_sender(), self._new_receiver()
        self._threads = [
            threading.Thread(target=self._send, args=(keeper, sender), name="ottla-canary-send", daemon=True),
            threading.Thread(target=self._receive, args=(receiver,), name="ottla-canary-receive", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def samples(self) -> list[Sample]:
        """The figures up to now; none before the topic was seen."""
        with self._lock:
            self._ledger.look(time.monotonic())
            return list(self._ledger.samples())

    def close(self) -> None:
        """End, and wait for no record."""
        self._stop.set()
        for thread in self._threads:
            thread.join(ENDED)

    def _new_sender(self) -> CanarySender:
        give_up = max(GIVE_UP, self._deadline)
        return CanarySender(self._settings, self._profile, self._topic, run=self._run, give_up=give_up, tracer=self._tracer)

    def _new_receiver(self) -> CanaryReceiver:
        return CanaryReceiver(self._settings, self._profile, self._topic, run=self._run, tracer=self._tracer)

    def _renewed(self, make: Callable[[], Client], role: str) -> Client | None:
        """A client made while all runs; where a file that it needs is gone, that is told and tried again. None: it is to stop."""
        while not self._stop.is_set():
            try:
                made = make()
            except ClusterError as error:
                self._problems[role] = str(error)
                self._stop.wait(RESTRAINT)
            else:
                self._problems[role] = None
                return made
        return None

    def _send(self, keeper: TopicKeeper, sender: CanarySender) -> None:
        while not self._stop.is_set():
            seen = keeper.look(time.monotonic())
            self._problems |= {"topic": keeper.problem, "sender": sender.problem}
            if seen is not None and self._follow(seen):
                self._account(sender.close())
                renewed = self._renewed(self._new_sender, "sender")
                if renewed is None:
                    break
                sender = renewed
                self._warm_up(sender, seen)
            self._send_what_is_due(sender)
            self._account(sender.answers(min(SLICE, max(0.0, self._due - time.monotonic())) if self._course else SLICE))
        sender.close()
        keeper.close()

    def _follow(self, seen: CanaryTopic) -> bool:
        """Take up what the keeper saw; whether the topic is another one than before, which clients know nothing of."""
        with self._lock:
            before = self._course
            renewed = before is None or before.topic.log != seen.log
            if before is None:
                self._course = _Course(0, seen)
            elif renewed:
                self._course = _Course(self._ledger.new_log(), seen)
            else:
                self._ledger.same_log()
                self._course = _Course(before.log, seen)
            self._ledger.leads(seen.leaders.values())
        return renewed

    def _warm_up(self, sender: CanarySender, seen: CanaryTopic) -> None:
        for partition in seen.leaders:
            sender.warm_up(partition)
        self._due = time.monotonic() + WARM_UP

    def _send_what_is_due(self, sender: CanarySender) -> None:
        """Each record counts from when it was meant to be sent. What this process itself slept through says nothing of Kafka."""
        course, now = self._course, time.monotonic()
        if course is None:
            return
        if now - self._due > max(self._interval, OWN_SLEEP):
            self._due = now
        while self._due <= now:
            for partition, leader in course.topic.leaders.items():
                with self._lock:
                    number = self._ledger.sent(node_id=leader, partition=partition, at=self._due)
                sender.send(partition, number)
            self._due += self._interval

    def _account(self, answers: Iterable[Answer]) -> None:
        with self._lock:
            for number, offset, at in answers:
                if offset is None:
                    self._ledger.refused(number)
                else:
                    self._ledger.acknowledged(number, offset=offset, at=at)
            self._ledger.look(time.monotonic())

    def _receive(self, receiver: CanaryReceiver) -> None:
        log = 0
        while not self._stop.is_set():
            course = self._course
            if course is None:
                self._stop.wait(SLICE)
                continue
            if course.log != log:
                receiver.close()
                renewed = self._renewed(self._new_receiver, "receiver")
                if renewed is None:
                    return
                receiver, log = renewed, course.log
            receiver.read(course.topic.starts)
            came = receiver.arrivals(SLICE)
            with self._lock:
                for number, partition, offset, at in came:
                    self._ledger.received(number, log=log, partition=partition, offset=offset, at=at)
        receiver.close()
