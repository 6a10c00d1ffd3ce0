"""What the conditions of a resource say: whether it is there, and if not, why. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Which condition is waited for. A node pool has none:
AWAITED = {"Kafka": "Ready", "KafkaNodePool": None, "KafkaTopic": "Ready", "KafkaUser": "Ready", "Deployment": "Available"}
# Its operator says which nodes it has, and warnings (KafkaReconciler.updateNodePoolStatuses of 1.2.0).
# Strimzi's operators say "not ready" in two ways: NotReady=True (StatusUtils.buildConditionFromException; while a cluster is
# made, with the reason Creating), and the topic operator Ready=False (BatchingTopicController).
AGAINST = ("NotReady", "ReconciliationPaused", "ReplicaFailure")
# What was asked for and is not done is a warning beside Ready=True, where it is said (KafkaClusterCreator, PvcReconciler and
# KRaftMetadataManager of 1.2.0; KafkaPool). KafkaStorage is said of the Kafka as well, but there of more than that:
# KafkaSpecChecker warns of ephemeral storage by the same reason. Other warnings are advice.
WARNING = "Warning"
NOT_DONE = {
    "Kafka": ("ScaleDownPreventionCheck", "PvcResizingWarning", "MetadataUpdateFailed"),
    "KafkaNodePool": ("KafkaStorage",),
}


@dataclass(frozen=True, slots=True)
class Condition:
    """Whether a resource is what was asked for, and what its operator says of it."""

    ready: bool
    said: str


UNMANAGED = "Unmanaged"  # a topic that somebody has taken from its operator (strimzi.io/managed: "false"): nothing will come
UNSEEN = "no operator has looked at it yet, as it is now"
GONE = Condition(ready=False, said="is not there any more")


def conditions_of(document: Mapping[str, Any] | None) -> Sequence[Mapping[str, Any]]:
    """All that a resource says of itself; nothing of one that is not there, or that nobody has looked at."""
    return ((document or {}).get("status") or {}).get("conditions") or ()


def condition_of(document: Mapping[str, Any]) -> Condition:
    """What a resource of an awaited kind says of itself."""
    status = document.get("status") or {}
    if status.get("observedGeneration", 0) < document["metadata"].get("generation", 1):
        return Condition(ready=False, said=UNSEEN)
    found = conditions_of(document)
    wanted, against = AWAITED[document["kind"]], _against(found) or _not_done(document["kind"], found)
    if against is not None:
        return Condition(ready=False, said=said_of(against))
    if wanted is None:
        return _has_its_nodes(document)
    condition = next((each for each in found if each.get("type") in {wanted, UNMANAGED}), None)
    if condition is None:
        return Condition(ready=False, said=f"has no condition {wanted} yet")
    ready = condition.get("status") == "True" and _rolled_out(document)
    return Condition(ready=ready, said=said_of(condition))


def _against(found: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    return next((each for each in found if each.get("type") in AGAINST and each.get("status") == "True"), None)


def _not_done(kind: str, found: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    warnings = (each for each in found if each.get("type") == WARNING and each.get("status") == "True")
    return next((each for each in warnings if each.get("reason") in NOT_DONE.get(kind, ())), None)


def _has_its_nodes(pool: Mapping[str, Any]) -> Condition:
    """Whether a pool of nodes has as many as it is to have: its operator takes none away that has replicas."""
    wanted, there = pool["spec"].get("replicas"), pool["status"].get("replicas")
    if there is None or there == wanted:
        return Condition(ready=True, said="")
    return Condition(ready=False, said=f"has {there} nodes, and is to have {wanted}")


def _rolled_out(document: Mapping[str, Any]) -> bool:
    """Whether the pods of a Deployment are those of what it says now, not of what it said before."""
    if document["kind"] != "Deployment":
        return True
    return bool((document["status"].get("updatedReplicas") or 0) >= document["spec"].get("replicas", 1))


def said_of(condition: Mapping[str, Any]) -> str:
    """``Creating: Kafka cluster is being deployed``; the condition itself where it gives no reason."""
    reasons = [str(condition[key]) for key in ("reason", "message") if condition.get(key)]
    return ": ".join(reasons) or f"{condition.get('type')}={condition.get('status')}"
