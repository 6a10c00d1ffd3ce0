"""Topics as KafkaTopics. What is not said of a topic there, Strimzi's topic operator takes away: it owns the topic.

A topic that no KafkaTopic names (the exporter's canary, Kafka's own) is none of its business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.kubernetes.kafka_values import written_value
from ottla.kubernetes.resource import Said, Tree
from ottla.kubernetes.resource_names import resource_name
from ottla.kubernetes.strimzi import custom_resource, described
from ottla.spec.desired import desired_state
from ottla.spec.policy import replicas
from ottla.spec.schema import NAMED_CONFIGS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.kubernetes.resource import Resource
    from ottla.kubernetes.site import Site
    from ottla.model.topic import Topic
    from ottla.spec.document import Path
    from ottla.spec.schema import EnvironmentSpec

MANAGED, UNMANAGED = "strimzi.io/managed", "false"  # an annotation: with any other value the topic operator carries it out


def topics(site: Site) -> Iterator[Resource]:
    """A KafkaTopic for each, in the order of the spec; those of an environment that shares a cluster have its prefix."""
    desired = desired_state(site.spec).topics
    for name, topic in site.topics.items():
        yield _topic(site, name, desired[site.spec.full_name(name)], topic.description)


def _topic(site: Site, name: str, topic: Topic, description: str) -> Resource:
    path: Path = ("topics", name)
    called = resource_name(topic.name)
    spec = {
        "topicName": Said(topic.name, path) if called != topic.name else None,
        "partitions": Said(topic.partitions, (*path, "partitions")),
        "replicas": Said(topic.replication_factor, _replicas_path(site.spec, name)),
        "config": _config(site.spec, name, topic),
    }
    return custom_resource(
        site,
        "KafkaTopic",
        file=f"topic-{called}.yaml",
        name=Said(called, path),
        spec=spec,
        annotations=described(description, path),
    )


def _replicas_path(spec: EnvironmentSpec, name: str) -> Path:
    """The topic's own, or that of the defaults of all topics."""
    _, at = replicas(spec, name)
    return at if at[-1] == "replication_factor" else ("topic_defaults", "replication_factor")


def _config(spec: EnvironmentSpec, name: str, topic: Topic) -> dict[str, Tree]:
    version = spec.cluster.kafka_version
    return {
        key: Said(written_value("topic", key, text, version), _said_at(spec, name, key)) for key, text in topic.configs.items()
    }


def _said_at(spec: EnvironmentSpec, name: str, key: str) -> Path:
    """Which line of the spec gives the topic that config."""
    topic, defaults = spec.topics[name], spec.topic_defaults
    named = next((word for word, theirs in NAMED_CONFIGS.items() if theirs == key and getattr(topic, word) is not None), None)
    if named is not None:
        return ("topics", name, named)
    if key in topic.config:
        return ("topics", name, "config", key)
    return ("topic_defaults", "config", key) if key in defaults.config else ("topic_defaults", "min_insync_replicas")
