"""The catalogue of what the exporter reads about brokers, topics, log_dirs and the quorum."""

from __future__ import annotations

from functools import partial

from ottla.metrics.metric import AlsoKnownAs, Collected, Family, Granularity, Metric, Presence, Type

PARTITION = ("topic", "partition")
LOG_DIR = ("node_id", "log_dir")
OF_000 = "[000]"
OF_KAFKA_EXPORTER = "kafka_exporter"

_METADATA = Collected("topics", "Metadata")
_OFFSETS = Collected("offsets", "ListOffsets")
_LOG_DIRS = Collected("log_dirs", "DescribeLogDirs")
_QUORUM = Collected("quorum", "DescribeQuorum")
_BROKERS = Collected("brokers", "DescribeCluster")
_SPEC = Collected("brokers", "the spec")

_broker = partial(Metric, type=Type.GAUGE, family=Family.BROKERS)
_topic = partial(Metric, type=Type.GAUGE, family=Family.TOPICS, granularity=Granularity.TOPIC, labels=("topic",))
_partition = partial(Metric, type=Type.GAUGE, family=Family.TOPICS, granularity=Granularity.PARTITION, labels=PARTITION)
_log_dir = partial(
    Metric, type=Type.GAUGE, family=Family.LOG_DIRS, granularity=Granularity.NODE, labels=LOG_DIR, source=_LOG_DIRS
)
_quorum = partial(Metric, type=Type.GAUGE, family=Family.QUORUM, granularity=Granularity.CLUSTER, source=_QUORUM)
_voter = partial(_quorum, granularity=Granularity.NODE, labels=("node_id",))


def _as(name: str, *labels: str, origin: str = OF_KAFKA_EXPORTER) -> tuple[AlsoKnownAs, ...]:
    return (AlsoKnownAs(name, labels, origin),)


BROKERS_EXPECTED = _broker(
    name="ottla_kafka_brokers_expected",
    unit="brokers",
    meaning="Brokers that the spec asks for.",
    granularity=Granularity.CLUSTER,
    source=_SPEC,
    presence=Presence.AFTER_EVENT,
    when="a spec was given",
)
BROKERS_PRESENT = _broker(
    name="ottla_kafka_brokers_present",
    unit="brokers",
    meaning="Brokers that are registered and not fenced.",
    granularity=Granularity.CLUSTER,
    source=_BROKERS,
    also=_as("kafka_brokers"),
)
BROKER_FENCED = _broker(
    name="ottla_kafka_broker_fenced",
    unit="boolean",
    meaning="1 while the cluster lets a registered broker neither lead nor take records, else 0.",
    granularity=Granularity.NODE,
    source=_BROKERS,
    labels=("node_id",),
)
BROKER_INFO = _broker(
    name="ottla_kafka_broker_info",
    unit="info",
    meaning="Always 1, for each broker that is registered and not fenced. address is where it takes clients like this exporter.",
    granularity=Granularity.NODE,
    source=_BROKERS,
    labels=("node_id", "address"),
    also=_as("kafka_broker_info", "id", "address"),
)
CERTIFICATE_EXPIRY = _broker(
    name="ottla_kafka_certificate_expiry_timestamp_seconds",
    unit="seconds",
    meaning="When the certificate expires that a broker presents to clients at an address, in seconds since 1970.",
    granularity=Granularity.NODE,
    source=Collected("certificates", "a TLS handshake"),
    labels=("node_id", "address"),
    presence=Presence.AFTER_EVENT,
    when="the exporter reaches brokers over TLS",
)
UNDER_REPLICATED_PARTITIONS = _topic(
    name="ottla_kafka_under_replicated_partitions",
    unit="partitions",
    meaning="Partitions whose isr lacks a replica.",
    granularity=Granularity.CLUSTER,
    labels=(),
    source=_METADATA,
)
OFFLINE_PARTITIONS = _topic(
    name="ottla_kafka_offline_partitions",
    unit="partitions",
    meaning="Partitions without a leader.",
    granularity=Granularity.CLUSTER,
    labels=(),
    source=_METADATA,
)
BELOW_MIN_ISR_PARTITIONS = _topic(
    name="ottla_kafka_below_min_isr_partitions",
    unit="partitions",
    meaning="Partitions whose isr is smaller than min_insync_replicas: writes with acks=all are refused.",
    granularity=Granularity.CLUSTER,
    labels=(),
    source=_METADATA,
)
TOPIC_PARTITIONS = _topic(
    name="ottla_kafka_topic_partitions",
    unit="partitions",
    meaning="Partitions of a topic.",
    source=_METADATA,
    also=_as("kafka_topic_partitions", "topic"),
)
TOPIC_UNDER_REPLICATED_PARTITIONS = _topic(
    name="ottla_kafka_topic_under_replicated_partitions",
    unit="partitions",
    meaning="Partitions of a topic whose isr lacks a replica.",
    source=_METADATA,
)
TOPIC_OFFLINE_PARTITIONS = _topic(
    name="ottla_kafka_topic_offline_partitions",
    unit="partitions",
    meaning="Partitions of a topic without a leader.",
    source=_METADATA,
)
TOPIC_BELOW_MIN_ISR_PARTITIONS = _topic(
    name="ottla_kafka_topic_below_min_isr_partitions",
    unit="partitions",
    meaning="Partitions of a topic whose isr is smaller than its min_insync_replicas.",
    source=_METADATA,
)
TOPIC_AT_MIN_ISR_PARTITIONS = _topic(
    name="ottla_kafka_topic_at_min_isr_partitions",
    unit="partitions",
    meaning="Partitions of a topic that lack a replica and have just min_insync_replicas in sync: none to spare.",
    source=_METADATA,
)
TOPIC_SIZE = _topic(
    name="ottla_kafka_topic_size_bytes", unit="bytes", meaning="What all replicas of a topic take on disk.", source=_LOG_DIRS
)
PARTITION_HIGH_WATERMARK = _partition(
    name="ottla_kafka_topic_partition_high_watermark",
    unit="offset",
    meaning="The offset after the last record that all of the isr has.",
    source=_OFFSETS,
    also=_as("kafka_topic_partition_current_offset", *PARTITION, origin=OF_000),
)
PARTITION_LOG_START_OFFSET = _partition(
    name="ottla_kafka_topic_partition_log_start_offset",
    unit="offset",
    meaning="The offset of the first record that retention has left.",
    source=_OFFSETS,
    also=_as("kafka_topic_partition_oldest_offset", *PARTITION, origin=OF_000),
)
PARTITION_OPEN_TRANSACTION_RECORDS = _partition(
    name="ottla_kafka_topic_partition_open_transaction_records",
    unit="records",
    meaning="Records from the last stable offset to the high_watermark: held back from read_committed consumers.",
    source=_OFFSETS,
)
PARTITION_LEADER = _partition(
    name="ottla_kafka_topic_partition_leader",
    unit="node_id",
    meaning="The node_id of the leader; no sample while there is none.",
    source=_METADATA,
    also=_as("kafka_topic_partition_leader", *PARTITION),
)
PARTITION_LEADER_IS_PREFERRED = _partition(
    name="ottla_kafka_topic_partition_leader_is_preferred",
    unit="boolean",
    meaning="1 if the leader is the first of the replicas, else 0.",
    source=_METADATA,
    also=_as("kafka_topic_partition_leader_is_preferred", *PARTITION),
)
PARTITION_REPLICAS = _partition(
    name="ottla_kafka_topic_partition_replicas",
    unit="replicas",
    meaning="Replicas that a partition is assigned.",
    source=_METADATA,
    also=_as("kafka_topic_partition_replicas", *PARTITION, origin=OF_000),
)
PARTITION_ISR = _partition(
    name="ottla_kafka_topic_partition_isr",
    unit="replicas",
    meaning="Replicas that are in sync, the leader included.",
    source=_METADATA,
    also=_as("kafka_topic_partition_in_sync_replica", *PARTITION),
)
PARTITION_UNDER_REPLICATED = _partition(
    name="ottla_kafka_topic_partition_under_replicated",
    unit="boolean",
    meaning="1 if the isr lacks a replica, else 0.",
    source=_METADATA,
    also=_as("kafka_topic_partition_under_replicated_partition", *PARTITION),
)
PARTITION_OFFLINE = _partition(
    name="ottla_kafka_topic_partition_offline", unit="boolean", meaning="1 if there is no leader, else 0.", source=_METADATA
)
LOG_DIR_TOTAL = _log_dir(
    name="ottla_kafka_log_dir_total_bytes", unit="bytes", meaning="Size of the volume that a log_dir lies on."
)
LOG_DIR_USABLE = _log_dir(
    name="ottla_kafka_log_dir_usable_bytes", unit="bytes", meaning="What is left of the volume that a log_dir lies on."
)
LOG_DIR_SIZE = _log_dir(name="ottla_kafka_log_dir_size_bytes", unit="bytes", meaning="What the replicas in a log_dir take.")
LOG_DIR_GROWTH = _log_dir(
    name="ottla_kafka_log_dir_growth_bytes_per_second",
    unit="bytes per second",
    meaning="How quickly the replicas in a log_dir grow (below 0: shrink), from the last two snapshots.",
    presence=Presence.AFTER_EVENT,
    when="two snapshots were taken",
)
LOG_DIR_ONLINE = _log_dir(name="ottla_kafka_log_dir_online", unit="boolean", meaning="1 if the broker can use a log_dir, else 0.")
QUORUM_LEADER = _quorum(
    name="ottla_kafka_quorum_leader",
    unit="node_id",
    meaning="The node_id of the active controller; no sample while there is none.",
)
QUORUM_EPOCH = _quorum(
    name="ottla_kafka_quorum_epoch", unit="epoch", meaning="Epoch of the quorum's leader: it grows with each election."
)
QUORUM_HIGH_WATERMARK = _quorum(
    name="ottla_kafka_quorum_high_watermark",
    unit="offset",
    meaning="The metadata that a majority of voters has. It moves twice a second, or the quorum is lost.",
)
QUORUM_VOTERS = _quorum(name="ottla_kafka_quorum_voters", unit="voters", meaning="Voters of the quorum.")
QUORUM_VOTERS_EXPECTED = _quorum(
    name="ottla_kafka_quorum_voters_expected",
    unit="voters",
    meaning="Controllers that the spec asks for.",
    source=Collected("quorum", "the spec"),
    presence=Presence.AFTER_EVENT,
    when="a spec was given",
)
QUORUM_OBSERVERS = _quorum(
    name="ottla_kafka_quorum_observers", unit="observers", meaning="Nodes that follow the quorum without a vote."
)
QUORUM_VOTER_LAG_RECORDS = _voter(
    name="ottla_kafka_quorum_voter_lag_records", unit="records", meaning="Metadata records that a voter is behind the leader."
)
QUORUM_VOTER_LAG_SECONDS = _voter(
    name="ottla_kafka_quorum_voter_lag_seconds",
    unit="seconds",
    meaning="How long ago a voter last had all of the leader's metadata.",
    presence=Presence.AFTER_EVENT,
    when="the voter has caught up once under this leader",
)
