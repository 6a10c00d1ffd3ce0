"""The catalogue of what the exporter reads about consumer_groups.

No label holds a member, a client or a host: they come and go, and each would be a new series.
"""

from __future__ import annotations

from functools import partial

from ottla.metrics.cluster_metrics import OF_000, OF_KAFKA_EXPORTER
from ottla.metrics.metric import AlsoKnownAs, Collected, Family, Granularity, Metric, Presence, Type

GROUP = ("consumer_group",)
GROUP_TOPIC = ("consumer_group", "topic")
GROUP_PARTITION = ("consumer_group", "topic", "partition")
_AS_GROUP = ("consumergroup", "topic", "partition")

_LISTED = Collected("consumer_groups", "ListGroups")
_DESCRIBED = Collected("consumer_groups", "ConsumerGroupDescribe, DescribeGroups")
_COMMITTED = Collected("committed_offsets", "OffsetFetch")
_TIMES = Collected("lag_seconds", "ListOffsets by timestamp")
_RATES = Collected("committed_offsets", "the last two snapshots")

_group = partial(Metric, type=Type.GAUGE, family=Family.CONSUMER_GROUPS, granularity=Granularity.CONSUMER_GROUP, labels=GROUP)
_committed = "the group has committed an offset"
_topic = partial(_group, granularity=Granularity.TOPIC, labels=GROUP_TOPIC, presence=Presence.AFTER_EVENT, when=_committed)
_partition = partial(
    _group, granularity=Granularity.PARTITION, labels=GROUP_PARTITION, presence=Presence.AFTER_EVENT, when=_committed
)

GROUP_MEMBERS = _group(
    name="ottla_kafka_consumer_group_members",
    unit="members",
    meaning="Members of a group; 0 for an empty one that has committed offsets.",
    source=_DESCRIBED,
    also=(AlsoKnownAs("kafka_consumergroup_members", ("consumergroup",), OF_KAFKA_EXPORTER),),
)
GROUP_STATE = _group(
    name="ottla_kafka_consumer_group_state",
    unit="boolean",
    meaning="1 for the state that a group is in, 0 for each other one.",
    labels=("consumer_group", "state"),
    source=_LISTED,
)
GROUP_INFO = _group(
    name="ottla_kafka_consumer_group_info",
    unit="info",
    meaning="Always 1. type is classic, consumer (KIP-848), share or streams.",
    labels=("consumer_group", "type"),
    source=_LISTED,
)
GROUP_COMMITTED_OFFSET = _partition(
    name="ottla_kafka_consumer_group_committed_offset",
    unit="offset",
    meaning="Where a group goes on reading; of a share group, where the first record is that it has not done with.",
    source=_COMMITTED,
    also=(AlsoKnownAs("kafka_consumergroup_current_offset", _AS_GROUP, OF_000),),
)
GROUP_LAG_RECORDS = _partition(
    name="ottla_kafka_consumer_group_lag_records",
    unit="records",
    meaning="Offsets from what a group has committed to the end, as Kafka counts lag. Lost records are among them.",
    source=_COMMITTED,
    also=(AlsoKnownAs("kafka_consumergroup_lag", _AS_GROUP, OF_000),),
)
GROUP_LAG_SECONDS = _partition(
    name="ottla_kafka_consumer_group_lag_seconds",
    unit="seconds",
    meaning="Age of the first record that a group has not read; 0 if there is none.",
    source=_TIMES,
    also=(AlsoKnownAs("kafka_consumergroup_lag_seconds", _AS_GROUP, OF_000),),
)
GROUP_LAG_ERROR_SECONDS = _partition(
    name="ottla_kafka_consumer_group_lag_error_seconds",
    unit="seconds",
    meaning="How far the lag in seconds may be off, where that is more than 0.25 s and 2 %: in a gap, or not settled yet.",
    source=_TIMES,
    when="the lag in seconds is not known as well as elsewhere",
)
GROUP_LOST_RECORDS = _partition(
    name="ottla_kafka_consumer_group_lost_records",
    unit="records",
    meaning="Offsets between what a group has committed and the log_start_offset: retention took them unread.",
    source=_COMMITTED,
    when="there are any",
)
GROUP_AHEAD_RECORDS = _partition(
    name="ottla_kafka_consumer_group_ahead_records",
    unit="records",
    meaning="How far a committed offset lies past the end: the topic was made anew, or an unclean leader has cut its log.",
    source=_COMMITTED,
    when="it does",
)
GROUP_TOPIC_COMMITTED_OFFSETS = _topic(
    name="ottla_kafka_consumer_group_topic_committed_offsets",
    unit="offset",
    meaning="What a group has committed in a topic, the offsets of all partitions added up: as it grows, so the group reads.",
    source=_COMMITTED,
    also=(AlsoKnownAs("kafka_consumergroup_current_offset_sum", ("consumergroup", "topic"), OF_KAFKA_EXPORTER),),
)
GROUP_TOPIC_LAG_RECORDS = _topic(
    name="ottla_kafka_consumer_group_topic_lag_records",
    unit="records",
    meaning="The lag of a group in a topic, all partitions together.",
    source=_COMMITTED,
    also=(AlsoKnownAs("kafka_consumergroup_lag_sum", ("consumergroup", "topic"), OF_KAFKA_EXPORTER),),
)
GROUP_TOPIC_LAG_SECONDS = _topic(
    name="ottla_kafka_consumer_group_topic_lag_seconds",
    unit="seconds",
    meaning="Age of the oldest record of a topic that a group has not read; no sample while a partition's is not known.",
    source=_TIMES,
)
GROUP_TOPIC_LOST_RECORDS = _topic(
    name="ottla_kafka_consumer_group_topic_lost_records",
    unit="records",
    meaning="Records of a topic that retention took before a group had read them, of all partitions together.",
    source=_COMMITTED,
)
GROUP_TOPIC_CATCH_UP_SECONDS = _topic(
    name="ottla_kafka_consumer_group_topic_catch_up_seconds",
    unit="seconds",
    meaning="When a group will have read all of a topic, at the rates of the last two snapshots; +Inf: not at these rates.",
    source=_RATES,
    when="two snapshots were taken, and the group has committed an offset",
)
GROUP_TOPIC_RETENTION_SECONDS = _topic(
    name="ottla_kafka_consumer_group_topic_retention_seconds",
    unit="seconds",
    meaning="Until retention may take the first record that a group has not read.",
    source=_TIMES,
    when="the group is behind, and the topic has a retention",
)
