"""Kafka UI (kafbat) in the cluster. It asks nobody who they are: so nobody reaches it but by `kubectl port-forward`.

Its settings are variables of Spring (ClustersProperties of kafbat/kafka-ui v1.5.0: ``kafka.clusters[0]``): ``PROPERTIES_`` begins
what its Kafka clients get.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.kubernetes.pods import (
    AUTHORITY_KEY,
    CONTAINER,
    cluster_authority,
    confined,
    deployment,
    mount,
    probe,
    secret_volume,
    service,
    service_account,
)
from ottla.kubernetes.resource import Said, Tree
from ottla.kubernetes.strimzi import compute

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.kubernetes.resource import Resource
    from ottla.kubernetes.site import Site

NAME, PORT, PORT_NAME = "kafka-ui", 8080, "http"
USER, GROUP = 100, 101  # `kafkaui` in its image, which names it and not its number (api/Dockerfile): Kubernetes wants a number
TRUST = "/etc/kafka-ui/trust"
CLUSTER, CLIENT = "KAFKA_CLUSTERS_0_", "KAFKA_CLUSTERS_0_PROPERTIES_"
LOGIN_KEY = "sasl.jaas.config"  # of the Secret that Strimzi makes for a user (KafkaUserModel)
HEALTH = "/actuator/health"


def ui(site: Site) -> Iterator[Resource]:
    """Kafka UI, where the spec wants it."""
    if runs_ui(site):
        yield service_account(site, NAME)
        yield deployment(site, NAME, _pod(site))
        yield service(site, NAME, port=PORT, port_name=PORT_NAME)


def runs_ui(site: Site) -> bool:
    """Whether the environment has one: it shows a whole cluster, so that it is for the cluster's owner to have."""
    return site.has_cluster and site.spec.kubernetes.ui.enabled


def ui_user(site: Site) -> Said:
    """As whom it logs in, by full name. The spec names one where security is enabled (kubernetes_checks)."""
    return Said(site.spec.full_name(site.spec.kubernetes.ui.user or ""), ("kubernetes", "ui", "user"))


def _pod(site: Site) -> dict[str, Tree]:
    volumes: list[Tree] = [{"name": "tmp", "emptyDir": {}}]  # Java unpacks native libraries there (snappy)
    if site.secured:
        volumes.append(secret_volume("trust", cluster_authority(site), AUTHORITY_KEY))
    return {**confined(NAME, user=USER, group=GROUP), "containers": [_container(site)], "volumes": volumes}


def _container(site: Site) -> dict[str, Tree]:
    settings = site.spec.kubernetes.ui
    mounts: list[Tree] = [{"name": "tmp", "mountPath": "/tmp"}]  # noqa: S108  (of the pod)
    if site.secured:
        mounts.append(mount("trust", TRUST))
    return {
        "name": NAME,
        "image": Said(settings.image, ("kubernetes", "ui", "image")),
        "env": _variables(site),
        "ports": [{"name": PORT_NAME, "containerPort": PORT}],
        "resources": compute(settings.resources, ("kubernetes", "ui", "resources")),
        "startupProbe": probe(HEALTH, PORT_NAME, every=5, failures=36),
        "readinessProbe": probe(HEALTH, PORT_NAME, every=10, failures=3),
        "livenessProbe": probe(HEALTH, PORT_NAME, every=30, failures=3),
        "securityContext": CONTAINER,
        "volumeMounts": mounts,
    }


def _variables(site: Site) -> list[Tree]:
    read_only = site.spec.kubernetes.ui.read_only
    said = {
        f"{CLUSTER}NAME": site.cluster,
        f"{CLUSTER}BOOTSTRAPSERVERS": site.servers,
        f"{CLUSTER}READONLY": Said(str(read_only).lower(), ("kubernetes", "ui", "read_only")),
        "JAVA_OPTS": "-XX:MaxRAMPercentage=60",  # Java alone would take a quarter of what the container may
        **(_login() if site.secured else {}),
    }
    variables: list[Tree] = [{"name": name, "value": value} for name, value in said.items()]
    if site.secured:
        reference = {"name": ui_user(site), "key": LOGIN_KEY}
        variables.append({"name": f"{CLIENT}SASL_JAAS_CONFIG", "valueFrom": {"secretKeyRef": reference}})
    return variables


def _login() -> dict[str, Tree]:
    return {
        f"{CLIENT}SECURITY_PROTOCOL": "SASL_SSL",
        f"{CLIENT}SASL_MECHANISM": "SCRAM-SHA-512",
        f"{CLIENT}SSL_TRUSTSTORE_TYPE": "PEM",
        f"{CLIENT}SSL_TRUSTSTORE_LOCATION": f"{TRUST}/{AUTHORITY_KEY}",
    }
