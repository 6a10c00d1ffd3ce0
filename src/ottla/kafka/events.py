"""Events out and back with the platform's own client profile: sent, acknowledged, and read from where they were put."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from ottla.errors import ClusterError
from ottla.kafka.connection import explain
from ottla.kafka.profile import QUIET, consumer_config, heard, producer_config

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ottla.kafka.settings import ClientSettings
    from ottla.model.client import ClientProfile

GROUP = "ottla-verify"  # librdkafka wants a name; partitions are assigned, so no group is ever joined
POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Event:
    """What is written: a value of None is a tombstone."""

    topic: str
    key: bytes
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of an event: where it stands, or the error. ``acked_ms`` is the time from send to acknowledgement."""

    event: Event
    partition: int
    offset: int
    acked_ms: float
    error: str | None = None


@dataclass(frozen=True, slots=True)
class ReadBack:
    """A record as it was read."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    at: float


def _client(kind: Any, config: Mapping[str, Any], profile: str) -> Any:
    try:
        return kind(dict(config))
    except KafkaException as error:
        raise ClusterError(f"client.{profile}: {explain(error)}", hint="mend the profile in the spec") from error


class Sender:
    """A producer with the client profile. It connects by itself, also to nodes that are still booting when it is made."""

    def __init__(self, settings: ClientSettings, profile: ClientProfile) -> None:
        self.settings = settings
        self._producer = _client(Producer, {**producer_config(profile, settings), "error_cb": heard, "logger": QUIET}, "producer")

    def send(self, events: Sequence[Event], *, timeout: float) -> list[Sent]:
        """Send all and wait (at most ``timeout`` seconds) for every acknowledgement; one outcome for each event, in order."""
        outcomes: dict[int, Sent] = {}

        def delivered(index: int, started: float) -> Any:
            def callback(error: Any, message: Any) -> None:
                took = (time.monotonic() - started) * 1000
                text = None if error is None else error.str()
                outcomes[index] = Sent(events[index], message.partition(), message.offset() or 0, took, text)

            return callback

        for index, event in enumerate(events):
            told = delivered(index, time.monotonic())
            try:
                self._producer.produce(event.topic, event.value, event.key, headers=list(event.headers), on_delivery=told)
            except (KafkaException, BufferError) as error:
                outcomes[index] = Sent(event, -1, -1, 0.0, explain(error))
        if self._producer.flush(timeout):
            self._producer.purge()
            self._producer.flush(1)
        late = f"no acknowledgement within {timeout:g} s"
        return [outcomes.get(index, Sent(event, -1, -1, timeout * 1000, late)) for index, event in enumerate(events)]


def send_events(settings: ClientSettings, profile: ClientProfile, events: Sequence[Event], *, timeout: float) -> list[Sent]:
    """Send with a producer made for this one time; see ``Sender.send``."""
    return Sender(settings, profile).send(events, timeout=timeout)


def read_back(
    settings: ClientSettings,
    profile: ClientProfile,
    places: Mapping[tuple[str, int], int],
    wanted: set[tuple[str, int, int]],
    *,
    timeout: float,
) -> dict[tuple[str, int, int], ReadBack]:
    """Read from ``places`` ((topic, partition) -> offset) until every ``wanted`` (topic, partition, offset) was seen.

    Partitions are assigned, not subscribed: no group is joined and no offset is committed. Returns what was found.
    """
    consumer = _client(Consumer, consumer_config(profile, settings, group=GROUP), "consumer")
    found: dict[tuple[str, int, int], ReadBack] = {}
    deadline = time.monotonic() + timeout
    try:
        consumer.assign([TopicPartition(topic, partition, offset) for (topic, partition), offset in places.items()])
        while wanted - found.keys() and time.monotonic() < deadline:
            message = consumer.poll(POLL_SECONDS)
            if message is None:
                continue
            if message.error():
                continue  # librdkafka goes on by itself; what never comes is told as not read back
            key = (message.topic(), message.partition(), message.offset())
            if key in wanted:
                headers = tuple(message.headers() or ())
                found[key] = ReadBack(*key, message.key(), message.value(), headers, time.monotonic())
    except KafkaException as error:
        raise ClusterError(f"cannot read events: {explain(error)}", hint="see what runs: ottla status") from error
    finally:
        consumer.close()
    return found
