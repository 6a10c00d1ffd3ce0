"""Who owns a topic: Strimzi's topic operator by its KafkaTopic, or somebody who works on Kafka itself.

``strimzi.io/managed: "false"`` takes a topic out of the operator's hands: nothing of its resource is carried out, and deleting
that deletes no record (BatchingTopicController.deleteUnmanagedTopic of 1.2.0).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ottla.errors import ClusterError
from ottla.kubernetes.cluster import done
from ottla.kubernetes.conditions import UNMANAGED as LET_GO
from ottla.kubernetes.conditions import conditions_of, said_of
from ottla.kubernetes.strimzi_topics import MANAGED, UNMANAGED
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from ottla.kubernetes.cluster import Cluster, Place
    from ottla.local import Reporter

READY, PAUSED = "Ready", "ReconciliationPaused"
FINALIZER = "strimzi.io/topic-operator"
RUNS = "does it run (the entity operator, in `kubectl get pods --namespace {namespace}`)? "
NOT_TAKEN = RUNS + "it makes them what their resources say once it does"
NOT_LET_GO = RUNS + (
    "nothing in Kafka was changed. Where it is gone for good, its hold is a finalizer: "
    'kubectl patch kafkatopic NAME --namespace {namespace} --type merge --patch \'{{"metadata": {{"finalizers": []}}}}\''
)


def set_managed(
    cluster: Cluster,
    topics: Collection[tuple[Place, str, str]],
    *,
    managed: bool,
    report: Reporter,
    timeout: float,
    every: float,
) -> None:
    """Give topics (place, namespace, name) to their operator, or take them from it; and wait until it has seen that.

    Raises ClusterError where it has seen it, but cannot make one what its resource says; WaitTimeout.
    """
    for place, namespace, name in topics:
        report.step(
            f"{'giving' if managed else 'taking'} KafkaTopic {namespace}/{name} {'to' if managed else 'from'} its operator"
        )
        body = {"metadata": {"annotations": {MANAGED: None if managed else UNMANAGED}}}
        done(cluster.merge(place, namespace, name, body), f"KafkaTopic {namespace}/{name}")
    wait_until(
        lambda: tuple(each[2] for each in topics if not _seen(cluster.get(*each), managed=managed)),
        lambda names: not names,
        what=f"the topic operator to {'take' if managed else 'let go of'} topics",
        timeout=timeout,
        every=every,
        changed=lambda names: report.step(f"waiting for {', '.join(names)}") if names else None,
        hint=(NOT_TAKEN if managed else NOT_LET_GO).format(namespace=", ".join(sorted({each[1] for each in topics}))),
    )
    against = {f"{each[1]}/{each[2]}": _against(cluster.get(*each)) for each in topics if managed}
    refused = [f"KafkaTopic {name}: {said}" for name, said in against.items() if said is not None]
    if refused:
        raise ClusterError("; ".join(refused), hint="its operator has it, and goes on trying; change the spec: ottla deploy")


def _seen(document: Mapping[str, Any] | None, *, managed: bool) -> bool:
    """Whether the operator has seen it. One that it has never seen (no finalizer) it does not hold; what is gone is let go."""
    let_go = (_condition(document, LET_GO) or {}).get("status") == "True"
    if managed:
        return not let_go and _condition(document, READY, PAUSED) is not None
    return document is None or let_go or FINALIZER not in document["metadata"].get("finalizers", ())


def _against(document: Mapping[str, Any] | None) -> str | None:
    """Why a topic is not what its resource says; None where it is (Ready=True)."""
    found = _condition(document, READY, PAUSED)
    if found is None or (found["type"], found.get("status")) == (READY, "True"):
        return None
    return said_of(found)


def _condition(document: Mapping[str, Any] | None, *kinds: str) -> Mapping[str, Any] | None:
    """One of these. The topic operator sets Ready to True or False, or others in its place (BatchingTopicController)."""
    return next((each for each in conditions_of(document) if each.get("type") in kinds), None)
