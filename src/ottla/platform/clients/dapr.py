"""Files for a Dapr app: a pub/sub component that only this app may use, its secret store, and the secret apart from both.

Dapr takes any key and ignores those it does not know, so that only keys that its Kafka component reads are written
(components-contrib, common/component/kafka/metadata.go). ``consumerGroup`` is not one of them: the app's id is its group.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from ottla.model.login import ScramLogin
from ottla.model.secret import Secret
from ottla.platform.clients.client import JAVAS_OWN, PARTITIONER, WRITTEN_BY, ClientFiles
from ottla.platform.clients.documents import as_yaml

if TYPE_CHECKING:
    from pathlib import Path

    from ottla.model.client import ClientProfile
    from ottla.platform.clients.client import Client

PUBSUB = "kafka"
STORE = "ottla-secrets"
SECRETS_FILE = "secrets.json"
INITIAL_OFFSETS = {"earliest": "oldest", "latest": "newest"}
_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----\n?", re.DOTALL)
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n?", re.DOTALL)


def render(client: Client, folder: Path) -> ClientFiles:
    """pubsub.yaml, secretstore.yaml and secrets.json; the folder is Dapr's resources path."""
    user = client.login.user
    login, secrets = _login(client)
    metadata = [
        _value("brokers", ",".join(client.login.bootstrap_servers)),
        *login,
        _value("caCert", "".join(_CERTIFICATE.findall(client.authorities))),
        *(_value(name, value) for name, value in _behaviour(client.profile).items()),
    ]
    pubsub = _component(PUBSUB, "pubsub.kafka", metadata, user)
    store = _component(STORE, "secretstores.local.file", [_value("secretsFile", str(folder / SECRETS_FILE))], user)
    texts = {
        "pubsub.yaml": as_yaml({**pubsub, "auth": {"secretStore": STORE}}),
        "secretstore.yaml": as_yaml(store),
        SECRETS_FILE: json.dumps({"comment": WRITTEN_BY, **secrets}, indent=1) + "\n",
    }
    usage = f"dapr run --app-id {user} --resources-path {folder} -- COMMAND (pub/sub name: {PUBSUB})"
    return ClientFiles({name: Secret(text) for name, text in texts.items()}, usage, tuple(_notes(client)))


def _component(name: str, kind: str, metadata: list[dict[str, Any]], user: str) -> dict[str, Any]:
    return {
        "apiVersion": "dapr.io/v1alpha1",
        "kind": "Component",
        "metadata": {"name": name},
        "spec": {"type": kind, "version": "v1", "metadata": metadata},
        "scopes": [user],
    }


def _login(client: Client) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """The keys of the login, and the secrets that they name. TLS is on unless Dapr is told otherwise."""
    proof = client.login.proof
    if isinstance(proof, ScramLogin):
        keys = [
            _value("authType", "password"),
            _value("saslUsername", client.login.user),
            _secret("saslPassword"),
            _value("saslMechanism", str(proof.mechanism).removeprefix("SCRAM-")),  # any other word silently means PLAIN
        ]
        return keys, {"saslPassword": proof.password.reveal()}
    store = "" if client.store is None else client.store.reveal()
    keys = [_value("authType", "mtls"), _value("clientCert", "".join(_CERTIFICATE.findall(store))), _secret("clientKey")]
    return keys, {"clientKey": "".join(_KEY.findall(store))}


def _behaviour(profile: ClientProfile) -> dict[str, str]:
    """What of the profile Dapr has a key for."""
    said = {
        "initialOffset": INITIAL_OFFSETS.get(profile.consumer.get("auto.offset.reset", "")),
        "maxMessageBytes": profile.producer.get("max.request.size"),
        "consumerFetchMin": profile.consumer.get("fetch.min.bytes"),
    }
    return {name: value for name, value in said.items() if value is not None}


def _notes(client: Client) -> list[str]:
    notes, user = [], client.login.user
    if client.group not in {None, user}:
        notes.append(
            f"a Dapr app consumes as the group of its app id, {user}, and the spec lets this user consume as {client.group}: "
            f"write `group: {user}`"
        )
    if client.profile.producer.get(PARTITIONER) in JAVAS_OWN:
        notes.append(
            "Dapr chooses a key's partition by FNV-1a, the platform's other clients by murmur2: where both write a topic, "
            "set partitionNumber when publishing"
        )
    return notes


def _value(name: str, value: str) -> dict[str, Any]:
    return {"name": name, "value": value}


def _secret(name: str) -> dict[str, Any]:
    return {"name": name, "secretKeyRef": {"name": name, "key": name}}
