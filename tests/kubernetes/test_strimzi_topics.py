"""KafkaTopics: the topics that a local cluster would have, under names that Kubernetes takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kubernetes.sites import OPEN, documents, of_kind, shipped, site_of, sites_of

from ottla.kubernetes.resource import plain
from ottla.kubernetes.resource_names import LONGEST, resource_name
from ottla.kubernetes.strimzi_topics import topics
from ottla.kubernetes.writing import files_of
from ottla.model.topic import Topic
from ottla.spec import desired_state, load_spec
from ottla.spec.kubernetes import is_resource_name

if TYPE_CHECKING:
    from pathlib import Path

names = st.from_regex(r"[a-zA-Z0-9._-]{1,249}", fullmatch=True)


def as_kafka_keeps_it(topic: dict[str, Any]) -> Topic:
    """What the topic operator makes of a KafkaTopic (TopicOperatorUtil)."""
    spec = topic["spec"]
    configs = {key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in spec["config"].items()}
    return Topic(spec.get("topicName", topic["metadata"]["name"]), spec["partitions"], spec["replicas"], configs)


@pytest.mark.parametrize("name", ["minikube", "doks", "aks"])
def test_the_topics_are_those_of_the_desired_state(name: str) -> None:
    site = shipped()[name]
    found = {topic.name: topic for topic in map(as_kafka_keeps_it, of_kind(site, "KafkaTopic").values())}
    assert found == desired_state(site.spec).topics
    assert list(found) == list(site.spec.topics)


def test_a_config_that_is_reset_is_not_said_so_that_the_operator_takes_it_away(tmp_path: Path) -> None:
    text = OPEN.replace("orders: {partitions: 2}", "orders: {partitions: 2, reset: [retention.ms]}")
    text += "topic_defaults: {config: {retention.ms: 7d, min.cleanable.dirty.ratio: 0.5, preallocate: true}}\n"
    found = {name: topic["spec"]["config"] for name, topic in of_kind(site_of(text, tmp_path), "KafkaTopic").items()}
    assert found["orders"] == {"min.insync.replicas": 2, "min.cleanable.dirty.ratio": 0.5, "preallocate": True}
    assert found["paid"]["retention.ms"] == 604_800_000


def test_a_topic_keeps_its_name_where_it_is_legal_and_has_two_where_it_is_not(tmp_path: Path) -> None:
    text = OPEN.replace("orders:", "todo.tasks.created: {partitions: 1}, Order_Events: {partitions: 1}, orders:")
    found = of_kind(site_of(text, tmp_path), "KafkaTopic")
    told = {name: topic["spec"].get("topicName") for name, topic in found.items()}
    [other] = [name for name, topic in told.items() if topic == "Order_Events"]
    assert told == {"todo.tasks.created": None, "orders": None, "paid": None, other: "Order_Events"}
    assert other.startswith("order-events-")


@given(one=names, other=names)
def test_every_name_has_a_legal_one_of_its_own_which_a_file_can_have(one: str, other: str) -> None:
    called = resource_name(one)
    assert is_resource_name(called)
    assert len(f"topic-{called}.yaml") <= 255
    assert called == resource_name(one)
    assert (called == resource_name(other)) == (one == other)
    assert called == one or not is_resource_name(one) or len(one) > LONGEST


def test_each_value_knows_the_line_that_says_it(tmp_path: Path) -> None:
    text = (
        OPEN.replace("topics: {orders: {partitions: 2}, paid: {partitions: 1}}\n", "topics:\n")
        + "  orders:\n    partitions: 2\n    retention: 7d\n    config:\n      segment.ms: 1d\n    replication_factor: 3\n"
        + "topic_defaults:\n  min_insync_replicas: 2\n  replication_factor: 2\n  config:\n    preallocate: true\n"
        + "  # the second topic has what all have\n"
    ).replace("topic_defaults", "  paid: {partitions: 1}\ntopic_defaults")
    site = site_of(text, tmp_path)
    document = load_spec(tmp_path / "platform.yaml").documents["k8s"]
    files = files_of(topics(site), document, environment="k8s")
    lines = text.splitlines()

    def said(file: str, key: str) -> str:
        [line] = [line for line in files[file].splitlines() if line.strip().startswith(f"{key}:")]
        return lines[int(line.rpartition(":")[2]) - 1].strip()

    one = "topic-orders.yaml"
    assert said(one, "partitions") == "partitions: 2"
    assert said(one, "retention.ms") == "retention: 7d"
    assert said(one, "segment.ms") == "segment.ms: 1d"
    assert said(one, "replicas") == "replication_factor: 3"
    assert said(one, "min.insync.replicas") == "min_insync_replicas: 2"
    assert said(one, "preallocate") == "preallocate: true"
    assert said("topic-paid.yaml", "replicas") == "replication_factor: 2"


def test_an_environment_that_shares_a_cluster_has_its_topics_there_with_its_prefix(tmp_path: Path) -> None:
    kubernetes = "kubernetes: {namespace: events}"
    text = OPEN.replace("k8s: {target: strimzi}", "dev: {shares: k8s, prefix: dev.}, k8s: {target: strimzi}") + kubernetes
    sites = sites_of(text, tmp_path)
    own = documents(sites["dev"])
    assert set(own) == {"topic-dev.orders.yaml", "topic-dev.paid.yaml"}
    for topic in own.values():
        assert topic["metadata"]["namespace"] == "events"
        assert topic["metadata"]["labels"]["strimzi.io/cluster"] == "shop"
    assert not own.keys() & documents(sites["k8s"]).keys()


def test_a_topic_says_what_it_is_for() -> None:
    [created] = [plain(each.tree) for each in topics(shipped()["doks"]) if each.file == "topic-todo.tasks.created.yaml"]
    assert created["metadata"]["annotations"] == {"kubernetes.io/description": "Tasks that were created"}
