"""What Strimzi's resources have in common: their API, the label that says whose they are, how containers are confined."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.kubernetes.resource import Resource, Said, Tree, cpu, metadata, quantity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ottla.kubernetes.site import Site
    from ottla.spec.document import Path
    from ottla.spec.kubernetes import Amounts, ComputeSpec

API = "kafka.strimzi.io/v1"
KAFKA = "kafka"  # what all of them are a part of
CLUSTER_LABEL = "strimzi.io/cluster"
DESCRIPTION = "kubernetes.io/description"  # a well-known annotation: what an object is for, in words for people

# What RestrictedPodSecurityProvider gives a container of an operator that is told to use it; said here, it does not depend on
# how the operator was installed. The pod's own context is left to Strimzi: a given one would take its fsGroup away
# (BaselinePodSecurityProvider), without which volumes cannot be written.
CONFINED = {
    "securityContext": {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
}


def custom_resource(
    site: Site, kind: str, *, file: str, name: Tree, spec: Mapping[str, Tree], annotations: Mapping[str, Tree] | None = None
) -> Resource:
    """A resource of Strimzi's API in the cluster's namespace."""
    more = {"annotations": annotations} if annotations else {}
    labels = {CLUSTER_LABEL: site.cluster}
    head = metadata(name, namespace=site.namespace, component=KAFKA, site=site, labels=labels, **more)
    return Resource(file, {"apiVersion": API, "kind": kind, "metadata": head, "spec": spec})


def described(description: str, path: Path) -> dict[str, Tree]:
    """The annotation that says what a thing is for, where the spec does."""
    return {DESCRIPTION: Said(description, (*path, "description"))} if description else {}


def compute(spec: ComputeSpec, path: Path) -> dict[str, Tree] | None:
    """What a container is promised and may use; None where nothing is said of it."""
    said = {key: _amounts(amounts, (*path, key)) for key, amounts in (("requests", spec.requests), ("limits", spec.limits))}
    return {key: amounts for key, amounts in said.items() if amounts} or None


def _amounts(amounts: Amounts, path: Path) -> dict[str, Tree]:
    said: dict[str, Tree] = {}
    if amounts.cpu is not None:
        said["cpu"] = Said(cpu(amounts.cpu), (*path, "cpu"))
    if amounts.memory is not None:
        said["memory"] = Said(quantity(amounts.memory), (*path, "memory"))
    return said
