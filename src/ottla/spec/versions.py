"""The versions table: the one place that says which Kafka runs. Its jars are locked in ``local/locks``."""

from __future__ import annotations

KAFKA_VERSIONS = ("4.3.1",)
DEFAULT_KAFKA_VERSION = "4.3.1"
