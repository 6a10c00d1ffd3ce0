"""An environment taken down as it was planned, step after step, each waited for; run again, it goes on where it was cut off."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from ottla.errors import ApplyError, ClusterError, StalePlan, WaitTimeout
from ottla.kubernetes.cluster import CLAIMS, PODS, done
from ottla.kubernetes.kept import forget_kept, write_kept
from ottla.kubernetes.rolling_out import EVERY, advised, told, told_if_interrupted
from ottla.kubernetes.strimzi import CLUSTER_LABEL
from ottla.kubernetes.topic_ownership import set_managed
from ottla.kubernetes.undeployment import CLAIM, POOL, TOPIC, Removal
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ottla.kubernetes.cluster import Cluster
    from ottla.kubernetes.undeployment import Undeployment
    from ottla.local import Reporter

HINT = "what is left: ottla undeploy --plan; to go on: ottla undeploy"


def take_down(
    cluster: Cluster,
    plan: Undeployment,
    report: Reporter,
    *,
    again: Callable[[], Undeployment],
    timeout: float,
    every: float = EVERY,
) -> tuple[str, ...]:
    """Do exactly that; lines for what was done. ``timeout`` is the seconds that each kind of resource may take.

    ``again`` looks anew: what is there now may not be what was shown. Raises StalePlan before anything is changed, ApplyError if
    only a part was done.
    """
    if again() != plan:
        raise StalePlan("what is there has moved since it was shown; nothing was changed", hint="run it again: ottla undeploy")
    removals = (*plan.removals, *_volumes(plan))
    taken: list[str] = []
    try:
        with told_if_interrupted(taken, report, HINT):
            _remember(cluster, plan)
            for _, group in groupby(removals, key=lambda each: each.identity[1]):
                _take(cluster, plan, tuple(group), taken, report, timeout=timeout, every=every)
            if plan.wipe:
                forget_kept(cluster, *plan.kept[:2])
    except (ClusterError, WaitTimeout) as failed:
        left = [each.line for each in removals if each.line not in taken]
        raise ApplyError(done=taken, failed=[told(failed) + advised(failed)], not_tried=left, hint=HINT) from failed
    return tuple(taken)


def _take(
    cluster: Cluster,
    plan: Undeployment,
    removals: Sequence[Removal],
    taken: list[str],
    report: Reporter,
    *,
    timeout: float,
    every: float,
) -> None:
    """Those of one kind, with what has to be so before and after."""
    kind = removals[0].identity[1]
    if kind == TOPIC:
        _let_go(cluster, [each for each in removals if each.let_go], report, timeout=timeout, every=every)
    if kind == CLAIM:
        _until_no_pods(cluster, plan, report, timeout=timeout, every=every)
    for each in removals:
        report.step(each.line)
        _delete(cluster, each)
        taken.append(each.line)
    _until_gone(cluster, removals, report, timeout=timeout, every=every)
    if kind == POOL:
        _until_no_pods(cluster, plan, report, timeout=timeout, every=every)


def _volumes(plan: Undeployment) -> tuple[Removal, ...]:
    """Once nobody uses them."""
    wanted = plan.claims if plan.wipe else ()
    return tuple(Removal(("v1", CLAIM, each.namespace, each.name), CLAIMS, each.uid) for each in wanted)


def _remember(cluster: Cluster, plan: Undeployment) -> None:
    """Write on each volume whose it is, and elsewhere how topics were: what comes back must be the same, and cost no records."""
    if plan.wipe:
        return
    for each in plan.claims if plan.marks else ():
        metadata = {"name": each.name, "namespace": each.namespace, "annotations": dict(plan.marks)}
        document = {"apiVersion": "v1", "kind": CLAIM, "metadata": metadata}
        done(cluster.apply(CLAIMS, document, dry_run=False, force=True), f"{CLAIM} {each.namespace}/{each.name}")
    if plan.topics:
        write_kept(cluster, *plan.kept, plan.topics)


def _let_go(cluster: Cluster, topics: Sequence[Removal], report: Reporter, *, timeout: float, every: float) -> None:
    """Take topics out of their operator's hands: else it would delete their records."""
    places = [(each.place, each.identity[2], each.identity[3]) for each in topics]
    try:
        set_managed(cluster, places, managed=False, report=report, timeout=timeout, every=every)
    except WaitTimeout as late:
        names = " ".join(name for _, _, name in places)
        raise ClusterError(f"{late.message}; to give topics back: ottla topics manage {names}", hint=late.hint) from late


def _delete(cluster: Cluster, removal: Removal) -> None:
    answer = cluster.delete(removal.place, *removal.identity[2:], uid=removal.uid)
    done(answer, removal.line.removeprefix("- "))


def _until_gone(cluster: Cluster, removals: Sequence[Removal], report: Reporter, *, timeout: float, every: float) -> None:
    wait_until(
        lambda: tuple(each.identity[3] for each in removals if _is_there(cluster, each)),
        lambda names: not names,
        what=f"{removals[0].identity[1]} to be gone",
        timeout=timeout,
        every=every,
        changed=lambda names: report.step(f"waiting until gone: {', '.join(names)}") if names else None,
        hint=f"see what holds it: kubectl describe {removals[0].place.plural} --namespace {removals[0].identity[2]}",
    )


def _until_no_pods(cluster: Cluster, plan: Undeployment, report: Reporter, *, timeout: float, every: float) -> None:
    """Nodes end with the pool that they are of, which owns them (NodePoolUtils.createKafkaPools of 1.2.0)."""
    namespace, selector = plan.kept[0], {CLUSTER_LABEL: str(plan.kafka)}
    wait_until(
        lambda: tuple(each["metadata"]["name"] for each in cluster.listed(PODS, namespace, selector)),
        lambda names: not names,
        what="nodes to end",
        timeout=timeout,
        every=every,
        changed=lambda names: report.step(f"waiting until ended: {', '.join(names)}") if names else None,
        hint=f"see what holds them: kubectl describe pods --namespace {namespace} --selector {CLUSTER_LABEL}={plan.kafka}",
    )


def _is_there(cluster: Cluster, removal: Removal) -> bool:
    found = cluster.get(removal.place, *removal.identity[2:])
    return found is not None and found["metadata"]["uid"] == removal.uid
