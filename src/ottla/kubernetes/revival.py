"""A cluster that comes back to volumes that were kept: it must have its old cluster_id, or its nodes do not start on them.

Kafka refuses a log directory of another cluster (meta.properties), and Strimzi makes up an id for each Kafka resource that has
none (NodePoolUtils.getOrGenerateKRaftClusterId of 1.2.0). So the id is written on the claims before a cluster is taken down, and
given to the new resource while it is paused: the way of Strimzi's "Recovering a deleted Kafka cluster".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ottla.errors import ClusterError
from ottla.kubernetes.cluster import Place
from ottla.kubernetes.strimzi import CLUSTER_LABEL
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ottla.kubernetes.cluster import Answer, Cluster

CLAIMS = Place("api/v1", "persistentvolumeclaims", namespaced=True)
CLUSTER_ID = "ottla/cluster-id"  # an annotation of a claim
PAUSE = "strimzi.io/pause-reconciliation"
PAUSED = "ReconciliationPaused"


def kept_id(kafka: str, live: Mapping[str, Any] | None, claims: Sequence[Mapping[str, Any]]) -> tuple[str | None, str | None]:
    """The cluster_id that a cluster must be given, or why that cannot be told; neither where there is nothing to give. Pure."""
    if live is not None and not _is_paused(live):
        return None, None
    found = {(each["metadata"].get("annotations") or {}).get(CLUSTER_ID) for each in claims}
    if len(found) == 1 and None not in found:
        (known,) = found
        there = None if live is None else (live.get("status") or {}).get("clusterId")
        return (None if there == known else known), None
    return None, _unknown(kafka, claims) if claims and live is None else None


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
    return (live["metadata"].get("annotations") or {}).get(PAUSE) == "true"


def revive(
    cluster: Cluster, place: Place, document: Mapping[str, Any], cluster_id: str, *, timeout: float, every: float
) -> Answer:
    """Apply the Kafka resource paused, give it its id once its operator has seen it, then let it go on.

    Cut off in between, it stays paused until it is done again. Raises ClusterError, WaitTimeout.
    """
    head = document["metadata"]
    namespace, name = head["namespace"], head["name"]
    annotations = {**head.get("annotations", {}), PAUSE: "true"}
    paused = cluster.apply(place, {**document, "metadata": {**head, "annotations": annotations}}, dry_run=False, force=False)
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
    given = cluster.apply_status(place, document, {"clusterId": cluster_id})
    if not given.done:
        raise ClusterError(f"does not take its cluster_id: {given.message}", where=f"Kafka {namespace}/{name}")
    return cluster.apply(place, document, dry_run=False, force=False)


def _conditions(document: Mapping[str, Any] | None) -> tuple[str, ...]:
    found = ((document or {}).get("status") or {}).get("conditions") or ()
    return tuple(str(each.get("type")) for each in found if each.get("status") == "True")
