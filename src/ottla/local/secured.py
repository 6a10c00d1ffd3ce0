"""What makes a node of this machine a locked house: properties that a plan shows, and those that only the node knows.

Whether a node is secured is one property of Kafka's own, ``authorizer.class.name``: it is planned, read back and verified as
any other, and with it the client listeners change.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Protocol

from ottla.model.node import AUTHORIZER
from ottla.model.user import principal_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ottla.local.layout import Layout, NodeFiles
    from ottla.local.record import ClusterRecord, NodeAddress
    from ottla.spec.identity import SecuritySpec

STANDARD_AUTHORIZER = "org.apache.kafka.metadata.authorizer.StandardAuthorizer"
SUPER_USERS = "super.users"
MECHANISMS = "sasl.enabled.mechanisms"
MAPPING_RULES = "listener.name.tls.ssl.principal.mapping.rules"
OPEN = {AUTHORIZER: ""}  # what a node that was secured is told when it is opened; the rest means nothing then
UNTOLD = frozenset({SUPER_USERS})  # DescribeConfigs gives back no value of a key that only the authorizer knows
OAUTH = "sasl.oauthbearer."
JWKS = f"{OAUTH}jwks.endpoint.url"
OAUTH_KEYS = {
    JWKS: "jwks",
    f"{OAUTH}expected.issuer": "issuer",
    f"{OAUTH}expected.audience": "audience",
    f"{OAUTH}sub.claim.name": "user_claim",
}
OWN_KEYS = frozenset({SUPER_USERS, MECHANISMS, MAPPING_RULES, *OAUTH_KEYS})
TLS, SASL = "TLS", "SASL"
OPERATOR = "operator"  # the common name of the certificate that Ottla itself works with, on the listener between nodes
SEAL_BYTES = 16
OAUTHBEARER = "OAUTHBEARER"
TOKENS = "org.apache.kafka.common.security.oauthbearer"
# Kafka 4 asks no URL that is not named so (org.apache.kafka.common.security.oauthbearer.internals.secured.ConfigurationUtils).
ALLOWED_URLS = "-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls="
SCRAM_LOGIN = "org.apache.kafka.common.security.scram.ScramLoginModule required;"


class Admission(Protocol):
    """Who is let in: what a locked cluster is given when it is made and started, by whoever knows the users."""

    def first_users(self) -> Sequence[str]:
        """The credentials that it knows from its first moment on, as ``kafka-storage format --add-scram`` takes them."""
        ...

    def ensure_certificates(self, nodes: Sequence[NodeAddress]) -> tuple[str, ...]:
        """Certificates for the client listeners of ``nodes`` (about to start), and for users; what is worth a note."""
        ...


class Nobody:
    """The admission of a cluster that is never locked."""

    def first_users(self) -> Sequence[str]:
        """None."""
        return ()

    def ensure_certificates(self, nodes: Sequence[NodeAddress]) -> tuple[str, ...]:  # noqa: ARG002  (a Protocol's argument)
        """None."""
        return ()


NOBODY = Nobody()


def is_secured(properties: Mapping[str, str]) -> bool:
    """Whether these properties are those of a locked node."""
    return bool(properties.get(AUTHORIZER))


def new_seal() -> str:
    """What goes into the names of nodes, so that no certificate or token of anybody else has one of them."""
    return secrets.token_hex(SEAL_BYTES)


def among_nodes(record: ClusterRecord) -> tuple[str, tuple[str, ...]]:
    """Who comes by a certificate of the nodes' own CA: the mapping rule of its subject, and the principals, all super users."""
    names = [*(f"node-{node.node_id}" for node in record.nodes), OPERATOR]
    return f"RULE:^CN=(.*)$/{record.seal}:$1/", tuple(principal_of(f"{record.seal}:{name}") for name in names)


def secured_properties(security: SecuritySpec) -> dict[str, str]:
    """What every node of a locked platform is told."""
    oauth = security.oauth
    tokens = {} if oauth is None else {key: str(getattr(oauth, name)) for key, name in OAUTH_KEYS.items()}
    return {
        AUTHORIZER: STANDARD_AUTHORIZER,
        SUPER_USERS: principal_of(security.administrator),
        MECHANISMS: ",".join([*security.mechanisms, *([OAUTHBEARER] if tokens else [])]),
        MAPPING_RULES: ",".join(security.principal_mapping_rules),
        **tokens,
    }


def jvm_flags(properties: Mapping[str, str]) -> tuple[str, ...]:
    """What the JVM of a node with these properties is told beside its usual flags."""
    return (f"{ALLOWED_URLS}{properties[JWKS]}",) if is_secured(properties) and JWKS in properties else ()


def client_listeners(layout: Layout, files: NodeFiles, mechanisms: Sequence[str]) -> dict[str, str]:
    """The two client listeners of a secured broker, beside their addresses: stores, and how passwords and tokens are proven."""
    stores = {
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(files.listener_keystore),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(layout.client_authorities),
    }
    both = {f"listener.name.{name.lower()}.{key}": value for name in (TLS, SASL) for key, value in stores.items()}
    scram = [mechanism.lower() for mechanism in mechanisms if mechanism.startswith("SCRAM-")]
    logins = {f"listener.name.sasl.{mechanism}.sasl.jaas.config": SCRAM_LOGIN for mechanism in scram}
    if OAUTHBEARER in mechanisms:
        by_token = "listener.name.sasl.oauthbearer.sasl"  # noqa: S105  (how keys begin)
        logins |= {
            f"{by_token}.jaas.config": f"{TOKENS}.OAuthBearerLoginModule required;",
            f"{by_token}.server.callback.handler.class": f"{TOKENS}.OAuthBearerValidatorCallbackHandler",
        }
    return {**both, **logins, "listener.name.tls.ssl.client.auth": "required", "listener.name.sasl.ssl.client.auth": "none"}
