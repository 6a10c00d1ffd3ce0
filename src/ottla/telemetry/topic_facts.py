"""What topics are set to, as far as metrics need it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ottla.kafka.cluster_snapshot import see_topic_configs
from ottla.metrics.lag import UNLIMITED, Retention

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from ottla.kafka.connection import Connection

EVERY = 60.0  # seconds; a topic that came in the meantime is asked for at once
KEYS = ("cleanup.policy", "retention.ms", "retention.bytes", "min.insync.replicas")


@dataclass(slots=True)
class TopicFacts:
    """By the names of topics. Those whose configs may not be read are missing."""

    min_isr: dict[str, int] = field(default_factory=dict)
    retention: dict[str, Retention] = field(default_factory=dict)
    compacted: set[str] = field(default_factory=set)
    _asked: set[str] = field(default_factory=set)
    _at: float = -EVERY

    def look(self, connection: Connection, topics: Collection[str]) -> None:
        """Ask for the configs of ``topics`` that are not known, or were asked long ago. Raises ClusterError."""
        if time.monotonic() - self._at >= EVERY:
            self._asked, self._at = set(), time.monotonic()
        new = [name for name in topics if name not in self._asked]
        if new:
            self.take(see_topic_configs(connection, new, KEYS))
            self._asked.update(new)

    def take(self, configs: Mapping[str, Mapping[str, str]]) -> None:
        """Take in what brokers say of topics."""
        for name, values in configs.items():
            policy = values.get("cleanup.policy", "").split(",")
            limits = (int(values.get(key, UNLIMITED)) for key in ("retention.ms", "retention.bytes"))
            self.retention[name] = Retention(*limits) if "delete" in policy else Retention()
            self.min_isr[name] = int(values.get("min.insync.replicas", 1))
            if "compact" in policy:
                self.compacted.add(name)
            else:
                self.compacted.discard(name)
