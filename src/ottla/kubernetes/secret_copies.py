"""Secrets that pods in another namespace need, copied: whether the copies are as the originals, and making them so.

No value leaves this module: of a Secret it is told where it lies, and whether its copy is the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from ottla.kubernetes.cluster import SECRETS, Answer
from ottla.kubernetes.dapr import COMPONENT
from ottla.kubernetes.difference import other_appliers, owned
from ottla.kubernetes.resource import metadata, plain
from ottla.kubernetes.rollout import SIGNS, Action
from ottla.spec.kubernetes import INSTANCE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ottla.kubernetes.cluster import Cluster
    from ottla.kubernetes.dapr import SecretCopy
    from ottla.kubernetes.resource import Tree
    from ottla.kubernetes.site import Site


@dataclass(frozen=True, slots=True)
class PlannedCopy:
    """A copy, and what is to be done to it: ADD where there is none, CHANGE where it is another one, or NONE."""

    copy: SecretCopy
    action: Action
    site: Site
    refusal: str | None = None

    @property
    def line(self) -> str:
        """What is done, for a person."""
        one = self.copy
        return f"{SIGNS.get(self.action, '=')} Secret {one.to_namespace}/{one.to_name}: {one.key} of {one.namespace}/{one.name}"

    @property
    def name(self) -> str:
        """``Secret todo-app-prod/kafka-task-service``."""
        return f"Secret {self.copy.to_namespace}/{self.copy.to_name}"


def plan_copies(cluster: Cluster, copies: Iterable[SecretCopy], site: Site) -> tuple[PlannedCopy, ...]:
    """Compare each with its original; one whose original is not there yet is made once it is."""
    return tuple(_planned(cluster, each, site) for each in copies)


def _planned(cluster: Cluster, copy: SecretCopy, site: Site) -> PlannedCopy:
    there = cluster.get(SECRETS, copy.to_namespace, copy.to_name)
    if there is None:
        return PlannedCopy(copy, Action.ADD, site)
    if owned(there) is None or other_appliers(there):
        whose = ", ".join(other_appliers(there)) or "nobody says who"
        return PlannedCopy(
            copy, Action.CHANGE, site, f"it is there, and somebody else's ({whose}): call one of the two otherwise"
        )
    ours = (there["metadata"].get("labels") or {}).get(INSTANCE) == site.instance
    value = value_in(cluster.get(SECRETS, copy.namespace, copy.name), copy.key)
    same = ours and value is not None and value == value_in(there, copy.key)
    return PlannedCopy(copy, Action.NONE if same else Action.CHANGE, site)


def make_copy(cluster: Cluster, planned: PlannedCopy) -> Answer:
    """Make it as the original is now, whoever made the copy before; a refusal where there is no such original."""
    copy = planned.copy
    value = value_in(cluster.get(SECRETS, copy.namespace, copy.name), copy.key)
    if value is None:
        see = f"kubectl describe secret {copy.name} --namespace {copy.namespace}"
        return Answer(HTTPStatus.NOT_FOUND, {"message": f"there is no Secret {copy.name} with {copy.key}; see: {see}"})
    head = metadata(copy.to_name, namespace=copy.to_namespace, component=COMPONENT, site=planned.site)
    return write_secret(cluster, head, copy.key, value, force=True)


def write_secret(cluster: Cluster, head: Mapping[str, Tree], key: str, value: str, *, force: bool) -> Answer:
    """Apply a Secret with one key; ``value`` as it lies there (base64)."""
    document = {"apiVersion": "v1", "kind": "Secret", "metadata": plain(head), "type": "Opaque", "data": {key: value}}
    return cluster.apply(SECRETS, document, dry_run=False, force=force)


def value_in(secret: Mapping[str, Any] | None, key: str) -> str | None:
    """As it lies there (base64); None where nothing does."""
    return ((secret or {}).get("data") or {}).get(key) or None
