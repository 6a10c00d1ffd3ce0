"""What metrics are about: a spec chooses by it, and the catalogue files them under it."""

from __future__ import annotations

from enum import StrEnum


class Family(StrEnum):
    """What a metric is about. A family is switched on or off, and capped, as one."""

    BROKERS = "brokers"
    TOPICS = "topics"
    CONSUMER_GROUPS = "consumer_groups"
    LOG_DIRS = "log_dirs"
    QUORUM = "quorum"
    EXPORTER = "exporter"
    CANARY = "canary"
    NODE = "node"
