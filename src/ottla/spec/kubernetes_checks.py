"""Faults of an environment that lies in a Kubernetes (``target: strimzi``): what is missing there, and what Strimzi cannot hold.

What is said of the cluster is checked where it is said; an environment that shares one is checked for its own names alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.model.units import format_size
from ottla.spec.identity import Authentication
from ottla.spec.kubernetes import LONGEST_LABEL, is_label_key, is_label_value, is_resource_name
from ottla.spec.kubernetes_companion_checks import companion_problems, companion_warnings
from ottla.spec.kubernetes_identity_checks import kubernetes_identity_problems
from ottla.spec.schema import Controllers
from ottla.spec.strimzi import BROKER_POOL, COMBINED_POOL, CONTROLLER_POOL, LONGEST_ENDINGS, is_kept, listeners
from ottla.spec.versions import KAFKA_VERSIONS, STRIMZI_KAFKA_VERSIONS, STRIMZI_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.spec.document import Path
    from ottla.spec.kubernetes import ComputeSpec, KubernetesSpec
    from ottla.spec.schema import EnvironmentSpec

Problem = tuple["Path", str]
KUBERNETES: Path = ("kubernetes",)
RESOURCES: Path = ("kubernetes", "resources")
CONTROLLERS: Path = ("kubernetes", "controller_resources")


def kubernetes_problems(spec: EnvironmentSpec) -> Iterator[Problem]:
    """Every fault of an environment whose target is strimzi."""
    if spec.shares is None:
        yield from _cluster_problems(spec)
        yield from _config_problems(spec)
        yield from _storage_problems(spec.kubernetes)
        yield from _compute_problems(spec)
        rack = spec.kubernetes.rack
        if rack is not None and not is_label_key(rack):
            yield (*KUBERNETES, "rack"), f"{rack} is no label of a machine: write, for example, topology.kubernetes.io/zone"
    if not is_label_value(spec.platform):
        message = f"is a label of everything in a Kubernetes: at most {LONGEST_LABEL} letters, digits, '-', '_' and '.'"
        yield ("platform",), f"{message}, with a letter or digit at both ends"
    yield from kubernetes_identity_problems(spec)
    yield from companion_problems(spec)


def _cluster_problems(spec: EnvironmentSpec) -> Iterator[Problem]:
    cluster = spec.cluster
    if cluster.disk is None:
        yield ("cluster", "disk"), "is required: how large the volumes of each node are"
    if cluster.kafka_version in KAFKA_VERSIONS and cluster.kafka_version not in STRIMZI_KAFKA_VERSIONS:
        known = ", ".join(STRIMZI_KAFKA_VERSIONS)
        yield ("cluster", "kafka_version"), f"Strimzi {STRIMZI_VERSION} does not run {cluster.kafka_version}: one of {known}"
    most = LONGEST_LABEL - max(len(ending) for ending in _endings(spec))
    if len(cluster.name) > most:
        yield ("cluster", "name"), f"is longer than {most} letters: Strimzi makes names of services and pods of it"


def _endings(spec: EnvironmentSpec) -> Iterator[str]:
    """What Strimzi puts behind the cluster's name where DNS takes 63 letters; ids of pods as long as they can become."""
    yield from LONGEST_ENDINGS
    digits = len(str(spec.cluster.nodes))
    if spec.cluster.controllers is Controllers.COMBINED:
        yield f"-{COMBINED_POOL}-{'9' * digits}"
    else:
        yield f"-{BROKER_POOL}-{'9' * digits}"
        yield f"-{CONTROLLER_POOL}-{'9' * (max(2, digits) + 1)}"


def _config_problems(spec: EnvironmentSpec) -> Iterator[Problem]:
    there = listeners(spec)
    for key in spec.cluster.config:
        if is_kept(key, there):
            message = "Strimzi keeps this to itself and would leave it out: take it out of this environment"
            yield ("cluster", "config", key), f"{message} (`cluster: {{config: {{{key}: null}}}}`)"


def _storage_problems(kubernetes: KubernetesSpec) -> Iterator[Problem]:
    name = kubernetes.storage.storage_class
    if name is not None and not is_resource_name(name):
        yield (*KUBERNETES, "storage", "class"), f"no StorageClass is called {name}: lower-case letters, digits, '-' and '.'"
    if kubernetes.storage.create is not None and kubernetes.storage.storage_class is None:
        yield (*KUBERNETES, "storage", "create"), "which class is made is not said: write `storage: {class: NAME, create: ...}`"


def _compute_problems(spec: EnvironmentSpec) -> Iterator[Problem]:
    kubernetes, heap = spec.kubernetes, spec.cluster.heap
    nodes = {RESOURCES: kubernetes.resources}
    if kubernetes.controller_resources is not None:
        nodes[CONTROLLERS] = kubernetes.controller_resources
    for path, compute in nodes.items():
        limit = compute.limits.memory
        if limit is not None and limit <= heap:
            message = f"{format_size(limit)} do not hold the heap of {format_size(heap)} (cluster.heap): the pod would be killed"
            yield (*path, "limits", "memory"), message
    operators = {(*KUBERNETES, "operators", name): getattr(kubernetes.operators, name) for name in ("topic", "user")}
    for path, compute in (nodes | operators).items():
        yield from (((*path, *inner), message) for inner, message in _above(compute))


def _above(compute: ComputeSpec) -> Iterator[Problem]:
    for name in ("cpu", "memory"):
        asked, most = getattr(compute.requests, name), getattr(compute.limits, name)
        if asked is not None and most is not None and asked > most:
            yield ("requests", name), f"is more than the limit of {name}: Kubernetes refuses the pod"


def sharing_problems_of(owner: EnvironmentSpec, spec: EnvironmentSpec) -> Iterator[Problem]:
    """What an environment says of the Kubernetes against the one whose cluster it shares: it lies in that one's namespace."""
    theirs, own = owner.kubernetes, spec.kubernetes
    for key in ("context", "namespace"):
        if getattr(own, key) != getattr(theirs, key):
            message = f"is not that of {spec.shares}, whose cluster this environment shares: take it out, or write it for both"
            yield (*KUBERNETES, key), message
    for index, name in enumerate(own.client_namespaces):
        if name not in (*theirs.client_namespaces, theirs.namespace):
            message = f"pods of {name} would not reach the cluster: write it under kubernetes.client_namespaces of {spec.shares}"
            yield (*KUBERNETES, "client_namespaces", index), message
    if spec.security.enabled and not any(each.login == "tls" for each in listeners(owner)):
        for name, user in spec.users.items():
            if user.authentication is Authentication.CERTIFICATE:
                message = f"the cluster of {spec.shares} has no listener for certificates: it has one where a user there has one"
                yield ("users", name, "authentication"), message


def kubernetes_warnings(spec: EnvironmentSpec) -> Iterator[Problem]:
    """What works in a Kubernetes, and probably is not meant."""
    yield from companion_warnings(spec)
    if spec.shares is not None:
        return
    compute, heap = spec.kubernetes.resources, spec.cluster.heap
    asked, most = compute.requests.memory, compute.limits.memory
    if asked is None and most is None:
        yield RESOURCES, "no memory is asked for: nodes of Kafka are among the first that a full machine throws out"
    elif asked is not None and asked < heap:
        message = f"is less than the heap of {format_size(heap)}: a full machine throws the node out"
        yield (*RESOURCES, "requests", "memory"), message
    if most is not None and heap < most < heap * 5 // 4:
        message = f"leaves {format_size(most - heap)} beside the heap: the JVM itself needs a few hundred MiB"
        yield (*RESOURCES, "limits", "memory"), message
