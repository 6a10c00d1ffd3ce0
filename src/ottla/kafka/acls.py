"""ACLs: read all, create, delete. A binding is addressed by all of its parts, so that no filter takes more than was meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from kafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest, DescribeAclsRequest

from ottla.errors import ClusterError
from ottla.kafka.connection import check, error_text
from ottla.model.acl import AclBinding, Operation, PatternType, Permission, ResourceType

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ottla.kafka.connection import Connection

Word = TypeVar("Word")

ANY = 1  # a filter for every resource, pattern, operation and permission
SECURITY_DISABLED = 54
# The codes of the protocol (ResourceType, PatternType, AclOperation and AclPermissionType of Kafka's clients)
RESOURCE_TYPES = {
    ResourceType.TOPIC: 2,
    ResourceType.GROUP: 3,
    ResourceType.CLUSTER: 4,
    ResourceType.TRANSACTIONAL_ID: 5,
    ResourceType.DELEGATION_TOKEN: 6,
    ResourceType.USER: 7,
}
PATTERN_TYPES = {PatternType.LITERAL: 3, PatternType.PREFIXED: 4}
OPERATIONS = {operation: code for code, operation in enumerate(Operation, start=2)}
PERMISSIONS = {Permission.DENY: 2, Permission.ALLOW: 3}


def read_acls(connection: Connection) -> frozenset[AclBinding] | None:
    """Every ACL of the cluster in one request; None where it has no authorizer, and so cannot hold any.

    Raises ClusterError if they cannot be read.
    """
    request = DescribeAclsRequest(
        resource_type_filter=ANY,
        resource_name_filter=None,
        pattern_type_filter=ANY,
        principal_filter=None,
        host_filter=None,
        operation=ANY,
        permission_type=ANY,
    )
    answer = connection.send(request)
    if answer.error_code == SECURITY_DISABLED:
        return None
    check(answer.error_code, answer.error_message, what="cannot read the ACLs")
    return frozenset(_binding(resource, acl) for resource in answer.resources for acl in resource.acls)


def _binding(resource: Any, acl: Any) -> AclBinding:
    return AclBinding(
        resource_type=_word(RESOURCE_TYPES, resource.resource_type, "resource type"),
        name=resource.resource_name,
        pattern_type=_word(PATTERN_TYPES, resource.pattern_type, "pattern type"),
        principal=acl.principal,
        host=acl.host,
        operation=_word(OPERATIONS, acl.operation, "operation"),
        permission=_word(PERMISSIONS, acl.permission_type, "permission"),
    )


def _word(codes: Mapping[Word, int], code: int, kind: str) -> Word:
    for word, known in codes.items():
        if known == code:
            return word
    raise ClusterError(f"the cluster has an ACL with a {kind} that is not known here (code {code})", hint="use a newer Ottla")


def create_acls(connection: Connection, bindings: Sequence[AclBinding]) -> dict[AclBinding, str | None]:
    """Create ACLs in one request; the answer says for each the refusal, or None. One that is there already stays."""
    if not bindings:
        return {}
    answer = connection.send(CreateAclsRequest(creations=[_coded(binding) for binding in bindings]))
    pairs = zip(bindings, answer.results, strict=True)
    return {binding: error_text(result.error_code, result.error_message) for binding, result in pairs}


def delete_acls(connection: Connection, bindings: Sequence[AclBinding]) -> dict[AclBinding, str | None]:
    """Delete exactly these ACLs in one request; the answer says for each the refusal, or None (also where it is gone already)."""
    if not bindings:
        return {}
    answer = connection.send(DeleteAclsRequest(filters=[_coded(binding) for binding in bindings]))
    return {binding: _refusal(result) for binding, result in zip(bindings, answer.filter_results, strict=True)}


def _coded(binding: AclBinding) -> tuple[Any, ...]:
    """A binding as both requests have it, as an entry and as a filter that matches nothing else."""
    return (
        RESOURCE_TYPES[binding.resource_type],
        binding.name,
        PATTERN_TYPES[binding.pattern_type],
        binding.principal,
        binding.host,
        OPERATIONS[binding.operation],
        PERMISSIONS[binding.permission],
    )


def _refusal(result: Any) -> str | None:
    """The first error of a filter or of what it matched: a filter may be taken and a deletion refused."""
    errors = [error_text(each.error_code, each.error_message) for each in (result, *result.matching_acls)]
    return next((error for error in errors if error is not None), None)
