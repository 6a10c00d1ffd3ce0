"""A rollout planned: what is missing refuses it; each resource is compared by a dry run on the server. Nothing is changed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ottla.errors import PlanRefused
from ottla.kubernetes.cluster import CLAIMS, at_once
from ottla.kubernetes.dapr import copied_secrets
from ottla.kubernetes.difference import annotation
from ottla.kubernetes.kept import kept_in, read_kept
from ottla.kubernetes.operator_planning import brought, plan_operator
from ottla.kubernetes.passwords import plan_passwords
from ottla.kubernetes.prerequisites import NAMESPACES_API, find_places, identity_of, missing, ours, storage_classes
from ottla.kubernetes.quotas import over_quota
from ottla.kubernetes.revival import kept_id, other_volumes, past
from ottla.kubernetes.rollout import Rollout, decided, name_of, named
from ottla.kubernetes.secret_copies import plan_copies
from ottla.kubernetes.strimzi import CLUSTER_LABEL
from ottla.kubernetes.strimzi_topics import MANAGED, UNMANAGED
from ottla.kubernetes.versions import held_back
from ottla.kubernetes.weighing import weigh
from ottla.spec.versions import STRIMZI_VERSION

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from ottla.kubernetes.cluster import Cluster
    from ottla.kubernetes.prerequisites import Places
    from ottla.kubernetes.resource import Resource
    from ottla.kubernetes.rollout import Planned
    from ottla.kubernetes.site import Site
    from ottla.kubernetes.weighing import Weighed
    from ottla.model.secret import Secret

KAFKA, NAMESPACE, STORAGE_CLASS, TOPIC = "Kafka", "Namespace", "StorageClass", "KafkaTopic"
Identity = tuple[str, str, str, str]


def plan_rollout(
    cluster: Cluster,
    site: Site,
    steps: Mapping[str, tuple[Resource, ...]],
    *,
    force: Collection[str] = frozenset(),
    finalise: bool = False,
    passwords: Mapping[str, Secret | str],
) -> Rollout:
    """Ask, compare, decide.

    ``steps`` are what is rendered of the site; ``force`` are names of resources.
    ``passwords`` are what the references of users lead to, by their names, or why one leads nowhere.
    Without ``finalise`` the metadata.version of a cluster that is there stays as it is.
    Raises PlanRefused with all that is missing, ClusterError where the server does not answer.
    """
    version, there = cluster.version(), find_places(cluster)
    resources = [each for step in steps.values() for each in step]
    operator, in_the_way = plan_operator(cluster, site)
    coming = brought(operator, there)
    places = {**there, **coming}
    copies = copied_secrets(site)
    lacking = (*in_the_way, *missing(cluster, site, resources, places, copies, passwords=bool(passwords)))
    if lacking:
        raise PlanRefused(lacking, hint=f"nothing was changed (context {cluster.context}, {cluster.server})")
    kept = read_kept(cluster, site)
    planned = _planned(cluster, steps, places, coming, kept, force=force, finalise=finalise)
    over = over_quota(cluster, planned)
    if over:
        raise PlanRefused(over, hint=f"nothing was changed (context {cluster.context}, {cluster.server})")
    alone, unseen = _left_alone(cluster, site, there, {each.identity for each in resources})
    namespace = str(site.namespace.value)
    notes = (*operator.notes, *_operator(planned, cluster), *_held_back(planned, steps), *_unmanaged(planned), *unseen)
    copied = plan_copies(cluster, copies, site)
    memory = kept_in(site)[:2] if kept else None
    referred = plan_passwords(cluster, site, passwords)
    return Rollout(cluster.context, cluster.server, version, namespace, planned, alone, notes, copied, referred, operator, memory)


def _planned(
    cluster: Cluster,
    steps: Mapping[str, tuple[Resource, ...]],
    places: Places,
    coming: Places,
    kept: Mapping[str, Any],
    *,
    force: Collection[str],
    finalise: bool,
) -> tuple[Planned, ...]:
    """Each resource; what is in a namespace that is still to be made, or of a kind that is to come, cannot be tried there."""
    classes = storage_classes(cluster, places)
    resources = [(step, resource) for step, theirs in steps.items() for resource in theirs]
    absent = {name for name in _namespaces(resources) if cluster.get(places[NAMESPACES_API, NAMESPACE], "", name) is None}
    pools = [resource.document for _, resource in resources if resource.identity[1] == "KafkaNodePool"]

    def compared(item: tuple[str, Resource]) -> Planned:
        step, resource = item
        api, kind, namespace, name = resource.identity
        place, forced = places[api, kind], named(resource.identity) in force
        if namespace in absent:
            return decided(step, resource, place, None, None, forced=forced)
        known = (api, kind) not in coming
        live = cluster.get(place, namespace, name) if known else None
        claims = cluster.listed(CLAIMS, namespace, {CLUSTER_LABEL: name}) if kind == KAFKA else []
        before = live or _before(resource, claims, kept)
        wanted = _held(resource, before, finalise=finalise)
        answer = cluster.apply(place, wanted.document, dry_run=True, force=forced) if known else None
        planned = decided(step, wanted, place, live, answer, forced=forced, classes=classes)
        if live is None and before is not None:
            planned = _costing(planned, weigh(before, wanted.document, classes))
        return _revived(cluster, planned, live, claims, pools) if kind == KAFKA else planned

    return tuple(at_once(compared, resources))


def _namespaces(resources: Iterable[tuple[str, Resource]]) -> Iterator[str]:
    """Those that are made with the rest."""
    for _, resource in resources:
        api, kind, _, name = resource.identity
        if (api, kind) == (NAMESPACES_API, NAMESPACE):
            yield name


def _before(resource: Resource, claims: Sequence[Mapping[str, Any]], kept: Mapping[str, Any]) -> dict[str, Any] | None:
    """What was there before it was taken down, where that is remembered."""
    document = resource.document
    if document["kind"] == KAFKA:
        return past(document, claims)
    if document["kind"] == TOPIC and document["metadata"]["name"] in kept:
        return {**document, "spec": kept[document["metadata"]["name"]]}
    return None


def _held(resource: Resource, before: dict[str, Any] | None, *, finalise: bool) -> Resource:
    """What stays as it is: a metadata.version, until it is asked for; and what becomes of volumes of a StorageClass, for ever."""
    kind = resource.identity[1]
    if before is None:
        return resource
    if kind == KAFKA and not finalise:
        return held_back(resource, before)
    if kind == STORAGE_CLASS and before.get("reclaimPolicy"):  # immutable: the server would refuse another one
        return replace(resource, tree={**resource.tree, "reclaimPolicy": before["reclaimPolicy"]})
    return resource


def _costing(planned: Planned, cost: Weighed) -> Planned:
    return replace(planned, risks=(*planned.risks, *cost.risks), refusals=(*planned.refusals, *cost.refusals))


def _revived(
    cluster: Cluster,
    planned: Planned,
    live: dict[str, Any] | None,
    claims: Sequence[Mapping[str, Any]],
    pools: Sequence[Mapping[str, Any]],
) -> Planned:
    """The cluster, with the id of the volumes that it comes back to, or why it cannot."""
    cluster_id, unknown = kept_id(planned.resource.identity[3], live, claims)
    refusals = [*planned.refusals, *([] if unknown is None else [unknown])]
    if cluster_id is not None:
        refusals += other_volumes(pools, claims)
        namespace = planned.resource.identity[2]
        if not cluster.may("patch", planned.place, namespace, "status"):
            refusals.append(
                f"you may not patch kafkas/status in the namespace {namespace}: its cluster_id is to be written there"
            )
    return replace(planned, refusals=tuple(refusals), revived_as=cluster_id)


def _left_alone(
    cluster: Cluster, site: Site, places: Places, rendered: Collection[Identity]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What has our labels and is rendered no more; and what could not be looked for."""
    namespaces = dict.fromkeys([str(site.namespace.value), *(each[2] for each in sorted(rendered) if each[2])])
    found, unseen = ours(cluster, places, tuple(namespaces), site.labels)
    identities = [identity_of(place, document) for place, document in found]
    alone = tuple(name_of(each) for each in identities if each not in rendered)
    return alone, tuple(f"what is rendered no more was not looked for: {each}" for each in unseen)


def _operator(planned: tuple[Planned, ...], cluster: Cluster) -> Iterator[str]:
    """Which Strimzi it is, as it says itself of a cluster that it has made; before that nobody can tell."""
    for each in planned:
        _, kind, namespace, name = each.resource.identity
        if kind == KAFKA and each.seen is not None:
            status = (cluster.get(each.place, namespace, name) or {}).get("status") or {}
            found = status.get("operatorLastSuccessfulVersion")
            if found and found != STRIMZI_VERSION:
                yield f"Strimzi {found} works on {name}; what is rendered is for {STRIMZI_VERSION}"


def _held_back(planned: tuple[Planned, ...], steps: Mapping[str, tuple[Resource, ...]]) -> Iterator[str]:
    """The one-way step that is left, where it is."""
    rendered = {each.identity: each for resources in steps.values() for each in resources}
    for each in planned:
        if each.resource.identity[1] == KAFKA and each.resource is not rendered[each.resource.identity]:
            stays = each.resource.document["spec"]["kafka"]["metadataVersion"]
            wanted = rendered[each.resource.identity].document["spec"]["kafka"]["metadataVersion"]
            yield (
                f"metadata.version stays {stays}, so that there is a way back; once all is well, raise it to {wanted}: "
                "ottla deploy --finalize"
            )


def _unmanaged(planned: tuple[Planned, ...]) -> Iterator[str]:
    """Topics that were taken out of their operator's hands."""
    for each in planned:
        if each.resource.identity[1] == TOPIC and each.seen is not None and annotation(each.seen, MANAGED) == UNMANAGED:
            back = f"ottla topics manage {each.resource.identity[3]}"
            yield f"{each.name} is not managed: Strimzi carries nothing of it out; to give it back: {back}"
