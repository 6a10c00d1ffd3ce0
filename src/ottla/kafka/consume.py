"""Records out of a topic, exactly as they are: from where one says to the end, or on and on; with or without a group."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from confluent_kafka import (
    TIMESTAMP_CREATE_TIME,
    TIMESTAMP_LOG_APPEND_TIME,
    Consumer,
    KafkaError,
    KafkaException,
    TopicPartition,
)

from ottla.errors import ClusterError
from ottla.kafka.connection import explain
from ottla.kafka.profile import consumer_config
from ottla.model.record import Record
from ottla.model.units import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from ottla.kafka.settings import ClientSettings
    from ottla.model.client import ClientProfile

NO_GROUP = "ottla-consume"  # librdkafka wants a name; with assigned partitions no group is joined and nothing is committed
BATCH = 1_000
WAIT = 0.1
SETTLED = 6.0  # a member hears of partitions that became free with its next heartbeat (5 s)
# the member was late: its partitions have gone, or go, to another one
REBALANCED = frozenset(
    {
        KafkaError.ILLEGAL_GENERATION,
        KafkaError.REBALANCE_IN_PROGRESS,
        KafkaError.UNKNOWN_MEMBER_ID,
        KafkaError.STALE_MEMBER_EPOCH,
        KafkaError.FENCED_MEMBER_EPOCH,
        KafkaError._ASSIGNMENT_LOST,  # noqa: SLF001  (its name)
    }
)
LOOK = "see whether every partition has a leader: ottla topics describe"
MAY = "what a user of the spec may do, and by which line: ottla access"
DENIED = frozenset({KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED})
SILENCE = 30.0
TIMESTAMP_TYPES = {TIMESTAMP_CREATE_TIME: "CreateTime", TIMESTAMP_LOG_APPEND_TIME: "LogAppendTime"}
PASSING = frozenset({KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._RESOLVE})  # noqa: SLF001  (its names)
OF_NO_GROUP = PASSING | {KafkaError.GROUP_AUTHORIZATION_FAILED}  # librdkafka asks for a coordinator that nobody needs


@dataclass(frozen=True, slots=True)
class Span:
    """What is read of a partition: from ``start``, up to and without ``end`` (None: on and on)."""

    start: int
    end: int | None


def read_records(
    settings: ClientSettings, profile: ClientProfile, spans: Mapping[tuple[str, int], Span]
) -> Iterator[list[Record]]:
    """Read the ``spans`` and yield batches; ends when every span that has an end was read.

    Offsets have gaps (compaction, transactions), so the end of a partition counts as the end of its span as well.
    Raises ClusterError, also where nothing is heard for 30 seconds of what should be there.
    """
    wanted = {key: span for key, span in spans.items() if span.end is None or span.start < span.end}
    if not wanted:
        return
    with closing(_consumer(settings, profile, NO_GROUP, {"auto.offset.reset": "earliest"})) as consumer:
        consumer.assign([TopicPartition(topic, partition, span.start) for (topic, partition), span in wanted.items()])
        open_spans = {key for key, span in wanted.items() if span.end is not None}
        endless = len(open_spans) < len(wanted)
        heard = time.monotonic()
        while open_spans or endless:
            batch, ended = _next_batch(consumer, passing=OF_NO_GROUP)
            if batch or ended:
                heard = time.monotonic()
            elif not endless and time.monotonic() - heard > SILENCE:
                raise ClusterError(f"nothing was heard of {counted(len(open_spans), 'partition')} for {SILENCE:g} s", hint=LOOK)
            inside = [record for record in batch if _inside(record, wanted)]
            if inside:
                yield inside
            done = open_spans & (ended | {(r.topic, r.partition) for r in batch if _is_last(r, wanted[r.topic, r.partition])})
            if done:
                consumer.incremental_unassign([TopicPartition(*place) for place in done])
                open_spans -= done


def _inside(record: Record, spans: Mapping[tuple[str, int], Span]) -> bool:
    span = spans[record.topic, record.partition]
    return span.start <= record.offset and (span.end is None or record.offset < span.end)


def _is_last(record: Record, span: Span) -> bool:
    return span.end is not None and record.offset + 1 >= span.end


def read_spots(
    settings: ClientSettings, profile: ClientProfile, topic: str, spots: Iterable[tuple[int, int]]
) -> Iterator[Record]:
    """The first record at or behind each (partition, offset), each record once; what was taken away meanwhile is left out."""
    seen: set[tuple[int, int]] = set()
    with closing(_consumer(settings, profile, NO_GROUP, {"auto.offset.reset": "earliest"})) as consumer:
        for partition, offset in spots:
            consumer.assign([TopicPartition(topic, partition, offset)])
            batch, ended = _next_batch(consumer, count=1, passing=OF_NO_GROUP)
            deadline = time.monotonic() + SILENCE
            while not batch and not ended and time.monotonic() < deadline:
                batch, ended = _next_batch(consumer, count=1, passing=OF_NO_GROUP)
            if not batch and not ended:
                raise ClusterError(f"nothing was heard of {topic}-{partition} for {SILENCE:g} s", hint=LOOK)
            for record in batch:
                if (partition, record.offset) not in seen:
                    seen.add((partition, record.offset))
                    yield record


class GroupReader:
    """A member of a consumer group. What was not told as ``handled`` is read again by whoever comes next.

    It begins at what the group has committed, and where there is nothing at ``reset`` (earliest or latest). ``partitions``
    is how many the topic has.
    """

    def __init__(
        self, settings: ClientSettings, profile: ClientProfile, topic: str, *, group: str, reset: str, partitions: int
    ) -> None:
        self.topic = topic
        self._partitions = partitions
        self._changed = time.monotonic()
        self._assigned: set[tuple[str, int]] = set()
        self._ended: set[tuple[str, int]] = set()
        self._consumer = _consumer(settings, profile, group, {"auto.offset.reset": reset})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()  # leaves the group

    def batches(self, *, follow: bool) -> Iterator[list[Record]]:
        """Records as they come; unless ``follow`` until every partition that this member was given was read to its end.

        Raises ClusterError, also where nothing is heard for 30 seconds.
        """
        self._consumer.subscribe([self.topic], on_assign=self._assign, on_revoke=self._revoke, on_lost=self._revoke)
        heard = time.monotonic()
        while follow or not self._is_done():
            batch, ended = _next_batch(self._consumer)
            self._ended = (self._ended - {(record.topic, record.partition) for record in batch}) | ended
            if batch:
                yield batch
            if batch or ended:
                heard = time.monotonic()
            elif not follow and time.monotonic() - heard > SILENCE:
                reason = "what it was given does not answer" if self._assigned else "it was given no partition"
                raise ClusterError(
                    f"group: nothing was heard for {SILENCE:g} s: {reason}", hint="who is in it: ottla groups list"
                )

    def _is_done(self) -> bool:
        """Whether all that this member was given is read. Partitions come one after another while others leave (KIP-848)."""
        if not self._assigned or not self._assigned <= self._ended:
            return False
        return len(self._assigned) == self._partitions or time.monotonic() - self._changed > SETTLED

    def handled(self, records: Iterable[Record]) -> None:
        """Commit records as done with. A partition that was taken away meanwhile is read again by its next member."""
        last = {(record.topic, record.partition): record.offset + 1 for record in records}
        offsets = [TopicPartition(*place, at) for place, at in last.items() if place in self._assigned]
        try:
            if offsets:
                self._consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as error:
            if error.args[0].code() not in REBALANCED:
                raise ClusterError(f"cannot commit: {explain(error)}", hint=LOOK) from error

    def _assign(self, _: Any, partitions: list[TopicPartition]) -> None:
        self._changed = time.monotonic()
        self._assigned |= {(each.topic, each.partition) for each in partitions}

    def _revoke(self, _: Any, partitions: list[TopicPartition]) -> None:
        gone = {(each.topic, each.partition) for each in partitions}
        self._assigned -= gone
        self._ended -= gone
        self._changed = time.monotonic()


def _consumer(settings: ClientSettings, profile: ClientProfile, group: str, more: Mapping[str, Any]) -> Any:
    config = {
        **consumer_config(profile, settings, group=group),
        "enable.partition.eof": True,
        "allow.auto.create.topics": False,
        "enable.auto.commit": False,
        **more,
    }
    try:
        return Consumer(config)
    except KafkaException as error:
        hint = "look at -X, --command-config and client.consumer"
        raise ClusterError(f"cannot make a consumer: {explain(error)}", hint=hint) from None


def _next_batch(
    consumer: Any, *, count: int = BATCH, passing: AbstractSet[int] = PASSING
) -> tuple[list[Record], set[tuple[str, int]]]:
    """The next records, and the partitions whose end was met. Errors that are ``passing`` end no reading."""
    try:
        messages = consumer.consume(count, WAIT)
    except KafkaException as error:
        raise ClusterError(f"cannot read: {explain(error)}", hint=LOOK) from error
    records, ended = [], set()
    for message in messages:
        fault = message.error()
        if fault is None:
            records.append(_record(message))
        elif fault.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001  (its name)
            ended.add((message.topic(), message.partition()))
        elif fault.code() not in passing:
            raise ClusterError(f"cannot read: {fault.str()}", hint=MAY if fault.code() in DENIED else LOOK)
    return records, ended


def _record(message: Any) -> Record:
    kind, timestamp = message.timestamp()
    kind_name = TIMESTAMP_TYPES.get(kind)
    headers = message.headers()
    return Record(
        message.topic(),
        message.partition(),
        message.offset(),
        timestamp if kind_name else None,
        kind_name,
        message.key(),
        message.value(),
        tuple(headers) if headers else (),
    )
