from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ottla.errors import SpecError, UsageError
from ottla.spec import load_spec

if TYPE_CHECKING:
    from tests.spec.conftest import Faults, Load

SHIPPED = Path(__file__).parent.parent.parent / "platform.yaml"
HEAD = "platform: shop\ncluster: {name: shop}\nenvironments: {local: {target: local}}\n"  # three lines
TOPIC = HEAD + "topics:\n  orders:\n    partitions: 1\n"  # what is added to it starts on line 7


def test_the_shipped_spec_has_no_faults() -> None:
    assert [*load_spec(SHIPPED).environments] == ["local", "laptop", "local-secure", "minikube", "doks", "aks"]


def test_the_smallest_spec_is_a_name_a_cluster_and_an_environment(load: Load) -> None:
    assert load(HEAD).environment(None)[0] == "local"


def test_all_faults_are_told_at_once_in_the_order_of_the_file(faults: Faults) -> None:
    found = faults(
        "platform: shop\n"
        "cluster:\n"
        "  name: shop\n"
        "  nodes: three\n"
        "  heap: 12q\n"
        "environments: {local: {target: moon}}\n"
        "topics:\n"
        "  orders: {partitions: 0, retention: soon}\n"
        "  orders: {partitions: 2}\n"
        "colour: red\n"
    )
    assert [": ".join(fault.split(": ")[:2]) for fault in found] == [
        "4: cluster.nodes",
        "5: cluster.heap",
        "6: environments.local.target",
        "8: topics.orders.partitions",
        "8: topics.orders.retention",
        "9: topics.orders",
        "10: colour",
    ]


def test_a_fault_is_told_once_however_many_environments_have_it(faults: Faults) -> None:
    text = HEAD.replace("{local: {target: local}}", "{local: {target: local}, other: {target: local}}")
    assert len(faults(text + "load: 3\n")) == 1


def test_an_unknown_key_is_told_with_what_was_probably_meant(faults: Faults) -> None:
    assert faults(TOPIC + "    retentoin: 7d\n") == ["7: topics.orders.retentoin: unknown key; did you mean 'retention'?"]


def test_an_unknown_key_that_is_like_none_is_told_with_those_there_are(faults: Faults) -> None:
    assert faults(HEAD + "load: {zzz: 1, events_per_second: 1, event_size: 1, retention: 1}\n") == [
        "4: load.zzz: unknown key; known here: event_size, events_per_second, retention"
    ]


def test_a_key_in_an_environment_is_shown_as_the_file_writes_it(faults: Faults) -> None:
    text = "platform: shop\ncluster: {name: shop}\nenvironments:\n  dev:\n    target: local\n    cluster:\n      hepa: 1GiB\n"
    assert faults(text) == ["7: environments.dev.cluster.hepa: unknown key; did you mean 'heap'?"]


def test_a_value_of_an_environment_is_told_where_the_environment_writes_it(faults: Faults) -> None:
    text = TOPIC.replace("local}}", "local, topics: {orders: {partitions: many}}}}")
    assert faults(text)[0].startswith("3: environments.local.topics.orders.partitions: ")


def test_a_key_of_the_base_is_told_where_the_base_writes_it(faults: Faults) -> None:
    assert faults(HEAD + "topics:\n  orders: {partitions: many}\n")[0].startswith("5: topics.orders.partitions: ")


def test_a_key_that_is_missing_is_told_where_it_should_stand(faults: Faults) -> None:
    assert faults(HEAD + "topics:\n  orders: {description: x}\n") == ["5: topics.orders.partitions: is required"]


def test_a_missing_file_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no .*none\.yaml") as caught:
        load_spec(tmp_path / "none.yaml")
    assert caught.value.exit_code == 2
    assert caught.value.hint


def test_a_folder_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder, not a file"):
        load_spec(tmp_path)


def test_a_pipe_is_a_usage_error_and_nobody_waits_for_its_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="is a pipe or device, not a file"):
        load_spec(tmp_path / "pipe")


def test_a_file_that_is_not_utf_8_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "platform.yaml"
    path.write_bytes(b"platform: \xff\n")
    with pytest.raises(SpecError, match=r"platform\.yaml:1: not UTF-8 text \(byte 10\)"):
        load_spec(path)


def test_a_file_with_a_byte_order_mark_is_read(load: Load) -> None:
    assert load("\ufeff" + HEAD).environments


def test_an_unknown_environment_is_a_usage_error_with_the_names_there_are(load: Load) -> None:
    with pytest.raises(UsageError, match=r"no environment 'lokal' in .*: did you mean 'local'\?"):
        load(HEAD).environment("lokal")


def test_the_default_environment_is_the_one_named(load: Load) -> None:
    text = HEAD.replace("{local: {target: local}}", "{local: {target: local}, other: {target: local}}")
    assert load(text).environment(None)[0] == "local"
    assert load(text + "default_environment: other\n").environment(None)[0] == "other"


def test_a_default_environment_that_is_not_there_is_a_fault(faults: Faults) -> None:
    assert faults(HEAD + "default_environment: lokal\n") == ["4: default_environment: no such environment; did you mean 'local'?"]


@pytest.mark.parametrize("value", ["[local]", "{local: 1}", "3", "''", "false"])
def test_a_default_environment_that_is_no_name_is_a_fault(faults: Faults, value: str) -> None:
    assert faults(HEAD + f"default_environment: {value}\n")[0].startswith("4: default_environment: ")


@pytest.mark.parametrize("value", ["", "3", "[]", "{}"])
def test_a_spec_without_environments_is_told_how_to_write_one(faults: Faults, value: str) -> None:
    found = faults(f"platform: shop\ncluster: {{name: shop}}\nenvironments: {value}\n")
    assert found == ["3: environments: name at least one, for example `local: {target: local}`"]


def test_an_environment_that_is_no_mapping_is_a_fault(faults: Faults) -> None:
    found = faults("platform: shop\ncluster: {name: shop}\nenvironments: {local: {target: local}, other: yes}\n")
    assert found == ["3: environments.other: expected a mapping with a target"]


@pytest.mark.parametrize("name", ["../up", "/up", "a/b", "..", "''"])
def test_an_environment_whose_name_is_a_path_is_a_fault(faults: Faults, name: str) -> None:
    assert faults(HEAD.replace("local:", f"{name}:"))


@pytest.mark.parametrize("config", ["retention.ms: 7 days", "segment.bytes: 100 megs", "segment.ms: [1]", "segment.ms:"])
def test_a_config_that_its_unit_cannot_take_is_a_fault(faults: Faults, config: str) -> None:
    key = config.split(":", maxsplit=1)[0]
    [fault] = faults(TOPIC + f"    config:\n      {config}\n")
    assert fault.startswith(f"8: topics.orders.config.{key}: expected ")


def test_a_config_below_unlimited_is_a_fault(faults: Faults) -> None:
    [fault] = faults(TOPIC + "    config: {retention.ms: -5}\n")
    assert fault == "7: topics.orders.config.retention.ms: -5 is negative; only -1 (unlimited) may be"


@pytest.mark.parametrize("config", ["retention.ms: 1.5", "retention.ms: true", "retention.bytes: 1.5", "retention.bytes: no"])
def test_a_unit_takes_no_fraction_and_no_boolean(faults: Faults, config: str) -> None:
    assert faults(TOPIC + f"    config: {{{config}}}\n")


def test_a_duration_that_is_no_whole_number_of_the_keys_unit_is_a_fault(faults: Faults) -> None:
    text = HEAD.replace("{name: shop}", "{name: shop, config: {log.retention.hours: 90m}}")
    assert faults(text) == ["2: cluster.config.log.retention.hours: 90m is not a whole number of the key's unit"]


def test_a_config_of_an_environment_is_told_where_the_environment_writes_it(faults: Faults) -> None:
    text = HEAD.replace("target: local", "target: local, cluster: {config: {log.retention.ms: x}}")
    assert faults(text)[0].startswith("3: environments.local.cluster.config.log.retention.ms: expected a duration")


def test_more_replicas_than_nodes_is_a_fault(faults: Faults) -> None:
    assert faults(TOPIC + "    replication_factor: 4\n") == [
        "7: topics.orders.replication_factor: replication_factor 4 needs 4 nodes; the cluster has 3"
    ]


def test_more_in_sync_replicas_than_replicas_is_a_fault(faults: Faults) -> None:
    [fault] = faults(TOPIC + "    replication_factor: 1\n")
    assert fault == (
        "7: topics.orders.replication_factor: min_insync_replicas 2 is more than replication_factor 1: nothing could be written"
    )
    [fault] = faults(TOPIC + "    min_insync_replicas: 4\n")
    assert fault.startswith("7: topics.orders.min_insync_replicas: min_insync_replicas 4 is more than replication_factor 3")


@pytest.mark.parametrize("where", ["topic", "defaults"])
def test_more_in_sync_replicas_than_replicas_in_kafkas_own_key_is_a_fault(faults: Faults, where: str) -> None:
    config = "config: {min.insync.replicas: 4}"
    assert faults(TOPIC + (f"    {config}\n" if where == "topic" else f"topic_defaults: {{{config}}}\n"))


def test_a_config_said_twice_is_a_fault(faults: Faults) -> None:
    assert faults(TOPIC + "    retention: 7d\n    config:\n      retention.ms: 7d\n") == [
        "9: topics.orders.config.retention.ms: said twice: here and as retention"
    ]


@pytest.mark.parametrize("policy", ["", "    cleanup_policy: delete\n"])
def test_tombstones_without_compaction_are_a_fault(faults: Faults, policy: str) -> None:
    [fault] = faults(TOPIC + "    event: {key: id, tombstones: true}\n" + policy)
    assert fault == "7: topics.orders.event.tombstones: a tombstone means nothing without cleanup_policy: compact"


@pytest.mark.parametrize(
    "policy", ["cleanup_policy: compact", "cleanup_policy: 'compact,delete'", "config: {cleanup.policy: compact}"]
)
def test_tombstones_with_compaction_are_no_fault(load: Load, policy: str) -> None:
    load(TOPIC + f"    {policy}\n    event: {{key: id, value: state, tombstones: true}}\n")


def test_events_of_a_compacted_topic_must_carry_the_full_state(faults: Faults) -> None:
    text = TOPIC + "    cleanup_policy: compact\n    event: {key: id, value: change}\n"
    assert ["full state" in fault for fault in faults(text)] == [True]


@pytest.mark.parametrize("said", ["    retention: 7d\n", "    config: {retention.ms: 7d}\n"])
def test_a_config_that_is_both_set_and_reset_is_a_fault(faults: Faults, said: str) -> None:
    assert faults(TOPIC + "    reset: [segment.ms, retention.ms]\n" + said) == [
        "7: topics.orders.reset.1: retention.ms is both set and reset"
    ]


def test_clients_may_not_send_more_than_the_broker_takes(faults: Faults) -> None:
    text = HEAD.replace("{name: shop}", "{name: shop, config: {message.max.bytes: 1MB}}")
    assert faults(text + "client:\n  producer:\n    max.request.size: 1MiB\n") == [
        "6: client.producer.max.request.size: 1048576 bytes may be sent, but cluster.config.message.max.bytes takes only 1000000"
    ]


def test_a_heap_that_no_kafka_starts_with_is_a_fault(faults: Faults, load: Load) -> None:
    load(HEAD.replace("{name: shop}", "{name: shop, heap: 32MiB}"))
    assert faults(HEAD.replace("{name: shop}", "{name: shop, heap: 12}")) == [
        "2: cluster.heap: Kafka does not start with less than 32 MiB; 256MiB is a good least"
    ]


def test_more_partitions_than_kafka_creates_at_once_are_a_fault(faults: Faults, load: Load) -> None:
    load(TOPIC.replace("partitions: 1", "partitions: 10000"))
    [fault] = faults(TOPIC.replace("partitions: 1", "partitions: 1000000"))
    assert fault.startswith("6: topics.orders.partitions: 1,000,000 are more than Kafka creates in one step: at most 10,000")


def test_a_kafka_that_is_not_in_the_table_is_a_fault(faults: Faults) -> None:
    [fault] = faults(HEAD.replace("{name: shop}", "{name: shop, kafka_version: 0.8.2}"))
    assert fault.startswith("2: cluster.kafka_version: 0.8.2 is not in the versions table (")


@pytest.mark.parametrize("name", ["a b", "'..'", "ä", "a" * 250, "''"])
def test_a_name_that_kafka_does_not_take_is_a_fault(faults: Faults, name: str) -> None:
    assert "not a topic name" in faults(HEAD + f"topics:\n  {name}: {{partitions: 1}}\n")[0]


def test_faults_between_parts_are_told_together(faults: Faults) -> None:
    found = faults(TOPIC + "    replication_factor: 9\n    reset: [segment.ms]\n    config: {segment.ms: 1}\n")
    assert [fault.split(":")[0] for fault in found] == ["7", "8"]


def test_faults_between_the_parts_that_can_be_read_are_told_beside_those_that_cannot(faults: Faults) -> None:
    text = TOPIC + "    replication_factor: 9\n  a.b: {partitions: 0, event: {key: id, types: [made]}}\n  a_b: {partitions: 1}\n"
    text += (
        "  __consumer_offsets: {partitions: 1}\n  routed: {partitions: 1, event: {key: id, types: [made], routed_from: a.b}}\n"
    )
    assert [fault.split(": ")[:2] for fault in faults(text)] == [
        ["7", "topics.orders.replication_factor"],
        ["8", "topics.a.b.partitions"],
        ["9", "topics.a_b"],
        ["10", "topics.__consumer_offsets"],
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (TOPIC.replace("partitions: 1", "partitions: 0"), "expected at least 1, not 0"),
        (TOPIC.replace("partitions: 1", "partitions: 2147483648"), "expected at most 2147483647, not 2147483648"),
        (HEAD.replace("{name: shop}", "{name: shop, heap: unlimited}"), "expected more than 0, not 'unlimited'"),
        (TOPIC + "    event: {key: id, tombstones: yes}\n", "expected true or false, not 'yes'"),
    ],
)
def test_a_value_out_of_its_range_is_told_with_the_range(faults: Faults, text: str, fault: str) -> None:
    assert [each.split(": ", 2)[2] for each in faults(text)] == [fault]
