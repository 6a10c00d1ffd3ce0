"""Namespaces: that of Kafka, with the Pod Security Standard that its pods keep; those of clients, which are others'."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.kubernetes.resource import Resource, Said, Tree, metadata
from ottla.kubernetes.strimzi import KAFKA

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.kubernetes.site import Site

NAME_LABEL = "kubernetes.io/metadata.name"  # Kubernetes itself gives it to each namespace
# Strimzi's default provider (BaselinePodSecurityProvider) confines nothing, which is `baseline`; every container of ours is told
# to be confined (strimzi.CONFINED, pods.CONTAINER), and so is Strimzi 1.2.0's own operator: that is `restricted`.
# https://kubernetes.io/docs/concepts/security/pod-security-standards/
STANDARD = {"pod-security.kubernetes.io/enforce": "restricted"}
# A namespace of clients is made if it is missing, and all else in it is for its owner to say: it has no labels of ours, by which
# theirs would be in the way. With nothing at all of ours, the second time that it is applied would be a change of it.
CLIENTS = {"ottla/clients": "true"}


def namespaces(site: Site) -> Iterator[Resource]:
    """Kafka's, and each one of clients. An environment that shares a cluster lies in those of its owner."""
    if not site.has_cluster:
        return
    head = metadata(site.namespace, namespace=None, component=KAFKA, site=site, labels=STANDARD)
    yield _namespace(site.namespace, head)
    for name in client_namespaces(site):
        yield _namespace(name, {"name": name, "annotations": CLIENTS})


def client_namespaces(site: Site) -> tuple[Said, ...]:
    """Those that clients have beside Kafka's own."""
    named = enumerate(site.spec.kubernetes.client_namespaces)
    found = {
        name: Said(name, ("kubernetes", "client_namespaces", index)) for index, name in named if name != site.namespace.value
    }
    return tuple(found.values())


def _namespace(name: Said, head: dict[str, Tree]) -> Resource:
    return Resource(f"namespace-{name.value}.yaml", {"apiVersion": "v1", "kind": "Namespace", "metadata": head})
