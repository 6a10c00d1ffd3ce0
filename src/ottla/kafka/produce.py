"""Records into a topic, exactly as they are given, at a rate or as fast as it goes; every one is accounted for."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from confluent_kafka import KafkaError, KafkaException, Producer

from ottla.errors import ClusterError
from ottla.kafka.connection import explain
from ottla.kafka.profile import QUIET, heard, producer_config
from ottla.kafka.trace_context import spans_of
from ottla.model.units import format_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from opentelemetry.trace import Span, Tracer

    from ottla.kafka.settings import ClientSettings
    from ottla.kafka.spans import Spans
    from ottla.model.client import ClientProfile
    from ottla.model.record import Outgoing

FULL_QUEUE_WAIT = 0.05
FLUSH_SLICE = 0.2
TRIED_FOR = "300000"  # milliseconds: librdkafka's own delivery.timeout.ms
UNLIMITED = -1  # what librdkafka writes as 0
AFTERWARDS = 5.0  # seconds beyond that, by which every record has its answer
PATIENCE = 5.0  # seconds without an answer, after which a person is told
SHOWN_ERRORS = 5
ANY_PARTITION = -1
NOW = 0  # librdkafka's word for it
EXPLAINED = {KafkaError.INVALID_RECORD: " (a compacted topic takes no record without a key)"}


@dataclass(slots=True)
class Written:
    """How it went; ``unknown`` are records that were sent and not answered.

    ``errors`` are the first few different ones, with how many records met them.
    """

    acknowledged: int = 0
    failed: int = 0
    unknown: int = 0
    errors: dict[str, int] = field(default_factory=dict)

    def refused(self, text: str) -> None:
        """Count one record that was not written."""
        self.failed += 1
        if text in self.errors or len(self.errors) < SHOWN_ERRORS:
            self.errors[text] = self.errors.get(text, 0) + 1


class Writer:
    """A producer for one topic. ``written`` says how it went, also when ``write`` was cut off.

    ``said`` is told once if for some seconds nothing is answered. With a ``tracer`` each record has a span, and says so in its
    headers.
    """

    def __init__(
        self,
        settings: ClientSettings,
        profile: ClientProfile,
        topic: str,
        *,
        said: Callable[[str], None],
        tracer: Tracer | None = None,
    ) -> None:
        self.topic = topic
        self._spans = None if tracer is None else spans_of(tracer, settings)
        self.written = Written()
        self._handed = 0  # to librdkafka, or refused by it
        self._said: Callable[[str], None] | None = said
        self._answered = -1, time.monotonic()  # so many, and since when no more
        config: dict[str, Any] = {
            **producer_config(profile, settings),
            "allow.auto.create.topics": False,
            "delivery.report.only.error": tracer is None,  # a call for each acknowledged record would cost half of the speed
            "error_cb": heard,
        }
        try:
            self._producer = Producer(config, logger=QUIET)
        except KafkaException as error:
            hint = "look at -X, --command-config and client.producer"
            raise ClusterError(f"cannot make a producer: {explain(error)}", hint=hint) from None
        self._tried_for = int(config.get("delivery.timeout.ms", TRIED_FOR)) or UNLIMITED

    def write(self, records: Iterable[Outgoing], *, rate: float | None = None) -> Written:
        """Write all, ``rate`` of them a second at most, and wait for every answer. What was begun is finished, come what may."""
        try:
            for record in records if rate is None else self._paced(records, rate):
                self._send(record)
                self._handed += 1
        finally:
            self._finish()
        return self.written

    def _paced(self, records: Iterable[Outgoing], rate: float) -> Iterator[Outgoing]:
        """Each record not before its time, counted from the first, so that a late one does not delay those after it."""
        started = time.monotonic()
        pause = threading.Event()
        for count, record in enumerate(records):
            self._producer.poll(0)
            self._look()
            pause.wait(max(0.0, started + count / rate - time.monotonic()))
            yield record

    def _send(self, record: Outgoing) -> None:
        if self._spans is None:
            self._hand(record, self._told)
            return
        span, headers = self._spans.send(self.topic, record.headers, tombstone=record.value is None)
        refusal = self._hand(record._replace(headers=headers), partial(self._told_of, self._spans, span))
        if refusal is not None:
            self._spans.not_sent(span, type(refusal).__name__, explain(refusal))

    def _hand(self, record: Outgoing, told: Callable[[Any, Any], None]) -> Exception | None:
        """Hand a record to librdkafka, once it has room; the error of one that it does not take, which is counted."""
        partition = ANY_PARTITION if record.partition is None else record.partition
        while True:
            try:
                self._producer.produce(
                    self.topic,
                    record.value,
                    record.key,
                    partition,
                    on_delivery=told,
                    timestamp=record.timestamp or NOW,
                    headers=list(record.headers),
                )
            except BufferError:
                self._producer.poll(FULL_QUEUE_WAIT)
                self._look()
            except (KafkaException, ValueError) as error:
                self.written.refused(explain(error))
                return error
            else:
                return None

    def _told(self, error: Any, _: Any) -> None:
        """Count a record that failed (librdkafka calls this)."""
        self.written.refused(error.str() + EXPLAINED.get(error.code(), ""))

    def _told_of(self, spans: Spans, span: Span, error: Any, message: Any) -> None:
        """End the span of a record, whatever became of it (librdkafka calls this)."""
        if error is None:
            spans.sent(span, partition=message.partition(), offset=message.offset())
        else:
            spans.not_sent(span, error.name(), error.str())
            self._told(error, message)

    def _look(self) -> None:
        """Say it once where records wait and nothing was answered for a while; librdkafka goes on trying, and says nothing."""
        now, waiting = time.monotonic(), len(self._producer)
        answered = self._handed - waiting
        if not waiting or answered != self._answered[0]:
            self._answered = answered, now
        elif self._said is not None and now - self._answered[1] > PATIENCE:
            tried = "without end" if self._tried_for == UNLIMITED else f"for {format_duration(self._tried_for)} at most"
            self._said(f"nothing was acknowledged for {PATIENCE:g} s; still trying, {tried} (records that wait: {waiting:,})")
            self._said = None

    def _finish(self) -> None:
        """Wait for every answer; an interrupt ends the waiting. What has not failed by then was acknowledged, or is unknown."""
        deadline = math.inf if self._tried_for == UNLIMITED else time.monotonic() + self._tried_for / 1000 + AFTERWARDS
        left = len(self._producer)
        try:
            while left and time.monotonic() < deadline:
                left = self._producer.flush(FLUSH_SLICE)  # in slices, because librdkafka does not hear Ctrl-C
                self._look()
        finally:
            self.written.unknown = left
            self.written.acknowledged = self._handed - self.written.failed - left
