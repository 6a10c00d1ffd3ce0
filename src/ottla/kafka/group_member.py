"""A member of a consumer group that hands on events as soon as they are there, and tells what it was assigned and committed."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from ottla.errors import ClusterError
from ottla.kafka.connection import explain
from ottla.kafka.profile import QUIET, consumer_config, heard

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ottla.kafka.settings import ClientSettings
    from ottla.model.client import ClientProfile

AT_ONCE = 1_000
# librdkafka leaves the group for good on these, as on every fatal error: an application has to make another consumer.
ENDING = frozenset({KafkaError.GROUP_AUTHORIZATION_FAILED, KafkaError.TOPIC_AUTHORIZATION_FAILED})


class Delivery(NamedTuple):
    """An event as a member was given it."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None


class Watcher(Protocol):
    """Who hears what becomes of a member's partitions. Offsets are None where none is known."""

    def assigned(self, partitions: Mapping[int, int | None]) -> None:
        """The member was given these partitions, beside those that it has; with where it begins to read, if that is known."""

    def revoked(self, partitions: list[int], *, lost: bool) -> None:
        """They were taken from it; ``lost``: they may be somebody else's already."""

    def committed(self, offsets: Mapping[int, int]) -> None:
        """The group's offsets are these now: what is below them is done with."""


class GroupMember:
    """A consumer of one topic with the client profile. What was delivered is committed when it is told to, never by itself.

    ``ended`` is the error after which it reads no more, as when it may not any more; then another one is to be made.
    """

    def __init__(
        self,
        settings: ClientSettings,
        profile: ClientProfile,
        topic: str,
        *,
        group: str,
        watcher: Watcher,
    ) -> None:
        self.topic = topic
        self.ended: str | None = None
        self._watcher = watcher
        # Of each partition that it has: what comes after the last event that was delivered; None as long as that is not known.
        self._next: dict[int, int | None] = {}
        self._committed: dict[int, int] = {}
        config = {
            **consumer_config(profile, settings, group=group),
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "allow.auto.create.topics": False,
            "topic.metadata.refresh.interval.ms": 10_000,
            "error_cb": heard,
            "on_commit": self._answered,
        }
        try:
            self._consumer = Consumer(config, logger=QUIET)
        except KafkaException as error:
            hint = "look at client.consumer of the spec"
            raise ClusterError(f"cannot make a consumer: {explain(error)}", hint=hint) from None
        self._consumer.subscribe([topic], on_assign=self._assign, on_revoke=self._revoke, on_lost=self._lose)

    @property
    def partitions(self) -> frozenset[int]:
        """What it has now."""
        return frozenset(self._next)

    def deliveries(self, seconds: float) -> tuple[list[Delivery], int]:
        """What is there, waiting so long for the first one, and when all of it was here (monotonic ns).

        ``Consumer.consume(n, timeout)`` would wait until there are n, and add that to every latency.
        """
        first = self._consumer.poll(seconds)
        if first is None:
            return [], time.monotonic_ns()
        messages = [first, *self._consumer.consume(AT_ONCE, 0)]
        at = time.monotonic_ns()
        came = [
            Delivery(message.partition(), message.offset(), message.key(), message.value())
            for message in messages
            if not self._is_error(message)
        ]
        for each in came:
            if each.partition in self._next:  # it may have been taken away between the two calls
                self._next[each.partition] = each.offset + 1
        return came, at

    def _is_error(self, message: Any) -> bool:
        error = message.error()
        if error is not None and (error.fatal() or error.code() in ENDING):
            self.ended = error.str()
        return error is not None

    def commit(self) -> None:
        """Commit what was delivered, and wait for the answer; what fails is read again by whoever comes next."""
        news = self._uncommitted()
        if news:
            with suppress(KafkaException):
                self._written(self._consumer.commit(offsets=news, asynchronous=False))

    def commit_soon(self) -> None:
        """Commit what was delivered without a wait, which would hold up the next events; what fails is in the next commit."""
        news = self._uncommitted()
        if news:
            with suppress(KafkaException):
                self._consumer.commit(offsets=news, asynchronous=True)

    def _uncommitted(self) -> list[TopicPartition]:
        return [
            TopicPartition(self.topic, partition, offset)
            for partition, offset in self._next.items()
            if offset is not None and offset > self._committed.get(partition, 0)
        ]

    def _answered(self, error: Any, partitions: list[TopicPartition]) -> None:
        """The answer to ``commit_soon``. What was taken away meanwhile was committed, or lost, by then."""
        if error is None:
            self._written([each for each in partitions if each.partition in self._next])

    def _written(self, done: list[TopicPartition]) -> None:
        """What is committed; an answer that comes behind that to a later commit is no news."""
        known = self._committed
        written = {
            each.partition: each.offset for each in done if each.error is None and each.offset > known.get(each.partition, 0)
        }
        self._committed |= written
        if written:
            self._watcher.committed(written)

    def lag(self) -> int:
        """How many events it has not been given, by the high watermarks that came with its last fetches.

        A partition from which nothing came yet is left out: nobody knows where it begins to read.
        """
        behind = 0
        for partition, position in self._next.items():
            if position is None:
                continue
            known = self._consumer.get_watermark_offsets(TopicPartition(self.topic, partition), cached=True)
            behind += max(0, known[1] - max(position, known[0])) if known else 0
        return behind

    def close(self) -> None:
        """Leave the group."""
        self._consumer.close()
        if self._next:  # a consumer that has ended tells nobody what it lost
            self._drop([TopicPartition(self.topic, each) for each in self._next], lost=True)

    def _assign(self, _: Any, partitions: list[TopicPartition]) -> None:
        self._next |= dict.fromkeys(each.partition for each in partitions)
        self._watcher.assigned({each.partition: each.offset if each.offset >= 0 else None for each in partitions})

    def _revoke(self, _: Any, partitions: list[TopicPartition]) -> None:
        self.commit()
        self._drop(partitions, lost=False)

    def _lose(self, _: Any, partitions: list[TopicPartition]) -> None:
        self._drop(partitions, lost=True)

    def _drop(self, partitions: list[TopicPartition], *, lost: bool) -> None:
        for each in partitions:
            self._next.pop(each.partition, None)
            self._committed.pop(each.partition, None)
        self._watcher.revoked([each.partition for each in partitions], lost=lost)
