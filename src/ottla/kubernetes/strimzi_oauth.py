"""How tokens are taken on a listener of Strimzi's: by Kafka's own validator (KIP-768), as a local node takes them.

Keys at a listener and with the mechanism before them: OAuthBearerValidatorCallbackHandler of Kafka 4.3. Without a principal
builder of Strimzi's own, a user is what the claim says, and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.kubernetes.resource import Said, Tree
from ottla.local.secured import ALLOWED_URLS, OAUTH_KEYS, OAUTHBEARER, TOKENS

if TYPE_CHECKING:
    from ottla.kubernetes.site import Site

MECHANISM = "oauthbearer."


def token_login(site: Site) -> dict[str, Tree] | None:
    """The authentication of the listener; None where the spec names no issuer."""
    oauth = site.spec.security.oauth
    if oauth is None:
        return None
    issuer = {f"{MECHANISM}{key}": Said(getattr(oauth, name), ("security", "oauth", name)) for key, name in OAUTH_KEYS.items()}
    return {
        "type": "custom",
        "sasl": True,
        "listenerConfig": {
            "sasl.enabled.mechanisms": OAUTHBEARER,
            f"{MECHANISM}sasl.jaas.config": f"{TOKENS}.OAuthBearerLoginModule required;",
            f"{MECHANISM}sasl.server.callback.handler.class": f"{TOKENS}.OAuthBearerValidatorCallbackHandler",
            **issuer,
        },
    }


def allowed_urls(site: Site) -> list[Tree] | None:
    """What the JVM of each node is told: Kafka 4 asks no URL that is not named so. None where there is none to ask."""
    oauth = site.spec.security.oauth if site.secured else None
    if oauth is None:
        return None
    name = ALLOWED_URLS.removeprefix("-D").removesuffix("=")
    return [{"name": name, "value": Said(oauth.jwks, ("security", "oauth", "jwks"))}]
