"""What holds for a topic, wherever the spec says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.spec.configs import kafka_text
from ottla.spec.schema import NAMED_CONFIGS

if TYPE_CHECKING:
    from ottla.spec.document import Path
    from ottla.spec.schema import EnvironmentSpec, TopicSpec


def cleanup_policy(spec: EnvironmentSpec, topic: TopicSpec) -> str:
    """The topic's cleanup.policy, be it said there, in the defaults of all topics or in the server's, or be it Kafka's own."""
    if topic.cleanup_policy is not None:
        return topic.cleanup_policy.value
    key = "cleanup.policy"
    said = topic.config.get(key, spec.topic_defaults.config.get(key, spec.cluster.config.get(f"log.{key}", "delete")))
    try:
        return kafka_text(key, said)
    except ValueError:
        return "delete"  # a fault of its own, told where it stands


def replicas(spec: EnvironmentSpec, name: str) -> tuple[int, Path]:
    """The topic's replication_factor, and where it is said (the topic, where the defaults of all topics hold)."""
    factor = spec.topics[name].replication_factor
    path: Path = ("topics", name)
    return (factor, (*path, "replication_factor")) if factor else (spec.topic_defaults.replication_factor, path)


def least_in_sync(spec: EnvironmentSpec, name: str) -> tuple[int | None, Path]:
    """The topic's min.insync.replicas (None: no number), and where it is said."""
    topic, defaults, key = spec.topics[name], spec.topic_defaults, "min.insync.replicas"
    if topic.min_insync_replicas is not None:
        return topic.min_insync_replicas, ("topics", name, "min_insync_replicas")
    if topic.config.get(key) is not None:
        return _number(topic.config[key]), ("topics", name, "config", key)
    if defaults.config.get(key) is not None:
        return _number(defaults.config[key]), ("topic_defaults", "config", key)
    return defaults.min_insync_replicas, ("topic_defaults", "min_insync_replicas")


def _number(value: object) -> int | None:
    return int(str(value)) if str(value).isdecimal() else None


def topic_number(topic: TopicSpec, named: str) -> tuple[int | None, Path]:
    """A number of a topic that has a name of its own (``retention``) and Kafka's, and which of the two says it."""
    value, key = getattr(topic, named), NAMED_CONFIGS[named]
    if value is not None or key not in topic.config:
        return value, (named,)
    return int(kafka_text(key, topic.config[key])), ("config", key)
