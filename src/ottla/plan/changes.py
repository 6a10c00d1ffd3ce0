"""Everything that can be changed, as one closed union of small types. No change is the absence of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from ottla.model.units import counted

if TYPE_CHECKING:
    from ottla.model.topic import Topic


@dataclass(frozen=True, slots=True)
class ConfigChange:
    """One config: None before is "not set", None after is "back to the default"."""

    key: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class CreateTopic:
    """A topic that is not there."""

    topic: Topic


@dataclass(frozen=True, slots=True)
class AddPartitions:
    """More partitions for a topic; Kafka cannot take any away."""

    name: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class AlterTopicConfigs:
    """Configs of a topic, key by key (IncrementalAlterConfigs, KIP-339); other keys are not touched."""

    name: str
    configs: tuple[ConfigChange, ...]
    cleanup_policy: str | None = None


@dataclass(frozen=True, slots=True)
class AlterNodeProperties:
    """Properties in a node's file: the node must be restarted to read them."""

    node_id: int
    configs: tuple[ConfigChange, ...]


@dataclass(frozen=True, slots=True)
class DeleteTopic:
    """A topic and all that is in it."""

    topic: Topic


Change: TypeAlias = CreateTopic | AddPartitions | AlterTopicConfigs | AlterNodeProperties | DeleteTopic


def object_key(change: Change) -> str:
    """What the change is about: ``topic:NAME`` or ``node:ID``."""
    match change:
        case CreateTopic(topic) | DeleteTopic(topic):
            return f"topic:{topic.name}"
        case AddPartitions(name=name) | AlterTopicConfigs(name=name):
            return f"topic:{name}"
        case AlterNodeProperties(node_id=node_id):
            return f"node:{node_id}"


def describe(change: Change) -> str:
    """One line for a person."""
    match change:
        case CreateTopic(topic):
            partitions = counted(topic.partitions, "partition")
            return f"create topic {topic.name}: {partitions}, replication_factor {topic.replication_factor}"
        case AddPartitions(name, before, after):
            return f"add partitions to topic {name}: {before} -> {after}"
        case AlterTopicConfigs(name=name, configs=configs):
            return f"alter configs of topic {name}: {', '.join(config.key for config in configs)}"
        case AlterNodeProperties(node_id, configs):
            return f"restart node {node_id} with new properties: {', '.join(config.key for config in configs)}"
        case DeleteTopic(topic):
            return f"delete topic {topic.name}"


def order_changes(changes: list[Change]) -> tuple[Change, ...]:
    """What makes room for what: nodes first, then what adds, then what alters, and what deletes last."""
    ranks = {AlterNodeProperties: 0, CreateTopic: 1, AddPartitions: 2, AlterTopicConfigs: 3, DeleteTopic: 4}
    return tuple(sorted(changes, key=lambda change: (ranks[type(change)], _number(change), object_key(change))))


def _number(change: Change) -> int:
    return change.node_id if isinstance(change, AlterNodeProperties) else 0
