"""ACL bindings as Kafka keeps them (KIP-11, KIP-290), and what a set of them permits, by the rules of StandardAuthorizer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

WILDCARD = "*"  # any name of a literal pattern, any user of a type of principal, any host
CLUSTER_NAME = "kafka-cluster"  # the one name that the resource "cluster" has


class ResourceType(StrEnum):
    """What an ACL is about. ANY is a filter of Kafka's tools and no resource: no binding has it."""

    TOPIC = "topic"
    GROUP = "group"
    CLUSTER = "cluster"
    TRANSACTIONAL_ID = "transactional_id"
    DELEGATION_TOKEN = "delegation_token"  # noqa: S105  (a kind of resource)
    USER = "user"


class PatternType(StrEnum):
    """How a binding's name is read. MATCH and ANY are filters of Kafka's tools: no binding has them."""

    LITERAL = "literal"
    PREFIXED = "prefixed"


class Operation(StrEnum):
    """What may be done. ANY is a filter: no binding has it."""

    ALL = "all"
    READ = "read"
    WRITE = "write"
    CREATE = "create"
    DELETE = "delete"
    ALTER = "alter"
    DESCRIBE = "describe"
    CLUSTER_ACTION = "cluster_action"
    DESCRIBE_CONFIGS = "describe_configs"
    ALTER_CONFIGS = "alter_configs"
    IDEMPOTENT_WRITE = "idempotent_write"
    CREATE_TOKENS = "create_tokens"
    DESCRIBE_TOKENS = "describe_tokens"
    TWO_PHASE_COMMIT = "two_phase_commit"


class Permission(StrEnum):
    """Whether it may be done, or may not, whatever else says that it may."""

    ALLOW = "allow"
    DENY = "deny"


# Who may do one of these may describe as well (AclOperation); a DENY of them denies nothing else.
IMPLIES = {
    Operation.DESCRIBE: frozenset({Operation.READ, Operation.WRITE, Operation.DELETE, Operation.ALTER}),
    Operation.DESCRIBE_CONFIGS: frozenset({Operation.ALTER_CONFIGS}),
}
_ANY_RESOURCE = frozenset(
    {Operation.ALL, Operation.CREATE, Operation.DELETE, Operation.ALTER, Operation.DESCRIBE}
    | {Operation.DESCRIBE_CONFIGS, Operation.ALTER_CONFIGS}
)
# What AclEntry.supportedOperations lists: the controller refuses no other, and it would never be asked for.
OPERATIONS: dict[ResourceType, frozenset[Operation]] = {
    ResourceType.TOPIC: _ANY_RESOURCE | {Operation.READ, Operation.WRITE},
    ResourceType.GROUP: frozenset(
        {Operation.ALL, Operation.READ, Operation.DESCRIBE, Operation.DELETE, Operation.DESCRIBE_CONFIGS, Operation.ALTER_CONFIGS}
    ),
    ResourceType.CLUSTER: (_ANY_RESOURCE - {Operation.DELETE}) | {Operation.CLUSTER_ACTION, Operation.IDEMPOTENT_WRITE},
    ResourceType.TRANSACTIONAL_ID: frozenset({Operation.ALL, Operation.DESCRIBE, Operation.WRITE, Operation.TWO_PHASE_COMMIT}),
    ResourceType.DELEGATION_TOKEN: frozenset({Operation.ALL, Operation.DESCRIBE}),
    ResourceType.USER: frozenset({Operation.ALL, Operation.CREATE_TOKENS, Operation.DESCRIBE_TOKENS}),
}


@dataclass(frozen=True, slots=True, order=True)
class AclBinding:
    """One line of the authorizer: who (``principal``, such as ``User:alice``) may or may not do what, to what, from where."""

    resource_type: ResourceType
    name: str
    pattern_type: PatternType
    principal: str
    host: str
    operation: Operation
    permission: Permission

    def __str__(self) -> str:
        at = "" if self.host == WILDCARD else f" from {self.host}"
        return f"{self.permission} {self.principal} {self.operation} {self.resource}{at}"

    @property
    def resource(self) -> str:
        """What it is about, in words: ``topic orders``, ``topic orders-*`` (prefixed), ``the cluster``."""
        if self.resource_type is ResourceType.CLUSTER:
            return "the cluster"
        return f"{self.resource_type} {self.name}{'*' if self.pattern_type is PatternType.PREFIXED else ''}"


@dataclass(frozen=True, slots=True)
class Action:
    """Something that somebody tries: what the authorizer is asked. ``name`` is a name, never a pattern."""

    principal: str
    operation: Operation
    resource_type: ResourceType
    name: str
    host: str = "127.0.0.1"


def matches_name(binding: AclBinding, name: str) -> bool:
    """Whether the binding's pattern takes in that name. A prefix ``*`` is a prefix of names that begin with a star."""
    if binding.pattern_type is PatternType.PREFIXED:
        return name.startswith(binding.name)
    return binding.name in {name, WILDCARD}


def is_permitted(bindings: Iterable[AclBinding], action: Action) -> bool:
    """Whether ``bindings`` permit it to one who is no super user: nothing denies it, and something allows it."""
    matching = [binding for binding in bindings if _is_about(binding, action)]
    if any(binding.permission is Permission.DENY and _covers(binding, action.operation) for binding in matching):
        return False
    implied = IMPLIES.get(action.operation, frozenset())
    return any(
        binding.permission is Permission.ALLOW and (_covers(binding, action.operation) or binding.operation in implied)
        for binding in matching
    )


def _is_about(binding: AclBinding, action: Action) -> bool:
    everyone = f"{action.principal.partition(':')[0]}:{WILDCARD}"
    return (
        binding.resource_type is action.resource_type
        and binding.principal in {action.principal, everyone}
        and binding.host in {action.host, WILDCARD}
        and matches_name(binding, action.name)
    )


def _covers(binding: AclBinding, operation: Operation) -> bool:
    return binding.operation in {operation, Operation.ALL}
