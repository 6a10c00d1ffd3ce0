"""The plan for a machine. The envelope around it, with its version, is the command line's."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ottla.plan.changes import AddPartitions, AlterNodeProperties, AlterTopicConfigs, Change, CreateTopic, DeleteTopic

if TYPE_CHECKING:
    from ottla.model.topic import Topic
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


def _topic(topic: Topic) -> dict[str, Any]:
    return {
        "partitions": topic.partitions,
        "replication_factor": topic.replication_factor,
        "configs": dict(sorted(topic.configs.items())),
    }
