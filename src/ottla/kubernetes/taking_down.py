"""An environment taken down as it was planned, step after step, each waited for; run again, it goes on where it was cut off."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from ottla.errors import ApplyError, ClusterError, WaitTimeout
from ottla.kubernetes.cluster import Place
from ottla.kubernetes.revival import CLAIMS, CLUSTER_ID
from ottla.kubernetes.rolling_out import EVERY
from ottla.kubernetes.strimzi import CLUSTER_LABEL
from ottla.kubernetes.topic_ownership import set_managed
from ottla.kubernetes.undeployment import CLAIM, KAFKA, TOPIC, Removal
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ottla.kubernetes.cluster import Answer, Cluster
    from ottla.kubernetes.undeployment import Undeployment
    from ottla.local import Reporter

PODS = Place("api/v1", "pods", namespaced=True)
NOT_GONE = "see what holds it: kubectl get events; kubectl get KIND NAME --output yaml shows its finalizers"
HINT = "what is left: ottla undeploy --plan; to go on: ottla undeploy"


def take_down(cluster: Cluster, plan: Undeployment, report: Reporter, *, timeout: float, every: float = EVERY) -> tuple[str, ...]:
    """Do exactly that; lines for what was done. ``timeout`` is the seconds that each step may take.

    Raises ApplyError if only a part was done.
    """
    removals = (*plan.removals, *_volumes(plan))
    done: list[str] = []
    try:
        _mark(cluster, plan)
        for kind, group in groupby(removals, key=lambda each: each.identity[1]):
            each_of_kind = tuple(group)
            if kind == TOPIC:
                _let_go(cluster, [each for each in each_of_kind if each.let_go], report, timeout=timeout, every=every)
            for each in each_of_kind:
                report.step(each.line)
                _delete(cluster, each)
                done.append(each.line)
            _until_gone(cluster, plan, each_of_kind, report, timeout=timeout, every=every)
    except (ClusterError, WaitTimeout) as failed:
        left = [each.line for each in removals if each.line not in done]
        said = f"{f'{failed.where} ' if failed.where else ''}{failed.message}"
        raise ApplyError(done=done, failed=[said], not_tried=left, hint=HINT) from failed
    return tuple(done)


def _volumes(plan: Undeployment) -> tuple[Removal, ...]:
    """Once nobody uses them."""
    wanted = plan.claims if plan.wipe else ()
    return tuple(Removal(("v1", CLAIM, each.namespace, each.name), CLAIMS, each.uid) for each in wanted)


def _mark(cluster: Cluster, plan: Undeployment) -> None:
    """Write on each volume whose it is: a cluster that comes back to it must be the same one."""
    for each in plan.claims if plan.cluster_id is not None and not plan.wipe else ():
        document = {
            "apiVersion": "v1",
            "kind": CLAIM,
            "metadata": {"name": each.name, "namespace": each.namespace, "annotations": {CLUSTER_ID: plan.cluster_id}},
        }
        _done(cluster.apply(CLAIMS, document, dry_run=False, force=True), f"{CLAIM} {each.namespace}/{each.name}")


def _let_go(cluster: Cluster, topics: Sequence[Removal], report: Reporter, *, timeout: float, every: float) -> None:
    """Take topics out of their operator's hands: else it would delete their records."""
    places = [(each.place, each.identity[2], each.identity[3]) for each in topics]
    set_managed(cluster, places, managed=False, report=report, timeout=timeout, every=every)


def _delete(cluster: Cluster, removal: Removal) -> None:
    answer = cluster.delete(removal.place, *removal.identity[2:], uid=removal.uid)
    _done(answer, removal.line.removeprefix("- "))


def _done(answer: Answer, where: str) -> None:
    if not answer.done:
        raise ClusterError(answer.message, where=where)


def _until_gone(
    cluster: Cluster, plan: Undeployment, removals: Sequence[Removal], report: Reporter, *, timeout: float, every: float
) -> None:
    def left() -> tuple[str, ...]:
        still = [each.identity[3] for each in removals if _is_there(cluster, each)]
        ends = removals[0].identity[1] == KAFKA and plan.kafka is not None
        pods = cluster.listed(PODS, removals[0].identity[2], {CLUSTER_LABEL: str(plan.kafka)}) if ends else []
        return (*still, *(f"pod {each['metadata']['name']}" for each in pods))

    wait_until(
        left,
        lambda names: not names,
        what=f"{removals[0].identity[1]} to be gone",
        timeout=timeout,
        every=every,
        changed=lambda names: report.step(f"waiting until gone: {', '.join(names)}") if names else None,
        hint=NOT_GONE,
    )


def _is_there(cluster: Cluster, removal: Removal) -> bool:
    found = cluster.get(removal.place, *removal.identity[2:])
    return found is not None and found["metadata"]["uid"] == removal.uid
