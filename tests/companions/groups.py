"""Groups that are behind."""

from __future__ import annotations

import threading
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition

GROUP = "left-behind"


class LeftBehind:
    """A group that committed once, and does not read while 100 events a second are written."""

    def __init__(self, config: dict[str, Any], topic: str) -> None:
        self._config, self._topic = config, topic
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write, name="writing")

    def do(self) -> None:
        self._thread.start()
        commit(self._config, self._topic, 0)

    def heal(self) -> None:
        """Nothing more is written, and all is read."""
        self._stop.set()
        self._thread.join()
        commit(self._config, self._topic, None)

    def _write(self) -> None:
        producer = Producer(self._config)
        while not self._stop.wait(0.01):
            producer.produce(self._topic, b"event")
            producer.poll(0)
        producer.flush(30)


def commit(config: dict[str, Any], topic: str, offset: int | None) -> None:
    """Commit for the group: an offset; None: as far as there are events."""
    consumer = Consumer({**config, "group.id": GROUP, "enable.auto.commit": False})
    try:
        end = consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=20)[1] if offset is None else offset
        consumer.commit(offsets=[TopicPartition(topic, 0, end)], asynchronous=False)
    finally:
        consumer.close()
