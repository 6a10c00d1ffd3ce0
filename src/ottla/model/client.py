"""How every client of the platform behaves: one profile, in Kafka's own (Java) key names."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class ClientKind(Enum):
    """The kinds of client that files are written for."""

    JAVA = "java"
    LIBRDKAFKA = "librdkafka"
    DAPR = "dapr"
    SPRING = "spring"


@dataclass(frozen=True, slots=True)
class ClientProfile:
    """Producer and consumer settings, as Kafka's own text."""

    producer: Mapping[str, str]
    consumer: Mapping[str, str]


# For a cluster that no spec describes: safe writes, one partitioner for every client, and a group protocol that any Kafka knows.
PLAIN_PROFILE = ClientProfile(
    producer={"acks": "all", "enable.idempotence": "true", "linger.ms": "5", "partitioner": "murmur2_random"},
    consumer={"isolation.level": "read_committed", "group.protocol": "classic"},
)

# The keys of a profile that Ottla's own clients follow; the words of librdkafka where they are not Kafka's.
RENAMED = {"max.request.size": "message.max.bytes"}
# librdkafka has no max.poll.records: a batch is asked for call by call
LEFT_OUT = frozenset({"max.poll.records"})
KEPT = frozenset(
    {
        "acks",
        "auto.offset.reset",
        "batch.size",
        "client.id",
        "compression.type",
        "delivery.timeout.ms",
        "enable.auto.commit",
        "enable.idempotence",
        "fetch.max.bytes",
        "fetch.min.bytes",
        "group.protocol",
        "isolation.level",
        "linger.ms",
        "max.in.flight.requests.per.connection",
        "max.partition.fetch.bytes",
        "max.poll.interval.ms",
        "partitioner",
        "request.timeout.ms",
        "retries",
        "retry.backoff.ms",
        "session.timeout.ms",
    }
)
FOLLOWED = KEPT | LEFT_OUT | RENAMED.keys()
