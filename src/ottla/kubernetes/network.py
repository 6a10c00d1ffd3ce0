"""NetworkPolicies of what is ours. Kafka's own, and those of its operators, are Strimzi's.

Policies are unions: whatever one of them lets in comes in. Strimzi's let in whom each listener's ``networkPolicyPeers`` name
(KafkaCluster.generateNetworkPolicy), anybody to the port of metrics (9404), and to the entity operator's health.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.kubernetes import exporter, ui
from ottla.kubernetes.namespaces import NAME_LABEL, client_namespaces
from ottla.kubernetes.pods import kafka_pods, own
from ottla.kubernetes.resource import Resource, Said, Tree, metadata
from ottla.kubernetes.strimzi import KAFKA

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.kubernetes.site import Site

API = "networking.k8s.io/v1"
OPERATOR = {"strimzi.io/kind": "cluster-operator"}  # its pods, as its Helm chart labels them
OPERATOR_PORT = 8080  # its metrics
DNS = {"ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]}  # wherever it is, on the machine itself too
DENY, OPERATOR_POLICY = "default-deny-ingress", "strimzi-cluster-operator-metrics"


def network(site: Site) -> Iterator[Resource]:
    """What may reach what in Kafka's namespace, and where what is ours may go."""
    if not site.has_cluster:
        return
    if client_namespaces(site):
        yield _deny(site)
        yield _operator(site)
    if exporter.runs_exporter(site):
        reached = _from_monitoring(site, site.spec.exporter.listen.port)
        yield _policy(site, exporter.NAME, reached)
    if ui.runs_ui(site):
        yield _policy(site, ui.NAME)


def _deny(site: Site) -> Resource:
    """Nobody reaches anything in the namespace but where a policy says so.

    Where clients have namespaces of their own. Where they have none, they live here, and who reaches them is theirs to say.
    What goes out is left free: operators talk to Kubernetes itself, whose address no policy knows.
    """
    head = metadata(DENY, namespace=site.namespace, component=KAFKA, site=site)
    spec = {"podSelector": {}, "policyTypes": ["Ingress"]}
    return Resource(f"network-{DENY}.yaml", {"apiVersion": API, "kind": "NetworkPolicy", "metadata": head, "spec": spec})


def _operator(site: Site) -> Resource:
    """Prometheus reaches the cluster operator, where it was installed into this namespace; it makes no policy for itself."""
    head = metadata(OPERATOR_POLICY, namespace=site.namespace, component=KAFKA, site=site)
    spec = {
        "podSelector": {"matchLabels": OPERATOR},
        "policyTypes": ["Ingress"],
        "ingress": [_from_monitoring(site, OPERATOR_PORT)],
    }
    file = f"network-{OPERATOR_POLICY}.yaml"
    return Resource(file, {"apiVersion": API, "kind": "NetworkPolicy", "metadata": head, "spec": spec})


def _from_monitoring(site: Site, port: int) -> dict[str, Tree]:
    namespace = Said(site.spec.kubernetes.monitors.namespace, ("kubernetes", "monitors", "namespace"))
    return {
        "from": [{"namespaceSelector": {"matchLabels": {NAME_LABEL: namespace}}}],
        "ports": [{"protocol": "TCP", "port": port}],
    }


def _policy(site: Site, name: str, *ingress: Tree) -> Resource:
    """A pod of ours: who reaches it (nobody, unless it is said), and that it reaches Kafka and names alone."""
    to_kafka = {
        "to": [{"podSelector": {"matchLabels": kafka_pods(site)}}],
        "ports": [{"protocol": "TCP", "port": site.listener.port}],
    }
    spec = {
        "podSelector": {"matchLabels": {"app": name}},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [*ingress] or None,  # an empty list would be another one each time that it is applied
        "egress": [to_kafka, DNS],
    }
    return own(site, API, "NetworkPolicy", name, file=f"network-{name}.yaml", spec=spec)
