"""The typed documents: what may stand in ``platform.yaml``, and what each key means."""

from __future__ import annotations

import re
from enum import Enum
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from ottla.spec.exporter import BasicAuth, CanarySpec, ExporterSpec, ExporterTls
from ottla.spec.fields import Configs, Count, Duration, Flag, PositiveSize, Replicas, Size, Strict
from ottla.spec.identity import (
    AclSpec,
    Authentication,
    AuthoritySpec,
    ConsumesSpec,
    OauthSpec,
    QuotaSpec,
    SecuritySpec,
    StreamsSpec,
    UserName,
    UserSpec,
)
from ottla.spec.kubernetes import (
    Amounts,
    ComputeSpec,
    DaprSpec,
    KubernetesSpec,
    MonitorsSpec,
    NewStorageClass,
    OperatorsSpec,
    StorageSpec,
    StrimziSpec,
    UiSpec,
)
from ottla.spec.logs import LogsSpec
from ottla.spec.monitoring import (
    AlertmanagerSpec,
    CertificatesSlo,
    DiskSlo,
    GroupLag,
    LagSlo,
    MonitoringSpec,
    PrometheusSpec,
)
from ottla.spec.versions import DEFAULT_KAFKA_VERSION, KAFKA_VERSIONS


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


class EventContract(Strict):
    """Who writes a topic, and what its events carry."""

    key: str = Field(description="The field of the event that is the record's key: events of one key keep their order.")
    value: EventValue = Field(
        default=EventValue.CHANGE,
        description="`state`: an event carries the full state of its key's thing; `change`: only what happened. "
        "A compacted topic needs `state`, or compaction loses it.",
    )
    tombstones: Flag = Field(
        default=False, description="Whether a record without a value deletes its key (compacted topics only)."
    )
    written_by: tuple[str, ...] = Field(default=(), description="The services that write this topic.")
    types: tuple[str, ...] = Field(
        default=(), description="The types of event that it carries; each has one topic that it is written to."
    )
    routed_from: str | None = Field(
        default=None, description="The topic that its events come from, where the same types are written first to another one."
    )


class TopicDefaults(Strict):
    """What every topic has unless it says otherwise."""

    replication_factor: Replicas = Field(default=3, description="On how many nodes each partition lies; at most cluster.nodes.")
    min_insync_replicas: Count = Field(
        default=2,
        description="How many replicas must have a record before it counts as written (acks: all); less than replication_factor.",
    )
    verify_write: WriteProbe = Field(
        default=WriteProbe.WHEN_EMPTY, description="Whether `ottla verify --write` may put a marked event into a topic."
    )
    config: Configs = Field(default={}, description="Topic configs of every topic, in Kafka's own keys.")


class TopicSpec(Strict):
    """One topic. The named keys are Kafka's, with units; ``config`` takes any other topic config of Kafka."""

    partitions: Count = Field(description="How many partitions. More can be added later, fewer never; about 1 MB/s each is well.")
    description: str = Field(default="", description="What the topic is for, in words for people.")
    replication_factor: Replicas | None = Field(
        default=None, description="On how many nodes each partition lies; at most cluster.nodes."
    )
    min_insync_replicas: Count | None = Field(
        default=None,
        description="How many replicas must have a record before it counts as written; less than replication_factor.",
    )
    cleanup_policy: CleanupPolicy | None = Field(
        default=None,
        description="`delete` drops old records, `compact` keeps the last one of each key, `compact,delete` does both.",
    )
    retention: Duration | None = Field(
        default=None, description="How long records are kept; whole segments are dropped, never the last one."
    )
    retention_bytes: Size | None = Field(
        default=None, description="How large one partition may grow before its oldest segments are dropped."
    )
    segment_bytes: Size | None = Field(
        default=None, description="How large one file of a partition grows; retention works on whole ones."
    )
    min_compaction_lag: Duration | None = Field(
        default=None, description="How long every record stays before compaction may take it."
    )
    compression_type: str | None = Field(default=None, description="The codec on disk; `producer` keeps what the producer sent.")
    config: Configs = Field(default={}, description="Any other topic config, in Kafka's own keys.")
    reset: tuple[str, ...] = Field(
        default=(), description="Kafka's keys that are not set on the topic; a value found there is taken away."
    )
    event: EventContract | None = Field(default=None, description="The event contract: what is in the topic, and who writes it.")
    verify_write: WriteProbe | None = Field(
        default=None, description="Whether `ottla verify --write` may put a marked event into it."
    )


NAMED_CONFIGS = {
    "min_insync_replicas": "min.insync.replicas",
    "cleanup_policy": "cleanup.policy",
    "retention": "retention.ms",
    "retention_bytes": "retention.bytes",
    "segment_bytes": "segment.bytes",
    "min_compaction_lag": "min.compaction.lag.ms",
    "compression_type": "compression.type",
}


class ClusterSpec(Strict):
    """The cluster: its nodes, what each may use, and the server properties of every node."""

    name: str = Field(
        pattern=r"^[a-z]([-a-z0-9]*[a-z0-9])?$",
        max_length=63,
        description="The cluster's name: lower-case letters, digits and '-'.",
    )
    nodes: Count = Field(default=3, description="How many nodes; their ids are 1 to this.")
    controllers: Controllers = Field(
        default=Controllers.COMBINED,
        description="`combined`: every node is broker and controller; `dedicated`: controllers are processes of their own.",
    )
    kafka_version: str = Field(
        default=DEFAULT_KAFKA_VERSION,
        description="The version of Kafka, of the versions table.",
        json_schema_extra={"enum": [*KAFKA_VERSIONS]},
    )
    heap: PositiveSize = Field(default=512 * 1024**2, description="The heap of each node's JVM.")
    jmx_agent: Flag = Field(
        default=False,
        description="Whether each local node runs the Prometheus JMX agent, which gives what Kafka measures inside it; "
        "`ottla status` shows where. Nodes in a Kubernetes always run it.",
    )
    disk: PositiveSize | None = Field(
        default=None, description="The disk of each node: what sizing reckons with, and how large volumes are in Kubernetes."
    )
    config: Configs = Field(default={}, description="Server properties of every node, in Kafka's own keys.")


class EventsSpec(Strict):
    """What all events have in common."""

    codec: str = Field(default="json", description="How events are written: json or avro.")
    headers: tuple[str, ...] = Field(default=(), description="The headers that every event has.")


class ClientSpec(Strict):
    """The one profile of all clients, in Kafka's own (Java) key names."""

    producer: Configs = Field(default={}, description="Producer configs, in Kafka's (Java) keys; `partitioner` is librdkafka's.")
    consumer: Configs = Field(default={}, description="Consumer configs, in Kafka's (Java) keys.")


class LoadSpec(Strict):
    """The load the platform must carry, over all topics."""

    events_per_second: Count = Field(description="How many events are written each second, over all topics.")
    event_size: PositiveSize = Field(description="How large an event is.")
    retention: Duration = Field(description="How long events are kept.")


PREFIX = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,61}[._-]$"


def _prefix(value: Any) -> Any:
    if isinstance(value, str) and not re.match(PREFIX, value):
        raise ValueError("expected letters, digits, '.', '_' and '-', with a letter or digit first and '.', '_' or '-' last")
    return value


Prefix = Annotated[str, BeforeValidator(_prefix), WithJsonSchema({"type": "string", "pattern": PREFIX})]


class EnvironmentSpec(Strict):
    """A whole platform as it is in one environment: the base with the environment's parts laid over it."""

    platform: str = Field(description="The platform's name.")
    shares: str | None = Field(
        default=None,
        description="The environment in whose cluster this one lives: it has that one's `target`, `cluster` and `security`. "
        "Of environments only.",
    )
    prefix: Prefix = Field(
        default="",
        description="How all names of an environment that `shares` a cluster begin there: topics, groups, transactional ids, "
        "users, client ids.",
    )
    target: Target = Field(description="Where the environment lives: `local` runs here, `strimzi` is rendered for Kubernetes.")
    cluster: ClusterSpec = Field(description="The cluster: its nodes, what each may use, and their server properties.")
    topic_defaults: TopicDefaults = Field(default=TopicDefaults(), description="What every topic has unless it says otherwise.")
    topics: dict[str, TopicSpec] = Field(default={}, description="The topics, by their names.")
    events: EventsSpec = Field(default=EventsSpec(), description="What all events have in common.")
    client: ClientSpec = Field(
        default=ClientSpec(), description="The one profile of all clients, in Kafka's own (Java) key names."
    )
    security: SecuritySpec = Field(
        default=SecuritySpec(), description="Whether the platform is locked, and how users prove who they are."
    )
    users: dict[UserName, UserSpec] = Field(
        default={}, description="The users, by their names, and what each may do; they exist where security is enabled."
    )
    acls: tuple[AclSpec, ...] = Field(
        default=(), description="ACLs that no role of a user says; they exist where security is enabled."
    )
    quotas: tuple[QuotaSpec, ...] = Field(
        default=(), description="How much users, client ids or addresses may use before they are slowed down."
    )
    exporter: ExporterSpec = Field(
        default=ExporterSpec(), description="What Ottla measures about the cluster, and where Prometheus finds it."
    )
    monitoring: MonitoringSpec = Field(
        default=MonitoringSpec(), description="When alerts fire, and whom they tell; `ottla monitoring` writes the files."
    )
    logs: LogsSpec = Field(default=LogsSpec(), description="How nodes, and the exporter beside them, write their logs.")
    kubernetes: KubernetesSpec = Field(
        default=KubernetesSpec(), description="How the platform lies in a Kubernetes; for `target: strimzi`."
    )
    load: LoadSpec | None = Field(default=None, description="The load the platform must carry, over all topics; sizing reads it.")

    def full_name(self, name: str) -> str:
        """What a topic, group, transactional id, user or client id of this environment is called in its cluster."""
        return self.prefix + name

    @property
    def topics_by_full_name(self) -> dict[str, TopicSpec]:
        """The topics, by what they are called in the cluster."""
        return {self.full_name(name): topic for name, topic in self.topics.items()}

    @property
    def users_by_full_name(self) -> dict[str, UserSpec]:
        """The users, by what they are called in the cluster: as whom they log in."""
        return {self.full_name(name): user for name, user in self.users.items()}

    @property
    def consumer_groups(self) -> tuple[str, ...]:
        """The groups that users read as, by their names in the spec."""
        reads = (user.consumes.group for user in self.users.values() if user.consumes is not None)
        streams = (user.streams.application_id for user in self.users.values() if user.streams is not None)
        return tuple(dict.fromkeys([*reads, *streams]))


class FileSpec(EnvironmentSpec):
    """A platform: its cluster, topics and clients, and the environments that it lives in."""

    # For descriptions only: what is checked is each environment, laid over the base.

    default_environment: str = Field(
        default="", description="The environment that is meant where no -e is given; else the first one."
    )
    environments: dict[str, EnvironmentSpec] = Field(
        description="The places where the platform lives, by name: any part of the above, laid over it; null takes a name away."
    )


__all__ = [
    "NAMED_CONFIGS",
    "AclSpec",
    "AlertmanagerSpec",
    "Amounts",
    "Authentication",
    "AuthoritySpec",
    "BasicAuth",
    "CanarySpec",
    "CertificatesSlo",
    "CleanupPolicy",
    "ClientSpec",
    "ClusterSpec",
    "ComputeSpec",
    "Configs",
    "ConsumesSpec",
    "Controllers",
    "DaprSpec",
    "DiskSlo",
    "EnvironmentSpec",
    "EventContract",
    "EventValue",
    "ExporterSpec",
    "ExporterTls",
    "FileSpec",
    "GroupLag",
    "KubernetesSpec",
    "LagSlo",
    "LoadSpec",
    "LogsSpec",
    "MonitoringSpec",
    "MonitorsSpec",
    "NewStorageClass",
    "OauthSpec",
    "OperatorsSpec",
    "PrometheusSpec",
    "QuotaSpec",
    "SecuritySpec",
    "StorageSpec",
    "StreamsSpec",
    "StrimziSpec",
    "Target",
    "TopicDefaults",
    "TopicSpec",
    "UiSpec",
    "UserSpec",
    "WriteProbe",
]
