"""The schema for editors, asked by a validator that knows nothing of Ottla."""

from __future__ import annotations

import copy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ottla.spec.document import read_document
from ottla.spec.json_schema import json_schema
from ottla.spec.kafka_configs import config_keys

SHIPPED = Path(__file__).parent.parent.parent / "platform.yaml"


@cache
def validator() -> Any:
    schema = json_schema()
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def shipped() -> dict[str, Any]:
    return copy.deepcopy(read_document(SHIPPED.read_text(), file="platform.yaml").values)


def changed(path: str, value: object) -> dict[str, Any]:
    """The shipped spec with one value put there; ``/`` parts the keys."""
    spec = shipped()
    *parents, key = path.split("/")
    holder = spec
    for parent in parents:
        holder = holder.setdefault(parent, {})
    holder[key] = value
    return spec


def wrong_at(spec: dict[str, Any]) -> list[str]:
    return ["/".join(map(str, error.absolute_path)) for error in validator().iter_errors(spec)]


def test_the_shipped_spec_passes() -> None:
    assert wrong_at(shipped()) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("topics/task-events/retentoin", "7d"),
        ("topics/task-events/retention", 1.5),
        ("topics/task-events/partitions", "six"),
        ("topics/task-events/partitions", 0),
        ("topics/task-events/cleanup_policy", "compacted"),
        ("topics/task-events/config", {"retention.mss": 1}),
        ("topics/task-events/config", {"segment.bytes": 1}),
        ("topics/task-events/config", {"compression.type": "brotli"}),
        ("topics/task-events/config", {"preallocate": "perhaps"}),
        ("topics/a b", {"partitions": 1}),
        ("cluster/config/zookeeper.connect", "localhost"),
        ("cluster/config/num.io.threads", 0),
        ("cluster/config/ssl.keystore.password", "hunter2"),
        ("cluster/kafka_version", "0.8"),
        ("client/producer/acks", "some"),
        ("environments/laptop/topics/task-events/partitions", "three"),
        ("environments/laptop/cluster/nodez", 1),
        ("environments", {}),
        ("colour", "red"),
    ],
)
def test_a_broken_spec_does_not(path: str, value: object) -> None:
    assert wrong_at(changed(path, value))


@pytest.mark.parametrize(
    "path",
    [
        "environments/laptop/topics/task-events",
        "environments/laptop/topics/task-events/retention",
        "environments/laptop/topics/task-events/event/key",
        "environments/laptop/cluster/config/num.io.threads",
        "environments/laptop/client/producer",
        "environments/laptop/load",
        "environments/laptop/topic_defaults/replication_factor",
    ],
)
def test_an_environment_may_take_any_name_away(path: str) -> None:
    assert wrong_at(changed(path, None)) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("topics/task-events/retention", 604800000),
        ("topics/task-events/config", {"cleanup.policy": ["compact", "delete"], "segment.bytes": "1MiB", "preallocate": True}),
        ("topics/task-events/config", {"confluent.tier.enable": True}),
        ("cluster/config/listener.name.client.ssl.client.auth", "required"),
        ("cluster/config/rsm.config.dir", "remote"),
        ("client/producer/acks", -1),
        ("client/consumer/auto.offset.reset", "by_duration:P1D"),
        ("topics/new", {"description": "partitions come from each environment"}),
    ],
)
def test_what_validate_takes_passes(path: str, value: object) -> None:
    assert wrong_at(changed(path, value)) == []


def described(definition: dict[str, Any]) -> list[str]:
    return [key for key, value in definition.get("properties", {}).items() if not value.get("description")]


def test_every_key_has_a_description() -> None:
    schema = json_schema()
    assert {name: missing for name, each in schema["$defs"].items() if (missing := described(each))} == {}
    assert described(schema) == []


def test_every_kafka_key_is_offered() -> None:
    assert json_schema()["$defs"]["BrokerConfigs"]["properties"].keys() == config_keys("broker").keys()
