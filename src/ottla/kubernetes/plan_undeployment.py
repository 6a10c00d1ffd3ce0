"""What of an environment is there, and may be deleted. Nothing is changed by asking.

Ours is what has the platform's labels and was applied by Ottla. Namespaces and StorageClasses stay: others may use them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ottla.kubernetes.dapr import copied_secrets
from ottla.kubernetes.difference import owned
from ottla.kubernetes.prerequisites import KINDS, find_places
from ottla.kubernetes.resource import OTTLA
from ottla.kubernetes.revival import CLAIMS
from ottla.kubernetes.rollout import name_of
from ottla.kubernetes.secret_copies import SECRETS
from ottla.kubernetes.strimzi import CLUSTER_LABEL
from ottla.kubernetes.undeployment import KAFKA, TOPIC, Claim, Removal, Undeployment, ordered
from ottla.spec.kubernetes import MANAGED_BY, PART_OF

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from ottla.kubernetes.cluster import Cluster, Place
    from ottla.kubernetes.prerequisites import Places
    from ottla.kubernetes.site import Site
    from ottla.kubernetes.undeployment import Identity

OF_A_CLUSTER = (TOPIC, "KafkaUser")
NOT_NAMESPACED = "Namespace", "StorageClass"


def plan_undeployment(
    cluster: Cluster, site: Site, rendered: Collection[Identity], others: Collection[Identity], *, wipe: bool
) -> Undeployment:
    """``rendered`` is what the spec makes of the environment, ``others`` what it makes of those beside it.

    Raises ClusterError where the server does not answer.
    """
    places = find_places(cluster)
    found, refusals = _found(cluster, site, places, rendered)
    keeps = not (wipe and not site.has_cluster)  # of a cluster that stays, the records are deleted with the topics
    removals, alone = [], []
    for place, document in found:
        identity = _identity(place, document)
        if identity in others or (not site.has_cluster and identity not in rendered):
            continue
        if owned(document) is None:
            alone.append(f"{name_of(identity)}: it was not applied by Ottla")
            continue
        uid = document["metadata"]["uid"]
        removals.append(Removal(identity, place, uid, let_go=keeps and identity[1] == TOPIC))
    ours = {each.identity for each in removals}
    claims = tuple(_claims(cluster, site))
    live = _kafka(cluster, site, places) if site.has_cluster else None
    refusals += [*_strangers(cluster, site, places, ours), *_forbidden(cluster, removals, claims), *_would_go(claims, wipe=wipe)]
    alone += [f"{kind} {name}" for _, kind, _, name in sorted(rendered) if kind in NOT_NAMESPACED]
    kafka = str(site.cluster.value) if site.has_cluster else None
    cluster_id = ((live or {}).get("status") or {}).get("clusterId")
    return Undeployment(
        cluster.context, cluster.server, kafka, cluster_id, ordered(removals), claims, wipe, tuple(alone), tuple(refusals)
    )


def _found(
    cluster: Cluster, site: Site, places: Places, rendered: Iterable[Identity]
) -> tuple[list[tuple[Place, dict[str, Any]]], list[str]]:
    """What has our labels in the environment's namespaces, with its apiVersion and kind; and where one may not look."""
    labels = {MANAGED_BY: OTTLA, PART_OF: str(site.platform.value)}
    namespaces = dict.fromkeys([str(site.namespace.value), *(each[2] for each in sorted(rendered) if each[2])])
    found: list[tuple[Place, dict[str, Any]]] = []
    refused: list[str] = []
    for api, kinds in KINDS.items():
        for kind in kinds:
            place = places.get((api, kind))
            if place is None or not place.namespaced:
                continue
            for namespace in namespaces:
                if not cluster.may("list", place, namespace):
                    refused.append(f"you may not list {place.plural} in the namespace {namespace}: what is there is not known")
                    continue
                listed = cluster.listed(place, namespace, labels)
                found.extend((place, {**each, "apiVersion": api, "kind": kind}) for each in listed)
    for copy in copied_secrets(site):
        there = cluster.get(SECRETS, copy.to_namespace, copy.to_name)
        if there is not None:
            found.append((SECRETS, {**there, "apiVersion": "v1", "kind": "Secret", "data": None}))
    return found, refused


def _identity(place: Place, document: Mapping[str, Any]) -> Identity:
    namespace = document["metadata"]["namespace"] if place.namespaced else ""
    return document["apiVersion"], document["kind"], namespace, document["metadata"]["name"]


def _kafka(cluster: Cluster, site: Site, places: Places) -> dict[str, Any] | None:
    place = next((theirs for (_, kind), theirs in places.items() if kind == KAFKA), None)
    return None if place is None else cluster.get(place, str(site.namespace.value), str(site.cluster.value))


def _claims(cluster: Cluster, site: Site) -> Iterator[Claim]:
    namespace = str(site.namespace.value)
    if not site.has_cluster or not cluster.may("list", CLAIMS, namespace):
        return
    for each in cluster.listed(CLAIMS, namespace, {CLUSTER_LABEL: str(site.cluster.value)}):
        metadata, asked = each["metadata"], each["spec"].get("resources") or {}
        size = (each.get("status") or {}).get("capacity") or asked.get("requests") or {}
        owners = bool(metadata.get("ownerReferences"))
        yield Claim(namespace, metadata["name"], metadata["uid"], str(size.get("storage", "0")), owners)


def _strangers(cluster: Cluster, site: Site, places: Places, ours: set[Identity]) -> Iterator[str]:
    """Topics and users of the cluster that are not the environment's: without operators they would stay for ever."""
    namespace = str(site.namespace.value)
    for (api, kind), place in places.items() if site.has_cluster else ():
        if kind not in OF_A_CLUSTER or not cluster.may("list", place, namespace):
            continue
        for each in cluster.listed(place, namespace, {CLUSTER_LABEL: str(site.cluster.value)}):
            identity = (api, kind, namespace, each["metadata"]["name"])
            if identity not in ours:
                yield (
                    f"{name_of(identity)} lives on this cluster and is not of this environment: delete it first, or undeploy the "
                    "environment that it is of"
                )


def _forbidden(cluster: Cluster, removals: Iterable[Removal], claims: Iterable[Claim]) -> Iterator[str]:
    wanted = dict.fromkeys((each.place, each.identity[2], "delete") for each in removals)
    wanted |= dict.fromkeys((each.place, each.identity[2], "patch") for each in removals if each.let_go)
    wanted |= {(CLAIMS, each.namespace, "patch"): None for each in claims}
    for place, namespace, verb in wanted:
        if not cluster.may(verb, place, namespace):
            yield f"you may not {verb} {place.plural} in the namespace {namespace}: ask for a role that may"


def _would_go(claims: Iterable[Claim], *, wipe: bool) -> Iterator[str]:
    names = [each.name for each in claims if each.owned]
    if names and not wipe:
        yield (
            f"the volumes {', '.join(names)} are deleted with the cluster (delete_claim: true): to keep them, say "
            "kubernetes: {storage: {delete_claim: false}} and deploy that first; else add --wipe"
        )
