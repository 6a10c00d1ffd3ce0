"""The plan for a machine. The envelope around it, with its version, is the command line's."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ottla.model.quota import QuotaEntity, Unnamed
from ottla.plan.changes import (
    AddPartitions,
    AlterNodeProperties,
    AlterQuota,
    AlterTopicConfigs,
    Change,
    CreateAcl,
    CreateTopic,
    DeleteAcl,
    DeleteScram,
    DeleteTopic,
    UpsertScram,
)

if TYPE_CHECKING:
    from ottla.model.acl import AclBinding
    from ottla.model.topic import Topic
    from ottla.model.user import ScramCredential
    from ottla.plan.plan import Plan


def plan_document(plan: Plan) -> dict[str, Any]:
    """The plan as plain data."""
    return {
        "cluster_id": plan.cluster_id,
        "environment": plan.environment,
        "changes": [
            {
                **_change(planned.change),
                "risks": [{"code": risk.code, "severity": risk.severity.value, "text": risk.text} for risk in planned.risks],
            }
            for planned in plan.changes
        ],
        "unlisted_topics": list(plan.unlisted),
        "unlisted_access": [asdict(unlisted) for unlisted in plan.unlisted_access],
        "unverifiable_users": list(plan.unverifiable),
        "unowned_configs": [asdict(unowned) for unowned in plan.unowned],
        "fingerprints": dict(plan.fingerprints),
    }


def _change(change: Change) -> dict[str, Any]:
    match change:
        case CreateTopic(topic):
            return {"action": "create", "kind": "topic", "name": topic.name, "after": _topic(topic)}
        case DeleteTopic(topic):
            return {"action": "delete", "kind": "topic", "name": topic.name, "before": _topic(topic)}
        case AddPartitions(name, before, after):
            return {
                "action": "update",
                "kind": "topic",
                "name": name,
                "before": {"partitions": before},
                "after": {"partitions": after},
            }
        case AlterTopicConfigs(name=name, configs=configs):
            return {
                "action": "update",
                "kind": "topic",
                "name": name,
                "configs": [asdict(config) for config in configs],
            }
        case AlterNodeProperties(node_id, configs):
            return {
                "action": "update",
                "kind": "node",
                "name": node_id,
                "configs": [asdict(config) for config in configs],
            }
        case CreateAcl() | DeleteAcl() | UpsertScram() | DeleteScram() | AlterQuota():
            return _access(change)


def _access(change: CreateAcl | DeleteAcl | UpsertScram | DeleteScram | AlterQuota) -> dict[str, Any]:
    match change:
        case CreateAcl(binding):
            return {"action": "create", "kind": "acl", "name": str(binding), "after": _acl(binding)}
        case DeleteAcl(binding):
            return {"action": "delete", "kind": "acl", "name": str(binding), "before": _acl(binding)}
        case UpsertScram(credential, before):
            action = {"action": "create"} if before is None else {"action": "update", "before": _credential(before)}
            return {**action, "kind": "user", "name": credential.user, "after": _credential(credential)}
        case DeleteScram(credential):
            return {"action": "delete", "kind": "user", "name": credential.user, "before": _credential(credential)}
        case AlterQuota(entity, values):
            return {
                "action": "update",
                "kind": "quota",
                "name": str(entity),
                "entity": _entity(entity),
                "values": [asdict(value) for value in values],
            }


def _acl(binding: AclBinding) -> dict[str, str]:
    return {key: str(value) for key, value in asdict(binding).items()}


def _credential(credential: ScramCredential) -> dict[str, Any]:
    """A version names a password without saying it, so it may be seen."""
    return {
        "mechanism": str(credential.mechanism),
        "iterations": credential.iterations,
        "password_version": credential.version,
    }


def _entity(entity: QuotaEntity) -> dict[str, Any]:
    """``{"default": true}`` is whoever has no quota of their own: somebody may be named default."""
    names = (("user", entity.user), ("client_id", entity.client_id), ("ip", entity.ip))
    return {kind: {"default": True} if isinstance(name, Unnamed) else name for kind, name in names if name is not None}


def _topic(topic: Topic) -> dict[str, Any]:
    return {
        "partitions": topic.partitions,
        "replication_factor": topic.replication_factor,
        "configs": dict(sorted(topic.configs.items())),
    }
