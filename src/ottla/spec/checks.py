"""What one key cannot know alone: faults between the parts of an environment."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from ottla.model.units import format_size
from ottla.spec.config_checks import value_problem
from ottla.spec.configs import kafka_text
from ottla.spec.contracts import contract_problems
from ottla.spec.exporter_checks import exporter_problems
from ottla.spec.identity_checks import identity_problems
from ottla.spec.kubernetes_checks import kubernetes_problems
from ottla.spec.monitoring_checks import monitoring_problems
from ottla.spec.names import name_faults
from ottla.spec.policy import least_in_sync, replicas
from ottla.spec.schema import NAMED_CONFIGS, EnvironmentSpec, Target, TopicSpec
from ottla.spec.sharing import sharing_problems
from ottla.spec.versions import KAFKA_VERSIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.spec.document import Document, Path
    from ottla.spec.faults import Fault


MOST_PARTITIONS = 10_000  # of one CreateTopics request (ReplicationControlManager.MAX_PARTITIONS_PER_BATCH)
LEAST_HEAP = 32 * 1024**2  # tried: with 48 MiB, and a small buffer for the log cleaner, a node starts; with 32 it does not


def check_environment(spec: EnvironmentSpec, document: Document, *, whole: bool = True) -> Iterator[Fault]:
    """Every fault between the parts of ``spec``; ``document`` says where each part stands.

    Where topics are missing because they could not be read (not ``whole``), what topics say of one another is left out.
    """
    for path, message in _problems(spec):
        yield document.fault(path, message)
    for path, message in contract_problems(spec) if whole else ():
        yield document.fault(path, message)
    for path, message in identity_problems(spec, whole=whole):
        yield document.fault(path, message)
    for path, message in exporter_problems(spec):
        yield document.fault(path, message)
    for path, message in monitoring_problems(spec):
        yield document.fault(path, message)
    for path, message in sharing_problems(spec) if spec.shares is not None else ():
        yield document.fault(path, message)
    for path, message in kubernetes_problems(spec) if spec.target is Target.STRIMZI else ():
        yield document.fault(path, message)


def _problems(spec: EnvironmentSpec) -> Iterator[tuple[Path, str]]:
    if spec.cluster.kafka_version not in KAFKA_VERSIONS:
        known = ", ".join(KAFKA_VERSIONS)
        yield ("cluster", "kafka_version"), f"{spec.cluster.kafka_version} is not in the versions table ({known})"
    yield from ((("topics", name), message) for name, message in name_faults(spec.topics))
    for name, topic in spec.topics.items():
        if topic.partitions > MOST_PARTITIONS:
            message = f"{topic.partitions:,} are more than Kafka creates in one step: at most {MOST_PARTITIONS:,} (KAFKA-17870)"
            yield ("topics", name, "partitions"), message
        yield from _replica_problems(spec, name)
        yield from _named_problems(spec.cluster.kafka_version, name, topic)
    yield from _size_problems(spec)
    if spec.cluster.heap < LEAST_HEAP:
        yield ("cluster", "heap"), f"Kafka does not start with less than {format_size(LEAST_HEAP)}; 256MiB is a good least"


def _named_problems(version: str, name: str, topic: TopicSpec) -> Iterator[tuple[Path, str]]:
    """The keys with a name of their own take what Kafka's key takes, and are said once."""
    path: Path = ("topics", name)
    for named, key in NAMED_CONFIGS.items():
        value = getattr(topic, named)
        if value is None:
            continue
        message = value_problem("topic", key, value.value if isinstance(value, Enum) else value, version)
        if message:
            yield (*path, named), message
        if key in topic.config:
            yield (*path, "config", key), f"said twice: here and as {named}"
    for index, key in enumerate(topic.reset):
        if key in topic.config or any(
            key == other and getattr(topic, named) is not None for named, other in NAMED_CONFIGS.items()
        ):
            yield (*path, "reset", index), f"{key} is both set and reset"


def _replica_problems(spec: EnvironmentSpec, name: str) -> Iterator[tuple[Path, str]]:
    factor, factor_at = replicas(spec, name)
    if factor > spec.cluster.nodes:
        yield factor_at, f"replication_factor {factor} needs {factor} nodes; the cluster has {spec.cluster.nodes}"
    least, at = least_in_sync(spec, name)
    if least is not None and least > factor:
        where = factor_at if at == ("topic_defaults", "min_insync_replicas") else at
        yield where, f"min_insync_replicas {least} is more than replication_factor {factor}: nothing could be written"


def _size_problems(spec: EnvironmentSpec) -> Iterator[tuple[Path, str]]:
    broker = spec.cluster.config.get("message.max.bytes")
    client = spec.client.producer.get("max.request.size")
    if broker is None or client is None:
        return
    try:
        taken, sent = int(kafka_text("message.max.bytes", broker)), int(kafka_text("max.request.size", client))
    except ValueError:
        return  # said by config_faults already
    if sent > taken:
        path: Path = ("client", "producer", "max.request.size")
        yield path, f"{sent} bytes may be sent, but cluster.config.message.max.bytes takes only {taken}"
