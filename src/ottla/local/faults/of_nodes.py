"""What faults of nodes have in common: whom they are done to, and the record that is kept until they are seen healed."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ottla.local.faults.record import forget, remember
from ottla.local.guards import named

if TYPE_CHECKING:
    from collections.abc import Collection

    from ottla.local.cluster import LocalCluster
    from ottla.local.faults.fault import Evidence


class OfNodes:
    """A fault of ``node_ids`` of a cluster. It is written down before it is done: ``_remember``."""

    name: ClassVar[str]

    def __init__(self, cluster: LocalCluster, node_ids: Collection[int]) -> None:
        self._cluster = cluster
        self._node_ids = tuple(sorted(node_ids))
        self._fault_id: str | None = None

    @property
    def target(self) -> str:
        """The nodes."""
        return named(self._node_ids)

    def _remember(self) -> None:
        self._fault_id = remember(self._cluster.layout, self.name, self._node_ids)

    def _healed(self, evidence: Evidence) -> Evidence:
        """What was seen of the healing; the fault is forgotten if that shows it."""
        if evidence.shown and self._fault_id is not None:
            forget(self._cluster.layout, self._fault_id)
        return evidence
