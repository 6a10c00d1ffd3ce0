"""What of an environment is there, and may be deleted. Nothing is changed by asking.

Ours is what has the environment's labels, and was applied by Ottla and nobody else. All of it hangs on one cluster, which was
seen: if that is not ours alone to delete, or not the one that the spec names, nothing is. Namespaces and StorageClasses stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ottla.kubernetes.cluster import CLAIMS, PODS, SECRETS
from ottla.kubernetes.dapr import copied_secrets
from ottla.kubernetes.difference import other_appliers, owned
from ottla.kubernetes.kept import kept_in
from ottla.kubernetes.passwords import references
from ottla.kubernetes.prerequisites import find_places, identity_of, ours
from ottla.kubernetes.revival import CLUSTER_ID, KAFKA_VERSION, METADATA_VERSION, noted
from ottla.kubernetes.rollout import name_of
from ottla.kubernetes.strimzi import CLUSTER_LABEL
from ottla.kubernetes.undeployment import KAFKA, ORDER, POOL, TOPIC, Claim, Removal, Undeployment, ordered
from ottla.kubernetes.versions import metadata_version
from ottla.kubernetes.weighing import cluster_of
from ottla.spec.kubernetes import INSTANCE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from ottla.kubernetes.cluster import Cluster, Place
    from ottla.kubernetes.prerequisites import Places
    from ottla.kubernetes.site import Site
    from ottla.kubernetes.undeployment import Identity

    Found = tuple[Place, dict[str, Any]]

OF_A_CLUSTER = (POOL, TOPIC, "KafkaUser")
NOT_NAMESPACED = "Namespace", "StorageClass"


def plan_undeployment(cluster: Cluster, site: Site, rendered: Collection[Identity], *, wipe: bool) -> Undeployment:
    """``rendered`` is what the spec makes of the environment. Raises ClusterError where the server does not answer."""
    places = find_places(cluster)
    namespaces = dict.fromkeys([str(site.namespace.value), *(each[2] for each in sorted(rendered) if each[2])])
    found, unseen = ours(cluster, places, tuple(namespaces), site.labels)
    found += _secrets(cluster, site)
    removals, alone = _sorted(found, keeps=not wipe or site.has_cluster)
    claims = _claims(cluster, site)
    live, pools = _seen(cluster, site, places) if site.has_cluster else (None, [])
    refusals = [f"{each}: what is there is not known" for each in unseen]
    refusals += _of_another_cluster(site, found)
    refusals += _strangers(cluster, site, places, {each.identity for each in removals}, live)
    refusals += _forbidden(cluster, site, removals, claims, wipe=wipe)
    marks = _marks(live, pools, claims or ())
    refusals += _about_volumes(site, claims, marks, wipe=wipe)
    alone += [f"{kind} {name}" for _, kind, _, name in sorted(rendered) if kind in NOT_NAMESPACED]
    topics = {document["metadata"]["name"]: document["spec"] for _, document in found if document["kind"] == TOPIC}
    return Undeployment(
        context=cluster.context,
        server=cluster.server,
        kafka=str(site.cluster.value) if site.has_cluster else None,
        marks=marks,
        removals=ordered(removals),
        claims=tuple(_claim(each) for each in claims or ()),
        wipe=wipe,
        left_alone=tuple(alone),
        refusals=tuple(refusals),
        kept=kept_in(site),
        topics=topics,
    )


def _secrets(cluster: Cluster, site: Site) -> list[Found]:
    """The Secrets that were copied, and passwords that the spec refers to; without what is in them."""
    found: list[Found] = []
    home = str(site.namespace.value)
    places = [(copy.to_namespace, copy.to_name) for copy in copied_secrets(site)]
    for namespace, name in dict.fromkeys([*places, *((home, secret) for secret in references(site).values())]):
        there = cluster.get(SECRETS, namespace, name)
        if there is not None and (there["metadata"].get("labels") or {}).get(INSTANCE) == site.instance:
            found.append((SECRETS, {**there, "apiVersion": "v1", "kind": "Secret", "data": None}))
    return found


def _sorted(found: Iterable[Found], *, keeps: bool) -> tuple[list[Removal], list[str]]:
    """What goes, and what is left alone and why. ``keeps``: a topic's records stay when its resource goes."""
    removals, alone = [], []
    for place, document in found:
        identity, others = identity_of(place, document), other_appliers(document)
        if document["kind"] not in ORDER:
            continue
        if owned(document) is None or others:
            whose = f"{', '.join(others)} applies it" if others else "it was not applied by Ottla"
            alone.append(f"{name_of(identity)}: {whose}")
            continue
        removals.append(Removal(identity, place, document["metadata"]["uid"], let_go=keeps and identity[1] == TOPIC))
    return removals, alone


def _seen(cluster: Cluster, site: Site, places: Places) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    """The Kafka resource of the environment, and the pools of its nodes, whosever they are."""
    by_kind = {kind: place for (_, kind), place in places.items()}
    namespace, name = str(site.namespace.value), str(site.cluster.value)
    if KAFKA not in by_kind:
        return None, []
    return cluster.get(by_kind[KAFKA], namespace, name), cluster.listed(by_kind[POOL], namespace, {CLUSTER_LABEL: name})


def _claims(cluster: Cluster, site: Site) -> list[dict[str, Any]] | None:
    """The claims of the cluster's nodes; None where one may not look."""
    namespace = str(site.namespace.value)
    if not site.has_cluster:
        return []
    may = cluster.may("list", CLAIMS, namespace)
    return cluster.listed(CLAIMS, namespace, {CLUSTER_LABEL: str(site.cluster.value)}) if may else None


def _claim(document: Mapping[str, Any]) -> Claim:
    metadata, asked = document["metadata"], document["spec"].get("resources") or {}
    size = (document.get("status") or {}).get("capacity") or asked.get("requests") or {}
    owners = bool(metadata.get("ownerReferences"))
    return Claim(metadata["namespace"], metadata["name"], metadata["uid"], str(size.get("storage", "0")), owners)


def _marks(
    live: Mapping[str, Any] | None, pools: Iterable[Mapping[str, Any]], claims: Collection[Mapping[str, Any]]
) -> dict[str, str]:
    """What a claim must say of its cluster: what it says already (the resource may have been made anew), else what is seen."""
    ids = [(each.get("status") or {}).get("clusterId") for each in (*([live] if live else []), *pools)]
    known = noted([*claims], CLUSTER_ID) or next((each for each in ids if each), None)
    if known is None:
        return {}
    marks = {CLUSTER_ID: str(known)}
    if live is not None:
        version = (live.get("status") or {}).get("kafkaVersion") or live["spec"]["kafka"].get("version")
        of_metadata = metadata_version(live)
        marks |= {KAFKA_VERSION: str(version)} if version else {}
        marks |= {METADATA_VERSION: of_metadata} if of_metadata else {}
    return marks


def _of_another_cluster(site: Site, found: Iterable[Found]) -> Iterator[str]:
    """Ours by its labels, and not of the cluster that the spec names today."""
    for place, document in found if site.has_cluster else ():
        name = document["metadata"]["name"] if document["kind"] == KAFKA else cluster_of(document)
        mine = {str(site.cluster.value), site.bootstrap}
        if name is not None and name not in mine:
            yield (
                f"{name_of(identity_of(place, document))} is of the cluster {name}, and the spec names {site.cluster.value}: "
                "undeploy with the spec as it was (cluster.name)"
            )


def _strangers(
    cluster: Cluster, site: Site, places: Places, mine: set[Identity], live: Mapping[str, Any] | None
) -> Iterator[str]:
    """What lives on the cluster and would stay without it for ever; or the cluster itself, where that is not ours to delete."""
    namespace = str(site.namespace.value)
    api = next((api for api, kind in places if kind == KAFKA), "")
    if live is not None and (api, KAFKA, namespace, str(site.cluster.value)) not in mine:
        whose = ", ".join(other_appliers(live)) or "somebody else"
        yield f"Kafka {namespace}/{site.cluster.value} is not Ottla's to delete ({whose}): take it down where it is deployed from"
    for (version, kind), place in places.items() if site.has_cluster else ():
        if kind not in OF_A_CLUSTER:
            continue
        if not cluster.may("list", place, namespace):
            yield f"you may not list {place.plural} in the namespace {namespace}: what lives on the cluster is not known"
            continue
        for each in cluster.listed(place, namespace, {CLUSTER_LABEL: str(site.cluster.value)}):
            identity = (version, kind, namespace, each["metadata"]["name"])
            if identity not in mine:
                yield (
                    f"{name_of(identity)} lives on this cluster and is not of this environment: delete it first, or undeploy the "
                    "environment that it is of"
                )


def _forbidden(
    cluster: Cluster, site: Site, removals: Iterable[Removal], claims: Collection[Any] | None, *, wipe: bool
) -> Iterator[str]:
    """Every right that is missing, before anything is deleted."""
    namespace = str(site.namespace.value)
    wanted = dict.fromkeys((each.place, each.identity[2], "delete") for each in removals)
    wanted |= dict.fromkeys((each.place, each.identity[2], "patch") for each in removals if each.let_go)
    if site.has_cluster:
        wanted[PODS, namespace, "list"] = None
        wanted[CLAIMS, namespace, "list"] = None
    if claims:
        wanted[CLAIMS, namespace, "delete" if wipe else "patch"] = None
    for place, where, verb in wanted:
        if not cluster.may(verb, place, where):
            yield f"you may not {verb} {place.plural} in the namespace {where}: ask for a role that may"


def _about_volumes(
    site: Site, claims: Collection[Mapping[str, Any]] | None, marks: Mapping[str, str], *, wipe: bool
) -> Iterator[str]:
    names = [each["metadata"]["name"] for each in claims or () if each["metadata"].get("ownerReferences")]
    if names and not wipe:
        yield (
            f"the volumes {', '.join(names)} are deleted with the cluster (delete_claim: true): to keep them, say "
            "kubernetes: {storage: {delete_claim: false}} and deploy that first; else add --wipe"
        )
    if claims and not marks and not wipe:
        yield (
            f"the cluster_id of {site.cluster.value} is not known, and without it nobody comes back to its volumes: let it get "
            "ready first (ottla deploy); or, if there is nothing on them, add --wipe"
        )
