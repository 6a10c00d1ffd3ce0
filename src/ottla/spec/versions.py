"""The versions table: the one place that says which Kafka runs and what belongs to it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KafkaVersion:
    """A Kafka release: its number and the newest ``metadata.version`` it knows."""

    number: str
    metadata_version: str


KAFKA_VERSIONS = {version.number: version for version in (KafkaVersion("4.3.1", "4.3-IV0"),)}
DEFAULT_KAFKA_VERSION = "4.3.1"
