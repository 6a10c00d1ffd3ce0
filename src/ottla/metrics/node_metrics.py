"""The catalogue of what the JMX agent reads inside a node: an allowlist, because a scrape of everything takes seconds.

Names are Kafka's own in lower case, as dashboards for Kafka have them: domain, type, name; units are Prometheus' base units.
Every name was looked up in the classes of Kafka 4.2.1 and 4.3.1; tests/kafka/test_jmx.py reads each of them from nodes that run.
"""

from __future__ import annotations

from functools import partial

from ottla.metrics.metric import Family, Granularity, MBean, Metric, Presence, Role, Type

BROKER = frozenset({Role.BROKER})
CONTROLLER = frozenset({Role.CONTROLLER})
EVERY_NODE = frozenset(Role)
MILLISECONDS = 0.001

_gauge = partial(Metric, type=Type.GAUGE, family=Family.NODE, granularity=Granularity.NODE)
_counter = partial(_gauge, type=Type.COUNTER)
_on_brokers = partial(_gauge, presence=Presence.ROLE, when="the node is a broker")
_on_controllers = partial(_gauge, presence=Presence.ROLE, when="the node is a controller")


def _replicas(name: str, unit: str, meaning: str, attribute: str = "Value") -> Metric:
    """A figure of a broker's ReplicaManager: a gauge, or the count of a meter."""
    metered = attribute == "Count"
    lower = name.lower().removesuffix("persec")
    return _on_brokers(
        type=Type.COUNTER if metered else Type.GAUGE,
        name=f"kafka_server_replicamanager_{lower}{'_total' if metered else ''}",
        unit=unit,
        meaning=meaning,
        source=MBean(f"kafka.server:type=ReplicaManager,name={name}", attribute, BROKER),
    )


def _traffic(name: str, unit: str, meaning: str) -> Metric:
    """What a broker took or gave, all topics together, since it started."""
    return _on_brokers(
        type=Type.COUNTER,
        name=f"kafka_server_brokertopicmetrics_{name.lower()}_total",
        unit=unit,
        meaning=meaning,
        source=MBean(f"kafka.server:type=BrokerTopicMetrics,name={name}PerSec", "Count", BROKER),
    )


def _traffic_rate(name: str, unit: str, meaning: str) -> Metric:
    """The same as a rate over a minute: the name that [000] has for it."""
    return _on_brokers(
        name=f"kafka_server_brokertopicmetrics_{name.lower()}persec",
        unit=unit,
        meaning=meaning,
        source=MBean(f"kafka.server:type=BrokerTopicMetrics,name={name}PerSec", "OneMinuteRate", BROKER),
    )


def _topic_traffic(name: str, unit: str, meaning: str) -> Metric:
    """What a broker took or gave of one topic. Another name than that of all topics, so that a sum counts nothing twice."""
    return _counter(
        name=f"kafka_server_brokertopicmetrics_topic_{name.lower()}_total",
        unit=unit,
        meaning=meaning,
        granularity=Granularity.TOPIC,
        labels=("topic",),
        source=MBean(f"kafka.server:type=BrokerTopicMetrics,name={name}PerSec,topic=*", "Count", BROKER, ("topic",)),
        presence=Presence.AFTER_EVENT,
        when="the topic had traffic on this broker",
    )


def _request_time(percentile: int) -> Metric:
    return _on_brokers(
        name=f"kafka_network_requestmetrics_totaltime_p{percentile}_seconds",
        unit="seconds",
        meaning=f"Time from a request's arrival to its answer: {percentile} of 100 took at most this long.",
        labels=("request",),
        source=MBean(
            "kafka.network:type=RequestMetrics,name=TotalTimeMs,request=*",
            f"{percentile}thPercentile",
            BROKER,
            ("request",),
            values=("Produce", "FetchConsumer", "FetchFollower"),
            factor=MILLISECONDS,
        ),
    )


def _controller(name: str, unit: str, meaning: str, *, in_milliseconds_as: str = "", counts_as: str = "") -> Metric:
    """A figure of the KafkaController. Kafka has gauges that only ever count up: those are counters here."""
    last = in_milliseconds_as or (f"{counts_as}_total" if counts_as else name.lower())
    factor = MILLISECONDS if in_milliseconds_as else 1.0
    return _on_controllers(
        type=Type.COUNTER if counts_as else Type.GAUGE,
        name=f"kafka_controller_kafkacontroller_{last}",
        unit=unit,
        meaning=meaning,
        source=MBean(f"kafka.controller:type=KafkaController,name={name}", "Value", CONTROLLER, factor=factor),
    )


def _elections(name: str, meaning: str) -> Metric:
    return _on_controllers(
        type=Type.COUNTER,
        name=f"kafka_controller_controllerstats_{name.lower()}_total",
        unit="elections",
        meaning=meaning,
        source=MBean(f"kafka.controller:type=ControllerStats,name={name}PerSec", "Count", CONTROLLER),
    )


def _raft(attribute: str, unit: str, meaning: str, presence: Presence = Presence.ALWAYS, when: str = "") -> Metric:
    """What a node says of the quorum. These are attributes of one object; a rule with ``name=`` never matches them."""
    return _gauge(
        name=f"kafka_server_raft_metrics_{attribute.replace('-', '_')}",
        unit=unit,
        meaning=meaning,
        source=MBean("kafka.server:type=raft-metrics", attribute, EVERY_NODE),
        presence=presence,
        when=when,
    )


def _metadata(attribute: str, unit: str, meaning: str, *, in_milliseconds_as: str = "", counts_as: str = "") -> Metric:
    """How far a broker is with the cluster's metadata; named as ``_controller`` does it."""
    last = in_milliseconds_as or (f"{counts_as}_total" if counts_as else attribute.replace("-", "_"))
    factor = MILLISECONDS if in_milliseconds_as else 1.0
    return _on_brokers(
        type=Type.COUNTER if counts_as else Type.GAUGE,
        name=f"kafka_server_broker_metadata_metrics_{last}",
        unit=unit,
        meaning=meaning,
        source=MBean("kafka.server:type=broker-metadata-metrics", attribute, BROKER, factor=factor),
    )


NODE_METRICS = (
    _replicas("UnderReplicatedPartitions", "partitions", "Partitions that this broker leads and whose isr lacks a replica."),
    _replicas(
        "UnderMinIsrPartitionCount", "partitions", "Led partitions whose isr is below min_insync_replicas: writes are refused."
    ),
    _replicas(
        "AtMinIsrPartitionCount",
        "partitions",
        "Led partitions whose isr is just min_insync_replicas: one more loss stops writes.",
    ),
    _replicas("LeaderCount", "partitions", "Partitions that this broker leads. 0 is healthy for a while after a restart."),
    _replicas("PartitionCount", "partitions", "Partitions that this broker has a replica of."),
    _replicas("OfflineReplicaCount", "replicas", "Replicas of this broker that lie on a log_dir it cannot use."),
    _replicas("IsrShrinksPerSec", "changes", "How often a replica fell out of the isr of a led partition.", "Count"),
    _replicas("IsrExpandsPerSec", "changes", "How often a replica came back into the isr of a led partition.", "Count"),
    _traffic("MessagesIn", "records", "Records that producers sent."),
    _traffic("BytesIn", "bytes", "Bytes that producers sent."),
    _traffic("BytesOut", "bytes", "Bytes that consumers fetched."),
    _traffic("ReplicationBytesIn", "bytes", "Bytes that this broker fetched as a follower."),
    _traffic("FailedProduceRequests", "requests", "Produce requests that failed."),
    _traffic("FailedFetchRequests", "requests", "Fetch requests that failed."),
    _traffic_rate("MessagesIn", "records per second", "Records a second that producers sent, over the last minute."),
    _traffic_rate("BytesIn", "bytes per second", "Bytes a second that producers sent, over the last minute."),
    _topic_traffic("MessagesIn", "records", "Records of a topic that producers sent to this broker."),
    _topic_traffic("BytesIn", "bytes", "Bytes of a topic that producers sent to this broker."),
    _topic_traffic("BytesOut", "bytes", "Bytes of a topic that consumers fetched from this broker."),
    _request_time(50),
    _request_time(99),
    _on_brokers(
        name="kafka_server_kafkarequesthandlerpool_brokerrequesthandleridle_ratio",
        unit="ratio",
        meaning="Share of the last minute in which the broker's request handlers had nothing to do, 0 to 1.",
        # Not RequestHandlerAvgIdlePercent: on a combined node that is the mean of the broker's and the controller's handlers,
        # and stays above a half while no broker's handler is free (KIP-1207, since Kafka 4.2).
        source=MBean(
            "kafka.server:type=KafkaRequestHandlerPool,name=BrokerRequestHandlerAvgIdlePercent", "OneMinuteRate", BROKER
        ),
    ),
    _on_brokers(
        name="kafka_network_socketserver_networkprocessoridle_ratio",
        unit="ratio",
        meaning="Share of the time in which network threads had nothing to do, 0 to 1.",
        source=MBean("kafka.network:type=SocketServer,name=NetworkProcessorAvgIdlePercent", "Value", BROKER),
    ),
    _on_brokers(
        name="kafka_network_requestchannel_requestqueuesize",
        unit="requests",
        meaning="Requests that wait for a handler.",
        source=MBean("kafka.network:type=RequestChannel,name=RequestQueueSize", "Value", BROKER),
    ),
    _on_brokers(
        name="kafka_server_kafkaserver_brokerstate",
        unit="state",
        meaning="State of this broker: 1 starting, 2 recovering logs, 3 running, 6 leaving, 7 shutting down.",
        source=MBean("kafka.server:type=KafkaServer,name=BrokerState", "Value", BROKER),
    ),
    _on_brokers(
        name="kafka_log_logmanager_offlinelogdirectorycount",
        unit="log_dirs",
        meaning="log_dirs that this broker cannot use.",
        source=MBean("kafka.log:type=LogManager,name=OfflineLogDirectoryCount", "Value", BROKER),
    ),
    _on_brokers(
        name="kafka_log_logcleaner_deadthreadcount",
        unit="threads",
        meaning="Threads of the log cleaner that have died: compaction stands still.",
        source=MBean("kafka.log:type=LogCleaner,name=DeadThreadCount", "Value", BROKER),
    ),
    _metadata("last-applied-record-offset", "offset", "The last metadata record that this broker has applied."),
    _metadata(
        "last-applied-record-lag-ms",
        "seconds",
        "Age of the last metadata record that this broker has applied. It stays near 0.5 s, or the quorum is lost.",
        in_milliseconds_as="last_applied_record_lag_seconds",
    ),
    _metadata(
        "metadata-load-error-count",
        "errors",
        "Metadata that this broker could not load since it started.",
        counts_as="metadata_load_errors",
    ),
    _metadata(
        "metadata-apply-error-count",
        "errors",
        "Metadata that this broker could not apply since it started.",
        counts_as="metadata_apply_errors",
    ),
    _controller("ActiveControllerCount", "controllers", "1 on the active controller, else 0. Their sum is 1."),
    _controller("ActiveBrokerCount", "brokers", "Brokers that are not fenced. Each controller says it: take the maximum."),
    _controller("FencedBrokerCount", "brokers", "Fenced brokers. Each controller says it: take the maximum."),
    _controller(
        "ControlledShutdownBrokerCount", "brokers", "Brokers that are leaving. Each controller says it: take the maximum."
    ),
    _controller("GlobalTopicCount", "topics", "Topics of the cluster. Each controller says it: take the maximum."),
    _controller("GlobalPartitionCount", "partitions", "Partitions of the cluster. Each controller says it: take the maximum."),
    _controller(
        "OfflinePartitionsCount", "partitions", "Partitions without a leader. Each controller says it: take the maximum."
    ),
    _controller("PreferredReplicaImbalanceCount", "partitions", "Partitions whose leader is not the first of their replicas."),
    _controller(
        "MetadataErrorCount",
        "errors",
        "Metadata that this controller could not handle since it started.",
        counts_as="metadataerrors",
    ),
    _controller(
        "TimedOutBrokerHeartbeatCount",
        "heartbeats",
        "Heartbeats of brokers that came too late, since this node started.",
        counts_as="timedoutbrokerheartbeats",
    ),
    _controller(
        "NewActiveControllersCount",
        "elections",
        "Elections of an active controller that this node has seen.",
        counts_as="newactivecontrollers",
    ),
    _controller("LastAppliedRecordOffset", "offset", "The last metadata record that this controller has applied."),
    _controller("LastCommittedRecordOffset", "offset", "The last metadata record that a majority has."),
    _controller(
        "LastAppliedRecordLagMs",
        "seconds",
        "Age of the last metadata record that this controller has applied. It stays near 0.5 s, or the quorum is lost.",
        in_milliseconds_as="lastappliedrecordlag_seconds",
    ),
    _gauge(
        name="kafka_controller_kafkacontroller_brokerregistrationstate",
        unit="state",
        meaning="Registration of a broker: 10 fenced, 20 leaving, 30 active; no series for one that is not registered.",
        labels=("node_id",),
        source=MBean(
            "kafka.controller:type=KafkaController,name=BrokerRegistrationState,broker=*", "Value", CONTROLLER, ("broker",)
        ),
        presence=Presence.AFTER_EVENT,
        when="a broker has registered that this controller did not know when it started: after its restart there may be none",
    ),
    _on_controllers(
        name="kafka_controller_controllereventmanager_eventqueuetime_p99_seconds",
        unit="seconds",
        meaning="Time that events of this controller wait: 99 of 100 at most this long.",
        source=MBean(
            "kafka.controller:type=ControllerEventManager,name=EventQueueTimeMs",
            "99thPercentile",
            CONTROLLER,
            factor=MILLISECONDS,
        ),
    ),
    _elections("UncleanLeaderElections", "Leaders elected from outside the isr: records may be lost."),
    _elections("ElectionFromEligibleLeaderReplicas", "Leaders elected from the eligible replicas (KIP-966)."),
    _gauge(
        name="kafka_server_raft_metrics_current_state",
        unit="boolean",
        meaning="1 for the state of this node in the quorum, such as leader, follower or observer; other states have no series.",
        labels=("state",),
        source=MBean("kafka.server:type=raft-metrics", "current-state", EVERY_NODE, text=True),
    ),
    _raft(
        "current-leader",
        "node_id",
        "The quorum's leader as this node last knew it; a lost quorum may still name it. No series while there is none.",
    ),
    _raft("current-epoch", "epoch", "Epoch of the quorum's leader as this node last knew it."),
    _raft("high-watermark", "offset", "The metadata that a majority has, as this node knows it."),
    _raft("log-end-offset", "offset", "The metadata that this node has."),
    _raft("number-of-voters", "voters", "Voters of the quorum."),
    _raft(
        "number-of-observers",
        "observers",
        "Observers of the quorum, on its leader.",
        presence=Presence.AFTER_EVENT,
        when="the node is the active controller",
    ),
    _gauge(
        name="kafka_server_raft_metrics_commit_latency_avg_seconds",
        unit="seconds",
        meaning="Average time until a majority has a metadata record, on the quorum's leader.",
        source=MBean("kafka.server:type=raft-metrics", "commit-latency-avg", CONTROLLER, factor=MILLISECONDS),
        presence=Presence.AFTER_EVENT,
        when="the node was the active controller in the last minute",
    ),
    _gauge(
        name="kafka_server_raft_metrics_election_latency_avg_seconds",
        unit="seconds",
        meaning="Average time that the election of a leader of the quorum took, as this node saw it.",
        source=MBean("kafka.server:type=raft-metrics", "election-latency-avg", CONTROLLER, factor=MILLISECONDS),
        presence=Presence.AFTER_EVENT,
        when="this node was in an election among several voters in the last minute",
    ),
)
