"""The keys that Dapr's pubsub.kafka knows, and what each takes. Dapr itself says nothing of a key that it does not know.

Source: dapr/components-contrib v1.18.3, ``pubsub/kafka/metadata.yaml`` and ``common/component/kafka/metadata.go`` (which parses:
a mechanism that it does not know means PLAIN there; of ``initialOffset`` alone the case of letters matters). Of dapr/dapr v1.18.2
are ``consumerID`` (``pkg/runtime/processor/pubsub``) and the topics that an app is held to (``pkg/scopes``).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

TEXT, BOOL = r".+", r"true|false"
NUMBER = r"[0-9]+"
DURATION = r"([0-9]+(\.[0-9]+)?(ns|us|ms|s|m|h))+"  # Go's
VERSION = r"[0-9]+\.[0-9]+\.[0-9]+(\.[0-9]+)?"

KEYS = {
    "brokers": TEXT,
    "consumerGroup": TEXT,
    "consumerID": TEXT,
    "clientID": TEXT,
    "authType": r"none|password|mtls|oidc|oidc_private_key_jwt|certificate|awsiam",
    "saslUsername": TEXT,
    "saslPassword": TEXT,
    "saslMechanism": r"SHA-256|SHA-512|PLAINTEXT",
    "disableTls": BOOL,
    "skipVerify": BOOL,
    "caCert": TEXT,
    "clientCert": TEXT,
    "clientKey": TEXT,
    "oidcTokenEndpoint": TEXT,
    "oidcClientID": TEXT,
    "oidcClientSecret": TEXT,
    "oidcScopes": TEXT,
    "oidcExtensions": TEXT,
    "oidcClientAssertionCert": TEXT,
    "oidcClientAssertionKey": TEXT,
    "oidcResource": TEXT,
    "oidcAudience": TEXT,
    "oidcKid": TEXT,
    "initialOffset": r"newest|oldest",
    "maxMessageBytes": NUMBER,
    "consumeRetryEnabled": BOOL,
    "consumeRetryInterval": DURATION,
    "backOffPolicy": r"constant|exponential",
    "backOffDuration": DURATION,
    "backOffInitialInterval": DURATION,
    "backOffRandomizationFactor": r"[0-9.]+",
    "backOffMultiplier": r"[0-9.]+",
    "backOffMaxInterval": DURATION,
    "backOffMaxElapsedTime": DURATION,
    "backOffMaxRetries": r"-?[0-9]+",
    "heartbeatInterval": DURATION,
    "sessionTimeout": DURATION,
    "version": VERSION,
    "channelBufferSize": NUMBER,
    "consumerFetchMin": NUMBER,
    "consumerFetchDefault": NUMBER,
    "consumerGroupRebalanceStrategy": r"range|sticky|roundrobin",
    "clientConnectionTopicMetadataRefreshInterval": DURATION,
    "clientConnectionKeepAliveInterval": DURATION,
    "dialTimeout": DURATION,
    "readTimeout": DURATION,
    "writeTimeout": DURATION,
    "metadataTimeout": DURATION,
    "producerRequiredAcks": r"all|local|none",
    "producerRetryMax": NUMBER,
    "compression": r"none|gzip|snappy|lz4|zstd",
    "escapeHeaders": BOOL,
    "excludeHeaderMetaRegex": TEXT,
    "schemaRegistryURL": TEXT,
    "schemaRegistryAPIKey": TEXT,
    "schemaRegistryAPISecret": TEXT,
    "schemaCachingEnabled": BOOL,
    "schemaLatestVersionCacheTTL": DURATION,
    "useAvroJSON": BOOL,
    "publishingScopes": TEXT,
    "subscriptionScopes": TEXT,
    "allowedTopics": TEXT,
    "protectedTopics": TEXT,
}
REQUIRED = ("brokers", "authType")
OF_PASSWORD = ("saslUsername", "saslPassword", "saslMechanism")
SECRET = frozenset(
    {"saslPassword", "clientKey", "oidcClientSecret", "oidcClientAssertionKey", "schemaRegistryAPISecret"}
)  # `sensitive` there


def component_problems(metadata: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """What is wrong with a component's metadata, which Dapr would pass over or meet when an app starts."""
    entries = list(metadata)
    said = {entry["name"]: entry.get("value") for entry in entries}
    if len(said) < len(entries):
        yield "a key is said twice"
    needed = (*REQUIRED, *(OF_PASSWORD if said.get("authType") == "password" else ()))
    yield from (f"{key} is missing" for key in needed if key not in said)
    for name, value in said.items():
        if name not in KEYS:
            yield f"{name} is no key of pubsub.kafka"
        elif value is None:
            continue  # a reference to a secret
        elif name in SECRET:
            yield f"{name} is a secret: it stands in a Secret, and not here"
        elif not isinstance(value, str) or not re.fullmatch(KEYS[name], value, re.DOTALL):
            yield f"{name} cannot be {value!r}"
