"""A producer that never stops, and an account of what was acknowledged."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Self

from confluent_kafka import Producer

from ottla.kafka.consume import Span, read_records
from ottla.kafka.settings import ClientSettings
from ottla.model.client import PLAIN_PROFILE

if TYPE_CHECKING:
    from collections.abc import Sequence


class Load:
    """Writes numbered records with acks=all and idempotence, two hundred a second, while a ``with`` block lasts."""

    def __init__(self, bootstrap_servers: Sequence[str], topic: str) -> None:
        self.topic = topic
        self.acknowledged: set[int] = set()
        self.refused: list[str] = []
        self._stop = threading.Event()
        self._producer = Producer(
            {"bootstrap.servers": ",".join(bootstrap_servers), "acks": "all", "enable.idempotence": True, "linger.ms": 5}
        )
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        assert self._producer.flush(120) == 0

    def _run(self) -> None:
        number = 0
        while not self._stop.wait(0.005):
            self._producer.produce(self.topic, str(number), on_delivery=self._told(number))
            self._producer.poll(0)
            number += 1

    def _told(self, number: int) -> Any:
        def told(error: Any, _: Any) -> None:
            if error is None:
                self.acknowledged.add(number)
            else:
                self.refused.append(error.str())

        return told


def read_numbers(bootstrap_servers: Sequence[str], topic: str, ends: dict[int, int]) -> list[int]:
    """Every number in the topic, up to the ``ends`` of its partitions."""
    spans = {(topic, partition): Span(0, end) for partition, end in ends.items()}
    batches = read_records(ClientSettings(tuple(bootstrap_servers)), PLAIN_PROFILE, spans)
    return [int(record.value or b"-1") for batch in batches for record in batch]
