"""Configs of topics and brokers, with the place each value comes from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from kafka.protocol.admin import DescribeConfigsRequest, IncrementalAlterConfigsRequest

from ottla.kafka.connection import check, error_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ottla.kafka.connection import Connection

TOPIC = 2
BROKER = 4
SET = 0
DELETE = 1


class ConfigSource(IntEnum):
    """Where the value of a config comes from (DescribeConfigsResponse)."""

    DYNAMIC_TOPIC_CONFIG = 1
    DYNAMIC_BROKER_CONFIG = 2
    DYNAMIC_DEFAULT_BROKER_CONFIG = 3
    STATIC_BROKER_CONFIG = 4
    DEFAULT_CONFIG = 5
    DYNAMIC_BROKER_LOGGER_CONFIG = 6
    DYNAMIC_CLIENT_METRICS_CONFIG = 7
    DYNAMIC_GROUP_CONFIG = 8


@dataclass(frozen=True, slots=True)
class ConfigEntry:
    """The value in force and where it comes from; a sensitive one has no value."""

    value: str | None
    source: ConfigSource


def read_topic_configs(connection: Connection, topics: Iterable[str]) -> dict[str, dict[str, ConfigEntry]]:
    """The configs in force of all ``topics``, in one request. Raises ClusterError if any cannot be read."""
    resources = [(TOPIC, name, None) for name in topics]
    if not resources:
        return {}
    answer = connection.send(DescribeConfigsRequest(resources=resources, include_synonyms=False))
    return {result.resource_name: _entries(result, "topic") for result in answer.results}


def read_broker_configs(connection: Connection, node_ids: Iterable[int]) -> dict[int, dict[str, ConfigEntry]]:
    """The configs in force of each broker; a broker must be asked itself, so this is one request for each."""
    configs = {}
    for node_id in node_ids:
        request = DescribeConfigsRequest(resources=[(BROKER, str(node_id), None)], include_synonyms=False)
        answer = connection.send(request, node_id=node_id)
        configs[node_id] = _entries(answer.results[0], "node")
    return configs


def _entries(result: Any, kind: str) -> dict[str, ConfigEntry]:
    check(result.error_code, result.error_message, what=f"cannot read the configs of {kind} {result.resource_name}")
    return {entry.name: ConfigEntry(entry.value, ConfigSource(entry.config_source)) for entry in result.configs}


def alter_topic_configs(connection: Connection, changes: Mapping[str, Mapping[str, str | None]]) -> dict[str, str | None]:
    """Set configs of topics (None: back to the default), leaving every other key alone, in one request.

    The answer says for each topic the refusal, or None.
    """
    resources = [
        (TOPIC, name, [(key, DELETE if value is None else SET, value) for key, value in configs.items()])
        for name, configs in changes.items()
    ]
    answer = connection.send(IncrementalAlterConfigsRequest(resources=resources, validate_only=False))
    return {result.resource_name: error_text(result.error_code, result.error_message) for result in answer.responses}
