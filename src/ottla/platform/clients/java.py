"""Files for Java's clients and Kafka's own tools: properties, with one login line for JAAS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.local.properties import as_text
from ottla.model.login import ScramLogin
from ottla.model.secret import Secret
from ottla.platform.clients.client import JAVAS_OWN, PARTITIONER, WRITTEN_BY, ClientFiles

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ottla.model.client import ClientProfile
    from ottla.model.login import Login
    from ottla.platform.clients.client import Client

JAAS = "sasl.jaas.config"
# As java.io.StreamTokenizer reads a quoted text; a $ by its code, because ${...} means something to Spring and config.providers
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "$": "\\044"})


def render(client: Client, folder: Path) -> ClientFiles:
    """client.properties for the tools; producer.properties and consumer.properties with the platform's profile as well."""
    own = connection(client.login)
    producer, consumer = producer_keys(client.profile), dict(client.profile.consumer)
    if client.group is not None:
        consumer["group.id"] = client.group
    texts = {
        "client.properties": own,
        "producer.properties": {**own, **producer},
        "consumer.properties": {**own, **consumer},
    }
    servers = ",".join(client.login.bootstrap_servers)
    return ClientFiles(
        {name: secret_text(properties) for name, properties in texts.items()},
        f"kafka-topics.sh --bootstrap-server {servers} --command-config {folder / 'client.properties'} --list",
        partitioner_notes(client.profile),
    )


def connection(login: Login) -> dict[str, str]:
    """Where to connect and how to log in, in Java's keys."""
    trusted = {"ssl.truststore.type": "PEM", "ssl.truststore.location": str(login.authorities)}
    own = {"bootstrap.servers": ",".join(login.bootstrap_servers), **trusted}
    if isinstance(login.proof, ScramLogin):
        mechanism = str(login.proof.mechanism)
        return {**own, "security.protocol": "SASL_SSL", "sasl.mechanism": mechanism, JAAS: jaas(login.user, login.proof.password)}
    return {
        **own,
        "security.protocol": "SSL",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(login.proof.store),
    }


def jaas(user: str, password: Secret) -> str:
    """The login line. Whatever the password is, it is one line without a ``$``."""
    given = f'username="{user.translate(_ESCAPES)}" password="{password.reveal().translate(_ESCAPES)}"'
    return f"org.apache.kafka.common.security.scram.ScramLoginModule required {given};"


def secret_text(properties: Mapping[str, str]) -> Secret:
    """A properties file."""
    return Secret(as_text(properties, comment=WRITTEN_BY))


def producer_keys(profile: ClientProfile) -> dict[str, str]:
    """The profile's keys of a producer, without the one that Java does not know."""
    return {key: value for key, value in profile.producer.items() if key != PARTITIONER}


def partitioner_notes(profile: ClientProfile) -> tuple[str, ...]:
    """What to know where Java's clients would put keys into other partitions than the rest of the platform does."""
    wanted = profile.producer.get(PARTITIONER, "murmur2")
    if wanted in JAVAS_OWN:
        return ()
    return (f"the profile says {PARTITIONER}={wanted}, and Java's clients go by murmur2: a key lands in other partitions",)
