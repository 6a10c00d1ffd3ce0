"""Clients of the tests, and what they are told when they are not let in."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

if TYPE_CHECKING:
    from ottla.kafka.settings import ClientSettings

LET_IN = ""
ATTEMPT_SECONDS = 8.0
TRY_SECONDS = 0.1  # while it waits, librdkafka hands out no refusal, and asks for no token


def of_librdkafka(settings: ClientSettings) -> dict[str, Any]:
    """The settings as librdkafka takes them."""
    return {"bootstrap.servers": ",".join(settings.bootstrap_servers), "log_level": 0, **settings.for_data}


def entrance(config: dict[str, Any]) -> str:
    """``LET_IN`` where the client was told of the cluster; else every reason why it was not."""
    said: list[str] = []
    consumer = Consumer({"group.id": "nobody", **config, "error_cb": lambda error: said.append(error.str())})
    deadline = time.monotonic() + ATTEMPT_SECONDS
    try:
        while time.monotonic() < deadline:
            try:
                consumer.list_topics(timeout=TRY_SECONDS)
            except KafkaException as error:
                consumer.poll(0)
                if said:
                    return "; ".join([*dict.fromkeys(said), error.args[0].str()])
            else:
                return LET_IN
    finally:
        consumer.close()
    return "it was not answered"


def write(config: dict[str, Any], topic: str, value: bytes = b"v", *, key: bytes = b"k", count: int = 1) -> str:
    """``LET_IN`` where every record was acknowledged; else the first refusal."""
    refusals: list[str] = []
    heard: list[Any] = []  # without a listener, librdkafka's fatal error would surface in whatever Python does next
    producer = Producer({"message.timeout.ms": 8000, **config, "error_cb": heard.append})

    def delivered(error: Any, _: Any) -> None:
        if error is not None:
            refusals.append(error.str())

    try:
        for _ in range(count):
            producer.produce(topic, value, key, on_delivery=delivered)
        left = producer.flush(60)
    except KafkaException as error:
        return str(error.args[0].str())
    return refusals[0] if refusals else "not acknowledged" if left else LET_IN


def read(config: dict[str, Any], topic: str, *, group: str | None = None) -> str:
    """``LET_IN`` where a record came (as a member of ``group``, or of an assigned partition); else the refusal."""
    settings = {"auto.offset.reset": "earliest", "enable.auto.commit": False, "group.id": group or "nobody", **config}
    consumer = Consumer(settings)
    try:
        if group is None:
            partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
            consumer.assign([TopicPartition(topic, number, 0) for number in partitions or (0,)])
        else:
            consumer.subscribe([topic])
        message = consumer.poll(20)
        if message is None:
            return "nothing came"
        if message.error():
            return str(message.error().str())
        if group is not None:
            consumer.commit(message=message, asynchronous=False)
    except KafkaException as error:
        return str(error.args[0].str())
    finally:
        consumer.close()
    return LET_IN
