"""What is legal and yet probably not meant: warnings, each with the place that it is about. None of them fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.model.client import FOLLOWED
from ottla.model.units import counted, format_duration, format_size
from ottla.spec.configs import kafka_text
from ottla.spec.kafka_configs import config_keys
from ottla.spec.kubernetes_checks import kubernetes_warnings
from ottla.spec.names import name_warnings, user_warnings
from ottla.spec.policy import cleanup_policy, least_in_sync, replicas, topic_number
from ottla.spec.schema import Target
from ottla.spec.sizing import disk_warnings, partition_warnings, replica_warnings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.spec.document import Document, Path
    from ottla.spec.faults import Fault
    from ottla.spec.schema import EnvironmentSpec, TopicSpec

# Kafka's own topics: what hangs without them, and the keys of their replication_factor and min.insync.replicas
OWN_TOPICS = (
    ("consumer groups", "offsets.topic.replication.factor", "min.insync.replicas"),
    ("transactions", "transaction.state.log.replication.factor", "transaction.state.log.min.isr"),
    ("share groups", "share.coordinator.state.topic.replication.factor", "share.coordinator.state.topic.min.isr"),
)

CLEANER_BUFFER = "log.cleaner.dedupe.buffer.size"


def environment_warnings(spec: EnvironmentSpec, document: Document) -> tuple[Fault, ...]:
    """Every warning about a spec without faults, in the order of the file."""
    return tuple(sorted({document.fault(path, message) for path, message in _warnings(spec)}))


def _warnings(spec: EnvironmentSpec) -> Iterator[tuple[Path, str]]:
    yield from ((("topics", name), message) for name, message in name_warnings(spec.topics))
    for name, topic in spec.topics.items():
        yield from _in_sync_warning(spec, name)
        if cleanup_policy(spec, topic) == "compact":
            yield from _retention_warning(name, topic)
        if "compact" in cleanup_policy(spec, topic) and topic.event is None:
            yield ("topics", name), "is compacted, and no event.key says by what: a record without a key would be refused"
    yield from _own_topic_warnings(spec)
    yield from _writer_warnings(spec)
    yield from ((("users", name), message) for name, message in user_warnings(spec.users))
    yield from _client_warnings(spec)
    yield from _heap_warning(spec)
    yield from kubernetes_warnings(spec) if spec.target is Target.STRIMZI else ()
    yield from ((("topics",), sentence) for sentence in replica_warnings(spec))
    yield from ((("load",), sentence) for sentence in partition_warnings(spec))
    yield from ((("cluster", "disk"), sentence) for sentence in disk_warnings(spec))


def _in_sync_warning(spec: EnvironmentSpec, name: str) -> Iterator[tuple[Path, str]]:
    factor, _ = replicas(spec, name)
    least, at = least_in_sync(spec, name)
    if least == factor > 1:
        yield at, f"min_insync_replicas is the whole replication_factor ({factor}): one node down stops all writes"


def _retention_warning(name: str, topic: TopicSpec) -> Iterator[tuple[Path, str]]:
    """Compaction reads no retention. Where min_compaction_lag keeps the full history as long, what was meant is said."""
    at: Path = ("topics", name)
    size, size_at = topic_number(topic, "retention_bytes")
    if size is not None and size >= 0:
        yield (*at, *size_at), "does nothing on a topic that is only compacted"
    wished, wished_at = topic_number(topic, "retention")
    kept, _ = topic_number(topic, "min_compaction_lag")
    if wished is not None and (kept or 0) < wished:
        wish = format_duration(wished).replace(" ", "")
        yield (
            (*at, *wished_at),
            f"does nothing on a topic that is only compacted; to keep the full history of {wish}: min_compaction_lag: {wish}",
        )


def _own_topic_warnings(spec: EnvironmentSpec) -> Iterator[tuple[Path, str]]:
    nodes = spec.cluster.nodes
    for what, factor_key, least_key in OWN_TOPICS:
        factor, least = _server_number(spec, factor_key), _server_number(spec, least_key)
        at: Path = ("cluster", "config", factor_key)
        if factor > nodes:
            yield at, f"is {factor}, and the cluster has {counted(nodes, 'node')}: {what} would hang. Write {factor_key}: {nodes}"
        elif least > factor:
            yield at, f"is {factor}, and {least_key} is {least}: {what} would hang. Write {least_key}: {factor}"


def _writer_warnings(spec: EnvironmentSpec) -> Iterator[tuple[Path, str]]:
    """Contracts say who writes a topic, users say who may: two answers to one question."""
    may_write: dict[str, set[str]] = {name: set() for name in spec.topics}
    for name, user in spec.users.items():
        for topic in (*user.produces, *(user.streams.writes if user.streams else ())):
            may_write[topic].add(name)
    for topic, contract in ((name, each.event) for name, each in spec.topics.items() if spec.users and each.event):
        at: Path = ("topics", topic, "event", "written_by")
        for index, writer in enumerate(contract.written_by):
            if writer not in may_write[topic]:
                yield (*at, index), f"{writer} may not write it: say so in `users: {{{writer}: {{produces: [{topic}]}}}}`"
        for other in sorted(may_write[topic] - set(contract.written_by)) if contract.written_by else ():
            yield at, f"does not name {other}, who may write it: one topic has one kind of writer"


def _heap_warning(spec: EnvironmentSpec) -> Iterator[tuple[Path, str]]:
    """Two thirds of a heap hold what stays, and the log cleaner's buffer must fit there in one piece."""
    buffer = _server_number(spec, CLEANER_BUFFER)
    if spec.cluster.heap * 2 <= buffer * 3:
        message = f"nodes would end with 'Java heap space': the log cleaner alone takes {format_size(buffer)} ({CLEANER_BUFFER})"
        yield ("cluster", "heap"), f"{message}; twice that is a good least"


def _client_warnings(spec: EnvironmentSpec) -> Iterator[tuple[Path, str]]:
    for kind, configs in (("producer", spec.client.producer), ("consumer", spec.client.consumer)):
        for key in configs.keys() - FOLLOWED:
            yield (
                ("client", kind, key),
                "is a key that Ottla's own clients cannot follow: produce, consume and verify --write would stop at it",
            )


def _server_number(spec: EnvironmentSpec, key: str) -> int:
    default = config_keys("broker", spec.cluster.kafka_version)[key].default
    return int(kafka_text(key, spec.cluster.config.get(key, default)))
