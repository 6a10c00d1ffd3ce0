from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Ottla


def data(ottla: Ottla, *arguments: str) -> dict[str, Any]:
    done = ottla("explain", *arguments, "-o", "json")
    assert done.exit_code == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)["data"]
    return found


def test_a_key_is_told_with_meaning_type_default_source_and_what_kafka_gets(ottla: Ottla, folder: Path) -> None:
    line = 1 + (folder / "platform.yaml").read_text().splitlines().index("    retention: 3d")
    lines = [" ".join(each.split()) for each in ottla("explain", "topics.reminder-events.retention").stdout.splitlines()]
    assert lines[:2] == [
        "topics.reminder-events.retention",
        "How long records are kept; whole segments are dropped, never the last one.",
    ]
    assert "type a duration: 7d, 12h, 30s, 250ms, unlimited, or a bare number of the unit" in lines
    assert "Kafka retention.ms: a topic config, long, [-1,...]; default 604800000 (7d)" in lines
    assert f"said in platform.yaml:{line}: topics.reminder-events.retention: 3d" in lines
    assert "local retention.ms = 259200000 (3d)" in lines


@pytest.mark.parametrize(
    ("key", "said", "told"),
    [
        ("topics.recurring-events.min_insync_replicas", "topic_defaults.min_insync_replicas", {"min.insync.replicas": "2"}),
        ("topics.recurring-events.segment_bytes", "cluster.config.log.segment.bytes", {"log.segment.bytes": "1073741824"}),
        ("topics.task-events.config.segment.bytes", "topics.task-events.segment_bytes", {"segment.bytes": "100000000"}),
        ("topics.todo.tasks.created.retention", "topics.todo.tasks.created.retention", {"retention.ms": "604800000"}),
        ("topics.recurring-events.replication_factor", "topic_defaults.replication_factor", None),
        ("cluster.config.log.retention.hours", "cluster.config.log.retention.hours", {"log.retention.hours": "168"}),
        ("client.producer.batch.size", "client.producer.batch.size", {"batch.size": "16384"}),
        ("client.producer.linger.ms", "environments.local.client.producer.linger.ms", {"linger.ms": "20"}),
        ("cluster.nodes", "cluster.nodes", None),
        ("load.event_size", "load.event_size", None),
    ],
)
def test_a_value_is_told_where_it_comes_from(ottla: Ottla, key: str, said: str, told: dict[str, str] | None) -> None:
    found = data(ottla, key)
    assert [each["key"] for each in found["said"]] == [said]
    assert found["in_kafka"] == told


def test_without_a_retention_the_one_of_the_server_holds(ottla: Ottla, folder: Path) -> None:
    path = folder / "platform.yaml"
    path.write_text(path.read_text().replace("    retention: 3d\n", ""))
    found = data(ottla, "topics.reminder-events.retention")
    assert [each["key"] for each in found["said"]] == ["cluster.config.log.retention.hours"]
    assert found["in_kafka"] == {"log.retention.hours": "168"}


def test_what_nobody_says_is_kafkas_default(ottla: Ottla) -> None:
    found = data(ottla, "topics.task-events.config.segment.ms")
    assert (found["said"], found["in_kafka"]) == ([], {"segment.ms": "604800000"})
    assert "no place: the default holds" in ottla("explain", "topics.task-events.config.segment.ms").stdout


@pytest.mark.parametrize("arguments", [("cluster.nodes", "-e", "laptop"), ("environments.laptop.cluster.nodes",)])
def test_a_key_is_told_as_an_environment_has_it(ottla: Ottla, arguments: tuple[str, ...]) -> None:
    found = data(ottla, *arguments)
    assert found["environment"] == "laptop"
    assert [(each["key"], each["value"]) for each in found["said"]] == [("environments.laptop.cluster.nodes", 1)]


def test_a_key_of_kafka_is_told_in_every_scope_with_every_place_that_sets_it(ottla: Ottla) -> None:
    found = data(ottla, "compression.type")
    assert [each["scope"] for each in found["kafka"]] == ["topic", "broker", "producer"]
    assert {"cluster.config.compression.type", "client.producer.compression.type"} < {each["key"] for each in found["said"]}


def test_a_mapping_is_told_with_its_keys(ottla: Ottla) -> None:
    assert {"replication_factor", "config"} < {each["key"] for each in data(ottla, "topic_defaults")["keys"]}
    assert "task-events" in {each["key"] for each in data(ottla, "topics")["keys"]}
    assert "cluster.config.num.io.threads" in {each["key"] for each in data(ottla, "cluster.config")["said"]}
    assert "environments" in {each["key"] for each in data(ottla)["keys"]}


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("retention.mss", "did you mean 'retention.ms'?"),
        ("retention", "did you mean 'topics.NAME.retention'?"),
        ("topics.task-event.retention", "did you mean 'task-events'?"),
        ("topics.task-events.retentoin", "did you mean 'retention'?"),
        ("cluster.config.num.io.thread", "did you mean 'num.io.threads'?"),
        ("users.task-service.producez", "did you mean 'produces'?"),
        ("acls.first", "acls.first"),
        ("zookeeper.connect", "Kafka 4 has no ZooKeeper"),
        ("qqqqqqq", "known here: acls, client, cluster"),
    ],
)
def test_an_unknown_key_is_a_usage_error_with_what_was_meant(ottla: Ottla, key: str, meant: str) -> None:
    done = ottla("explain", key)
    assert (done.exit_code, done.stdout) == (2, "")
    assert meant in done.stderr


def test_a_key_is_told_of_any_topic(ottla: Ottla) -> None:
    found = data(ottla, "topics.NAME.retention")
    assert (found["kafka"][0]["key"], found["said"], found["in_kafka"]) == ("retention.ms", [], None)


def test_a_key_is_told_where_there_is_no_spec(ottla: Ottla, folder: Path) -> None:
    (folder / "platform.yaml").unlink()
    found = data(ottla, "topics.orders.retention")
    assert (found["environment"], found["said"], found["kafka"][0]["key"]) == (None, [], "retention.ms")


def test_a_key_is_told_where_the_spec_has_faults(ottla: Ottla, folder: Path) -> None:
    (folder / "platform.yaml").write_text("platform: 3\n")
    done = ottla("explain", "cluster.heap")
    assert done.exit_code == 0
    assert "default   512 MiB" in done.stdout
    assert "platform.yaml has faults" in done.stderr
