"""A rollout planned: what is missing refuses it; each resource is compared by a dry run on the server. Nothing is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.errors import PlanRefused
from ottla.kubernetes.operator_planning import brought, plan_operator
from ottla.kubernetes.prerequisites import NAMESPACES_API, find_places, leftovers, missing
from ottla.kubernetes.resource import OTTLA
from ottla.kubernetes.rollout import Rollout, decided, name_of, named
from ottla.spec.kubernetes import MANAGED_BY, PART_OF
from ottla.spec.versions import STRIMZI_VERSION

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from ottla.kubernetes.cluster import Cluster
    from ottla.kubernetes.prerequisites import Places
    from ottla.kubernetes.resource import Resource
    from ottla.kubernetes.rollout import Planned
    from ottla.kubernetes.site import Site

Identity = tuple[str, str, str, str]


def plan_rollout(
    cluster: Cluster,
    site: Site,
    steps: Mapping[str, tuple[Resource, ...]],
    *,
    others: Collection[Identity] = (),
    force: Collection[str] = frozenset(),
) -> Rollout:
    """Ask, compare, decide.

    ``steps`` are what is rendered of the site, ``others`` what is of environments beside it; ``force`` are names of resources.
    Raises PlanRefused with all that is missing, ClusterError where the server does not answer.
    """
    version, there = cluster.version(), find_places(cluster)
    resources = [each for step in steps.values() for each in step]
    operator, in_the_way = plan_operator(cluster, site)
    coming = brought(operator, there)
    places = {**there, **coming}
    lacking = (*in_the_way, *missing(cluster, site, resources, places))
    if lacking:
        raise PlanRefused(lacking, hint=f"nothing was changed (context {cluster.context}, {cluster.server})")
    planned = tuple(_planned(cluster, steps, places, coming, force))
    ours = {each.identity for each in resources} | set(others)
    alone, unseen = _left_alone(cluster, site, there, ours)
    namespace = str(site.namespace.value)
    notes = (*operator.notes, *_operator(planned, cluster), *unseen)
    return Rollout(cluster.context, cluster.server, version, namespace, planned, alone, notes, operator)


def _planned(
    cluster: Cluster, steps: Mapping[str, tuple[Resource, ...]], places: Places, coming: Places, force: Collection[str]
) -> Iterator[Planned]:
    """Each resource; what is in a namespace that is still to be made, or of a kind that is to come, cannot be tried there."""
    absent: set[str] = set()
    for step, resources in steps.items():
        for resource in resources:
            api, kind, namespace, name = resource.identity
            place, forced = places[api, kind], named(resource.identity) in force
            if namespace in absent or (api, kind) in coming:
                yield decided(step, resource, place, None, None, forced=forced)
                continue
            live = cluster.get(place, namespace, name)
            if live is None and (api, kind) == (NAMESPACES_API, "Namespace"):
                absent.add(name)
            answer = cluster.apply(place, resource.document, dry_run=True, force=forced)
            yield decided(step, resource, place, live, answer, forced=forced)


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
        if kind == "Kafka" and each.seen is not None:
            status = (cluster.get(each.place, namespace, name) or {}).get("status") or {}
            found = status.get("operatorLastSuccessfulVersion")
            if found and found != STRIMZI_VERSION:
                yield f"Strimzi {found} works on {name}; what is rendered is for {STRIMZI_VERSION}"
