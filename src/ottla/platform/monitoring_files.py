"""The files of monitoring, as a spec and a running cluster make them: the same ones, the same bytes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ottla.errors import LocalError, OttlaError
from ottla.local.ports import EVERY_ADDRESS, LOOPBACK
from ottla.local.roles import BROKER, CONTROLLER
from ottla.metrics.alert_rules import rules_document
from ottla.metrics.alertmanager import alertmanager_document
from ottla.metrics.alerts import Alerting, alerts_of
from ottla.metrics.scrape import ExporterTarget, NodeTarget, prometheus_document
from ottla.secrets import resolve
from ottla.spec.monitoring import NO_WEBHOOK
from ottla.telemetry.alertmanager import CONFIG as ALERTMANAGER
from ottla.telemetry.prometheus import CONFIG as PROMETHEUS
from ottla.telemetry.prometheus import RULES
from ottla.telemetry.watching import watched_of
from ottla.telemetry.yaml_text import yaml_text

if TYPE_CHECKING:
    from pathlib import Path

    from ottla.metrics.watched import Watched
    from ottla.model.secret import SecretReference
    from ottla.platform.local import LocalPlatform

HEAD = "# Written by Ottla ({environment} of {platform}): change platform.yaml, then run `ottla monitoring -d DIR` again.\n"
WRITTEN = "# Written by Ottla "
PASSWORD_FILE, CA_FILE = "exporter-password", "exporter-ca.pem"


def documents(platform: LocalPlatform, *, scale: float = 1.0) -> dict[str, str]:
    """The files by name: prometheus.yml, rules.yml, alertmanager.yml. With ``scale``, alerts are so many times as quick.

    Raises LocalError where no cluster was made yet, or where its nodes do not run as the spec says.
    """
    spec, alerting = platform.spec, alerts(platform)
    prometheus, alertmanager = spec.monitoring.prometheus, spec.monitoring.alertmanager.listen
    webhook = None if spec.monitoring.webhook == NO_WEBHOOK else spec.monitoring.webhook
    cluster = spec.cluster.name
    data = {
        PROMETHEUS: prometheus_document(
            cluster=cluster,
            nodes=node_targets(platform),
            exporter=exporter_target(platform),
            alertmanager=_reached(alertmanager.host, alertmanager.port),
            interval=prometheus.scrape_interval,
            rules=RULES,
        ),
        RULES: rules_document(alerting.alerts, cluster=cluster, runbooks=spec.monitoring.runbooks, scale=scale),
        ALERTMANAGER: alertmanager_document(alerting.alerts, webhook=webhook, scale=scale),
    }
    head = HEAD.format(environment=platform.environment, platform=spec.platform)
    return {name: head + yaml_text(document) for name, document in data.items()}


def alerts(platform: LocalPlatform) -> Alerting:
    """The alerts of an environment, and those that it cannot have. No cluster need be there."""
    return alerts_of(watched(platform))


def watched(platform: LocalPlatform) -> Watched:
    """What alerts need to know of an environment."""
    return watched_of(platform.spec, agent=platform.spec.cluster.jmx_agent, disk=platform.spec.cluster.disk)


def node_targets(platform: LocalPlatform) -> tuple[NodeTarget, ...]:
    """The JMX agents of the nodes. Raises LocalError where a node was not started with the one that the spec asks for."""
    record = platform.cluster.made()
    if not platform.spec.cluster.jmx_agent or platform.spec.shares is not None:
        return ()
    without = [node.node_id for node in record.nodes if node.jmx_port is None]
    if without:
        raise LocalError(
            f"nodes {', '.join(map(str, without))} run without the JMX agent that cluster.jmx_agent asks for",
            hint="restart them with it, one at a time: ottla apply",
        )
    return tuple(
        NodeTarget(node.node_id, _role(node.is_broker, node.is_voter), f"{LOOPBACK}:{node.jmx_port}") for node in record.nodes
    )


def _role(is_broker: bool, is_voter: bool) -> str:  # noqa: FBT001  (both are the node's own)
    return "combined" if is_broker and is_voter else BROKER if is_broker else CONTROLLER


def exporter_target(platform: LocalPlatform) -> ExporterTarget | None:
    """The exporter as Prometheus reaches it from this machine; None where there is none."""
    exporter, folder = platform.spec.exporter, platform.identity.folder
    if not exporter.enabled:
        return None
    tls, login = exporter.tls, exporter.basic_auth
    return ExporterTarget(
        address=_reached(exporter.listen.host, exporter.listen.port),
        tls=tls is not None,
        ca_file=None if tls is None else _file(tls.certificate, folder, CA_FILE),
        server_name=None if tls is None else _first_name(tls.certificate, folder),
        user=None if login is None else login.user,
        password_file=None if login is None else _file(login.password, folder, PASSWORD_FILE),
    )


def needed_files(platform: LocalPlatform) -> dict[str, SecretReference]:
    """What must lie beside prometheus.yml, readable for Prometheus alone, as the spec has it in a variable and not in a file."""
    exporter = platform.spec.exporter
    wanted = {
        PASSWORD_FILE: exporter.basic_auth.password if exporter.basic_auth else None,
        CA_FILE: exporter.tls.certificate if exporter.tls else None,
    }
    return {name: each for name, each in wanted.items() if exporter.enabled and each is not None and each.source == "env"}


def _file(reference: SecretReference, folder: Path, beside: str) -> str:
    """The file of a secret; one in a variable must be put into a file beside the configuration."""
    return str(folder / reference.name) if reference.source == "file" else beside


def _first_name(reference: SecretReference, folder: Path) -> str | None:
    """What the certificate first says that its owner is called; None where it cannot be read here, or says none."""
    from cryptography import x509

    try:
        certificate = x509.load_pem_x509_certificate(resolve(reference, environ=os.environ, folder=folder).reveal().encode())
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OttlaError, ValueError, x509.ExtensionNotFound):
        return None
    return next((str(name.value) for name in names), None)


def is_ours(name: str, text: str) -> bool:
    """Whether Ottla wrote a file: its first line says so; in JSON, which has no comments, the uid of the dashboard does."""
    return '"uid": "ottla-' in text if name.endswith(".json") else text.startswith(WRITTEN)


def _reached(host: str, port: int) -> str:
    """Where to reach a server that listens there."""
    host = LOOPBACK if host in EVERY_ADDRESS else host
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
