"""The versions table: the one place that says which Kafka runs, and what with it. Jars are locked in ``local/locks``."""

from __future__ import annotations

KAFKA_VERSIONS = ("4.3.1", "4.2.1")
DEFAULT_KAFKA_VERSION = "4.3.1"
# The highest metadata.version that each reads (org.apache.kafka.server.common.MetadataVersion.LATEST_PRODUCTION); a test compares
# it with running nodes.
METADATA_LEVELS = {"4.3.1": 30, "4.2.1": 29}
METADATA_VERSIONS = {"4.3.1": "4.3-IV0", "4.2.1": "4.2-IV1"}  # the same by their names, as Strimzi's kafka-versions.yaml has them
LOG4J_VERSION = "2.25.4"  # of the binding that Kafka's log needs, and of the layout that writes it as JSON
JMX_AGENT_VERSION = "1.0.1"  # of io.prometheus.jmx:jmx_prometheus_javaagent, which reads metrics inside a node
STRIMZI_VERSION = "1.2.0"  # the first that has Kafka 4.3.1; its API is v1
LEAST_KUBERNETES = (1, 30)  # that Strimzi is tried on ("Kubernetes 1.30 and later")
STRIMZI_KAFKA_VERSIONS = ("4.3.1", "4.3.0", "4.2.1", "4.2.0")  # those that it runs: `supported` in its kafka-versions.yaml
