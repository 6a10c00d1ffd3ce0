"""The step for Strimzi's operator planned: looked for, decided, helm asked where helm is needed. Nothing is changed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ottla.errors import ClusterError, LocalError, StalePlan
from ottla.kubernetes.cluster import SECRETS, Place
from ottla.kubernetes.helm import Helm
from ottla.kubernetes.operator_deciding import LEAVE_IT, OTHER_CHART, decide, decide_release
from ottla.kubernetes.operator_seen import API, DEFINITIONS, see
from ottla.kubernetes.prerequisites import APPLYING, KINDS, Right, refused
from ottla.spec.versions import STRIMZI_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.kubernetes.cluster import Cluster
    from ottla.kubernetes.operators import OperatorStep
    from ottla.kubernetes.prerequisites import Places
    from ottla.kubernetes.site import Site

ROLES = "apis/rbac.authorization.k8s.io/v1"
# Where its kinds lie once its definitions are there
BROUGHT: Places = {(API, kind): Place(f"apis/{API}", f"{kind.lower()}s", namespaced=True) for kind in KINDS[API]}


def plan_operator(cluster: Cluster, site: Site) -> tuple[OperatorStep, tuple[str, ...]]:
    """What is to be done about the operator, and all that is in the way. Raises ClusterError where the server does not answer."""
    wanted, namespace = site.spec.kubernetes.strimzi, str(site.namespace.value)
    ours = wanted.install and site.has_cluster
    step, reasons = decide(see(cluster, namespace, ours=ours), namespace=namespace, chart=wanted.chart, ours=ours)
    if reasons or not step.to_do:  # helm, and what it must be permitted, matter only where there is a way
        return step, reasons
    redo, of_helm = _asked(Helm.to(cluster), step)
    return replace(step, redo=redo), (*refused(cluster, rights(namespace)), *of_helm)


def brought(step: OperatorStep, places: Places) -> Places:
    """The kinds that are not there and come with the step."""
    return {kind: place for kind, place in BROUGHT.items() if kind not in places} if step.to_do else {}


def rights(namespace: str) -> Iterator[Right]:
    """What whoever installs it must be permitted, of what few are: its chart makes more. Pure."""
    yield from (Right(DEFINITIONS, "", verb) for verb in (*APPLYING, "list"))
    for roles in ("clusterroles", "clusterrolebindings"):
        yield from (Right(Place(ROLES, roles, namespaced=False), "", verb) for verb in APPLYING)
    yield from (Right(SECRETS, namespace, verb) for verb in ("list", "create", "update"))  # helm writes down there what it did


def _asked(helm: Helm, step: OperatorStep) -> tuple[int | None, tuple[str, ...]]:
    """What helm says of the chart and of the release; that it is not there, or finds none, is one more reason."""
    if helm.path() is None:
        missing = f"helm is not on PATH, and brings Strimzi {STRIMZI_VERSION}: install it (its documentation)"
        return None, (f"{missing}, or install Strimzi yourself, {LEAVE_IT}",)
    try:
        chart = helm.chart(step.chart, STRIMZI_VERSION)
    except (ClusterError, LocalError) as failed:
        return None, (f"{failed.where}: {failed.message}: {_no_chart(step.chart)}",)
    try:
        release = helm.release(step.release, step.namespace)
    except (ClusterError, LocalError) as failed:
        unknown = f"how the helm release {step.release} in {step.namespace} stands is not known"
        return None, (f"{failed.where}: {failed.message}: {unknown}",)
    return decide_release(step, release, chart)


def _no_chart(chart: str) -> str:
    alias, slash, _ = chart.partition("/")
    if not slash or ":" in alias or alias in {"", ".", ".."}:  # a path, or an address
        return f"name another chart, {OTHER_CHART}"
    return (
        f"add Strimzi's chart repository under the name {alias} (helm repo add {alias} ADDRESS; the address is in Strimzi's "
        f"documentation), or bring it up to date (helm repo update {alias}); or name another chart, {OTHER_CHART}"
    )


def refuse_moved(cluster: Cluster, step: OperatorStep) -> None:
    """Look again before anything is done. Raises StalePlan where it is not as it was when the plan was made."""
    if step.watched and see(cluster, step.watched, ours=step.ours) != step.seen:
        raise StalePlan(
            f"what is there of Strimzi's operator for {step.watched} has moved since the plan was made; nothing was changed",
            hint="run it again: ottla deploy",
        )
