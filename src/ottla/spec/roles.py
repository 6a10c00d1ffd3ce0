"""What users are said to do -> the least ACLs with which Kafka lets them, each with the line of the spec that asks for it.

Sources: KafkaApis.scala (what each request is authorized for) and Kafka's page "Streams Security".
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, NamedTuple

from ottla.model.acl import CLUSTER_NAME, WILDCARD, AclBinding, Operation, PatternType, Permission, ResourceType
from ottla.model.user import USER, principal_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ottla.spec.document import Path
    from ottla.spec.identity import ConsumesSpec, StreamsSpec, UserSpec
    from ottla.spec.schema import EnvironmentSpec

LITERAL, PREFIXED = PatternType.LITERAL, PatternType.PREFIXED
TOPIC, GROUP, CLUSTER = ResourceType.TOPIC, ResourceType.GROUP, ResourceType.CLUSTER
TRANSACTIONAL_ID = ResourceType.TRANSACTIONAL_ID
READ, WRITE, DESCRIBE, DESCRIBE_CONFIGS = Operation.READ, Operation.WRITE, Operation.DESCRIBE, Operation.DESCRIBE_CONFIGS
INTERNAL_TOPICS = (READ, WRITE, Operation.CREATE, Operation.DELETE)


class Grant(NamedTuple):
    """A binding, and the path in the spec of what asks for it."""

    binding: AclBinding
    path: Path


class _Needs(NamedTuple):
    """What a role needs, whoever has it. ``path`` starts below the user, or below the exporter."""

    path: Path
    resource_type: ResourceType
    name: str
    operations: tuple[Operation, ...]
    pattern: PatternType = LITERAL


def grants(spec: EnvironmentSpec) -> tuple[Grant, ...]:
    """Every binding that the spec asks for, in the order of the spec; one that is asked for twice is there twice."""
    return (*_of_users(spec), *_of_exporter(spec), *_raw(spec))


def _of_users(spec: EnvironmentSpec) -> Iterator[Grant]:
    for name, user in spec.users.items():
        for needs in _needs(user, shared=spec.shares is not None):
            yield from _granted(spec, name, needs, ("users", name))


def _granted(spec: EnvironmentSpec, user: str, needs: _Needs, path: Path) -> Iterator[Grant]:
    principal, name = principal_of(spec.full_name(user)), spec.full_name(needs.name)
    for operation in needs.operations:
        binding = AclBinding(needs.resource_type, name, needs.pattern, principal, WILDCARD, operation, Permission.ALLOW)
        yield Grant(binding, (*path, *needs.path))


def _of_exporter(spec: EnvironmentSpec) -> Iterator[Grant]:
    """The canary's topic is the exporter's own; an election of its leaders is ALTER on the whole cluster, and left to Kafka."""
    exporter = spec.exporter
    if exporter.user is not None and exporter.canary.enabled and spec.shares is None:
        needs = _Needs(("canary", "topic"), TOPIC, exporter.canary.topic, (READ, WRITE, Operation.CREATE, Operation.ALTER))
        yield from _granted(spec, exporter.user, needs, ("exporter",))


def _raw(spec: EnvironmentSpec) -> Iterator[Grant]:
    for index, acl in enumerate(spec.acls):
        name, pattern, principal = acl.name or CLUSTER_NAME, acl.pattern, acl.principal
        if spec.shares is not None:
            name, pattern = ("", PREFIXED) if name == WILDCARD else (name, pattern)  # all names are all of its own
            principal = principal_of(spec.full_name(principal.removeprefix(f"{USER}:")))
        for position, operation in enumerate(acl.operations):
            host = _as_java_writes(acl.host)
            binding = AclBinding(acl.resource, spec.full_name(name), pattern, principal, host, operation, acl.permission)
            yield Grant(binding, ("acls", index, "operations", position))


def _as_java_writes(host: str) -> str:
    """Kafka compares the text of addresses (InetAddress.getHostAddress), and Java shortens no IPv6 address by ``::``."""
    if ":" not in host:
        return host
    address = ipaddress.IPv6Address(host)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return ":".join(f"{int(group, 16):x}" for group in address.exploded.split(":"))


def _needs(user: UserSpec, *, shared: bool) -> Iterator[_Needs]:
    yield from _writes(user.produces, ("produces",))
    if user.transactional_id_prefix is not None:
        # Offsets of a transaction need READ on the group and its topics as well: that is what ``consumes`` gives.
        yield _Needs(("transactional_id_prefix",), TRANSACTIONAL_ID, user.transactional_id_prefix, (WRITE,), PREFIXED)
    if user.consumes is not None:
        yield from _consumes(user.consumes)
    if user.streams is not None:
        yield from _streams(user.streams)
    if user.admin:
        yield from _admin()
    if user.monitor:
        yield from _monitor_of_a_prefix() if shared else _monitor()


def _writes(topics: Iterable[str], path: Path) -> Iterator[_Needs]:
    """WRITE implies DESCRIBE; an idempotent producer needs no more since Kafka 3.0 (KIP-679): WRITE on any topic will do."""
    for index, topic in enumerate(topics):
        yield _Needs((*path, index), TOPIC, topic, (WRITE,))


def _reads(topics: Iterable[str], path: Path) -> Iterator[_Needs]:
    for index, topic in enumerate(topics):
        yield _Needs((*path, index), TOPIC, topic, (READ,))


def _consumes(consumes: ConsumesSpec) -> Iterator[_Needs]:
    """READ implies the DESCRIBE that a heartbeat of a KIP-848 group asks for its topics, and ListOffsets for its start."""
    yield from _reads(consumes.topics, ("consumes", "topics"))
    yield _Needs(("consumes", "group"), GROUP, consumes.group, (READ,))


def _streams(streams: StreamsSpec) -> Iterator[_Needs]:
    """Changelog and repartition topics are the application's own: it makes them, and deletes records that are repartitioned."""
    yield from _reads(streams.reads, ("streams", "reads"))
    yield from _writes(streams.writes, ("streams", "writes"))
    at: Path = ("streams", "application_id")
    yield _Needs(at, GROUP, streams.application_id, (READ,))
    yield _Needs(at, TOPIC, internal_prefix(streams), INTERNAL_TOPICS, PREFIXED)
    if streams.exactly_once:
        yield _Needs(("streams", "exactly_once"), TRANSACTIONAL_ID, internal_prefix(streams), (WRITE,), PREFIXED)


def internal_prefix(streams: StreamsSpec) -> str:
    """How the application's own topics and transactional ids begin. Its group has no more than the application_id itself."""
    return f"{streams.application_id}-"


def _admin() -> Iterator[_Needs]:
    yield _Needs(("admin",), CLUSTER, CLUSTER_NAME, (Operation.ALL,))
    for resource_type in ResourceType:
        if resource_type is not CLUSTER:
            yield _Needs(("admin",), resource_type, WILDCARD, (Operation.ALL,))


def _monitor() -> Iterator[_Needs]:
    """Brokers, quorum, log dirs, groups and their committed offsets, ends of partitions, transactions, configs: no record."""
    yield _Needs(("monitor",), CLUSTER, CLUSTER_NAME, (DESCRIBE, DESCRIBE_CONFIGS))
    yield _Needs(("monitor",), TOPIC, WILDCARD, (DESCRIBE, DESCRIBE_CONFIGS))
    yield _Needs(("monitor",), GROUP, WILDCARD, (DESCRIBE, DESCRIBE_CONFIGS))
    yield _Needs(("monitor",), TRANSACTIONAL_ID, WILDCARD, (DESCRIBE,))


def _monitor_of_a_prefix() -> Iterator[_Needs]:
    """As ``_monitor``, of the environment's own names alone: brokers, quorum and log dirs are those of the neighbours too."""
    yield _Needs(("monitor",), TOPIC, "", (DESCRIBE, DESCRIBE_CONFIGS), PREFIXED)
    yield _Needs(("monitor",), GROUP, "", (DESCRIBE, DESCRIBE_CONFIGS), PREFIXED)
    yield _Needs(("monitor",), TRANSACTIONAL_ID, "", (DESCRIBE,), PREFIXED)
