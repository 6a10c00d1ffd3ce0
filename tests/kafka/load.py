"""A producer that never stops, and an account of what was acknowledged."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Self

from confluent_kafka import Producer

from ottla.kafka.consume import Span, read_records
from ottla.kafka.profile import producer_config
from ottla.kafka.settings import ClientSettings
from ottla.model.client import PLAIN_PROFILE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.conftest import Home


class Load:
    """Writes numbered events all the time, with acks=all and idempotence, and keeps where each acknowledged one stands."""

    def __init__(self, home: Home, topic: str) -> None:
        self.topic = topic
        config = producer_config(home.platform.profile, home.settings)
        assert (config["acks"], config["enable.idempotence"]) == ("all", "true")
        self._producer = Producer(dict(config))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write)
        self.sent = 0
        self.acknowledged: dict[tuple[str, int, int], bytes] = {}
        self.failed: list[str] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        assert self._producer.flush(60) == 0

    def _write(self) -> None:
        while not self._stop.wait(0.002):
            value = str(self.sent).encode()
            self._producer.produce(self.topic, value, b"key-%d" % (self.sent % 7), on_delivery=self._told)
            self._producer.poll(0)
            self.sent += 1

    def _told(self, error: Any, message: Any) -> None:
        if error is not None:
            self.failed.append(str(error))
        else:
            self.acknowledged[message.topic(), message.partition(), message.offset()] = message.value()


def read_numbers(bootstrap_servers: Sequence[str], topic: str, ends: dict[int, int]) -> list[int]:
    """Every number in the topic, up to the ``ends`` of its partitions."""
    spans = {(topic, partition): Span(0, end) for partition, end in ends.items()}
    batches = read_records(ClientSettings(tuple(bootstrap_servers)), PLAIN_PROFILE, spans)
    return [int(record.value or b"-1") for batch in batches for record in batch]
