"""One file, a real Kafka here, an event through every topic. What Ottla says is checked with another client."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from confluent_kafka.admin import AdminClient, ConfigResource, ConfigSource

from ottla.kafka.configs import read_broker_configs
from ottla.kafka.connection import connect

if TYPE_CHECKING:
    from tests.conftest import Home

pytestmark = pytest.mark.kafka

DAY = 86_400_000
# partitions on three nodes, partitions on the laptop, configs beside min.insync.replicas
TOPICS = {
    "task-events": (
        6,
        3,
        {
            "cleanup.policy": "compact",
            "min.compaction.lag.ms": str(7 * DAY),
            "retention.ms": str(7 * DAY),
            "segment.bytes": "100000000",
        },
    ),
    "reminder-events": (3, 2, {"cleanup.policy": "delete", "retention.ms": str(3 * DAY)}),
    "task-update-events": (
        4,
        2,
        {"cleanup.policy": "compact", "min.compaction.lag.ms": str(7 * DAY), "retention.ms": str(7 * DAY)},
    ),
    "recurring-events": (2, 1, {"cleanup.policy": "delete", "retention.ms": str(30 * DAY)}),
    "notification-events": (4, 2, {"cleanup.policy": "delete", "retention.ms": str(DAY)}),
    **{
        f"todo.tasks.{what}": (3, 3, {"compression.type": "snappy", "retention.ms": str(7 * DAY)})
        for what in ("created", "updated", "deleted", "completed")
    },
}


def set_on_topics(home: Home) -> dict[str, dict[str, str]]:
    admin = AdminClient({"bootstrap.servers": ",".join(home.bootstrap_servers)})
    resources = [ConfigResource(ConfigResource.Type.TOPIC, name) for name in TOPICS]
    answers = {resource.name: answer.result(10) for resource, answer in admin.describe_configs(resources).items()}
    return {
        name: {key: entry.value for key, entry in entries.items() if entry.source == ConfigSource.DYNAMIC_TOPIC_CONFIG.value}
        for name, entries in answers.items()
    }


@pytest.mark.parametrize(("shape", "replicas", "least"), [("three", 3, 2), ("one", 1, 1)])
def test_every_topic_exists_exactly_as_the_spec_says(
    shape: str, replicas: int, least: int, request: pytest.FixtureRequest
) -> None:
    home: Home = request.getfixturevalue(shape)
    admin = AdminClient({"bootstrap.servers": ",".join(home.bootstrap_servers)})
    there = admin.list_topics(timeout=10).topics
    for name, (on_three, on_laptop, _) in TOPICS.items():
        partitions = there[name].partitions.values()
        assert len(partitions) == (on_three if shape == "three" else on_laptop), name
        assert {len(partition.replicas) for partition in partitions} == {replicas}, name
    configs = set_on_topics(home)
    for name, (_, _, wanted) in TOPICS.items():
        assert configs[name] == {**wanted, "min.insync.replicas": str(least)}, name


def test_each_server_property_of_the_documents_is_set_and_read_back_on_every_node(three: Home) -> None:
    wanted = {
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
        "offsets.topic.replication.factor": "3",
        "transaction.state.log.replication.factor": "3",
        "transaction.state.log.min.isr": "2",
        "compression.type": "snappy",
    }
    with connect(three.bootstrap_servers) as connection:
        read = read_broker_configs(connection, [1, 2, 3])
    for node_id, configs in read.items():
        assert {key: configs[key].value for key in wanted} == wanted, node_id


def test_verify_write_puts_an_event_through_every_topic_and_reads_it_back(three: Home) -> None:
    done = three.run("verify", "--write", "-o", "json")
    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads(done.stdout)
    assert (document["kind"], document["version"]) == ("verify", 1)
    events = [check for check in document["data"]["checks"] if check["name"] == "event"]
    assert {check["subject"] for check in events} == {f"topic {name}" for name in TOPICS}
    assert all("read after" in check["seen"] and check["wanting"] is None for check in events)


def test_a_second_up_starts_nothing_and_changes_nothing(three: Home) -> None:
    before = three.platform.cluster.running()
    done = three.run("up")
    assert done.returncode == 0, done.stderr
    assert "created" not in done.stdout
    assert {node: process.pid for node, process in three.platform.cluster.running().items()} == {
        node: process.pid for node, process in before.items()
    }


def test_the_plan_of_a_platform_that_is_up_is_empty(three: Home) -> None:
    done = three.run("plan", "--exit-code")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "no changes: the cluster is as the spec says")


def test_up_says_with_figures_that_the_load_does_not_fit_the_disk(three: Home) -> None:
    done = three.run("up")
    assert "10,000 events/s" in done.stderr
    assert "full after 17m" in done.stderr


def test_status_has_bootstrap_servers_as_a_list_of_strings_and_every_node(three: Home) -> None:
    done = three.run("status", "-o", "json")
    assert done.returncode == 0, done.stdout
    document = json.loads(done.stdout)
    data = document["data"]
    assert (document["kind"], document["version"]) == ("status", 1)
    assert data["bootstrap_servers"] == list(three.bootstrap_servers)
    assert data["quorum"]["voters"] == [1, 2, 3]
    assert data["quorum"]["leader"] in {1, 2, 3}
    assert data["partitions"]["under_replicated"] == 0
    for node in data["nodes"]:
        assert node["state"] == "running"
        assert node["memory_bytes"] > 50_000_000
        assert node["uptime_seconds"] > 0
        assert node["log_dirs"][0]["usable_bytes"] > 0


def test_status_for_people_names_the_quorum_leader(three: Home) -> None:
    done = three.run("status")
    assert done.stdout.count("(quorum leader)") == 1
    assert "have every replica in sync" in done.stdout


def test_yaml_output_says_the_same_as_json(three: Home) -> None:
    from ruamel.yaml import YAML  # noqa: PLC0415  (only here)

    json_plan = json.loads(three.run("plan", "-o", "json").stdout)
    assert YAML(typ="safe").load(three.run("plan", "-o", "yaml").stdout) == json_plan


def test_logs_show_the_end_of_each_nodes_log(three: Home) -> None:
    done = three.run("logs", "-n", "3")
    assert done.returncode == 0
    assert {line.split(" | ")[0] for line in done.stdout.splitlines()} == {"1", "2", "3"}
    assert three.run("logs", "9").returncode == 2
