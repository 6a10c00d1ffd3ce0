"""The typed documents: what may stand in ``platform.yaml``, and what each key means."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from ottla.model.units import parse_duration, parse_size
from ottla.spec.versions import DEFAULT_KAFKA_VERSION


def _configs(values: Any) -> dict[str, str]:
    if not isinstance(values, dict):
        raise ValueError("expected a mapping of Kafka's own keys")  # noqa: TRY004  (pydantic collects ValueError)
    return values


Duration = Annotated[int, BeforeValidator(parse_duration)]
Size = Annotated[int, BeforeValidator(parse_size)]
PositiveSize = Annotated[int, BeforeValidator(parse_size), Field(gt=0)]
Count = Annotated[int, Field(ge=1, le=2**31 - 1, strict=True)]  # Kafka's INT
Replicas = Annotated[int, Field(ge=1, le=2**15 - 1, strict=True)]  # Kafka's SHORT
Configs = Annotated[dict[str, Any], BeforeValidator(_configs)]


class Target(Enum):
    """Where an environment lives."""

    LOCAL = "local"
    STRIMZI = "strimzi"
    REDPANDA = "redpanda"
    CONFLUENT = "confluent"
    EVENT_HUBS = "event-hubs"


class Controllers(Enum):
    """Whether every node is broker and controller at once, or controllers are processes of their own."""

    COMBINED = "combined"
    DEDICATED = "dedicated"


class WriteProbe(Enum):
    """When ``verify --write`` may put a marked event into a topic."""

    WHEN_EMPTY = "when-empty"
    ALWAYS = "always"
    NEVER = "never"


class EventValue(Enum):
    """What an event carries: the full state of its key's thing, or only what happened."""

    STATE = "state"
    CHANGE = "change"


class CleanupPolicy(Enum):
    """Kafka's cleanup.policy."""

    DELETE = "delete"
    COMPACT = "compact"
    BOTH = "compact,delete"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EventContract(_Strict):
    """Who writes a topic, and what its events carry."""

    key: str
    value: EventValue = EventValue.CHANGE
    tombstones: bool = False
    written_by: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    routed_from: str | None = None


class TopicDefaults(_Strict):
    """What every topic has unless it says otherwise."""

    replication_factor: Replicas = 3
    min_insync_replicas: Count = 2
    verify_write: WriteProbe = WriteProbe.WHEN_EMPTY
    config: Configs = {}


class TopicSpec(_Strict):
    """One topic. The named keys are Kafka's, with units; ``config`` takes any other topic config of Kafka."""

    partitions: Count
    description: str = ""
    replication_factor: Replicas | None = None
    min_insync_replicas: Count | None = None
    cleanup_policy: CleanupPolicy | None = None
    retention: Duration | None = None
    retention_bytes: Size | None = None
    segment_bytes: Size | None = None
    min_compaction_lag: Duration | None = None
    compression_type: str | None = None
    config: Configs = {}
    reset: tuple[str, ...] = ()
    event: EventContract | None = None
    verify_write: WriteProbe | None = None


NAMED_CONFIGS = {
    "min_insync_replicas": "min.insync.replicas",
    "cleanup_policy": "cleanup.policy",
    "retention": "retention.ms",
    "retention_bytes": "retention.bytes",
    "segment_bytes": "segment.bytes",
    "min_compaction_lag": "min.compaction.lag.ms",
    "compression_type": "compression.type",
}


class ClusterSpec(_Strict):
    """The cluster: its nodes, what each may use, and the server properties of every node."""

    name: str = Field(pattern=r"^[a-z]([-a-z0-9]*[a-z0-9])?$", max_length=63)
    nodes: Count = 3
    controllers: Controllers = Controllers.COMBINED
    kafka_version: str = DEFAULT_KAFKA_VERSION
    heap: PositiveSize = 512 * 1024**2
    disk: PositiveSize | None = None
    config: Configs = {}


class EventsSpec(_Strict):
    """What all events have in common."""

    codec: str = "json"
    headers: tuple[str, ...] = ()


class ClientSpec(_Strict):
    """The one profile of all clients, in Kafka's own (Java) key names."""

    producer: Configs = {}
    consumer: Configs = {}


class LoadSpec(_Strict):
    """The load the platform must carry, over all topics."""

    events_per_second: Count
    event_size: PositiveSize
    retention: Duration


class EnvironmentSpec(_Strict):
    """A whole platform as it is in one environment: the base with the environment's parts laid over it."""

    platform: str
    target: Target
    cluster: ClusterSpec
    topic_defaults: TopicDefaults = TopicDefaults()
    topics: dict[str, TopicSpec] = {}
    events: EventsSpec = EventsSpec()
    client: ClientSpec = ClientSpec()
    load: LoadSpec | None = None


__all__ = [
    "NAMED_CONFIGS",
    "CleanupPolicy",
    "ClientSpec",
    "ClusterSpec",
    "Controllers",
    "EnvironmentSpec",
    "EventContract",
    "EventValue",
    "LoadSpec",
    "Target",
    "TopicDefaults",
    "TopicSpec",
    "WriteProbe",
]
