"""Config keys that a spec may not hold, each with what to do instead.

``RETIRED`` was made by comparing what the config classes of Kafka 3.9.1 (the last release before 4) print with what those of
4.3.1 do: every key that is gone stands here. Why each went is in Kafka's notes, named in the column beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ottla.spec.kafka_configs import Scope

ZOOKEEPER = "Kafka 4 has no ZooKeeper: the nodes' own controllers are the quorum. Take it out"
PASSWORD_ENCODER = "it encrypted passwords in ZooKeeper, which Kafka 4 has not. Take it out"  # noqa: S105  (no password)
MESSAGE_FORMAT = "Kafka 4 has one message format (v2) and reads the older ones. Take it out"
LISTENERS_INSTEAD = "it went with Kafka 3.0: listeners and advertised.listeners say it"
QUOTA_INSTEAD = "it went with Kafka 3.0: set a default client quota"

_NOTES_30 = "upgrade notes of 3.0, notable changes"
_NOTES_40 = "upgrade notes of 4.0, notable changes"
_KRAFT = "4.0 documentation, KRaft vs ZooKeeper, removed configurations"

# key -> what to do instead, and where Kafka says that it is gone
RETIRED: dict[Scope, dict[str, tuple[str, str]]] = {
    "topic": {
        "message.format.version": (MESSAGE_FORMAT, _NOTES_40),
        "message.downconversion.enable": ("Kafka 4 does not convert records for clients before 2.1. Take it out", "KIP-896"),
        "message.timestamp.difference.max.ms": (
            "it is two keys now: message.timestamp.before.max.ms and message.timestamp.after.max.ms",
            "KIP-937",
        ),
    },
    "broker": {
        "advertised.host.name": (LISTENERS_INSTEAD, _NOTES_30),
        "advertised.port": (LISTENERS_INSTEAD, _NOTES_30),
        "host.name": (LISTENERS_INSTEAD, _NOTES_30),
        "port": (LISTENERS_INSTEAD, _NOTES_30),
        "quota.consumer.default": (QUOTA_INSTEAD, _NOTES_30),
        "quota.producer.default": (QUOTA_INSTEAD, _NOTES_30),
        "auto.include.jmx.reporter": ("metric.reporters names org.apache.kafka.common.metrics.JmxReporter", _NOTES_40),
        "broker.id.generation.enable": ("every node has its node.id, which Ottla gives it. Take it out", _KRAFT),
        "control.plane.listener.name": ("controllers have listeners of their own: controller.listener.names", _KRAFT),
        "controlled.shutdown.max.retries": ("a node asks its controller for leave with each heartbeat. Take it out", _KRAFT),
        "controlled.shutdown.retry.backoff.ms": ("a node asks its controller for leave with each heartbeat. Take it out", _KRAFT),
        "delegation.token.master.key": ("it is called delegation.token.secret.key now", _NOTES_40),
        "eligible.leader.replicas.enable": ("it is a feature of the cluster: eligible.leader.replicas.version", "KIP-966"),
        "group.share.max.groups": ("it went before share groups were finished. Take it out", "compared (ran)"),
        "inter.broker.protocol.version": (
            "the cluster keeps its metadata.version itself. Take it out",
            _KRAFT,
        ),
        "leader.imbalance.per.broker.percentage": ("controllers look at each topic alone. Take it out", _KRAFT),
        "log.message.downconversion.enable": ("Kafka 4 does not convert records for clients before 2.1. Take it out", "KIP-896"),
        "log.message.format.version": (MESSAGE_FORMAT, _NOTES_40),
        "log.message.timestamp.difference.max.ms": (
            "it is two keys now: log.message.timestamp.before.max.ms and log.message.timestamp.after.max.ms",
            "KIP-937",
        ),
        "metrics.jmx.blacklist": ("it is called metrics.jmx.exclude now", _NOTES_40),
        "metrics.jmx.whitelist": ("it is called metrics.jmx.include now", _NOTES_40),
        "offsets.commit.required.acks": ("an offset commit always waits for every replica in sync. Take it out", "KIP-1041"),
        "reserved.broker.max.id": ("node ids are never made up by Kafka 4. Take it out", _KRAFT),
    },
    "producer": {
        "auto.include.jmx.reporter": ("metric.reporters names org.apache.kafka.common.metrics.JmxReporter", _NOTES_40),
    },
    "consumer": {
        "auto.include.jmx.reporter": ("metric.reporters names org.apache.kafka.common.metrics.JmxReporter", _NOTES_40),
    },
}
RETIRED_PREFIXES = {"zookeeper.": (ZOOKEEPER, _KRAFT), "password.encoder.": (PASSWORD_ENCODER, _KRAFT)}

# What a node of this machine gets from Ottla itself (local/properties.py), and what would contradict it
OWN_OF_LOCAL = frozenset(
    {
        "advertised.listeners",
        "allow.everyone.if.no.acl.found",
        "authorizer.class.name",
        "broker.id",
        "controller.listener.names",
        "controller.quorum.bootstrap.servers",
        "controller.quorum.voters",
        "early.start.listeners",
        "inter.broker.listener.name",
        "listener.name.controller.ssl.client.auth",
        "listener.name.controller.ssl.principal.mapping.rules",
        "listener.name.internal.ssl.client.auth",
        "listener.name.internal.ssl.principal.mapping.rules",
        "listener.security.protocol.map",
        "listeners",
        "log.dir",
        "log.dirs",
        "metadata.log.dir",
        "node.id",
        "principal.builder.class",
        "process.roles",
        "sasl.enabled.mechanisms",
        "sasl.oauthbearer.expected.audience",
        "sasl.oauthbearer.expected.issuer",
        "sasl.oauthbearer.jwks.endpoint.url",
        "sasl.oauthbearer.sub.claim.name",
        "security.inter.broker.protocol",
        "ssl.engine.factory.class",
        "ssl.keystore.location",
        "ssl.keystore.type",
        "ssl.truststore.location",
        "ssl.truststore.type",
        "super.users",
    }
)
OWN_LISTENERS_OF_LOCAL = ("listener.name.sasl.", "listener.name.tls.")
VENDORS = {"confluent.": "Confluent's Kafka", "redpanda.": "Redpanda", "aiven.": "Aiven's Kafka", "azure.": "Event Hubs"}


def retired(scope: Scope, key: str) -> str | None:
    """What to do instead of a key that Kafka no longer has; None for any other."""
    line = RETIRED.get(scope, {}).get(key)
    if line is None and scope == "broker":
        line = next((line for prefix, line in RETIRED_PREFIXES.items() if key.startswith(prefix)), None)
    return line[0] if line else None


def vendor(key: str) -> str | None:
    """Whose key it is, where a vendor's Kafka has it and Apache's has not."""
    return next((name for prefix, name in VENDORS.items() if key.startswith(prefix)), None)
