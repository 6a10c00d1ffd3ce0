"""Looking for Strimzi's operators in a Kubernetes: their Deployments, and what of its kinds is there. Nothing is changed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ottla.kubernetes.cluster import Place
from ottla.kubernetes.conditions import condition_of, conditions_of
from ottla.kubernetes.difference import annotation
from ottla.kubernetes.operators import ALL, Operator, RunningKafka, Seen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ottla.kubernetes.cluster import Cluster

DEPLOYMENTS = Place("apis/apps/v1", "deployments", namespaced=True)
DEFINITIONS = Place("apis/apiextensions.k8s.io/v1", "customresourcedefinitions", namespaced=False)
OF_STRIMZI = {"app": "strimzi"}  # a label of its definitions, in its chart and in its files
API = "kafka.strimzi.io/v1"
KIND, OPERATOR = "strimzi.io/kind", "cluster-operator"  # of its pods; the Deployment itself has no such label
WATCHED = "STRIMZI_NAMESPACE"  # ClusterOperatorConfig.NAMESPACE; without it, an operator watches all
RELEASE = "meta.helm.sh/release-name"
OWN_NAMESPACE, ANNOTATION = "metadata.namespace", re.compile(r"metadata\.annotations\['(.+)'\]")


def see(cluster: Cluster, namespace: str, *, ours: bool) -> Seen:
    """What is there of Strimzi: everywhere if one may list Deployments there, else in the namespace.

    Clusters and definitions are looked at only where something of ours may have to be done.
    """
    everywhere = cluster.may("list", DEPLOYMENTS, "")
    listable = everywhere or cluster.may("list", DEPLOYMENTS, namespace)
    seen = Seen(operators_in(cluster, "" if everywhere else namespace) if listable else (), everywhere)
    if not ours or seen.settles(namespace):
        return seen
    return Seen(seen.operators, everywhere, tuple(_kafkas(cluster, namespace)), tuple(_stored(cluster)))


def operators_in(cluster: Cluster, namespace: str) -> tuple[Operator, ...]:
    """The operators whose Deployments lie there; everywhere, if the namespace is empty."""
    deployments = (each for each in cluster.listed(DEPLOYMENTS, namespace) if _labels(each).get(KIND) == OPERATOR)
    return tuple(sorted(map(operator_of, deployments), key=lambda each: (each.namespace, each.name)))


def _labels(deployment: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = deployment["spec"]["template"]["metadata"].get("labels") or {}
    return found


def operator_of(deployment: dict[str, Any]) -> Operator:
    """What a Deployment of an operator says. Pure."""
    metadata, containers = deployment["metadata"], deployment["spec"]["template"]["spec"]["containers"]
    own = next((each for each in containers if _variable(each) is not None), containers[0])
    return Operator(
        metadata["namespace"],
        metadata["name"],
        _tag(own["image"]),
        _watched(_variable(own), deployment),
        annotation(deployment, RELEASE),
        condition_of({"kind": "Deployment", **deployment}),
    )


def _tag(image: str) -> str:
    """The version in an image's name; empty where there is none, only a digest."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[2]


def _variable(container: Mapping[str, Any]) -> dict[str, Any] | None:
    return next((each for each in container.get("env") or () if each["name"] == WATCHED), None)


def _watched(variable: Mapping[str, Any] | None, deployment: Mapping[str, Any]) -> tuple[str, ...]:
    """The namespaces that it is told. Of what cannot be told from here it is taken that it watches all: none is put beside it."""
    path = ((variable or {}).get("valueFrom") or {}).get("fieldRef", {}).get("fieldPath", "")
    if path == OWN_NAMESPACE:
        return (deployment["metadata"]["namespace"],)
    annotation = ANNOTATION.fullmatch(path)  # the Operator Lifecycle Manager writes it there
    annotations = deployment["spec"]["template"]["metadata"].get("annotations") or {}
    value = annotations.get(annotation[1], "") if annotation else (variable or {}).get("value", "")
    return tuple(sorted(each.strip() for each in value.split(",") if each.strip())) or (ALL,)


def _kafkas(cluster: Cluster, namespace: str) -> Iterator[RunningKafka]:
    """The clusters of all namespaces, or of those that one may look into."""
    place = cluster.kinds(API).get("Kafka")
    if place is None:
        return
    where = next((each for each in ("", namespace) if cluster.may("list", place, each)), None)
    for each in () if where is None else cluster.listed(place, where):
        known = ((each.get("status") or {}).get("kafkaVersion"), each["spec"]["kafka"].get("version"))
        metadata, ready = each["metadata"], condition_of({"kind": "Kafka", **each}).ready
        yield RunningKafka(metadata["namespace"], metadata["name"], tuple(str(one) for one in known if one), ready)


def _stored(cluster: Cluster) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The API versions that resources of its kinds are kept in; nothing where one may not look, which is told as a right."""
    if not cluster.may("list", DEFINITIONS, ""):
        return
    for each in cluster.listed(DEFINITIONS, "", OF_STRIMZI):
        if each["spec"]["group"].endswith("strimzi.io"):
            yield each["metadata"]["name"], tuple((each.get("status") or {}).get("storedVersions") or ())


def established(cluster: Cluster, name: str) -> bool:
    """Whether the server takes resources of a definition."""
    found = conditions_of(cluster.get(DEFINITIONS, "", name))
    return any(each["type"] == "Established" and each["status"] == "True" for each in found)
