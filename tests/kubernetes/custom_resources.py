"""Custom resources as people write them: small ones, each good as it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML

STRIMZI = "/apis/kafka.strimzi.io/v1"
MONITORING = "/apis/monitoring.coreos.com/v1"
DAPR = "/apis/dapr.io"


@dataclass(frozen=True)
class Kind:
    """Where a kind of resource is kept, and a good one of it."""

    version: str
    plural: str
    example: str

    def path(self, namespace: str) -> str:
        return f"{self.version}/namespaces/{namespace}/{self.plural}"

    def good(self) -> dict[str, Any]:
        """A new copy of it, to be changed at will."""
        found: dict[str, Any] = YAML(typ="safe").load(self.example)
        return {"apiVersion": self.version.removeprefix("/apis/"), **found}


KAFKA = Kind(
    STRIMZI,
    "kafkas",
    """
    kind: Kafka
    metadata: {name: events}
    spec:
      kafka:
        version: 4.3.1
        listeners:
          - {name: plain, port: 9092, type: internal, tls: false}
          - {name: tls, port: 9093, type: internal, tls: true, authentication: {type: scram-sha-512}}
        config: {min.insync.replicas: 2}
        authorization: {type: simple}
      entityOperator: {topicOperator: {}, userOperator: {}}
    """,
)
NODE_POOL = Kind(
    STRIMZI,
    "kafkanodepools",
    """
    kind: KafkaNodePool
    metadata: {name: brokers, labels: {strimzi.io/cluster: events}}
    spec:
      replicas: 3
      roles: [controller, broker]
      storage: {type: jbod, volumes: [{id: 0, type: persistent-claim, size: 100Gi}]}
    """,
)
TOPIC = Kind(
    STRIMZI,
    "kafkatopics",
    """
    kind: KafkaTopic
    metadata: {name: task-events, labels: {strimzi.io/cluster: events}}
    spec: {partitions: 6, replicas: 3, config: {retention.ms: 604800000}}
    """,
)
USER = Kind(
    STRIMZI,
    "kafkausers",
    """
    kind: KafkaUser
    metadata: {name: task-service, labels: {strimzi.io/cluster: events}}
    spec:
      authentication: {type: scram-sha-512}
      authorization:
        type: simple
        acls: [{resource: {type: topic, name: task-events, patternType: literal}, operations: [Write, Describe]}]
      quotas: {producerByteRate: 1048576}
    """,
)
RULE = Kind(
    MONITORING,
    "prometheusrules",
    """
    kind: PrometheusRule
    metadata: {name: events}
    spec: {groups: [{name: kafka, rules: [{alert: BrokerDown, expr: up == 0, for: 1m, labels: {severity: critical}}]}]}
    """,
)
POD_MONITOR = Kind(
    MONITORING,
    "podmonitors",
    """
    kind: PodMonitor
    metadata: {name: events}
    spec: {selector: {matchLabels: {app: kafka}}, podMetricsEndpoints: [{port: metrics, interval: 30s}]}
    """,
)
COMPONENT = Kind(
    f"{DAPR}/v1alpha1",
    "components",
    """
    kind: Component
    metadata: {name: pubsub}
    spec: {type: pubsub.kafka, version: v1, metadata: [{name: brokers, value: "events-kafka-bootstrap:9092"}]}
    """,
)
SUBSCRIPTION = Kind(
    f"{DAPR}/v2alpha1",
    "subscriptions",
    """
    kind: Subscription
    metadata: {name: task-events}
    spec: {topic: task-events, pubsubname: pubsub, routes: {default: /tasks}}
    """,
)
KINDS = (KAFKA, NODE_POOL, TOPIC, USER, RULE, POD_MONITOR, COMPONENT, SUBSCRIPTION)
