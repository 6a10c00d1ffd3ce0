"""A producer for a steady stream of events: one callback for all, every event gets one outcome, the caller is never held up."""

from __future__ import annotations

import time
from contextlib import suppress
from enum import IntEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from confluent_kafka import KafkaError, KafkaException, Producer

from ottla.errors import ClusterError
from ottla.kafka.connection import explain
from ottla.kafka.profile import QUIET, heard, producer_config

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ottla.kafka.settings import ClientSettings
    from ottla.model.client import ClientProfile

METADATA_TIMEOUT = 20.0
# What a broker answers before it writes, and what librdkafka says of what it never sent: such an event is in no log.
REFUSED = frozenset(
    {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.INVALID_RECORD,
        KafkaError.RECORD_LIST_TOO_LARGE,
        KafkaError.POLICY_VIOLATION,
        KafkaError._UNKNOWN_TOPIC,  # noqa: SLF001  (its name)
        KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001  (its name)
        KafkaError._PURGE_QUEUE,  # noqa: SLF001  (its name)
    }
)


class OutcomeKind(IntEnum):
    """What became of an event: in the log, certainly not, or nobody knows (a time-out may have come after the write)."""

    ACKED = 1
    REFUSED = 2
    UNKNOWN = 3


class Outcome(NamedTuple):
    """``partition`` and ``offset`` are -1 where they are not known; ``code`` is Kafka's or librdkafka's, 0 without an error."""

    kind: OutcomeKind
    code: int
    partition: int
    offset: int


class PacedProducer:
    """Hands events to librdkafka as the profile says. ``told`` hears, inside ``poll``, each value with its outcome.

    A fatal error (a login that was taken away for good) ends a producer; ``ended`` says so, ``begin_again`` makes another.
    """

    def __init__(
        self,
        settings: ClientSettings,
        profile: ClientProfile,
        topic: str,
        *,
        told: Callable[[bytes, Outcome], None],
        extra: Mapping[str, str | int] | None = None,
    ) -> None:
        self.topic = topic
        self.ended = False
        self._told = told
        self._config: dict[str, Any] = {
            **producer_config(profile, settings),
            "allow.auto.create.topics": False,
            "topic.metadata.refresh.interval.ms": 10_000,
            **(extra or {}),
            "error_cb": heard,
            "on_delivery": self._delivered,
        }
        self._producer = self._make()

    def _make(self) -> Any:
        try:
            return Producer(self._config, logger=QUIET)
        except KafkaException as error:
            hint = "look at client.producer of the spec"
            raise ClusterError(f"cannot make a producer: {explain(error)}", hint=hint) from None

    def connect(self) -> int:
        """Meet the cluster; how many partitions the topic has. Raises ClusterError."""
        try:
            topics = self._producer.list_topics(self.topic, timeout=METADATA_TIMEOUT).topics
        except KafkaException as error:
            raise ClusterError(f"cannot reach the cluster: {explain(error)}") from error
        return len(topics[self.topic].partitions)

    def begin_again(self) -> None:
        """Another producer in place of one that ended; what that one never sent is told to be refused, the rest is not known."""
        with suppress(KafkaException):
            self._producer.purge()
            self._producer.flush(0)
        self._producer, self.ended = self._make(), False

    def send(self, key: bytes, value: bytes) -> bool:
        """Hand an event over; False: the queue is full, or the producer has ended, and nothing was taken."""
        try:
            self._producer.produce(self.topic, value, key)
        except BufferError:
            return False
        except KafkaException as error:
            self._failed(error, value)
            return not self.ended
        return True

    def _failed(self, error: KafkaException, value: bytes) -> None:
        """An event that was not even queued is in no log."""
        fault = error.args[0]
        if fault.fatal() or fault.code() == KafkaError._FATAL:  # noqa: SLF001  (its name)
            self.ended = True
            return
        self._told(value, Outcome(OutcomeKind.REFUSED, fault.code(), -1, -1))

    def poll(self, seconds: float) -> None:
        """Hear outcomes, waiting so long for the first."""
        try:
            self._producer.poll(seconds)
        except KafkaException as error:
            self.ended |= bool(error.args[0].fatal())

    @property
    def unanswered(self) -> int:
        """How many events have no outcome yet."""
        return len(self._producer)

    def finish(self, seconds: float) -> None:
        """Wait so long for outcomes that are open."""
        deadline = time.monotonic() + seconds
        while len(self._producer) and time.monotonic() < deadline:
            self.poll(min(0.1, max(0.0, deadline - time.monotonic())))

    def _delivered(self, error: Any, message: Any) -> None:
        if error is None:
            offset = message.offset()  # None: a retry of what was in the log already, whose place the broker does not tell
            outcome = Outcome(OutcomeKind.ACKED, 0, message.partition(), -1 if offset is None else offset)
        else:
            kind = OutcomeKind.REFUSED if error.code() in REFUSED else OutcomeKind.UNKNOWN
            partition = message.partition()
            outcome = Outcome(kind, error.code(), -1 if partition is None else partition, -1)
        self._told(message.value(), outcome)
