"""What somebody may do by the spec, and by which line of it; and the other way round. The live cluster is not asked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ottla.errors import UsageError
from ottla.model.acl import (
    IMPLIES,
    OPERATIONS,
    WILDCARD,
    AclBinding,
    Operation,
    PatternType,
    Permission,
    ResourceType,
    matches_name,
)
from ottla.model.user import USER, principal_of
from ottla.spec.faults import did_you_mean
from ottla.spec.roles import grants

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ottla.spec.roles import Grant
    from ottla.spec.schema import EnvironmentSpec

EVERYBODY = principal_of(WILDCARD)


@dataclass(frozen=True, slots=True)
class Right:
    """An operation that an ALLOW of the spec gives, and the DENYs that take it away again: wholly (``void``) or in part."""

    grant: Grant
    operation: Operation
    denials: tuple[Grant, ...]
    void: bool

    @property
    def implied(self) -> bool:
        """Whether the spec says another operation, which takes this one with it (READ: DESCRIBE)."""
        return self.grant.binding.operation not in {self.operation, Operation.ALL}


@dataclass(frozen=True, slots=True)
class Entitlements:
    """All that somebody may do. ``user`` is ``*`` for whoever is logged in and has no line of their own.

    A super user (the administrator) is asked for no ACL; ``denials`` are those that hold, whether they take anything away or not.
    """

    user: str
    super_user: bool
    rights: tuple[Right, ...]
    denials: tuple[Grant, ...]

    def about(self, resource_type: ResourceType, name: str) -> Entitlements:
        """What is left of it for one topic or group, or whatever else has a name."""
        rights = (_narrowed(right, name) for right in self.rights if _is_about(right.grant, resource_type, name))
        denials = tuple(denial for denial in self.denials if _is_about(denial, resource_type, name))
        return replace(self, rights=tuple(rights), denials=denials)


def entitlements_of(spec: EnvironmentSpec, user: str) -> Entitlements:
    """What a user may do. Raises UsageError for one that the spec does not name, with the one that was probably meant."""
    known = known_users(spec)
    name = user if user in known else spec.full_name(user)
    if name not in known:
        raise UsageError(f"there is no user {user} in the spec; {did_you_mean(user, known)}")
    return _of(spec, grants(spec), name)


def entitled_to(spec: EnvironmentSpec, resource_type: ResourceType, name: str) -> tuple[Entitlements, ...]:
    """Everybody who may do something to a topic or group, or who is denied something; whoever has no line of their own last."""
    given = grants(spec)
    found = (_of(spec, given, user).about(resource_type, name) for user in (*known_users(spec), WILDCARD))
    return tuple(each for each in found if each.super_user or each.rights or each.denials)


def full_name_of(spec: EnvironmentSpec, resource_type: ResourceType, name: str) -> str:
    """What a topic or group is called in the cluster, by its name in the spec or by the full one.

    One that the spec does not name is taken as it is, if it begins as the environment's own do.
    """
    known = {binding.name for binding, _ in grants(spec) if binding.resource_type is resource_type}
    if resource_type is ResourceType.TOPIC:
        known |= spec.topics_by_full_name.keys()
    full = spec.full_name(name)
    return name if name in known or (name.startswith(spec.prefix) and full not in known) else full


def known_users(spec: EnvironmentSpec) -> tuple[str, ...]:
    """Every user that the spec names, by full name: under ``users``, or as the principal of an ACL."""
    of_acls = (acl.principal.removeprefix(f"{USER}:") for acl in spec.acls if acl.principal.startswith(f"{USER}:"))
    named = (spec.full_name(name) for name in of_acls if name != WILDCARD)
    return tuple(dict.fromkeys([*spec.users_by_full_name, *named]))


def _of(spec: EnvironmentSpec, given: Iterable[Grant], user: str) -> Entitlements:
    mine = [grant for grant in given if grant.binding.principal in {principal_of(user), EVERYBODY}]
    denials = tuple(grant for grant in mine if grant.binding.permission is Permission.DENY)
    rights = tuple(_rights(mine, denials))
    return Entitlements(user, user == spec.security.administrator, rights, denials)


def _rights(mine: Iterable[Grant], denials: Iterable[Grant]) -> Iterator[Right]:
    for grant in mine:
        if grant.binding.permission is Permission.ALLOW:
            for operation in _operations(grant.binding):
                against = tuple(denial for denial in denials if _takes_from(denial.binding, grant.binding, operation))
                yield Right(grant, operation, against, any(_takes_all(each.binding, grant.binding) for each in against))


def _operations(binding: AclBinding) -> Iterator[Operation]:
    """What the binding's operation gives: itself (ALL: each that the resource knows), then what it implies."""
    if binding.operation is Operation.ALL:
        yield from sorted(OPERATIONS[binding.resource_type] - {Operation.ALL})
        return
    yield binding.operation
    yield from (implied for implied, by in IMPLIES.items() if binding.operation in by)


def _takes_from(denial: AclBinding, allowed: AclBinding, operation: Operation) -> bool:
    """Whether a DENY takes away some of what an ALLOW gives: a DENY of READ leaves the DESCRIBE that READ implies."""
    return (
        denial.operation in {operation, Operation.ALL}
        and denial.resource_type is allowed.resource_type
        and (WILDCARD in {denial.host, allowed.host} or denial.host == allowed.host)
        and _names_meet(denial, allowed)
    )


def _names_meet(one: AclBinding, other: AclBinding) -> bool:
    """Whether there is a name that both patterns take in."""
    if one.pattern_type is PatternType.LITERAL and one.name != WILDCARD:
        return matches_name(other, one.name)
    if other.pattern_type is PatternType.LITERAL and other.name != WILDCARD:
        return matches_name(one, other.name)
    if PatternType.LITERAL in {one.pattern_type, other.pattern_type}:
        return True  # the literal one is the wildcard
    return one.name.startswith(other.name) or other.name.startswith(one.name)


def _takes_all(denial: AclBinding, allowed: AclBinding) -> bool:
    """Whether a DENY that meets an ALLOW leaves nothing of it."""
    return denial.host in {allowed.host, WILDCARD} and _takes_in(denial, allowed)


def _takes_in(outer: AclBinding, inner: AclBinding) -> bool:
    """Whether every name of one pattern is one of the other."""
    if outer.pattern_type is PatternType.LITERAL:
        same = outer.name == inner.name and inner.pattern_type is PatternType.LITERAL
        return outer.name == WILDCARD or same
    every = inner.pattern_type is PatternType.LITERAL and inner.name == WILDCARD
    return not every and inner.name.startswith(outer.name)


def _narrowed(right: Right, name: str) -> Right:
    denials = tuple(denial for denial in right.denials if matches_name(denial.binding, name))
    hosts = {right.grant.binding.host, WILDCARD}
    return replace(right, denials=denials, void=any(denial.binding.host in hosts for denial in denials))


def _is_about(grant: Grant, resource_type: ResourceType, name: str) -> bool:
    return grant.binding.resource_type is resource_type and matches_name(grant.binding, name)
