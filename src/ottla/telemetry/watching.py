"""What is watched of an environment, as its spec says it: the same on this machine and in Kubernetes. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ottla.local.roles import BROKER, CONTROLLER, node_roles
from ottla.metrics.lag import Isolation
from ottla.metrics.watched import LagLimit, Watched
from ottla.spec.schema import Controllers

if TYPE_CHECKING:
    from ottla.metrics.watched import Claims
    from ottla.spec.exporter import ExporterSpec
    from ottla.spec.monitoring import GroupLag, LagSlo
    from ottla.spec.schema import EnvironmentSpec

ISOLATION = "isolation.level"


class Counted(NamedTuple):
    """How many nodes take clients, and how many vote. A combined one does both."""

    brokers: int
    voters: int


def counted_nodes(spec: EnvironmentSpec) -> Counted:
    """The nodes that there should be."""
    roles = node_roles(spec.cluster.nodes, dedicated=spec.cluster.controllers is Controllers.DEDICATED).values()
    return Counted(*(sum(role in each for each in roles) for role in (BROKER, CONTROLLER)))


def read_committed_groups(spec: EnvironmentSpec, exporter: ExporterSpec) -> tuple[str, ...]:
    """The groups, by full name, whose lag ends at the last stable offset: as ``exporter`` says, or as the clients read."""
    named = exporter.read_committed
    if named is None:
        named = spec.consumer_groups if spec.client.consumer.get(ISOLATION) == Isolation.READ_COMMITTED else ()
    return tuple(spec.full_name(name) for name in named)


def watched_of(spec: EnvironmentSpec, *, agent: bool, disk: int | None, claims: Claims | None = None) -> Watched:
    """What alerts and dashboards need to know of an environment.

    ``agent``: nodes say what they measure inside. ``disk`` is how many bytes each has, ``claims`` are its volumes in Kubernetes.
    """
    nodes, monitoring, exporter = counted_nodes(spec), spec.monitoring, spec.exporter
    return Watched(
        cluster=spec.cluster.name,
        brokers=nodes.brokers,
        voters=nodes.voters,
        agent=agent,
        exporter=exporter.enabled,
        families=frozenset(exporter.families),
        canary=exporter.enabled and exporter.canary.enabled,
        tls=spec.security.enabled,
        scrape=monitoring.prometheus.scrape_interval,
        interval=exporter.interval,
        lag=LagLimit(monitoring.lag.records, monitoring.lag.seconds),
        lasting=monitoring.lag.lasting,
        disk_used=monitoring.disk.used,
        full_within=monitoring.disk.full_within,
        expire_within=monitoring.certificates.expire_within,
        disk=disk,
        groups={spec.full_name(name): _limit(group, monitoring.lag) for name, group in monitoring.lag.groups.items()},
        shared=spec.shares is not None,
        prefix=spec.prefix,
        claims=claims,
    )


def _limit(group: GroupLag, of_all: LagSlo) -> LagLimit:
    records = of_all.records if group.records is None else group.records
    return LagLimit(records, of_all.seconds if group.seconds is None else group.seconds)
