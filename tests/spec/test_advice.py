from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ottla.spec import load_spec

if TYPE_CHECKING:
    from tests.spec.conftest import Faults

SHIPPED = Path(__file__).parent.parent.parent / "platform.yaml"
HEAD = "platform: shop\ncluster: {name: shop}\nenvironments: {local: {target: local}}\n"
TOPIC = HEAD + "topics:\n  orders:\n    partitions: 1\n"  # what is added to it starts on line 7
EVENT = "    event: {key: id, value: state}\n"
ALL_REPLICAS = "min_insync_replicas is the whole replication_factor (3): one node down stops all writes"


def test_a_plain_spec_has_no_warnings(warnings: Faults) -> None:
    assert warnings(TOPIC) == []


@pytest.mark.parametrize("environment", ["local", "laptop"])
def test_the_shipped_spec_is_warned_of_its_disk_alone(environment: str) -> None:
    [warning] = load_spec(SHIPPED).warnings(environment)
    assert warning.mark.key == "cluster.disk"
    assert "full after 17m 28s" in warning.message


def test_every_replica_in_sync_is_a_warning_where_it_is_said(warnings: Faults) -> None:
    assert warnings(TOPIC + "    min_insync_replicas: 3\n") == [f"7: topics.orders.min_insync_replicas: {ALL_REPLICAS}"]
    assert warnings(TOPIC + "    config: {min.insync.replicas: 3}\n") == [
        f"7: topics.orders.config.min.insync.replicas: {ALL_REPLICAS}"
    ]


def test_what_the_defaults_of_all_topics_say_is_told_once(warnings: Faults) -> None:
    text = TOPIC + "  more: {partitions: 1}\ntopic_defaults:\n  min_insync_replicas: 3\n"
    assert warnings(text) == [f"9: topic_defaults.min_insync_replicas: {ALL_REPLICAS}"]


def test_one_replica_that_must_be_in_sync_is_no_warning(warnings: Faults) -> None:
    assert warnings(TOPIC + "    min_insync_replicas: 1\n    replication_factor: 1\n") == []


@pytest.mark.parametrize(("said", "at"), [("retention: 7d", "retention"), ("config: {retention.ms: 7d}", "config.retention.ms")])
def test_retention_on_a_compacted_topic_is_a_warning(warnings: Faults, said: str, at: str) -> None:
    [warning] = warnings(TOPIC + f"    {said}\n    cleanup_policy: compact\n" + EVENT)
    assert warning.startswith(
        f"7: topics.orders.{at}: does nothing on a topic that is only compacted; to keep the full history of 7d"
    )


def test_retention_bytes_on_a_compacted_topic_are_a_warning(warnings: Faults) -> None:
    [warning] = warnings(TOPIC + "    retention_bytes: 1GiB\n    cleanup_policy: compact\n" + EVENT)
    assert warning == "7: topics.orders.retention_bytes: does nothing on a topic that is only compacted"


@pytest.mark.parametrize("said", ["min_compaction_lag: 7d", "min_compaction_lag: 8d", "config: {min.compaction.lag.ms: 7d}"])
def test_retention_that_the_compaction_lag_keeps_is_no_warning(warnings: Faults, said: str) -> None:
    assert warnings(TOPIC + f"    retention: 7d\n    cleanup_policy: compact\n    {said}\n" + EVENT) == []


@pytest.mark.parametrize("policy", ["compact,delete", "delete"])
def test_retention_of_a_topic_that_deletes_is_no_warning(warnings: Faults, policy: str) -> None:
    assert warnings(TOPIC + f"    retention: 7d\n    cleanup_policy: '{policy}'\n" + EVENT) == []


def test_a_compacted_topic_without_a_key_is_a_warning(warnings: Faults) -> None:
    [warning] = warnings(TOPIC + "    cleanup_policy: compact\n")
    assert warning.startswith("5: topics.orders: is compacted, and no event.key says by what")


def test_too_few_nodes_for_kafkas_own_topics_are_a_warning(warnings: Faults) -> None:
    one = (
        HEAD.replace("{name: shop}", "{name: shop, nodes: 1}")
        + "topic_defaults: {replication_factor: 1, min_insync_replicas: 1}\n"
    )
    found = warnings(one)
    assert [warning.split(": ")[1] for warning in found] == [
        "cluster.config.offsets.topic.replication.factor",
        "cluster.config.share.coordinator.state.topic.replication.factor",
        "cluster.config.transaction.state.log.replication.factor",
    ]
    assert "is 3, and the cluster has 1 node: consumer groups would hang. Write offsets.topic.replication.factor: 1" in found[0]


def test_kafkas_own_topics_with_more_in_sync_than_replicas_are_a_warning(warnings: Faults) -> None:
    config = "{transaction.state.log.replication.factor: 1}"
    [warning] = warnings(HEAD.replace("{name: shop}", f"{{name: shop, config: {config}}}"))
    assert "transaction.state.log.min.isr is 2: transactions would hang" in warning


def test_a_load_that_is_much_for_its_partitions_is_a_warning(warnings: Faults) -> None:
    load = "load: {events_per_second: 10000, event_size: 1KiB, retention: 1d}\n"
    assert warnings(TOPIC.replace("partitions: 1", "partitions: 11") + load) == []
    assert warnings(TOPIC.replace("partitions: 1", "partitions: 10") + load) == [
        "7: load: 10.2 MB/s over 10 partitions is 1.0 MB/s each; about 1 MB/s is what one carries well: 11 partitions would do"
    ]


def test_a_warning_is_told_where_the_environment_says_it(warnings: Faults) -> None:
    text = TOPIC.replace("local}}", "local, topics: {orders: {min_insync_replicas: 3}}}}")
    assert warnings(text) == [f"3: environments.local.topics.orders.min_insync_replicas: {ALL_REPLICAS}"]


def test_who_writes_by_the_contract_and_who_may_write_are_the_same(warnings: Faults) -> None:
    text = """\
platform: shop
cluster: {name: shop}
environments: {dev: {target: local}}
topics:
  orders: {partitions: 1, event: {key: id, written_by: [shop, till]}}
  paid: {partitions: 1, event: {key: id}}
users:
  shop: {produces: [orders, paid]}
  other: {streams: {application_id: other, reads: [paid], writes: [orders]}}
"""
    assert warnings(text) == [
        "5: topics.orders.event.written_by: does not name other, who may write it: one topic has one kind of writer",
        "5: topics.orders.event.written_by.1: till may not write it: say so in `users: {till: {produces: [orders]}}`",
    ]
    assert warnings(text.partition("users:")[0]) == []


def test_users_whose_names_differ_only_in_case_are_a_warning(warnings: Faults) -> None:
    text = "platform: shop\ncluster: {name: shop}\nenvironments: {dev: {target: local}}\nusers:\n  app: {}\n  App: {}\n"
    assert warnings(text) == ["6: users.App: differs from app only in case; to Kafka they are two users"]


def test_a_client_key_that_ottlas_own_clients_cannot_follow_is_a_warning(warnings: Faults) -> None:
    text = TOPIC + "client:\n  producer: {acks: all, buffer.memory: 64MiB}\n  consumer:\n    max.poll.records: 500\n"
    found = warnings(text + "    fetch.max.wait.ms: 10ms\n")
    said = "is a key that Ottla's own clients cannot follow: produce, consume and verify --write would stop at it"
    assert found == [f"8: client.producer.buffer.memory: {said}", f"11: client.consumer.fetch.max.wait.ms: {said}"]


def test_more_replicas_than_a_node_carries_well_are_a_warning(warnings: Faults) -> None:
    assert warnings(TOPIC.replace("partitions: 1", "partitions: 4000")) == []
    [warning] = warnings(TOPIC.replace("partitions: 1", "partitions: 4001"))
    assert warning.startswith("4: topics: 12,003 replicas are 4,001 on each node; with more than about 4,000 it ")


def test_a_heap_that_the_log_cleaner_does_not_fit_into_is_a_warning(warnings: Faults) -> None:
    """Tried: with Kafka's own buffer a node ends with 192 MiB and runs with 256; with one of 4 MiB it runs with 48."""
    assert warnings(TOPIC.replace("{name: shop}", "{name: shop, heap: 256MiB}")) == []
    config = "{log.cleaner.dedupe.buffer.size: 4MiB}"
    assert warnings(TOPIC.replace("{name: shop}", f"{{name: shop, heap: 48MiB, config: {config}}}")) == []
    [warning] = warnings(TOPIC.replace("{name: shop}", "{name: shop, heap: 192MiB}"))
    assert warning.startswith("2: cluster.heap: nodes would end with 'Java heap space': the log cleaner alone takes 128 MiB ")
