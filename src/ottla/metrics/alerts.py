"""The table of alerts of a cluster. Those whose source is switched off are left out, and said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ottla.metrics.alert import Alert, LeftOut
from ottla.metrics.claim_alerts import claim_alerts
from ottla.metrics.disk_alerts import disk_alerts
from ottla.metrics.group_alerts import group_alerts
from ottla.metrics.node_alerts import node_alerts
from ottla.metrics.own_alerts import certificate_alerts, exporter_alerts, watchdog
from ottla.metrics.partition_alerts import partition_alerts
from ottla.metrics.quorum_alerts import quorum_alerts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.metrics.watched import Watched


@dataclass(frozen=True, slots=True)
class Alerting:
    """What there is an alert for, and what not."""

    alerts: tuple[Alert, ...]
    left_out: tuple[LeftOut, ...]


def alerts_of(watched: Watched) -> Alerting:
    """The table, in the order of the reference. An environment that shares a cluster has no alerts about its nodes."""
    entries = tuple(_entries(watched))
    return Alerting(
        tuple(each for each in entries if isinstance(each, Alert)), tuple(each for each in entries if isinstance(each, LeftOut))
    )


def _entries(watched: Watched) -> Iterator[Alert | LeftOut]:
    if not watched.shared:
        yield from node_alerts(watched)
        yield from quorum_alerts(watched)
        yield from partition_alerts(watched)
        yield from disk_alerts(watched)
        yield from claim_alerts(watched)
    yield from group_alerts(watched)
    yield from exporter_alerts(watched)
    if not watched.shared:
        yield from certificate_alerts(watched)
    yield watchdog(watched)
