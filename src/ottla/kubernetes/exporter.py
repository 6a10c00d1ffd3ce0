"""The exporter as a Deployment: Ottla's own image, looking at what the spec says. Names and port are those of [000].

It is told what to look at by a small spec of its own, and how to get there by a file of client settings whose password is a
reference to a mounted file: that is read for each connection, so that a password or a CA that was rotated is found.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from ottla.kubernetes.pods import (
    AUTHORITY_KEY,
    CONTAINER,
    PASSWORD_KEY,
    cluster_authority,
    confined,
    deployment,
    mount,
    own,
    probe,
    secret_volume,
    service,
    service_account,
)
from ottla.kubernetes.resource import Said, Tree
from ottla.kubernetes.strimzi import compute
from ottla.model.log_format import LogFormat
from ottla.telemetry.watching import read_committed_groups
from ottla.telemetry.yaml_text import yaml_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.kubernetes.resource import Resource
    from ottla.kubernetes.site import Site

NAME, PORT_NAME = "kafka-exporter", "metrics"
EVERYWHERE = "0.0.0.0"  # noqa: S104  (within the pod; a NetworkPolicy says who reaches it)
USER = 10001  # as the Containerfile has it
FOLDER = "/etc/ottla"
CONFIG, LOGIN, TRUST = f"{FOLDER}/config", f"{FOLDER}/login", f"{FOLDER}/trust"
SPEC, CLIENT = "platform.yaml", "client.properties"
CHECKSUM = "ottla/config-checksum"  # another one rolls the pod
NOT_HERE = {"enabled", "listen", "user", "tls", "basic_auth", "read_committed"}  # keys that other things here say


def exporter(site: Site) -> Iterator[Resource]:
    """The exporter, where the spec has one. That of a cluster sees the environments that share it as well."""
    if not runs_exporter(site):
        return
    data = {SPEC: own_spec(site), CLIENT: client_settings(site, str(exporter_user(site).value))}
    checksum = sha256("\0".join(data.values()).encode()).hexdigest()
    yield service_account(site, NAME)
    yield own(site, "v1", "ConfigMap", NAME, file=f"{NAME}-config.yaml", data=data)
    yield deployment(site, NAME, _pod(site), annotations={CHECKSUM: checksum})
    yield service(site, NAME, port=site.spec.exporter.listen.port, port_name=PORT_NAME)


def runs_exporter(site: Site) -> bool:
    """Whether the environment has an exporter of its own."""
    return site.has_cluster and site.spec.exporter.enabled


def own_spec(site: Site) -> str:
    """The part of the spec that an exporter reads. Groups are by their full names; what is not in it does not roll the pod."""
    spec = site.spec
    exporter: dict[str, Any] = spec.exporter.model_dump(mode="json", exclude=NOT_HERE, exclude_none=True)
    cluster = {"name", "nodes", "controllers", "kafka_version", "disk"}
    document = {
        "platform": spec.platform,
        "cluster": spec.cluster.model_dump(mode="json", include=cluster, exclude_none=True),
        "client": spec.client.model_dump(mode="json"),
        "exporter": {**exporter, "read_committed": [*read_committed_groups(spec, spec.exporter)]},
        "environments": {site.environment: {"target": spec.target.value}},
    }
    return yaml_text(document)


def exporter_user(site: Site) -> Said:
    """As whom it logs in, by full name: the spec's choice, or else the administrator."""
    spec = site.spec
    if spec.exporter.user is not None:
        return Said(spec.full_name(spec.exporter.user), ("exporter", "user"))
    return Said(spec.full_name(spec.security.administrator), ("security", "administrator"))


def client_settings(site: Site, user: str) -> str:
    """How the cluster is reached as that user, by full name, in Java's keys. There is no secret in it."""
    if not site.secured:
        return f"bootstrap.servers={site.servers}\n"
    keys = {
        "bootstrap.servers": site.servers,
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": user,
        "sasl.password": f"${{file:{LOGIN}/{PASSWORD_KEY}}}",
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": f"{TRUST}/{AUTHORITY_KEY}",
    }
    return "".join(f"{key}={value}\n" for key, value in keys.items())


def _pod(site: Site) -> dict[str, Tree]:
    return {
        **confined(NAME, user=USER, group=USER),
        "terminationGracePeriodSeconds": 10,
        "containers": [_container(site)],
        "volumes": volumes(site, NAME, exporter_user(site)),
    }


def volumes(site: Site, config: str, user: Tree) -> list[Tree]:
    """What a pod of Ottla's reads: a ConfigMap, and where one has to log in, that user's password and whom to trust."""
    found: list[Tree] = [{"name": "config", "configMap": {"name": config}}]
    if site.secured:
        found += [secret_volume("login", user, PASSWORD_KEY), secret_volume("trust", cluster_authority(site), AUTHORITY_KEY)]
    return found


def mounts(site: Site) -> list[Tree]:
    """Where it finds them."""
    login = [mount("login", LOGIN), mount("trust", TRUST)] if site.secured else []
    return [mount("config", CONFIG), *login]


def _container(site: Site) -> dict[str, Tree]:
    port = site.spec.exporter.listen.port
    return {
        "name": NAME,
        "image": Said(site.spec.kubernetes.image, ("kubernetes", "image")),
        "args": _arguments(site, port),
        "ports": [{"name": PORT_NAME, "containerPort": port}],
        "resources": compute(site.spec.kubernetes.exporter_resources, ("kubernetes", "exporter_resources")),
        # Not ready while it does not see the cluster. It is ended only if that is so for ten minutes: an exporter that is started
        # anew sees no more of a cluster that is gone, and says less of it. So its start is over when it answers at all: it has
        # looked once by then, or for ten seconds, and is asked at once whether it is ready, instead of ten seconds later.
        "startupProbe": probe("/", PORT_NAME, every=1, failures=120),
        "readinessProbe": probe("/healthz", PORT_NAME, every=10, failures=3),
        "livenessProbe": probe("/healthz", PORT_NAME, every=60, failures=10),
        "securityContext": CONTAINER,
        "volumeMounts": mounts(site),
    }


def _arguments(site: Site, port: int) -> list[str]:
    written = ["--log-format", LogFormat.ECS.value] if site.spec.logs.format is LogFormat.ECS else []
    return [
        "exporter",
        *("--file", f"{CONFIG}/{SPEC}"),
        *("--environment", site.environment),
        *("--command-config", f"{CONFIG}/{CLIENT}"),
        *("--listen", f"{EVERYWHERE}:{port}"),
        *written,
    ]
