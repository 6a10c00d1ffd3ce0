"""What alerts are made for: a cluster as its spec has it, and what is measured of it. Their numbers are literals of it."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  (dataclasses read the annotations)
from dataclasses import dataclass, field

from ottla.model.metric_family import Family  # noqa: TC001  (as above)


@dataclass(frozen=True, slots=True)
class LagLimit:
    """How far a consumer group may be behind: records, and ms. -1: any."""

    records: int
    age: int


@dataclass(frozen=True, slots=True)
class Claims:
    """The volumes of nodes in Kubernetes: PersistentVolumeClaims of a namespace, by a pattern for their whole names."""

    namespace: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Watched:
    """A cluster, what is measured of it, and what is too much. Times are in ms, shares from 0 to 1.

    ``agent``: its nodes run the JMX agent. ``families`` are those of its exporter, none if there is no exporter.
    ``prefix`` begins the names of an environment that shares a cluster: alerts about nodes are its owner's (``shared``).
    ``lasting`` is for how long lag must be too much; ``groups`` have limits of their own, by full name. ``claims``: only in
    Kubernetes.
    """

    cluster: str
    brokers: int
    voters: int
    agent: bool
    exporter: bool
    families: frozenset[Family]
    canary: bool
    tls: bool
    scrape: int
    interval: int
    lag: LagLimit
    lasting: int
    disk_used: float
    full_within: int
    expire_within: int
    disk: int | None = None
    groups: Mapping[str, LagLimit] = field(default_factory=dict)
    shared: bool = False
    prefix: str = ""
    claims: Claims | None = None

    @property
    def round(self) -> int:
        """How often what the exporter gives is new to Prometheus."""
        return max(self.scrape, self.interval)

    def reads(self, family: Family) -> bool:
        """Whether the exporter gives a family."""
        return self.exporter and family in self.families
