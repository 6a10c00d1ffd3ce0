"""The shipped spec gives exactly the figures of the two source documents, [000] and [003]."""

from __future__ import annotations

from pathlib import Path

import pytest

from ottla.model.topic import Topic
from ottla.spec import EnvironmentSpec, client_profile, desired_state, load_spec

SHIPPED = load_spec(Path(__file__).parent.parent.parent / "platform.yaml")
DAY = 86_400_000
HEAD = "platform: shop\ncluster: {name: shop}\nenvironments: {local: {target: local}}\n"

# R2.1 and R2.2: partitions, local partitions, cleanup.policy, days of retention [003]; None: as Kafka does, which is delete [000]
TOPICS: dict[str, tuple[int, int, str | None, int]] = {
    "task-events": (6, 3, "compact", 7),
    "reminder-events": (3, 2, "delete", 3),
    "task-update-events": (4, 2, "compact", 7),
    "recurring-events": (2, 1, "delete", 30),
    "notification-events": (4, 2, "delete", 1),
    "todo.tasks.created": (3, 3, None, 7),
    "todo.tasks.updated": (3, 3, None, 7),
    "todo.tasks.deleted": (3, 3, None, 7),
    "todo.tasks.completed": (3, 3, None, 7),
}

# R1.6: the server properties of [003], then what `config` of [000] adds
SERVER_PROPERTIES = {
    "num.network.threads": "8",
    "num.io.threads": "16",
    "socket.send.buffer.bytes": "102400",
    "socket.receive.buffer.bytes": "102400",
    "socket.request.max.bytes": "104857600",
    "log.retention.hours": "168",
    "log.segment.bytes": "1073741824",
    "log.retention.check.interval.ms": "300000",
    "default.replication.factor": "3",
    "min.insync.replicas": "2",
    "replica.fetch.max.bytes": "1048576",
    "message.max.bytes": "1000012",
    "replica.fetch.response.max.bytes": "1048576",
    "compression.type": "snappy",
    "offsets.topic.replication.factor": "3",
    "transaction.state.log.replication.factor": "3",
    "transaction.state.log.min.isr": "2",
}
OURS = {
    "auto.create.topics.enable": "false",
    "share.coordinator.state.topic.replication.factor": "3",
    "share.coordinator.state.topic.min.isr": "2",
    "group.initial.rebalance.delay.ms": "0",
}
ONE_NODE = {
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    "default.replication.factor": "1",
    "min.insync.replicas": "1",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
}


def shipped(name: str) -> EnvironmentSpec:
    return SHIPPED.environment(name)[1]


def expected_topic(name: str, *, laptop: bool) -> Topic:
    partitions, local_partitions, policy, days = TOPICS[name]
    configs = {"min.insync.replicas": "1" if laptop else "2", "retention.ms": str(days * DAY)}
    if policy is not None:
        configs["cleanup.policy"] = policy
    if policy == "compact":
        configs["min.compaction.lag.ms"] = str(7 * DAY)
    if name == "task-events":
        configs["segment.bytes"] = "100000000"
    if name.startswith("todo."):
        configs["compression.type"] = "snappy"
    return Topic(name, local_partitions if laptop else partitions, 1 if laptop else 3, configs)


@pytest.mark.parametrize("name", TOPICS)
def test_each_topic_has_the_figures_of_the_documents(name: str) -> None:
    assert desired_state(shipped("local")).topics[name] == expected_topic(name, laptop=False)


@pytest.mark.parametrize("name", TOPICS)
def test_each_topic_has_its_local_form_on_a_laptop(name: str) -> None:
    assert desired_state(shipped("laptop")).topics[name] == expected_topic(name, laptop=True)


@pytest.mark.parametrize("environment", ["local", "laptop"])
def test_there_are_no_other_topics(environment: str) -> None:
    assert desired_state(shipped(environment)).topics.keys() == TOPICS.keys()


def test_local_has_three_nodes_with_the_server_properties_of_both_documents() -> None:
    nodes = desired_state(shipped("local")).nodes
    assert {key: (node.node_id, node.properties) for key, node in nodes.items()} == {
        node_id: (node_id, SERVER_PROPERTIES | OURS) for node_id in (1, 2, 3)
    }


def test_laptop_has_one_node_and_one_replica_of_everything() -> None:
    nodes = desired_state(shipped("laptop")).nodes
    assert {key: node.properties for key, node in nodes.items()} == {1: SERVER_PROPERTIES | OURS | ONE_NODE}


def test_the_default_environment_is_local() -> None:
    assert SHIPPED.environment(None)[0] == "local"


def test_the_cluster_is_named_and_sized_as_in_000() -> None:
    cluster = shipped("local").cluster
    assert (cluster.name, cluster.disk) == ("todo-kafka", 10 * 1024**3)


TWO_CORES = {"linger.ms": "20", "max.in.flight.requests.per.connection": "1"}


@pytest.mark.parametrize(("environment", "own"), [("local", TWO_CORES), ("laptop", {}), ("local-secure", {})])
def test_the_client_profile_is_that_of_003_but_where_an_environment_says_otherwise(environment: str, own: dict[str, str]) -> None:
    profile = client_profile(shipped(environment))
    assert (
        profile.producer
        == {
            "acks": "all",
            "retries": "2147483647",
            "batch.size": "16384",
            "linger.ms": "5",
            "compression.type": "snappy",
            "enable.idempotence": "true",
            "max.request.size": "1000012",
            "partitioner": "murmur2_random",
        }
        | own
    )
    assert profile.consumer == {
        "group.protocol": "consumer",
        "fetch.min.bytes": "1",
        "max.poll.records": "500",
        "enable.auto.commit": "false",
        "auto.offset.reset": "earliest",
        "isolation.level": "read_committed",
    }


def desired_topic(tmp_path: Path, orders: str, defaults: str = "{}") -> Topic:
    path = tmp_path / "platform.yaml"
    path.write_text(f"{HEAD}topic_defaults: {defaults}\ntopics:\n  orders: {orders}\n")
    return desired_state(load_spec(path).environment(None)[1]).topics["orders"]


def test_a_topic_says_it_over_the_defaults_of_all_topics(tmp_path: Path) -> None:
    defaults = "{replication_factor: 2, min_insync_replicas: 1, config: {retention.ms: 1d, segment.ms: 1h}}"
    topic = desired_topic(tmp_path, "{partitions: 1, retention: 2d, replication_factor: 3, min_insync_replicas: 2}", defaults)
    assert topic.replication_factor == 3
    assert topic.configs == {"min.insync.replicas": "2", "retention.ms": str(2 * DAY), "segment.ms": "3600000"}


def test_units_are_those_of_kafkas_key(tmp_path: Path) -> None:
    topic = desired_topic(tmp_path, "{partitions: 1, retention: unlimited, retention_bytes: 1MB, config: {segment.bytes: 1MiB}}")
    assert topic.configs == {
        "min.insync.replicas": "2",
        "retention.ms": "-1",
        "retention.bytes": "1000000",
        "segment.bytes": "1048576",
    }


def test_a_reset_key_is_not_set_as_well(tmp_path: Path) -> None:
    topic = desired_topic(tmp_path, "{partitions: 1, reset: [min.insync.replicas, segment.ms]}", "{config: {segment.ms: 1h}}")
    assert topic.reset == {"min.insync.replicas", "segment.ms"}
    assert not topic.reset & topic.configs.keys()
