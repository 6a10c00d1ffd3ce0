"""A cluster that comes back to volumes that were kept: it must have its old cluster_id, or its nodes do not start on them.

Kafka refuses a log directory of another cluster (meta.properties), and Strimzi makes up an id for each Kafka resource that has
none (NodePoolUtils.getOrGenerateKRaftClusterId of 1.2.0). So the id is written on the claims before a cluster is taken down, and
given to the new resource while it is paused: the way of Strimzi's "Recovering a deleted Kafka cluster".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ottla.errors import ClusterError
from ottla.kubernetes.conditions import conditions_of
from ottla.kubernetes.difference import annotation
from ottla.kubernetes.resource import bytes_of
from ottla.kubernetes.strimzi import CLUSTER_LABEL
from ottla.kubernetes.strimzi_pools import NEXT_IDS
from ottla.kubernetes.weighing_pools import volumes
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ottla.kubernetes.cluster import Answer, Cluster, Place

CLUSTER_ID = "ottla/cluster-id"  # annotations of a claim: whose it is, and what its nodes were
KAFKA_VERSION, METADATA_VERSION = "ottla/kafka-version", "ottla/metadata-version"
FIRST_ID = re.compile(r"\d+")
PAUSE = "strimzi.io/pause-reconciliation"
PAUSED = "ReconciliationPaused"
GIVE_TIMEOUT = 60.0  # seconds
CHECK_TIMES = 3  # that the id is looked at before a cluster goes on


def kept_id(kafka: str, live: Mapping[str, Any] | None, claims: Sequence[Mapping[str, Any]]) -> tuple[str | None, str | None]:
    """The cluster_id that a cluster must be given, or why that cannot be told; neither where there is nothing to give. Pure."""
    known = noted(claims, CLUSTER_ID)
    there = None if live is None else (live.get("status") or {}).get("clusterId")
    if live is not None and not _is_paused(live):
        differs = known is not None and there is not None and known != there
        return None, _of_another(kafka, known, there) if differs else None
    if known is not None:
        return (None if there == known else known), None
    return None, _unknown(kafka, claims) if claims and live is None else None


def noted(claims: Sequence[Mapping[str, Any]], key: str) -> str | None:
    """What stands on each claim; None where it is not the same on all of them."""
    found = {annotation(each, key) for each in claims}
    return found.pop() if len(found) == 1 else None


def past(document: Mapping[str, Any], claims: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """The Kafka resource as it was when it was taken down, as far as claims tell; None where they do not. Pure."""
    version, metadata_version = noted(claims, KAFKA_VERSION), noted(claims, METADATA_VERSION)
    if version is None or metadata_version is None:
        return None
    kafka = {**document["spec"]["kafka"], "version": version, "metadataVersion": metadata_version}
    status = {"kafkaVersion": version, "kafkaMetadataVersion": metadata_version}
    return {**document, "spec": {**document["spec"], "kafka": kafka}, "status": status}


def other_volumes(pools: Sequence[Mapping[str, Any]], claims: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Why the volumes that were kept are not those that the pools would take: a cluster comes back as it was. Pure."""
    wanted = {name: volume for pool in pools for name, volume in claims_of(pool).items()}
    there = {each["metadata"]["name"]: each for each in claims}
    more, fewer = sorted(there.keys() - wanted.keys()), sorted(wanted.keys() - there.keys())
    if more or fewer:
        yield (
            f"the volumes that were kept are not those of the spec (kept and not taken: {', '.join(more) or 'none'}; not kept: "
            f"{', '.join(fewer) or 'none'}): let nodes, controllers and volumes be as they were, deploy, then change them"
        )
    for name in sorted(there.keys() & wanted.keys()):
        capacity = ((there[name].get("status") or {}).get("capacity") or {}).get("storage")
        size, class_ = wanted[name].get("size"), wanted[name].get("class")
        if capacity is not None and size is not None and bytes_of(str(size)) < bytes_of(str(capacity)):
            yield f"the volume {name} has {capacity}, and cannot become smaller: say the old size of cluster.disk"
        if class_ is not None and there[name]["spec"].get("storageClassName") not in {None, class_}:
            yield f"the volume {name} is of the StorageClass {there[name]['spec']['storageClassName']}, not {class_}"


def claims_of(pool: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The claims that Strimzi makes for a new pool, by name, each with the volume that it is for.

    Nodes take the lowest ids of the pool's own range (NodeIdAssignor of 1.2.0).
    """
    metadata = pool["metadata"]
    first = int(FIRST_ID.findall(metadata["annotations"][NEXT_IDS])[0])
    prefix = f"{metadata['labels'][CLUSTER_LABEL]}-{metadata['name']}"
    return {
        f"data-{number}-{prefix}-{node_id}": volume
        for number, volume in volumes(pool).items()
        for node_id in range(first, first + pool["spec"].get("replicas", 0))
    }


def _of_another(kafka: str, known: str | None, there: str | None) -> str:
    return (
        f"the volumes of {kafka} are of the cluster {known}, and the Kafka resource was made as {there}: its nodes do not start "
        "on them. Whoever applied it did not give it its id, as `ottla deploy` does: ottla undeploy, then ottla deploy"
    )


def _unknown(kafka: str, claims: Sequence[Mapping[str, Any]]) -> str:
    namespace, selector = claims[0]["metadata"]["namespace"], f"--selector {CLUSTER_LABEL}={kafka}"
    names = ", ".join(sorted(each["metadata"]["name"] for each in claims))
    return (
        f"volumes of an earlier cluster {kafka} are there ({names}), and "
        "its cluster_id is not on them, without which nodes do not start on them: say it (cluster.id in each meta.properties): "
        f"kubectl annotate pvc --namespace {namespace} {selector} {CLUSTER_ID}=ID; or, if nothing on them is needed: "
        f"kubectl delete pvc --namespace {namespace} {selector}"
    )


def _is_paused(live: Mapping[str, Any]) -> bool:
    return annotation(live, PAUSE) == "true"


def revive(
    cluster: Cluster,
    place: Place,
    document: Mapping[str, Any],
    cluster_id: str,
    *,
    force: bool,
    timeout: float,
    every: float,
) -> Answer:
    """Apply the Kafka resource paused, give it its id once its operator has seen it, then let it go on.

    Cut off in between, it stays paused until it is done again. Raises ClusterError, WaitTimeout.
    """
    head = document["metadata"]
    namespace, name = head["namespace"], head["name"]
    annotations = {**head.get("annotations", {}), PAUSE: "true"}
    paused = cluster.apply(place, {**document, "metadata": {**head, "annotations": annotations}}, dry_run=False, force=force)
    if not paused.done:
        return paused
    wait_until(
        lambda: _conditions(cluster.get(place, namespace, name)),
        lambda found: PAUSED in found,
        what=f"Kafka {namespace}/{name} to be paused by its operator, so that it can be given its cluster_id",
        timeout=timeout,
        every=every,
        hint="does its operator run, and does it watch this namespace? then: ottla deploy",
    )
    _give(cluster, place, document, cluster_id, every=every)
    return cluster.apply(place, document, dry_run=False, force=force)


def _give(cluster: Cluster, place: Place, document: Mapping[str, Any], cluster_id: str, *, every: float) -> None:
    """Say the id until it stays: an operator that was just at work may write its own status over it, once."""
    head = document["metadata"]
    where = f"Kafka {head['namespace']}/{head['name']}"
    stays = 0

    def look() -> int:
        nonlocal stays
        status = (cluster.get(place, head["namespace"], head["name"]) or {}).get("status") or {}
        stays = stays + 1 if status.get("clusterId") == cluster_id else 0
        if not stays:
            given = cluster.apply_status(place, document, {"clusterId": cluster_id})
            if not given.done:
                raise ClusterError(f"does not take its cluster_id: {given.message}", where=where)
        return stays

    wait_until(
        look, lambda times: times >= CHECK_TIMES, what=f"{where} to keep its cluster_id", timeout=GIVE_TIMEOUT, every=every
    )


def _conditions(document: Mapping[str, Any] | None) -> tuple[str, ...]:
    return tuple(str(each.get("type")) for each in conditions_of(document) if each.get("status") == "True")
