"""Who owns a topic: Strimzi's topic operator by its KafkaTopic, or somebody who works on Kafka itself.

``strimzi.io/managed: "false"`` takes a topic out of the operator's hands: nothing of its resource is carried out, and deleting
that deletes no record (BatchingTopicController.deleteUnmanagedTopic of 1.2.0).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ottla.errors import ClusterError
from ottla.kubernetes.conditions import UNMANAGED as LET_GO
from ottla.kubernetes.strimzi_topics import MANAGED, UNMANAGED
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from ottla.kubernetes.cluster import Cluster, Place
    from ottla.local import Reporter

FINALIZER = "strimzi.io/topic-operator"
HINT = (
    "does it run (the entity operator, in `kubectl get pods`)? nothing in Kafka was changed. Where it is gone for good, its "
    'hold is a finalizer: kubectl patch kafkatopic NAME --type merge --patch \'{"metadata": {"finalizers": []}}\''
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

    Raises ClusterError, WaitTimeout.
    """
    for place, namespace, name in topics:
        report.step(
            f"{'giving' if managed else 'taking'} KafkaTopic {namespace}/{name} {'to' if managed else 'from'} its operator"
        )
        body = {"metadata": {"annotations": {MANAGED: None if managed else UNMANAGED}}}
        answer = cluster.merge(place, namespace, name, body)
        if not answer.done:
            raise ClusterError(answer.message, where=f"KafkaTopic {namespace}/{name}")
    wait_until(
        lambda: tuple(each[2] for each in topics if not _seen(cluster.get(*each), managed=managed)),
        lambda names: not names,
        what=f"the topic operator to {'take' if managed else 'let go of'} topics",
        timeout=timeout,
        every=every,
        changed=lambda names: report.step(f"waiting for {', '.join(names)}") if names else None,
        hint=HINT,
    )


def _seen(document: Mapping[str, Any] | None, *, managed: bool) -> bool:
    """Whether the operator has seen it. One that it has never seen (no finalizer) it does not hold; what is gone is let go."""
    conditions = ((document or {}).get("status") or {}).get("conditions") or ()
    let_go = any(each.get("type") == LET_GO and each.get("status") == "True" for each in conditions)
    if managed:
        return document is not None and bool(conditions) and not let_go
    return document is None or let_go or FINALIZER not in document["metadata"].get("finalizers", ())
