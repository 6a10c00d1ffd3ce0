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
