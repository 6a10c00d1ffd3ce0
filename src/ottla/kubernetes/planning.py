"""A rollout planned: what is missing refuses it; each resource is compared by a dry run on the server. Nothing is changed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ottla.errors import PlanRefused
from ottla.kubernetes.cluster import at_once
from ottla.kubernetes.dapr import copied_secrets
from ottla.kubernetes.operator_planning import brought, plan_operator
from ottla.kubernetes.prerequisites import NAMESPACES_API, find_places, leftovers, missing, storage_classes
from ottla.kubernetes.quotas import over_quota
from ottla.kubernetes.resource import OTTLA
from ottla.kubernetes.revival import CLAIMS, kept_id
from ottla.kubernetes.rollout import Rollout, decided, name_of, named
from ottla.kubernetes.secret_copies import plan_copies
from ottla.kubernetes.strimzi import CLUSTER_LABEL
from ottla.kubernetes.strimzi_topics import MANAGED, UNMANAGED
from ottla.kubernetes.versions import held_back
from ottla.spec.kubernetes import MANAGED_BY, PART_OF
from ottla.spec.versions import STRIMZI_VERSION

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from ottla.kubernetes.cluster import Cluster
    from ottla.kubernetes.prerequisites import Places
    from ottla.kubernetes.resource import Resource
    from ottla.kubernetes.rollout import Planned
    from ottla.kubernetes.site import Site

KAFKA, NAMESPACE = "Kafka", "Namespace"
Identity = tuple[str, str, str, str]


def plan_rollout(
    cluster: Cluster,
    site: Site,
    steps: Mapping[str, tuple[Resource, ...]],
    *,
    others: Collection[Identity] = (),
    force: Collection[str] = frozenset(),
    finalise: bool = False,
) -> Rollout:
    """Ask, compare, decide.

    ``steps`` are what is rendered of the site, ``others`` what is of environments beside it; ``force`` are names of resources.
    Without ``finalise`` the metadata.version of a cluster that is there stays as it is.
    Raises PlanRefused with all that is missing, ClusterError where the server does not answer.
    """
    version, there = cluster.version(), find_places(cluster)
    resources = [each for step in steps.values() for each in step]
    operator, in_the_way = plan_operator(cluster, site)
    coming = brought(operator, there)
    places = {**there, **coming}
    copies = copied_secrets(site)
    lacking = (*in_the_way, *missing(cluster, site, resources, places, copies))
    if lacking:
        raise PlanRefused(lacking, hint=f"nothing was changed (context {cluster.context}, {cluster.server})")
    planned = _planned(cluster, steps, places, coming, force=force, finalise=finalise)
    over = over_quota(cluster, planned)
    if over:
        raise PlanRefused(over, hint=f"nothing was changed (context {cluster.context}, {cluster.server})")
    ours = {each.identity for each in resources} | set(others)
    alone, unseen = _left_alone(cluster, site, there, ours)
    namespace = str(site.namespace.value)
    notes = (*operator.notes, *_operator(planned, cluster), *_held_back(planned, steps), *_unmanaged(planned), *unseen)
    copied = plan_copies(cluster, copies, str(site.platform.value))
    return Rollout(cluster.context, cluster.server, version, namespace, planned, alone, notes, copied, operator)


def _planned(
    cluster: Cluster,
    steps: Mapping[str, tuple[Resource, ...]],
    places: Places,
    coming: Places,
    *,
    force: Collection[str],
    finalise: bool,
) -> tuple[Planned, ...]:
    """Each resource; what is in a namespace that is still to be made, or of a kind that is to come, cannot be tried there."""
    classes = storage_classes(cluster, places)
    resources = [(step, resource) for step, theirs in steps.items() for resource in theirs]
    absent = {name for name in _namespaces(resources) if cluster.get(places[NAMESPACES_API, NAMESPACE], "", name) is None}

    def compared(item: tuple[str, Resource]) -> Planned:
        step, resource = item
        api, kind, namespace, name = resource.identity
        place, forced = places[api, kind], named(resource.identity) in force
        if namespace in absent or (api, kind) in coming:
            planned = decided(step, resource, place, None, None, forced=forced)
            return _revived(cluster, planned, None) if kind == KAFKA and namespace not in absent else planned
        live = cluster.get(place, namespace, name)
        wanted = held_back(resource, live) if kind == KAFKA and live is not None and not finalise else resource
        answer = cluster.apply(place, wanted.document, dry_run=True, force=forced)
        planned = decided(step, wanted, place, live, answer, forced=forced, classes=classes)
        return _revived(cluster, planned, live) if kind == KAFKA else planned

    return tuple(at_once(compared, resources))


def _namespaces(resources: Iterable[tuple[str, Resource]]) -> Iterator[str]:
    """Those that are made with the rest."""
    for _, resource in resources:
        api, kind, _, name = resource.identity
        if (api, kind) == (NAMESPACES_API, NAMESPACE):
            yield name


def _revived(cluster: Cluster, planned: Planned, live: dict[str, Any] | None) -> Planned:
    """The cluster, with the id of the volumes that it comes back to."""
    _, _, namespace, name = planned.resource.identity
    cluster_id, unknown = kept_id(name, live, cluster.listed(CLAIMS, namespace, {CLUSTER_LABEL: name}))
    refusals = planned.refusals if unknown is None else (*planned.refusals, unknown)
    return replace(planned, refusals=refusals, revived_as=cluster_id)


def _left_alone(cluster: Cluster, site: Site, places: Places, ours: set[Identity]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What has our labels and is rendered no more; and what could not be looked for."""
    labels = {MANAGED_BY: OTTLA, PART_OF: str(site.platform.value)}
    namespaces = dict.fromkeys([str(site.namespace.value), *(each[2] for each in sorted(ours) if each[2])])
    alone, unseen = [], []
    for identity, why_not in leftovers(cluster, places, namespaces, labels):
        if identity is None:
            unseen.append(f"what is rendered no more was not looked for: {why_not}")
        elif identity not in ours:
            alone.append(name_of(identity))
    return tuple(alone), tuple(unseen)


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
        annotations = (each.seen or {}).get("metadata", {}).get("annotations") or {}
        if each.resource.identity[1] == "KafkaTopic" and annotations.get(MANAGED) == UNMANAGED:
            yield f"{each.name} is not managed: Strimzi carries nothing of it out; to change that: ottla topics manage"
