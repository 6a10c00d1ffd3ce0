"""What one key cannot know alone: faults between the parts of an environment."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ottla.spec.configs import kafka_text
from ottla.spec.schema import NAMED_CONFIGS, EnvironmentSpec, EventValue, TopicSpec
from ottla.spec.versions import KAFKA_VERSIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.spec.document import Document, Path
    from ottla.spec.faults import Fault

TOPIC_NAME = re.compile(r"[a-zA-Z0-9._-]{1,249}")  # org.apache.kafka.common.internals.Topic


def unreadable_configs(document: Document) -> Iterator[Fault]:
    """Every value under a ``config:`` (or a client profile) that its key cannot take. Works on a document of any shape."""
    values = document.values
    holders: list[Path] = [
        ("cluster", "config"),
        ("topic_defaults", "config"),
        ("client", "producer"),
        ("client", "consumer"),
    ]
    topics = values.get("topics")
    holders += [("topics", name, "config") for name in topics] if isinstance(topics, dict) else []
    for holder in holders:
        configs: object = values
        for part in holder:
            configs = configs.get(part) if isinstance(configs, dict) else None
        for key, value in configs.items() if isinstance(configs, dict) else ():
            try:
                kafka_text(key, value)
            except ValueError as error:
                yield document.fault((*holder, key), str(error))


def check_environment(spec: EnvironmentSpec, document: Document) -> Iterator[Fault]:
    """Every fault between the parts of ``spec``; ``document`` says where each part stands."""
    for path, message in _problems(spec):
        yield document.fault(path, message)


def _problems(spec: EnvironmentSpec) -> Iterator[tuple[Path, str]]:
    if spec.cluster.kafka_version not in KAFKA_VERSIONS:
        known = ", ".join(KAFKA_VERSIONS)
        yield ("cluster", "kafka_version"), f"{spec.cluster.kafka_version} is not in the versions table ({known})"
    for name, topic in spec.topics.items():
        yield from _topic_problems(spec, name, topic)
    yield from _size_problems(spec)


def _topic_problems(spec: EnvironmentSpec, name: str, topic: TopicSpec) -> Iterator[tuple[Path, str]]:
    path: Path = ("topics", name)
    if not TOPIC_NAME.fullmatch(name) or name in {".", ".."}:
        yield path, "not a topic name: letters, digits, '.', '_' and '-', at most 249 of them"
    yield from _replica_problems(spec, path, topic)
    for named, key in NAMED_CONFIGS.items():
        if key in topic.config and getattr(topic, named) is not None:
            yield (*path, "config", key), f"said twice: here and as {named}"
    for index, key in enumerate(topic.reset):
        if key in topic.config or any(
            key == NAMED_CONFIGS[named] and getattr(topic, named) is not None for named in NAMED_CONFIGS
        ):
            yield (*path, "reset", index), f"{key} is both set and reset"
    policy = topic.cleanup_policy.value if topic.cleanup_policy else str(topic.config.get("cleanup.policy", "delete"))
    if topic.event and topic.event.tombstones and "compact" not in policy:
        yield (*path, "event", "tombstones"), "a tombstone means nothing without cleanup_policy: compact"
    if topic.event and topic.event.value is not EventValue.STATE and "compact" in policy:
        yield (*path, "event"), "events of a compacted topic carry the full state (value: state), or compaction loses it"


def _replica_problems(spec: EnvironmentSpec, path: Path, topic: TopicSpec) -> Iterator[tuple[Path, str]]:
    factor = topic.replication_factor or spec.topic_defaults.replication_factor
    factor_at: Path = (*path, "replication_factor") if topic.replication_factor else path
    if factor > spec.cluster.nodes:
        yield factor_at, f"replication_factor {factor} needs {factor} nodes; the cluster has {spec.cluster.nodes}"
    key = "min.insync.replicas"
    said: list[tuple[Path, object]] = [
        ((*path, "min_insync_replicas"), topic.min_insync_replicas),
        ((*path, "config", key), topic.config.get(key)),
        (("topic_defaults", "config", key), spec.topic_defaults.config.get(key)),
        (factor_at, spec.topic_defaults.min_insync_replicas),
    ]
    at, least = next((at, value) for at, value in said if value is not None)
    if str(least).isdigit() and int(str(least)) > factor:
        yield at, f"min_insync_replicas {least} is more than replication_factor {factor}: nothing could be written"


def _size_problems(spec: EnvironmentSpec) -> Iterator[tuple[Path, str]]:
    broker = spec.cluster.config.get("message.max.bytes")
    client = spec.client.producer.get("max.request.size")
    if broker is None or client is None:
        return
    try:
        taken, sent = int(kafka_text("message.max.bytes", broker)), int(kafka_text("max.request.size", client))
    except ValueError:
        return  # said by unreadable_configs already
    if sent > taken:
        path: Path = ("client", "producer", "max.request.size")
        yield path, f"{sent} bytes may be sent, but cluster.config.message.max.bytes takes only {taken}"
