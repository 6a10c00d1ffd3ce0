"""Files for Spring Boot: ``spring.kafka.*`` in application.yaml, and the password in a file of its own, which that one imports.

The keys are those of KafkaProperties (the same in Spring Boot 3 and 4); what has none goes into ``properties``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ottla.model.login import CertificateLogin, ScramLogin
from ottla.model.secret import Secret
from ottla.platform.clients.client import ClientFiles
from ottla.platform.clients.documents import as_yaml
from ottla.platform.clients.java import JAAS, jaas, partitioner_notes, producer_keys, secret_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ottla.model.login import Login
    from ottla.platform.clients.client import Client

SECRET_FILE = "kafka-login.properties"  # noqa: S105  (a file's name)
PRODUCER = {
    "acks": "acks",
    "batch.size": "batch-size",
    "buffer.memory": "buffer-memory",
    "client.id": "client-id",
    "compression.type": "compression-type",
    "retries": "retries",
}
CONSUMER = {
    "auto.offset.reset": "auto-offset-reset",
    "client.id": "client-id",
    "enable.auto.commit": "enable-auto-commit",
    "fetch.min.bytes": "fetch-min-size",
    "group.id": "group-id",
    "isolation.level": "isolation-level",
    "max.poll.records": "max-poll-records",
}


def render(client: Client, folder: Path) -> ClientFiles:
    """application.yaml and, for a user with a password, the file with the login."""
    login = client.login
    consumer = {**client.profile.consumer, **({} if client.group is None else {"group.id": client.group})}
    kafka: dict[str, Any] = {
        "bootstrap-servers": ",".join(login.bootstrap_servers),
        **_security(login),
        "producer": _named(producer_keys(client.profile), PRODUCER),
        "consumer": _named(consumer, CONSUMER),
    }
    texts = {"application.yaml": Secret(as_yaml({"spring": {**_imports(login, folder), "kafka": kafka}}))}
    if isinstance(login.proof, ScramLogin):
        texts[SECRET_FILE] = secret_text({f"spring.kafka.properties[{JAAS}]": jaas(login.user, login.proof.password)})
    usage = f"java -jar APPLICATION.jar --spring.config.additional-location=file:{folder / 'application.yaml'}"
    return ClientFiles(texts, usage, partitioner_notes(client.profile))


def _imports(login: Login, folder: Path) -> dict[str, Any]:
    return {"config": {"import": f"file:{folder / SECRET_FILE}"}} if isinstance(login.proof, ScramLogin) else {}


def _security(login: Login) -> dict[str, Any]:
    ssl = {"trust-store-type": "PEM", "trust-store-location": f"file:{login.authorities}"}
    if isinstance(login.proof, CertificateLogin):
        ssl |= {"key-store-type": "PEM", "key-store-location": f"file:{login.proof.store}"}
        return {"security": {"protocol": "SSL"}, "ssl": ssl}
    mechanism = {"[sasl.mechanism]": str(login.proof.mechanism)}
    return {"security": {"protocol": "SASL_SSL"}, "properties": mechanism, "ssl": ssl}


def _named(keys: Mapping[str, str], names: Mapping[str, str]) -> dict[str, Any]:
    """Kafka's keys as Spring calls them. In brackets, so that the dots stay in the key."""
    named: dict[str, Any] = {names[key]: value for key, value in keys.items() if key in names}
    rest = {f"[{key}]": value for key, value in keys.items() if key not in names}
    return {**named, "properties": rest} if rest else named
