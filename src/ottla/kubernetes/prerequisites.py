"""What must be there before anything is applied: the kinds, the storage class, namespaces, rights. All is told at once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ottla.kubernetes.cluster import CLAIMS, SECRETS, at_once
from ottla.kubernetes.conditions import AWAITED
from ottla.kubernetes.weighing_pools import is_default
from ottla.spec.versions import LEAST_KUBERNETES, STRIMZI_VERSION

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from ottla.kubernetes.cluster import Cluster, Place
    from ottla.kubernetes.dapr import SecretCopy
    from ottla.kubernetes.resource import Resource
    from ottla.kubernetes.site import Site

VERSION = re.compile(r"v?(\d+)\.(\d+)")
STORAGE_API, NAMESPACES_API = "storage.k8s.io/v1", "v1"
# Every kind that may be rendered, by its API: what was rendered once and is no more lies among them
KINDS = {
    "v1": ("Namespace", "ConfigMap", "Service", "ServiceAccount"),
    "apps/v1": ("Deployment",),
    "networking.k8s.io/v1": ("NetworkPolicy",),
    STORAGE_API: ("StorageClass",),
    "kafka.strimzi.io/v1": ("Kafka", "KafkaNodePool", "KafkaTopic", "KafkaUser"),
    "monitoring.coreos.com/v1": ("PodMonitor", "ServiceMonitor", "PrometheusRule"),
    "dapr.io/v1alpha1": ("Component", "Resiliency"),
    "dapr.io/v2alpha1": ("Subscription",),
}
WHAT_TO_DO = {
    "kafka.strimzi.io": f"install Strimzi {STRIMZI_VERSION} (its Helm chart) and let it watch the namespace",
    "monitoring.coreos.com": "install the prometheus-operator, or go without: kubernetes: {monitors: {enabled: false}}",
    "dapr.io": "install Dapr, or go without: kubernetes: {dapr: {enabled: false}}",
}
APPLYING = ("get", "create", "patch")  # a resource that is applied and is not there yet is created as well

Places = dict[tuple[str, str], "Place"]  # by apiVersion and kind


@dataclass(frozen=True, slots=True)
class Right:
    """What must be permitted, and where; the namespace is empty for what lies in none."""

    place: Place
    namespace: str
    verb: str


def find_places(cluster: Cluster) -> Places:
    """Where the Kubernetes keeps each kind of ours that it knows."""
    found = {version: cluster.kinds(version) for version in KINDS}
    return {(version, kind): found[version][kind] for version, kinds in KINDS.items() for kind in kinds if kind in found[version]}


def missing(
    cluster: Cluster,
    site: Site,
    resources: Iterable[Resource],
    places: Places,
    copies: Collection[SecretCopy],
    *,
    passwords: bool,
) -> tuple[str, ...]:
    """What is missing, each with what to do; nothing is changed by asking."""
    rendered = [each.identity for each in resources]
    return (
        *too_old(cluster.version()),
        *_unknown_kinds(rendered, places),
        *refused(cluster, (*rights(rendered, places), *_rights_to_secrets(site, copies, passwords=passwords))),
        *_storage(cluster, site, places),
        *_namespaces(cluster, rendered, places),
    )


def rights(rendered: Iterable[tuple[str, str, str, str]], places: Places) -> tuple[Right, ...]:
    """What a rollout of these must be permitted, each once: to apply them, and to see how those are that are waited for. Pure."""
    wanted: dict[Right, None] = {}
    for api, kind, namespace, _ in rendered:
        place = places.get((api, kind))
        if place is not None:
            verbs = (*APPLYING, "list") if kind in AWAITED else APPLYING
            wanted.update(dict.fromkeys(Right(place, namespace, verb) for verb in verbs))
            if kind == "KafkaNodePool":
                wanted[Right(CLAIMS, namespace, "list")] = None  # whether volumes were kept, and whether they have grown
    return tuple(wanted)


def _rights_to_secrets(site: Site, copies: Collection[SecretCopy], *, passwords: bool) -> dict[Right, None]:
    """To read each original, and to write its copy; and to write passwords that the spec refers to."""
    pairs = [(each.namespace, ("get",)) for each in copies] + [(each.to_namespace, APPLYING) for each in copies]
    pairs += [(str(site.namespace.value), APPLYING)] if passwords else []
    return dict.fromkeys(Right(SECRETS, namespace, verb) for namespace, verbs in pairs for verb in verbs)


def too_old(version: str) -> Iterator[str]:
    """Why a Kubernetes of that version will not do. Pure."""
    found = VERSION.match(version)
    if found is not None and (int(found[1]), int(found[2])) < LEAST_KUBERNETES:
        least = ".".join(map(str, LEAST_KUBERNETES))
        yield f"this is Kubernetes {version}, and Strimzi {STRIMZI_VERSION} wants {least} or later"


def _unknown_kinds(rendered: Iterable[tuple[str, str, str, str]], places: Places) -> Iterator[str]:
    """By API group: what one operator brings is one line."""
    unknown: dict[str, dict[str, None]] = {}
    for api, kind, _, _ in rendered:
        if (api, kind) not in places:
            unknown.setdefault(api, {})[kind] = None
    for api, kinds in unknown.items():
        what_to_do = WHAT_TO_DO.get(api.partition("/")[0], "use a Kubernetes that has it")
        yield f"this Kubernetes does not know {', '.join(kinds)} ({api}): {what_to_do}"


def refused(cluster: Cluster, wanted: Iterable[Right]) -> Iterator[str]:
    """What of it is not permitted. One line for each kind and namespace, with the verbs."""
    asked = tuple(wanted)
    found: dict[tuple[str, str], list[str]] = {}
    for each, may in zip(asked, at_once(lambda one: cluster.may(one.verb, one.place, one.namespace), asked), strict=True):
        if not may:
            group = f".{each.place.group}" if each.place.group else ""
            found.setdefault((each.place.plural + group, each.namespace), []).append(each.verb)
    for (what, namespace), verbs in found.items():
        where = f" in the namespace {namespace}" if namespace else ""
        yield f"you may not {', '.join(verbs)} {what}{where}: ask for a role that may, or choose another context: --context NAME"


def _storage(cluster: Cluster, site: Site, places: Places) -> Iterator[str]:
    """Whether the storage class is there, or a default one. Who may not look at them is told nothing: volumes would wait."""
    storage = site.spec.kubernetes.storage
    found = storage_classes(cluster, places) if site.has_cluster and storage.create is None else None
    if found is None:
        return
    there = f"there is {', '.join(sorted(found)) or 'none'}"
    if storage.storage_class is None and not any(map(is_default, found.values())):
        yield f"no StorageClass is the default one ({there}): name one, kubernetes: {{storage: {{class: NAME}}}}"
    if storage.storage_class is not None and storage.storage_class not in found:
        yield (
            f"there is no StorageClass {storage.storage_class!r} ({there}): name another, or have it made "
            "(kubernetes: {storage: {create: ...}})"
        )


def storage_classes(cluster: Cluster, places: Places) -> dict[str, dict[str, Any]] | None:
    """Those that are there, by name; None where one may not look."""
    place = places.get((STORAGE_API, "StorageClass"))
    if place is None or not cluster.may("list", place, ""):
        return None
    return {each["metadata"]["name"]: each for each in cluster.listed(place, "")}


def _namespaces(cluster: Cluster, rendered: Iterable[tuple[str, str, str, str]], places: Places) -> Iterator[str]:
    """Those that resources lie in and that are not made with them: those of the owner of a cluster that is shared."""
    rendered = tuple(rendered)
    made = {name for api, kind, _, name in rendered if (api, kind) == (NAMESPACES_API, "Namespace")}
    place = places[NAMESPACES_API, "Namespace"]
    for namespace in dict.fromkeys(each[2] for each in rendered if each[2] and each[2] not in made):
        if cluster.get(place, "", namespace) is None:
            yield f"there is no namespace {namespace}: deploy the environment whose cluster this one shares first"


def ours(
    cluster: Cluster, places: Places, namespaces: Collection[str], labels: Mapping[str, str]
) -> tuple[list[tuple[Place, dict[str, Any]]], list[str]]:
    """What has these labels, each with its apiVersion and kind; and where one may not look.

    It is looked for in all namespaces, as a spec may name others today than it did; who may not do that is told so, and has
    it looked for in ``namespaces``. What lies in no namespace is not looked at: it may be of another environment as well.
    """
    found: list[tuple[Place, dict[str, Any]]] = []
    unseen: list[str] = []
    for (api, kind), place in places.items():
        if not place.namespaced:
            continue
        everywhere = cluster.may("list", place, "")
        for namespace in ("",) if everywhere else namespaces:
            if not everywhere and not cluster.may("list", place, namespace):
                unseen.append(f"you may not list {place.plural} in the namespace {namespace}")
                continue
            listed = cluster.listed(place, namespace, labels)
            found.extend((place, {**each, "apiVersion": api, "kind": kind}) for each in listed)
    return found, unseen


def identity_of(place: Place, document: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """The identity of what is there."""
    namespace = document["metadata"]["namespace"] if place.namespaced else ""
    return document["apiVersion"], document["kind"], namespace, document["metadata"]["name"]
