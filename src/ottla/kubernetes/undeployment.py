"""Taking an environment down as a value: what is deleted, in which order, what is kept, what stands against it. Pure.

Deleting a KafkaTopic deletes the topic and its records, unless its operator was told before that it is none of its business. So
topics are let go of first; those of a cluster that stays are deleted with their records where that is wanted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ottla.errors import PlanRefused
from ottla.kubernetes.resource import bytes_of
from ottla.kubernetes.revival import CLUSTER_ID
from ottla.kubernetes.rollout import name_of
from ottla.model.units import counted, format_size

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from ottla.kubernetes.cluster import Place

Identity = tuple[str, str, str, str]

KAFKA, POOL, TOPIC, CLAIM = "Kafka", "KafkaNodePool", "KafkaTopic", "PersistentVolumeClaim"
DELETES_RECORDS = "deletes-records"
# The order of a rollout the other way round; operators are there until they have let go, and what nodes read as long as nodes are
ORDER = (
    "Subscription",
    "Resiliency",
    "Component",
    "Secret",
    "Deployment",
    "Service",
    "PodMonitor",
    "ServiceMonitor",
    "PrometheusRule",
    TOPIC,
    "KafkaUser",
    KAFKA,
    POOL,
    "ConfigMap",
    "ServiceAccount",
    "NetworkPolicy",
    CLAIM,
)


@dataclass(frozen=True, slots=True)
class Removal:
    """A resource that is deleted. ``uid`` is that of the one that was seen: another one of its name is not deleted."""

    identity: Identity
    place: Place
    uid: str
    let_go: bool = False  # a topic whose records stay

    @property
    def line(self) -> str:
        """What is done, for a person."""
        return f"- {name_of(self.identity)}" + (" (only the resource: its records stay)" if self.let_go else "")


@dataclass(frozen=True, slots=True)
class Claim:
    """A volume of a node. ``owned``: it is deleted with the cluster, whatever is wanted (``delete_claim: true``)."""

    namespace: str
    name: str
    uid: str
    size: str
    owned: bool


@dataclass(frozen=True, slots=True)
class Undeployment:
    """The plan. ``kafka`` is the cluster that goes, if one does; ``claims`` are its volumes; ``wipe`` whether they go as well.

    ``marks`` are written on volumes that stay; ``topics`` (their specs) are remembered in ``kept`` (namespace, name, labels).
    """

    context: str
    server: str
    kafka: str | None
    marks: Mapping[str, str]
    removals: tuple[Removal, ...]
    claims: tuple[Claim, ...]
    wipe: bool
    left_alone: tuple[str, ...]
    refusals: tuple[str, ...]
    kept: tuple[str, str, Mapping[str, str]]
    topics: Mapping[str, Any]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to delete."""
        return not self.removals and not (self.wipe and self.claims)

    @property
    def deletes_records(self) -> bool:
        """Whether anything goes that cannot be made anew."""
        return self.wipe and bool(self.claims or any(each.identity[1] == TOPIC for each in self.removals))


def ordered(removals: Collection[Removal]) -> tuple[Removal, ...]:
    """As they are deleted, those of one kind by name."""
    return tuple(sorted(removals, key=lambda each: (ORDER.index(each.identity[1]), each.identity)))


def refuse(plan: Undeployment, accepted: Collection[str]) -> None:
    """Raise PlanRefused with what stands against it, and if records would be deleted and that is not accepted."""
    if plan.refusals:
        raise PlanRefused(plan.refusals, hint="nothing was changed")
    if plan.deletes_records and DELETES_RECORDS not in accepted:
        raise PlanRefused(
            [f"{_contents(plan)} are deleted for good [{DELETES_RECORDS}]"],
            hint=f"nothing was changed; if that is meant, add to the command: --accept {DELETES_RECORDS}",
        )


def undeployment_lines(plan: Undeployment) -> tuple[str, ...]:
    """What would be done, a line each, and what is kept."""
    lines = [each.line for each in plan.removals]
    for each in plan.claims:
        goes = plan.wipe or each.owned
        lines.append(f"{'-' if goes else '='} {CLAIM} {each.namespace}/{each.name}: {each.size}{'' if goes else ', kept'}")
    if plan.deletes_records:
        lines.append(f"!   {DELETES_RECORDS}: {_contents(plan)} are deleted for good")
    lines.extend(f"! {each}" for each in plan.refusals)
    return tuple(lines)


def undeployment_summary(plan: Undeployment) -> str:
    """All of it in one line."""
    if plan.is_empty:
        return "nothing to delete: no resource of the environment is there"
    said = f"{counted(len(plan.removals), 'resource')} to delete"
    if plan.claims:
        said += f", {counted(len(plan.claims), 'volume')} {'to delete' if plan.wipe else 'kept'}"
    return said


def undeployment_notes(plan: Undeployment) -> tuple[str, ...]:
    """What is to be known of it."""
    if plan.kafka is None or not any(each.identity[1] == KAFKA for each in plan.removals):
        return ()
    notes = ["passwords and certificates that Strimzi made go with it; when it comes back there are others"]
    if plan.claims and not plan.wipe:
        notes.append("the volumes stay, and hold all records; to come back to them: ottla deploy")
    if plan.claims and plan.wipe:
        notes.append(
            "where their StorageClass says reclaimPolicy: Retain, the disks themselves stay: kubectl get persistentvolumes"
        )
    return tuple(notes)


def undeployment_document(plan: Undeployment) -> dict[str, Any]:
    """The same as data."""
    return {
        "context": plan.context,
        "server": plan.server,
        "removed": [_identified(each) for each in plan.removals],
        "volumes": [{"name": f"{each.namespace}/{each.name}", "kept": not (plan.wipe or each.owned)} for each in plan.claims],
        "cluster_id": plan.marks.get(CLUSTER_ID),
        "deletes_records": plan.deletes_records,
        "notes": list(undeployment_notes(plan)),
        "left_alone": list(plan.left_alone),
        "refused": list(plan.refusals),
    }


def _identified(removal: Removal) -> dict[str, Any]:
    api, kind, namespace, name = removal.identity
    return {"api_version": api, "kind": kind, "namespace": namespace, "name": name, "records_stay": removal.let_go}


def _contents(plan: Undeployment) -> str:
    if plan.claims:
        size = format_size(sum(bytes_of(each.size) for each in plan.claims))
        return f"all records on {counted(len(plan.claims), 'volume')} ({size})"
    topics = sum(each.identity[1] == TOPIC for each in plan.removals)
    return f"{counted(topics, 'topic')} with all records"
