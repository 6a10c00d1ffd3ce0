"""The canary's clients: a producer and a consumer of numbered records, which never wait longer than they are told to."""

from __future__ import annotations

import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from ottla.errors import ClusterError
from ottla.kafka.connection import explain
from ottla.kafka.profile import QUIET, consumer_config, heard, producer_config
from ottla.kafka.trace_context import spans_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opentelemetry.trace import Span, Tracer

    from ottla.kafka.settings import ClientSettings
    from ottla.model.client import ClientProfile

NO_GROUP = "ottla-canary"  # librdkafka wants a name; with assigned partitions no group is joined and nothing is committed
AT_ONCE = 1_000
RESTRAINT = 5.0  # seconds after a fatal error (such as no right to write) before another producer is made
HINT = "look at client.producer and client.consumer of the spec"


class Answer(NamedTuple):
    """What became of a record: its offset, or None if it was not acknowledged; and when that was told (monotonic)."""

    number: int
    offset: int | None
    at: float


class Arrival(NamedTuple):
    """A record that came; ``number`` is None for one of another canary."""

    number: int | None
    partition: int
    offset: int
    at: float


class CanarySender:
    """A producer as the profile says, which loses nothing, waits for no fuller batch, and gives up after ``give_up`` seconds.

    ``problem`` is why there is none, after a fatal error: another one is tried every ``RESTRAINT`` seconds.
    """

    def __init__(
        self,
        settings: ClientSettings,
        profile: ClientProfile,
        topic: str,
        *,
        run: bytes,
        give_up: float,
        tracer: Tracer | None = None,
    ) -> None:
        self._spans = None if tracer is None else spans_of(tracer, settings)
        self._topic = topic
        self._run = run
        self._answers: list[Answer] = []
        self._config: dict[str, Any] = {
            **producer_config(profile, settings),
            "acks": "all",
            "enable.idempotence": True,
            "max.in.flight.requests.per.connection": 5,
            "retries": 2**31 - 1,
            "linger.ms": 0,
            "delivery.timeout.ms": int(give_up * 1000),
            "topic.metadata.refresh.interval.ms": 10_000,  # partitions for brokers that joined are found
            "allow.auto.create.topics": False,
            "error_cb": heard,
        }
        self.problem: str | None = None
        self._producer = self._make()
        self._ended: float | None = None  # since when it is of no more use

    def _make(self) -> Any:
        try:
            return Producer(self._config, logger=QUIET)
        except KafkaException as error:
            raise ClusterError(f"cannot make a producer: {explain(error)}", hint=HINT) from None

    def warm_up(self, partition: int) -> None:
        """Send a record that nobody counts, so that the first one that counts finds its connection."""
        try:
            self._producer.produce(self._topic, b"", b"", partition)
        except (KafkaException, BufferError):
            return

    def send(self, partition: int, number: int) -> None:
        """Send a record; what becomes of it is told by ``answers``."""
        span, headers = (None, ()) if self._spans is None else self._spans.send(self._topic, ())
        told = partial(self._told, number, span)
        try:
            self._producer.produce(self._topic, b"%d" % number, self._run, partition, on_delivery=told, headers=list(headers))
        except (BufferError, KafkaException) as error:
            self._refuse(number)
            if self._spans is not None and span is not None:
                self._spans.not_sent(span, type(error).__name__, explain(error))

    def answers(self, wait: float) -> list[Answer]:
        """What was answered, waiting so many seconds for the first one."""
        try:
            self._producer.poll(wait)
        except KafkaException:  # a fatal error: this producer will take nothing more
            self._give_up()
            self._ended = time.monotonic()
        if self._ended is not None and time.monotonic() - self._ended > RESTRAINT:
            self._begin_again()
        told, self._answers = self._answers, []
        return told

    def _begin_again(self) -> None:
        try:
            self._producer, self._ended, self.problem = self._make(), None, None
        except ClusterError as error:
            self._ended, self.problem = time.monotonic(), str(error)

    def close(self) -> list[Answer]:
        """Give up what was not answered, and tell of it; no more is sent after that."""
        self._give_up()
        answers = self.answers(0)
        self._producer = None  # its threads end with it, and not when Python looks for cycles the next time
        return answers

    def _give_up(self) -> None:
        self._producer.purge()
        with suppress(KafkaException):  # a fatal error, which makes no difference now
            self._producer.flush(0)

    def _told(self, number: int, span: Span | None, error: Any, message: Any) -> None:
        if self._spans is not None and span is not None:
            if error is None:
                self._spans.sent(span, partition=message.partition(), offset=message.offset())
            else:
                self._spans.not_sent(span, error.name(), error.str())
        self._answers.append(Answer(number, None if error else message.offset(), time.monotonic()))

    def _refuse(self, number: int) -> None:
        self._answers.append(Answer(number, None, time.monotonic()))


class CanaryReceiver:
    """A consumer of assigned partitions, without a group."""

    def __init__(
        self, settings: ClientSettings, profile: ClientProfile, topic: str, *, run: bytes, tracer: Tracer | None = None
    ) -> None:
        self._spans = None if tracer is None else spans_of(tracer, settings)
        self._topic = topic
        self._run = run
        self._assigned: set[int] = set()
        config = {
            **consumer_config(profile, settings, group=NO_GROUP),
            "auto.offset.reset": "earliest",  # where the log was cut or made anew; a start is always told
            "enable.auto.commit": False,
            "fetch.min.bytes": 1,
            "topic.metadata.refresh.interval.ms": 10_000,  # a new leader is found though the old one is paused, and tells nothing
            "allow.auto.create.topics": False,
            "error_cb": heard,
        }
        try:
            self._consumer = Consumer(config, logger=QUIET)
        except KafkaException as error:
            raise ClusterError(f"cannot make a consumer: {explain(error)}", hint=HINT) from None

    def read(self, starts: Mapping[int, int]) -> None:
        """Read these partitions too, each from its start."""
        new = [TopicPartition(self._topic, each, start) for each, start in starts.items() if each not in self._assigned]
        if new:
            self._consumer.incremental_assign(new)
            self._assigned.update(starts)

    def arrivals(self, wait: float) -> list[Arrival]:
        """What came, waiting so many seconds for the first. Errors pass: librdkafka goes on, and what stays away is missed."""
        came: list[Arrival] = []
        message = self._consumer.poll(wait)
        while message is not None:
            at = time.monotonic()
            if message.error() is None:
                number = int(message.value()) if message.key() == self._run else None
                came.append(Arrival(number, message.partition(), message.offset(), at))
                self._trace(message, own=number is not None)
            message = self._consumer.poll(0) if len(came) < AT_ONCE else None
        return came

    def _trace(self, message: Any, *, own: bool) -> None:
        """A span for a record of this canary; to note that it came is all that is done with it."""
        if self._spans is not None and own:
            headers = tuple(message.headers() or ())
            self._spans.received(self._topic, message.partition(), message.offset(), headers).end()

    def close(self) -> None:
        """Leave; there is no group to wait for. Nothing is read after that."""
        self._consumer.close()
        self._consumer = None  # as that of the producer
