"""Everything that can be changed, as one closed union of small types. No change is the absence of one."""

from __future__ import annotations

import json
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, TypeAlias

from ottla.model.acl import Permission
from ottla.model.node import AUTHORIZER
from ottla.model.quota import Unnamed
from ottla.model.units import counted

if TYPE_CHECKING:
    from ottla.model.acl import AclBinding
    from ottla.model.quota import QuotaEntity
    from ottla.model.topic import Topic
    from ottla.model.user import CredentialKey, ScramCredential


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


@dataclass(frozen=True, slots=True)
class CreateAcl:
    """An ACL that is not there."""

    binding: AclBinding


@dataclass(frozen=True, slots=True)
class DeleteAcl:
    """An ACL that is there."""

    binding: AclBinding


@dataclass(frozen=True, slots=True)
class UpsertScram:
    """A credential that is not there, or is another one. The password is no part of the change, only its version is."""

    credential: ScramCredential
    before: ScramCredential | None


@dataclass(frozen=True, slots=True)
class DeleteScram:
    """A credential that is there."""

    credential: ScramCredential


@dataclass(frozen=True, slots=True)
class QuotaChange:
    """One key of a quota: None before is "not set", None after is "no limit by this one"."""

    key: str
    before: float | None
    after: float | None


@dataclass(frozen=True, slots=True)
class AlterQuota:
    """Quotas of an entity, key by key; other keys are not touched."""

    entity: QuotaEntity
    values: tuple[QuotaChange, ...]


Change: TypeAlias = (
    CreateTopic
    | AddPartitions
    | AlterTopicConfigs
    | AlterNodeProperties
    | DeleteTopic
    | CreateAcl
    | DeleteAcl
    | UpsertScram
    | DeleteScram
    | AlterQuota
)


def object_key(change: Change) -> str:
    """What the change is about: ``topic:NAME``, ``node:ID``, ``acl:[...]``, ``user:NAME MECHANISM`` or ``quota:[...]``."""
    match change:
        case CreateTopic(topic) | DeleteTopic(topic):
            return f"topic:{topic.name}"
        case AddPartitions(name=name) | AlterTopicConfigs(name=name):
            return f"topic:{name}"
        case AlterNodeProperties(node_id=node_id):
            return f"node:{node_id}"
        case CreateAcl(binding) | DeleteAcl(binding):
            return f"acl:{acl_key(binding)}"
        case UpsertScram(credential) | DeleteScram(credential):
            return f"user:{user_key(credential.key)}"
        case AlterQuota(entity):
            return f"quota:{quota_key(entity)}"


def acl_key(binding: AclBinding) -> str:
    """A binding as text that no other has: names may hold any character."""
    return json.dumps([str(part) for part in astuple(binding)])


def user_key(key: CredentialKey) -> str:
    """A credential as text that no other has."""
    return f"{key.user} {key.mechanism}"


def quota_key(entity: QuotaEntity) -> str:
    """An entity as text that no other has; the default is ``true``, a part that does not matter ``null``."""
    return json.dumps([True if isinstance(name, Unnamed) else name for name in (entity.user, entity.client_id, entity.ip)])


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
        case CreateAcl() | DeleteAcl() | UpsertScram() | DeleteScram() | AlterQuota():
            return _describe_access(change)


def _describe_access(change: CreateAcl | DeleteAcl | UpsertScram | DeleteScram | AlterQuota) -> str:
    match change:
        case CreateAcl(binding):
            return f"create acl: {binding}"
        case DeleteAcl(binding):
            return f"delete acl: {binding}"
        case UpsertScram(credential, before):
            return f"{'create' if before is None else 'alter'} user {user_key(credential.key)}"
        case DeleteScram(credential):
            return f"delete user {user_key(credential.key)}"
        case AlterQuota(entity, values):
            return f"alter quotas of {entity}: {', '.join(value.key for value in values)}"


def locks_or_opens(change: Change) -> bool:
    """Whether a node's restart changes who may reach it at all."""
    return isinstance(change, AlterNodeProperties) and any(config.key == AUTHORIZER for config in change.configs)


RANKS: dict[type, int] = {
    AlterNodeProperties: 0,
    CreateTopic: 2,
    AddPartitions: 3,
    AlterTopicConfigs: 4,
    UpsertScram: 5,
    CreateAcl: 6,
    AlterQuota: 7,
    DeleteAcl: 8,
    DeleteScram: 9,
    DeleteTopic: 10,
}
FIRST_DENY, LAST_DENY = 1, 11


def order_changes(changes: list[Change]) -> tuple[Change, ...]:
    """What makes room for what: nodes first, then what adds, then what alters, and what deletes last.

    A DENY comes before whatever it may guard, an ALLOW as well as a topic or a login that is new, and goes after all of
    them: so nobody may, in between, what they might neither before nor after; and as what is created comes before what is
    deleted, nobody loses what they may both before and after.
    """
    return tuple(sorted(changes, key=lambda change: (_rank(change), _number(change), object_key(change))))


def _rank(change: Change) -> int:
    match change:
        case CreateAcl(binding) if binding.permission is Permission.DENY:
            return FIRST_DENY
        case DeleteAcl(binding) if binding.permission is Permission.DENY:
            return LAST_DENY
        case _:
            return RANKS[type(change)]


def _number(change: Change) -> int:
    return change.node_id if isinstance(change, AlterNodeProperties) else 0
