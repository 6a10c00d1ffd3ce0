"""From where on something is a finding. What a spec says wins; these are the defaults, in one place."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ottla.model.units import UNLIMITED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ottla.metrics.watched import LagLimit as AlertLimit
    from ottla.metrics.watched import Watched

HOUR = 3600.0
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class LagLimit:
    """How far a group may be behind, in records and in seconds; infinity: any number."""

    records: float = 1000
    seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Limits:
    """``of_groups`` are those of single groups. Shares are of 1, times are seconds."""

    lag: LagLimit = LagLimit()
    of_groups: Mapping[str, LagLimit] = field(default_factory=dict)
    disk_used: float = 0.85
    disk_full_within: float = 4 * HOUR
    disk_least: int = 64 * 1024**2  # bytes without which no node starts
    kafka_share: float = 0.2  # of what is used of a volume; where Kafka holds less, its topics are not what fills it
    open_files_used: float = 0.8
    expires_within: float = 21 * DAY
    voter_behind: float = 10.0
    near_retention: float = HOUR
    unused_for: float = 7 * DAY
    old_client_within: float = HOUR

    def lag_of(self, group_id: str) -> LagLimit:
        """The limit of a group."""
        return self.of_groups.get(group_id, self.lag)


def limits_of(watched: Watched) -> Limits:
    """The limits that the alerts of an environment have as well."""
    return Limits(
        lag=_lag_limit(watched.lag),
        of_groups={group: _lag_limit(limit) for group, limit in watched.groups.items()},
        disk_used=watched.disk_used,
        disk_full_within=watched.full_within / 1000,
        expires_within=watched.expire_within / 1000,
    )


def _lag_limit(limit: AlertLimit) -> LagLimit:
    records, age = (math.inf if figure == UNLIMITED else figure for figure in (limit.records, limit.age))
    return LagLimit(records, age / 1000)
