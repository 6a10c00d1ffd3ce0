"""What pods of ours have in common: they are confined, get no token of Kubernetes, and have secrets as files.

As the Pod Security Standard `restricted` asks, and a root file system that cannot be written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.kubernetes.resource import Resource, Said, Tree, metadata
from ottla.kubernetes.strimzi import CLUSTER_LABEL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ottla.kubernetes.site import Site

CONTAINER = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
READABLE = 0o440  # by the user and the group of the pod
AUTHORITY_KEY, PASSWORD_KEY = "ca.crt", "password"  # of Secrets that Strimzi makes: whom to trust, and how to log in
KEPT = 2  # old ReplicaSets, to go back to


def deployment(site: Site, name: str, pod: Mapping[str, Tree], *, annotations: Mapping[str, Tree] | None = None) -> Resource:
    """One pod, which ends before another one takes its place: two would be seen as two."""
    labels = {"app": name}
    template = {
        "metadata": {
            "labels": metadata(name, namespace=None, component=name, site=site, labels=labels)["labels"],
            "annotations": annotations,
        },
        "spec": pod,
    }
    spec = {
        "replicas": 1,
        "revisionHistoryLimit": KEPT,
        "strategy": {"type": "Recreate"},
        "selector": {"matchLabels": labels},
        "template": template,
    }
    return own(site, "apps/v1", "Deployment", name, file=f"{name}.yaml", spec=spec)


def service(site: Site, name: str, *, port: int, port_name: str) -> Resource:
    """Where the pod is found under its name."""
    spec = {"selector": {"app": name}, "ports": [{"name": port_name, "port": port, "targetPort": port_name}]}
    return own(site, "v1", "Service", name, file=f"{name}-service.yaml", spec=spec)


def service_account(site: Site, name: str) -> Resource:
    """An account that may do nothing: it gives the pod a name of its own, and no token."""
    return own(site, "v1", "ServiceAccount", name, file=f"{name}-service-account.yaml", automountServiceAccountToken=False)


def own(site: Site, api: str, kind: str, name: str, *, file: str, **content: Tree) -> Resource:
    """A resource of ours in Kafka's namespace."""
    head = metadata(name, namespace=site.namespace, component=name, site=site, labels={"app": name})
    return Resource(file, {"apiVersion": api, "kind": kind, "metadata": head, **content})


def confined(name: str, *, user: int, group: int) -> dict[str, Tree]:
    """How a pod is confined. Links would give it variables that begin with the names of all services, `KAFKA_` among them."""
    return {
        "serviceAccountName": name,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": user,
            "runAsGroup": group,
            "fsGroup": group,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }


def secret_volume(name: str, secret: Tree, key: str) -> dict[str, Tree]:
    """One key of a Secret as a file. It is written anew where the Secret changes."""
    items = [{"key": key, "path": key}]
    return {"name": name, "secret": {"secretName": secret, "items": items, "defaultMode": READABLE}}


def mount(name: str, path: str) -> dict[str, Tree]:
    """Where a container finds a volume, to read."""
    return {"name": name, "mountPath": path, "readOnly": True}


def probe(path: str, port: str, *, every: int, failures: int) -> dict[str, Tree]:
    """Asked ``every`` so many seconds; after so many ``failures`` it counts."""
    return {
        "httpGet": {"path": path, "port": port},
        "periodSeconds": every,
        "timeoutSeconds": 5,
        "failureThreshold": failures,
    }


def kafka_pods(site: Site) -> dict[str, Tree]:
    """The labels of Kafka's nodes, by which they are told from the operators beside them (KafkaPool)."""
    return {CLUSTER_LABEL: site.cluster, "strimzi.io/name": Said(f"{site.spec.cluster.name}-kafka", ("cluster", "name"))}


def cluster_authority(site: Site) -> Said:
    """The Secret that holds whom clients trust (KafkaResources.clusterCaCertificateSecretName)."""
    return Said(f"{site.spec.cluster.name}-cluster-ca-cert", ("cluster", "name"))
