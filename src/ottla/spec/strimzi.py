"""Strimzi as data: the listeners that a platform has there, what its resources can say, and what it keeps to itself.

Source: strimzi/strimzi-kafka-operator at its tag 1.2.0 (``versions.STRIMZI_VERSION``), the Java classes that are named here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ottla.model.acl import Operation, ResourceType
from ottla.spec.identity import Authentication

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ottla.spec.schema import EnvironmentSpec


@dataclass(frozen=True, slots=True)
class Listener:
    """Where clients in the Kubernetes come in. ``login`` is Strimzi's word for how (None: nobody has to log in)."""

    name: str
    port: int
    tls: bool = True
    login: str | None = None

    @property
    def identifier(self) -> str:
        """What Kafka's own keys call it (ListenersUtils.identifier)."""
        return f"{self.name}-{self.port}"


# Ports from 9092 on, but for 9404 and 9999 (ListenersValidator); names of letters and digits, at most 11.
PLAIN = Listener("plain", 9092, tls=False)
TLS = Listener("tls", 9093)
PASSWORDS = Listener("tls", 9093, login="scram-sha-512")
CERTIFICATES = Listener("mtls", 9094, login="tls")
TOKENS = Listener("oauth", 9095, login="custom")


def listeners(spec: EnvironmentSpec) -> tuple[Listener, ...]:
    """The client listeners of a platform: one for each way in that somebody has."""
    if not spec.security.enabled:
        return (PLAIN, TLS)
    by_certificate = any(user.authentication is Authentication.CERTIFICATE for user in spec.users.values())
    return (
        PASSWORDS,
        *((CERTIFICATES,) if by_certificate else ()),
        *((TOKENS,) if spec.security.oauth is not None else ()),
    )


# KafkaClusterSpec.FORBIDDEN_PREFIXES, .FORBIDDEN_PREFIX_EXCEPTIONS, .ALLOWED_PER_LISTENER_CONFIGS. The operator leaves such a
# key out with no more than a line in its log (AbstractConfiguration.filterForbidden). ZooKeeper's are gone with Kafka 4.
KEPT_PREFIXES = (
    "listeners",
    "advertised.",
    "broker.",
    "listener.",
    "host.name",
    "port",
    "inter.broker.listener.name",
    "sasl.",
    "ssl.",
    "security.",
    "password.",
    "log.dir",
    "zookeeper.connect",
    "zookeeper.set.acl",
    "zookeeper.ssl",
    "zookeeper.clientCnxnSocket",
    "authorizer.",
    "super.user",
    "cruise.control.metrics.topic",
    "cruise.control.metrics.reporter.bootstrap.servers",
    "node.id",
    "process.roles",
    "controller.",
    "metadata.log.dir",
    "zookeeper.metadata.migration.enable",
    "client.quota.callback.static.kafka.admin.",
    "client.quota.callback.static.produce",
    "client.quota.callback.static.fetch",
    "client.quota.callback.static.storage.per.volume.limit.min.available.",
    "client.quota.callback.static.excluded.principal.name.list",
    "prometheus.metrics.reporter.",
    "cordoned.log.dirs",
)
NOT_KEPT = frozenset(
    {
        "zookeeper.connection.timeout.ms",
        "sasl.server.max.receive.size",
        "ssl.cipher.suites",
        "ssl.protocol",
        "ssl.enabled.protocols",
        "ssl.secure.random.implementation",
        "cruise.control.metrics.topic.num.partitions",
        "cruise.control.metrics.topic.replication.factor",
        "cruise.control.metrics.topic.retention.ms",
        "cruise.control.metrics.topic.auto.create.retries",
        "cruise.control.metrics.topic.auto.create.timeout.ms",
        "cruise.control.metrics.topic.min.insync.replicas",
        "broker.session.timeout.ms",
        "broker.heartbeat.interval.ms",
        "controller.socket.timeout.ms",
        "controller.quorum.election.backoff.max.ms",
        "controller.quorum.election.timeout.ms",
        "controller.quorum.fetch.timeout.ms",
    }
)
OF_A_LISTENER = ("connections.max.reauth.ms", "max.connections", "max.connection.creation.rate")


def is_kept(key: str, of: Iterable[Listener]) -> bool:
    """Whether Strimzi keeps a server property to itself, on a cluster with these listeners."""
    allowed = {f"listener.name.{each.identifier}.{own}" for each in of for own in OF_A_LISTENER} | NOT_KEPT
    return key.lower().startswith(KEPT_PREFIXES) and key not in allowed


# StrimziAclOperation, AclRuleResource: what an ACL of a KafkaUser can be about, and what may be done
OPERATIONS = {
    Operation.READ: "Read",
    Operation.WRITE: "Write",
    Operation.CREATE: "Create",
    Operation.DELETE: "Delete",
    Operation.ALTER: "Alter",
    Operation.DESCRIBE: "Describe",
    Operation.CLUSTER_ACTION: "ClusterAction",
    Operation.ALTER_CONFIGS: "AlterConfigs",
    Operation.DESCRIBE_CONFIGS: "DescribeConfigs",
    Operation.IDEMPOTENT_WRITE: "IdempotentWrite",
    Operation.ALL: "All",
}
RESOURCES = {
    ResourceType.TOPIC: "topic",
    ResourceType.GROUP: "group",
    ResourceType.CLUSTER: "cluster",
    ResourceType.TRANSACTIONAL_ID: "transactionalId",
}

ITERATIONS = 4096  # ScramShaCredentialsBatchReconciler.ITERATIONS
MOST_BYTE_RATE = 2**31 - 1  # KafkaUserQuotas: an Integer

# Pools, and with them the names of pods: CLUSTER-POOL-ID. With `kafka`, those of combined nodes are called as [000] calls them.
COMBINED_POOL, BROKER_POOL, CONTROLLER_POOL = "kafka", "broker", "controller"
# Names that Strimzi makes of the cluster's and that DNS must take as one part, of 63 letters (KafkaResources): services and pods
LONGEST_ENDINGS = ("-kafka-bootstrap", "-entity-operator")
# Secrets that it makes beside those of users (KafkaResources)
SECRETS = (
    "-cluster-ca",
    "-cluster-ca-cert",
    "-clients-ca",
    "-clients-ca-cert",
    "-cluster-operator-certs",
    "-entity-topic-operator-cc-api",
    "-entity-topic-operator-certs",
    "-entity-user-operator-certs",
    "-kafka-jmx",
    "-trustbundle",
)


def password_secret(user: str) -> str:
    """The Secret that holds a password which the spec has a reference to. That of the user itself is Strimzi's to write."""
    return f"{user}-password"
