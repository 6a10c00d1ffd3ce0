"""The plan: a frozen value that text, JSON, risk and apply read. It says what it saw, so that apply can tell if that moved."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ottla.errors import PlanRefused
from ottla.model.acl import AclBinding, Operation, PatternType, Permission, ResourceType
from ottla.model.quota import DEFAULT, QuotaEntity
from ottla.model.user import CredentialKey, ScramMechanism
from ottla.plan.changes import (
    AlterQuota,
    Change,
    CreateAcl,
    CreateTopic,
    DeleteTopic,
    UpsertScram,
    locks_or_opens,
    object_key,
)
from ottla.plan.risk import Risk, Severity, bulk_risks, risks_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ottla.model.state import ClusterState, Evidence
    from ottla.plan.access import Unlisted
    from ottla.plan.diff import Diff, Unowned


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """A change and its risks."""

    change: Change
    risks: tuple[Risk, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done to the cluster ``cluster_id``, and the fingerprint of each object that it would touch."""

    cluster_id: str
    environment: str
    changes: tuple[PlannedChange, ...]
    unlisted: tuple[str, ...]
    unowned: tuple[Unowned, ...]
    fingerprints: Mapping[str, str]
    unlisted_access: tuple[Unlisted, ...] = ()
    unverifiable: tuple[str, ...] = ()


def make_plan(difference: Diff, observed: ClusterState, evidence: Evidence, *, cluster_id: str, environment: str) -> Plan:
    """Put risks and fingerprints to the changes of ``difference``."""
    planned = _with_risks(difference.changes, observed, evidence)
    keys = {object_key(change) for change in difference.changes}
    return Plan(
        cluster_id=cluster_id,
        environment=environment,
        changes=planned,
        unlisted=difference.unlisted,
        unowned=difference.unowned,
        fingerprints={key: fingerprint(key, observed) for key in sorted(keys)},
        unlisted_access=difference.unlisted_access,
        unverifiable=difference.unverifiable,
    )


def _with_risks(changes: tuple[Change, ...], observed: ClusterState, evidence: Evidence) -> tuple[PlannedChange, ...]:
    bulk = bulk_risks(changes, observed)
    return tuple(
        PlannedChange(change, (*risks_of(change, evidence), *(bulk if isinstance(change, DeleteTopic) else ())))
        for change in changes
    )


def reassess(plan: Plan, observed: ClusterState, evidence: Evidence) -> Plan:
    """The same changes, with the risks they bear by newer evidence."""
    changes = tuple(planned.change for planned in plan.changes)
    return replace(plan, changes=_with_risks(changes, observed, evidence))


def fingerprint(key: str, state: ClusterState) -> str:
    """Of an object (by ``object_key``) as it is declared; what can only be seen is no part of it."""
    kind, _, name = key.partition(":")
    return hashlib.sha256(json.dumps(_seen(kind, name, state)).encode()).hexdigest()[:16]


def _seen(kind: str, name: str, state: ClusterState) -> object:
    match kind:
        case "node":
            node = state.nodes.get(int(name))
            return None if node is None else sorted(node.properties.items())
        case "acl":
            return _binding(json.loads(name)) in state.acls
        case "user":
            user, _, mechanism = name.rpartition(" ")
            credential = state.users.get(CredentialKey(user, ScramMechanism(mechanism)))
            return credential and [credential.iterations, credential.version]
        case "quota":
            parts = [DEFAULT if part is True else part for part in json.loads(name)]
            return sorted(state.quotas.get(QuotaEntity(*parts), {}).items())
        case _:
            topic = state.topics.get(name)
            return topic and [topic.partitions, topic.replication_factor, sorted(topic.configs.items())]


def _binding(parts: list[str]) -> AclBinding:
    kind, name, pattern, principal, host, operation, permission = parts
    return AclBinding(
        ResourceType(kind), name, PatternType(pattern), principal, host, Operation(operation), Permission(permission)
    )


def stale_objects(plan: Plan, state: ClusterState) -> list[str]:
    """The objects of the plan that are no longer as the plan saw them."""
    return [key for key, seen in plan.fingerprints.items() if fingerprint(key, state) != seen]


def only_creates(plan: Plan) -> tuple[Plan, Plan]:
    """The part that only adds topics, users, ACLs and quotas, and the rest.

    ACLs that deny are added with those that allow: an ALLOW without the DENY that guards it would be too much.
    """
    locks = any(locks_or_opens(planned.change) for planned in plan.changes)
    creates = tuple(planned for planned in plan.changes if _only_adds(planned.change, locks=locks))
    others = tuple(planned for planned in plan.changes if planned not in creates)
    return _with_changes(plan, creates), _with_changes(plan, others)


def _only_adds(change: Change, *, locks: bool) -> bool:
    """A cluster that is about to be locked keeps no ACLs yet, and whoever may log in goes with them."""
    match change:
        case CreateTopic():
            return True
        case CreateAcl() | UpsertScram(before=None):
            return not locks
        case AlterQuota(values=values):
            return all(value.before is None for value in values)
        case _:
            return False


def _with_changes(plan: Plan, changes: tuple[PlannedChange, ...]) -> Plan:
    keys = {object_key(planned.change) for planned in changes}
    kept = {key: value for key, value in plan.fingerprints.items() if key in keys}
    return replace(plan, changes=changes, fingerprints=kept)


def refuse_unaccepted(plan: Plan, accept: Iterable[str]) -> None:
    """Raise PlanRefused if a risk to data is not accepted by its code."""
    found = ((object_key(planned.change).replace(":", " ", 1), risk) for planned in plan.changes for risk in planned.risks)
    refuse_open(found, accept, hint="if that is meant, add to the command")


def refuse_open(found: Iterable[tuple[str, Risk]], accept: Iterable[str], *, hint: str) -> None:
    """The same of risks with the names of what they are about; ``hint`` stands before the codes that would accept them."""
    accepted = frozenset(accept)
    open_risks = [(name, risk) for name, risk in found if risk.severity is Severity.DATA and risk.code not in accepted]
    if open_risks:
        codes = " ".join(f"--accept {code}" for code in sorted({risk.code for _, risk in open_risks}))
        reasons = [f"{name}: {risk.text} [{risk.code}]" for name, risk in open_risks]
        raise PlanRefused(reasons, hint=f"{hint}: {codes}")
