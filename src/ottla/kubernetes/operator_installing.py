"""Strimzi's operator installed or upgraded: its definitions, then helm; and waited for. It can be run again at any point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ottla.kubernetes.cluster import done
from ottla.kubernetes.conditions import GONE, Condition
from ottla.kubernetes.helm import Helm
from ottla.kubernetes.operator_planning import BROUGHT
from ottla.kubernetes.operator_seen import API, DEFINITIONS, established, operators_in
from ottla.spec.versions import STRIMZI_VERSION
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ottla.kubernetes.cluster import Cluster
    from ottla.kubernetes.operators import OperatorStep, RunningKafka
    from ottla.local import Reporter

ESTABLISHED_TIMEOUT = 60.0  # seconds; a server takes new definitions within one


def install(cluster: Cluster, step: OperatorStep, report: Reporter, *, every: float) -> None:
    """Bring definitions and operator to the version that is rendered for. Raises ClusterError, LocalError, WaitTimeout."""
    helm = Helm.to(cluster)
    definitions = helm.definitions(step.chart, STRIMZI_VERSION)
    report.step(f"applying the {len(definitions)} definitions of Strimzi {STRIMZI_VERSION}")
    for each in definitions:
        _define(cluster, each)
    _wait_established(cluster, [each["metadata"]["name"] for each in definitions], every=every)
    if step.redo is not None:
        report.step(f"revision {step.redo} of the helm release {step.release} again, which was cut off")
        helm.redo(step.release, step.redo, step.namespace)
    report.step(f"helm upgrade --install {step.release} {step.chart} in {step.namespace}")
    helm.upgrade(step.release, step.chart, STRIMZI_VERSION, step.namespace)


def _define(cluster: Cluster, definition: dict[str, Any]) -> None:
    """By force: helm may have made it, and never brings it to another version."""
    where = f"{definition['kind']} {definition['metadata']['name']}"
    done(cluster.apply(DEFINITIONS, definition, dry_run=False, force=True), where)


def _wait_established(cluster: Cluster, names: Iterable[str], *, every: float) -> None:
    wait_until(
        lambda: tuple(name for name in names if not established(cluster, name)),
        lambda rest: not rest,
        what="the definitions of Strimzi to be established",
        timeout=ESTABLISHED_TIMEOUT,
        every=every,
        hint="see why: kubectl describe crd --selector app=strimzi",
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """How the operator stands that is waited for."""

    name: str
    condition: Condition

    def __str__(self) -> str:
        return f"{self.name}: {self.condition.said}"


def wait_for_operator(cluster: Cluster, step: OperatorStep, report: Reporter, *, timeout: float, every: float) -> None:
    """Until it is available, where one is seen or is to come; and if it was upgraded, until it has gone through our cluster.

    A cluster that was not ready before is not waited for: it may be what comes next that mends it. ``timeout`` is the seconds
    that each may take. Raises WaitTimeout, ClusterError.
    """
    if not step.namespace:
        return
    _wait_available(cluster, step, report, timeout=timeout, every=every)
    worked = [each for each in step.seen.kafkas if each.ready and each.namespace == step.watched]
    if step.before and worked:
        wait_until(
            lambda: min((_rolled(cluster, each) for each in worked), key=lambda each: each.condition.ready),
            lambda seen: seen.condition.ready,
            what="the upgraded operator to have gone through its clusters",
            timeout=timeout,
            every=every,
            changed=lambda seen: report.step(f"waiting for operator: {seen}"),
            hint="it goes on by itself; to see it to the end: ottla deploy",
        )


def _rolled(cluster: Cluster, kafka: RunningKafka) -> Standing:
    """Whether this version has seen to a cluster: it restarts the nodes of each, and then says that it was it."""
    found = (cluster.get(BROUGHT[API, "Kafka"], kafka.namespace, kafka.name) or {}).get("status") or {}
    by = found.get("operatorLastSuccessfulVersion")
    said = f"is what Strimzi {by} has made of it"
    return Standing(f"Kafka {kafka.namespace}/{kafka.name}", Condition(by == STRIMZI_VERSION, said))


def _wait_available(cluster: Cluster, step: OperatorStep, report: Reporter, *, timeout: float, every: float) -> None:
    wait_until(
        lambda: _standing(cluster, step),
        lambda seen: seen.condition.ready,
        what="Strimzi's operator to be available",
        timeout=timeout,
        every=every,
        changed=lambda seen: report.step(f"waiting for operator: {seen}"),
        hint=f"see why: kubectl describe pods --namespace {step.namespace} --selector strimzi.io/kind=cluster-operator",
    )


def _standing(cluster: Cluster, step: OperatorStep) -> Standing:
    watching = [each for each in operators_in(cluster, step.namespace) if each.sees(step.watched)]
    wanted = [each for each in watching if not step.to_do or each.version == STRIMZI_VERSION]
    if not wanted:
        return Standing(f"an operator in {step.namespace} that watches {step.watched}", GONE)
    return Standing(f"Deployment {wanted[0].namespace}/{wanted[0].name}", wanted[0].condition)
