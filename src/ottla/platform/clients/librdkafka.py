"""Files for clients on librdkafka (kcat, and those of Python, Go, .NET, Node): lines ``key=value``, as ``kcat -F`` reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.errors import UsageError
from ottla.kafka.profile import translated
from ottla.model.login import ScramLogin
from ottla.model.secret import Secret
from ottla.platform.clients.client import PARTITIONER, WRITTEN_BY, ClientFiles

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ottla.model.login import Login
    from ottla.platform.clients.client import Client

LONGEST_LINE = 510  # bytes: kcat reads a longer one as two
# Its SCRAM sent its nonce twice, which Kafka no longer lets pass (CVE-2024-56128; confluentinc/librdkafka#4895)
TOO_OLD = (
    "Kafka 4 refuses every password that librdkafka before 2.6.1 sends, and kcat of Debian and Ubuntu may have an older one "
    "(`kcat -V` tells): there, give it a newer librdkafka, or the user a certificate"
)
TAKEN_FOR_ESCAPES = ("\\:", "\\=")  # kcat takes the backslash away, and there is no way to keep it


def render(client: Client, folder: Path) -> ClientFiles:
    """client.conf with what any librdkafka knows, so for kcat; producer.conf and consumer.conf with the whole profile."""
    own = connection(client.login)
    group = {} if client.group is None else {"group.id": client.group}
    producer = {key: str(value) for key, value in translated(client.profile.producer, "producer").items()}
    consumer = {key: str(value) for key, value in translated(client.profile.consumer, "consumer").items()}
    partitioner = {key: value for key, value in producer.items() if key == PARTITIONER}
    texts = {
        "client.conf": {**own, **partitioner, **group},
        "producer.conf": {**own, **producer},
        "consumer.conf": {**own, **consumer, **group},
    }
    notes = (TOO_OLD,) if isinstance(client.login.proof, ScramLogin) else ()
    return ClientFiles({name: _text(keys) for name, keys in texts.items()}, f"kcat -F {folder / 'client.conf'} -L", notes)


def connection(login: Login) -> dict[str, str]:
    """Where to connect and how to log in, in librdkafka's keys."""
    own = {"bootstrap.servers": ",".join(login.bootstrap_servers), "ssl.ca.location": str(login.authorities)}
    if isinstance(login.proof, ScramLogin):
        return {
            **own,
            "security.protocol": "sasl_ssl",
            "sasl.mechanisms": str(login.proof.mechanism),
            "sasl.username": login.user,
            "sasl.password": login.proof.password.reveal(),
        }
    store = str(login.proof.store)  # it looks for the certificate and for the key in the same file
    return {**own, "security.protocol": "ssl", "ssl.certificate.location": store, "ssl.key.location": store}


def _text(keys: Mapping[str, str]) -> Secret:
    return Secret("\n".join([f"# {WRITTEN_BY}", "", *(_line(key, value) for key, value in sorted(keys.items()))]) + "\n")


def _line(key: str, value: str) -> str:
    line = f"{key}={value}"
    reason = None
    if len(value.splitlines()) > 1 or value != value.strip():
        reason = "begins or ends with white space, or has a line break in it"
    elif any(escape in value for escape in TAKEN_FOR_ESCAPES):
        reason = "has a backslash before a ':' or '='"
    elif len(line.encode()) > LONGEST_LINE:
        reason = f"is longer than {LONGEST_LINE - len(key) - 1} bytes"
    if reason is not None:
        hint = "choose another password; or give it to the client in its code: --for java has a form that holds any"
        raise UsageError(f"{key} {reason}, which a file of kcat cannot hold", hint=hint)
    return line
