"""What topics are set to, as far as metrics need it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ottla.kafka.cluster_snapshot import see_topic_configs
from ottla.metrics.lag import UNLIMITED, Retention

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ottla.kafka.connection import Connection

EVERY = 60.0  # seconds; a topic that came in the meantime is asked for at once
KEYS = ("cleanup.policy", "retention.ms", "retention.bytes", "min.insync.replicas")


@dataclass(slots=True)
class TopicFacts:
    """By the names of topics. Those whose configs may not be read are missing."""

    min_isr: dict[str, int] = field(default_factory=dict)
    retention: dict[str, Retention] = field(default_factory=dict)
    gaps: set[str] = field(default_factory=set)  # those that are compacted, or might be
    _ids: dict[str, str] = field(default_factory=dict)
    _failures: list[str] = field(default_factory=list)
    _at: float = -EVERY

    def look(self, connection: Connection, ids: Mapping[str, str]) -> list[str]:
        """Ask for the configs of topics (name -> topic_id) that are not known, or were asked long ago.

        Returns what cannot be read, in words. Raises ClusterError.
        """
        if time.monotonic() - self._at >= EVERY:
            self._ids, self._failures, self._at = {}, [], time.monotonic()
        for name in self._ids.keys() - ids.keys():
            self._forget(name)
        new = [name for name, topic_id in ids.items() if self._ids.get(name) != topic_id]
        if new:
            found, failures = see_topic_configs(connection, new, KEYS)
            self._failures += failures
            for name in new:
                self._forget(name)
                self._ids[name] = ids[name]
                self._take(name, found.get(name))
        return self._failures

    def _forget(self, name: str) -> None:
        self._ids.pop(name, None)
        self.min_isr.pop(name, None)
        self.retention.pop(name, None)
        self.gaps.discard(name)

    def _take(self, name: str, values: Mapping[str, str] | None) -> None:
        if values is None:
            self.gaps.add(name)
            return
        policy = values.get("cleanup.policy", "").split(",")
        limits = (int(values.get(key, UNLIMITED)) for key in ("retention.ms", "retention.bytes"))
        self.retention[name] = Retention(*limits) if "delete" in policy else Retention()
        self.min_isr[name] = int(values.get("min.insync.replicas", 1))
        if "compact" in policy:
            self.gaps.add(name)
