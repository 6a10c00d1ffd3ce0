"""Who may do what: the changes of ACLs, users and quotas between two states, and what would lock their author out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ottla.model.acl import CLUSTER_NAME, WILDCARD, Action, Operation, ResourceType, is_permitted
from ottla.model.node import AUTHORIZER
from ottla.model.user import principal_of
from ottla.plan.changes import (
    AlterQuota,
    Change,
    CreateAcl,
    DeleteAcl,
    DeleteScram,
    QuotaChange,
    UpsertScram,
    quota_key,
    user_key,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ottla.model.state import ClusterState
    from ottla.model.user import ScramCredential

ACLS, USERS, QUOTAS = "acls", "users", "quotas"
HERE = "127.0.0.1"
# Without these on the cluster, nobody can mend what a plan broke.
OF_ADMINISTRATORS = (
    Operation.ALTER,
    Operation.ALTER_CONFIGS,
    Operation.CREATE,
    Operation.DESCRIBE,
    Operation.DESCRIBE_CONFIGS,
)


@dataclass(frozen=True, slots=True)
class Unlisted:
    """Something that the cluster has and the spec does not list: left alone. ``kind`` is what ``--allow`` takes to delete it."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class AccessDiff:
    """The changes, what is left alone, and the credentials of which nobody knows whether their password is the wanted one."""

    changes: tuple[Change, ...]
    unlisted: tuple[Unlisted, ...]
    unverifiable: tuple[str, ...]


def diff_access(observed: ClusterState, desired: ClusterState, allow: frozenset[str]) -> AccessDiff:
    """What leads from the one to the other. What ``desired`` lacks is deleted only if ``allow`` has its kind."""
    changes: list[Change] = [
        *(CreateAcl(binding) for binding in desired.acls - observed.acls),
        *_upserts(observed, desired),
        *_quota_changes(observed, desired),
    ]
    unlisted: list[Unlisted] = []
    for kind, name, deletion in _deletions(observed, desired):
        if kind in allow:
            changes.append(deletion)
        else:
            unlisted.append(Unlisted(kind, name))
    unlisted.sort(key=lambda item: (item.kind, item.name))
    return AccessDiff(tuple(changes), tuple(unlisted), _unverifiable(observed, desired))


def _deletions(observed: ClusterState, desired: ClusterState) -> Iterator[tuple[str, str, Change]]:
    for binding in observed.acls - desired.acls:
        yield ACLS, str(binding), DeleteAcl(binding)
    for key in observed.users.keys() - desired.users.keys():
        yield USERS, user_key(key), DeleteScram(observed.users[key])
    for entity in observed.quotas.keys() - desired.quotas.keys():
        values = tuple(QuotaChange(key, value, None) for key, value in sorted(observed.quotas[entity].items()))
        yield QUOTAS, str(entity), AlterQuota(entity, values)


def _upserts(observed: ClusterState, desired: ClusterState) -> Iterator[UpsertScram]:
    for key, wanted in desired.users.items():
        there = observed.users.get(key)
        if there is None or _is_another(there, wanted):
            yield UpsertScram(wanted, there)


def _is_another(there: ScramCredential, wanted: ScramCredential) -> bool:
    """Other iterations, or another password as far as is known. What nobody knows is no reason to send it again."""
    known = there.version is not None and wanted.version is not None
    return there.iterations != wanted.iterations or (known and there.version != wanted.version)


def _unverifiable(observed: ClusterState, desired: ClusterState) -> tuple[str, ...]:
    """Credentials that are left as they are, though nobody here knows with which password."""
    unknown = [
        user_key(key)
        for key, wanted in desired.users.items()
        if key in observed.users and observed.users[key].version is None and not _is_another(observed.users[key], wanted)
    ]
    return tuple(sorted(unknown))


def _quota_changes(observed: ClusterState, desired: ClusterState) -> Iterator[AlterQuota]:
    for entity, wanted in desired.quotas.items():
        there: Mapping[str, float] = observed.quotas.get(entity, {})
        values = tuple(
            QuotaChange(key, there.get(key), value) for key, value in sorted(wanted.items()) if there.get(key) != value
        )
        if values:
            yield AlterQuota(entity, values)


def unowned_quotas(observed: ClusterState, desired: ClusterState) -> Iterator[tuple[str, str, str]]:
    """Keys that are set for an entity of the spec, which says nothing about them: (subject, key, value)."""
    for entity in sorted(observed.quotas.keys() & desired.quotas.keys(), key=quota_key):
        there = observed.quotas[entity]
        for key in sorted(there.keys() - desired.quotas[entity].keys()):
            yield f"quota of {entity}", key, f"{there[key]:,.15g}"


def impossible_access(observed: ClusterState, desired: ClusterState) -> Iterator[str]:
    """Why no changes lead there. Nodes that are about to get an authorizer can hold ACLs afterwards."""
    if desired.acls and not observed.authorizer and not any(AUTHORIZER in node.properties for node in desired.nodes.values()):
        yield (
            f"the spec asks for {len(desired.acls)} ACLs, and the cluster has no authorizer that could hold any: everybody may "
            "do everything there"
        )


def lock_outs(observed: ClusterState, after: ClusterState, own_user: str) -> Iterator[str]:
    """What ``own_user``, as whom the plan is carried out, would lose by it: who is locked out cannot mend anything.

    A super user needs no ACL and loses nothing here: what no ACL gave, no ACL takes.
    """
    if any(key.user == own_user for key in observed.users) and not any(key.user == own_user for key in after.users):
        yield f"user {own_user} is the one that Ottla works as: without a credential it could not come back"
    principal = principal_of(own_user)
    hosts = {HERE} | {binding.host for binding in observed.acls | after.acls if binding.host != WILDCARD}
    lost = {
        operation
        for operation in OF_ADMINISTRATORS
        for host in hosts
        for action in [Action(principal, operation, ResourceType.CLUSTER, CLUSTER_NAME, host)]
        if is_permitted(observed.acls, action) and not is_permitted(after.acls, action)
    }
    if lost:
        yield f"{principal} is the one that Ottla works as, and would lose {', '.join(sorted(lost))} on the cluster"
