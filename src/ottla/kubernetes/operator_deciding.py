"""What has to be done about Strimzi's operator, and what is in the way, by what is there. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from ottla.kubernetes.operators import RELEASE, OperatorStep
from ottla.spec.versions import STRIMZI_KAFKA_VERSIONS, STRIMZI_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.kubernetes.operators import Chart, Operator, Release, Seen

FIRST_OF_V1 = (1, 0, 0)  # Strimzi 1.0.0 removed v1beta2 from its definitions (its CHANGELOG)
V1 = "v1"
CUT_OFF = 300.0  # seconds; helm without --wait ends within a few, and itself waits no longer than that for anything
PENDING = ("pending-install", "pending-upgrade", "pending-rollback")
AT_REST = ("deployed", "failed", "superseded", "uninstalled")
NUMBERS = re.compile(r"([0-9]+)\.([0-9]+)\.([0-9]+)")
LEAVE_IT = "kubernetes: {strimzi: {install: false}}"
OTHER_CHART = "kubernetes: {strimzi: {chart: NAME}}"
# con-api-conversion-v1 in Strimzi's documentation; the last Strimzi that knows both APIs has the program in its image
CONVERT = (
    "convert what is there with the v1-api-conversion of Strimzi 0.51 (convert-resource, then crd-upgrade; it is told of in "
    "Strimzi's documentation of 1.0.0), and upgrade to 1.0.0 or newer"
)


def decide(seen: Seen, *, namespace: str, chart: str, ours: bool) -> tuple[OperatorStep, tuple[str, ...]]:
    """What is to be done, and what is in the way. Of one that is not ours it is only checked that it is there."""
    watching = seen.watching(namespace)
    one = watching[0] if len(watching) == 1 else None
    found = OperatorStep(namespace, ours, seen, namespace=one.namespace if one else "", chart=chart)
    if len(watching) > 1:
        both = " and ".join(map(str, watching))
        return found, (f"{both} watch the namespace {namespace} and undo each other's work: let only one of them watch it",)
    if not ours:
        return _not_ours(found, one)
    if seen.settles(namespace):
        return found, ()
    if one is None and not seen.everywhere:
        return found, (_blind(namespace),)
    reasons = _no_upgrade(one, found) if one else _no_installation(found)
    step = replace(found, to_do=True, namespace=namespace, before=one.version if one else "")
    return replace(step, release=(one.release if one else None) or RELEASE), (*reasons, *_resources(seen))


def decide_release(step: OperatorStep, release: Release | None, chart: Chart) -> tuple[int | None, tuple[str, ...]]:
    """Which revision of the release is to be done again first (None: none), and what of it and of the chart is in the way."""
    reasons = []
    if chart.version.partition("+")[0] != STRIMZI_VERSION:
        reasons.append(
            f"the chart {step.chart} is of version {chart.version}, not {STRIMZI_VERSION}: name another, {OTHER_CHART}"
        )
    if release is None:
        return None, tuple(reasons)
    called = f"the helm release {step.release} in {step.namespace}"
    if not re.fullmatch(rf"{re.escape(chart.name)}-v?[0-9].*", release.chart):
        reasons.append(
            f"{called} is of the chart {release.chart}: give that one another name, or install Strimzi yourself, {LEAVE_IT}"
        )
    if release.status in AT_REST:
        return None, tuple(reasons)
    if release.status not in PENDING:
        reasons.append(f"{called} is {release.status}: see helm status {step.release} --namespace {step.namespace}")
    elif release.seconds < CUT_OFF:
        by_hand = f"helm rollback {step.release} {release.revision} --namespace {step.namespace}"
        reasons.append(
            f"{called} is {release.status} since {release.seconds:.0f} s: another helm works on it, or was cut off then; "
            f"run it again after {CUT_OFF:.0f} s, or at once after: {by_hand}"
        )
    return release.revision, tuple(reasons)


def _not_ours(found: OperatorStep, operator: Operator | None) -> tuple[OperatorStep, tuple[str, ...]]:
    if operator is not None:
        other = f"{operator} works on {found.watched}; what is rendered is for {STRIMZI_VERSION}"
        return replace(found, notes=() if operator.version == STRIMZI_VERSION else (other,)), ()
    if not found.seen.everywhere:
        unseen = f"whether an operator watches {found.watched} was not looked at: you may not list deployments of all namespaces"
        return replace(found, notes=(unseen,)), ()
    there = f" (there is {', '.join(map(str, found.seen.operators))})" if found.seen.operators else ""
    installed = "kubernetes: {strimzi: {install: true}} in the environment that has the cluster"
    nobody = f"no operator of Strimzi watches the namespace {found.watched}{there}"
    return found, (f"{nobody}: let one watch it, or have one installed, {installed}",)


def _blind(namespace: str) -> str:
    return (
        f"no operator of Strimzi is seen in {namespace}, and you may not list deployments of all namespaces, where another one "
        f"may watch it: ask for a role that may; or, where one does, leave it to its owner, {LEAVE_IT}"
    )


def _no_upgrade(operator: Operator, found: OperatorStep) -> Iterator[str]:
    """Why an operator that watches the namespace and is another version cannot be brought to ours."""
    numbers, wanted, watched = _numbers(operator.version), _numbers(STRIMZI_VERSION) or (), found.watched
    if numbers is None or numbers == wanted:
        yield f"{operator} watches {watched}, and its image does not say which release it is: leave it to its owner, {LEAVE_IT}"
    elif numbers > wanted:
        yield (
            f"{operator} watches {watched} and is newer than {STRIMZI_VERSION}, which is rendered for: use an Ottla that knows "
            f"it; or deploy to it as it is, {LEAVE_IT}"
        )
    elif numbers < FIRST_OF_V1:
        yield f"{operator} is older than 1.0.0, and keeps resources in an API that {STRIMZI_VERSION} does not know: {CONVERT}"
    elif operator.release is None:
        yield (
            f"{operator} was not installed by helm: bring it to {STRIMZI_VERSION} in the way that it was installed; "
            f"or deploy to it as it is, {LEAVE_IT}"
        )
    elif operator.namespace != watched:
        yield (
            f"{operator} watches {watched} from another namespace, and is for its owner to upgrade, its definitions (CRDs) "
            f"first, then: {_helm(found, operator)}; or deploy to it as it is, {LEAVE_IT}"
        )
    yield from _shared_definitions(found, but=operator)


def _no_installation(found: OperatorStep) -> Iterator[str]:
    """Why none can be installed: the cluster roles that its chart makes have fixed names, so there is room for one."""
    for each in found.seen.operators:
        if each.version == STRIMZI_VERSION:
            spaces = ",".join([*(name for name in each.watches if name != each.namespace), found.watched])
            by_helm = f"{_helm(found, each)} --set 'watchNamespaces={{{spaces}}}'"
            how = by_helm if each.release is not None else "by its STRIMZI_NAMESPACE, and role bindings"
            yield f"{each} is there already, and does not watch {found.watched}: let it, {how}"
    yield from _shared_definitions(found, but=None)


def _shared_definitions(found: OperatorStep, *, but: Operator | None) -> Iterator[str]:
    for each in found.seen.operators:
        if each != but and each.version != STRIMZI_VERSION:
            yield (
                f"{each} has the same definitions (CRDs), which {STRIMZI_VERSION} would change under it: bring that one to "
                f"{STRIMZI_VERSION} first{'' if but else f', and let it watch {found.watched}'}"
            )


def _helm(found: OperatorStep, operator: Operator) -> str:
    where = f"--version {STRIMZI_VERSION} --namespace {operator.namespace}"
    return f"helm upgrade {operator.release} {found.chart} {where} --reset-then-reuse-values"


def _resources(seen: Seen) -> Iterator[str]:
    """What is there of Strimzi's kinds and could not be worked on any more."""
    for kafka in seen.kafkas:
        unknown = [version for version in kafka.versions if version not in STRIMZI_KAFKA_VERSIONS]
        if unknown:
            yield (
                f"Kafka {kafka.namespace}/{kafka.name} is {unknown[0]}, which Strimzi {STRIMZI_VERSION} does not run: upgrade it "
                f"first, to one of {', '.join(STRIMZI_KAFKA_VERSIONS)}, with the operator that is there (until then: {LEAVE_IT})"
            )
    for name, versions in seen.stored:
        old = [version for version in versions if version != V1]
        if old:
            kept = f"{name} has resources that are kept as {', '.join(old)}"
            yield f"{kept}, which Strimzi {STRIMZI_VERSION} does not know: {CONVERT}"


def _numbers(version: str) -> tuple[int, ...] | None:
    """To be compared; None of a tag that is no version of a release."""
    found = NUMBERS.fullmatch(version)
    return tuple(map(int, found.groups())) if found else None
