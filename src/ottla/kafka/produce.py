"""Records into a topic, exactly as they are given, at a rate or as fast as it goes; every one is accounted for."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from confluent_kafka import KafkaError, KafkaException, Producer

from ottla.errors import ClusterError
from ottla.kafka.connection import explain
from ottla.kafka.profile import producer_config

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ottla.kafka.settings import ClientSettings
    from ottla.model.client import ClientProfile
    from ottla.model.record import Outgoing

FULL_QUEUE_WAIT = 0.05
DELIVER_TIMEOUT = 125.0  # delivery.timeout.ms is two minutes: after that every record has its answer
SHOWN_ERRORS = 5
ANY_PARTITION = -1
EXPLAINED = {KafkaError.INVALID_RECORD: " (a compacted topic takes no record without a key)"}


@dataclass(slots=True)
class Written:
    """How it went. ``errors`` are the first few different ones, with how many records met them."""

    acknowledged: int = 0
    failed: int = 0
    errors: dict[str, int] = field(default_factory=dict)

    def told(self, error: Any, _: Any) -> None:
        """Count one answer of the cluster (a delivery callback)."""
        if error is None:
            self.acknowledged += 1
        else:
            self.refused(error.str() + EXPLAINED.get(error.code(), ""))

    def refused(self, text: str) -> None:
        """Count one record that was not written."""
        self.failed += 1
        if text in self.errors or len(self.errors) < SHOWN_ERRORS:
            self.errors[text] = self.errors.get(text, 0) + 1


class Writer:
    """A producer for one topic. ``written`` counts what was answered so far, also when ``write`` is cut off."""

    def __init__(self, settings: ClientSettings, profile: ClientProfile, topic: str) -> None:
        self.topic = topic
        self.written = Written()
        config = {**producer_config(profile, settings.bootstrap_servers), **settings.for_data, "allow.auto.create.topics": False}
        try:
            self._producer = Producer(config)
        except KafkaException as error:
            hint = "look at -X, --command-config and client.producer"
            raise ClusterError(f"cannot make a producer: {explain(error)}", hint=hint) from None

    def write(self, records: Iterable[Outgoing], *, rate: float | None = None) -> Written:
        """Write all, ``rate`` of them a second at most, and wait for every answer. What was begun is finished, come what may."""
        started = time.monotonic()
        pause = threading.Event()
        try:
            for count, record in enumerate(records):
                if rate is not None:
                    self._producer.poll(0)
                    pause.wait(max(0.0, started + count / rate - time.monotonic()))
                self._send(record)
        finally:
            self._finish()
        return self.written

    def _send(self, record: Outgoing) -> None:
        more = {} if record.timestamp is None else {"timestamp": record.timestamp}
        while True:
            try:
                self._producer.produce(
                    self.topic,
                    record.value,
                    record.key,
                    ANY_PARTITION if record.partition is None else record.partition,
                    headers=list(record.headers) or None,
                    on_delivery=self.written.told,
                    **more,
                )
            except BufferError:
                self._producer.poll(FULL_QUEUE_WAIT)
            except (KafkaException, ValueError) as error:
                self.written.refused(explain(error))
                return
            else:
                return

    def _finish(self) -> None:
        left = self._producer.flush(DELIVER_TIMEOUT)
        if left:
            self._producer.purge()
            self._producer.flush(1)
