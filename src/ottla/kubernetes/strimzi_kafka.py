"""The Kafka resource: version, listeners, who may come in, server properties, racks, logs, and the operators beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.kubernetes.kafka_values import written_value
from ottla.kubernetes.namespaces import NAME_LABEL, client_namespaces
from ottla.kubernetes.resource import Said, Tree
from ottla.kubernetes.strimzi import CONFINED, compute, custom_resource
from ottla.kubernetes.strimzi_logs import logging
from ottla.kubernetes.strimzi_metrics import metrics_config
from ottla.kubernetes.strimzi_oauth import token_login
from ottla.spec.desired import server_properties
from ottla.spec.strimzi import TOKENS, Listener, listeners
from ottla.spec.versions import METADATA_VERSIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.kubernetes.resource import Resource
    from ottla.kubernetes.site import Site

FILE = "kafka-cluster.yaml"  # as [000] calls it
VERSION = ("cluster", "kafka_version")


def kafka(site: Site) -> Iterator[Resource]:
    """The cluster, where the environment has one of its own. Its nodes are in pools."""
    if site.has_cluster:
        spec = {"kafka": _kafka(site), "entityOperator": _operators(site)}
        yield custom_resource(site, "Kafka", file=FILE, name=site.cluster, spec=spec)


def _kafka(site: Site) -> dict[str, Tree]:
    version = site.spec.cluster.kafka_version
    return {
        "version": Said(version, VERSION),
        "metadataVersion": Said(METADATA_VERSIONS[version], VERSION),
        "listeners": [_listener(site, each) for each in listeners(site.spec)],
        "authorization": _authorization(site),
        "config": _config(site) or None,
        "rack": _rack(site),
        "metricsConfig": metrics_config(),
        "logging": logging(site),
    }


def _listener(site: Site, listener: Listener) -> dict[str, Tree]:
    return {
        "name": listener.name,
        "port": listener.port,
        "type": "internal",
        "tls": listener.tls,
        "authentication": _login(site, listener),
        "networkPolicyPeers": _peers(site),
    }


def _login(site: Site, listener: Listener) -> dict[str, Tree] | None:
    if listener is TOKENS:
        return token_login(site)
    return None if listener.login is None else {"type": listener.login}


def _peers(site: Site) -> list[Tree]:
    """Who reaches a listener: without peers, anybody in the Kubernetes would (GenericKafkaListener.networkPolicyPeers)."""
    named = (site.namespace, *client_namespaces(site))
    return [{"namespaceSelector": {"matchLabels": {NAME_LABEL: name}}} for name in named]


def _authorization(site: Site) -> dict[str, Tree] | None:
    """Kafka's own authorizer, where the platform is locked. Strimzi's operators are super users by their own certificates."""
    if not site.secured:
        return None
    return {"type": "simple", "superUsers": [Said(site.spec.security.administrator, ("security", "administrator"))]}


def _config(site: Site) -> dict[str, Tree]:
    version = site.spec.cluster.kafka_version
    return {
        key: Said(written_value("broker", key, text, version), ("cluster", "config", key))
        for key, text in server_properties(site.spec).items()
    }


def _rack(site: Site) -> dict[str, Tree] | None:
    """Each broker is told its rack (broker.rack), and Kafka spreads replicas over them."""
    key = site.spec.kubernetes.rack
    return None if key is None else {"type": "topology-label", "topologyKey": Said(key, ("kubernetes", "rack"))}


def _operators(site: Site) -> dict[str, Tree]:
    operators = site.spec.kubernetes.operators
    return {
        "topicOperator": {"resources": compute(operators.topic, ("kubernetes", "operators", "topic"))},
        "userOperator": {"resources": compute(operators.user, ("kubernetes", "operators", "user"))},
        "template": {"topicOperatorContainer": CONFINED, "userOperatorContainer": CONFINED},
    }
