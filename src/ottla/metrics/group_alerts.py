"""Alerts about consumer groups: behind by too much, standing still, about to lose records, having lost some.

Every group has a limit, that of all or its own, so an expression is one part for all and one for each with its own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ottla.metrics import group_metrics
from ottla.metrics.alert import MINUTE, SOON, About, Alert, LeftOut, Severity, window
from ottla.metrics.promql import of, seconds
from ottla.model.metric_family import Family
from ottla.model.units import UNLIMITED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ottla.metrics.metric import Metric
    from ottla.metrics.watched import LagLimit, Watched

NO_GROUPS = "nobody reads consumer groups: set exporter.enabled: true, with the family consumer_groups"
NO_LIMIT = "no group has a limit: set monitoring.lag"
NAMES = ("LagRecords", "LagSeconds", "LagStalled", "NearRetention", "RecordsLost")
LEAST_LEFT = 0.1  # of the retention
OF_A_TOPIC = ("cluster", "consumer_group", "topic")
GROUP = "{{ $labels.consumer_group }} on {{ $labels.topic }} ({{ $labels.cluster }})"
LABEL = "consumer_group"

Matchers = tuple[tuple[str, str, str], ...]


def group_alerts(watched: Watched) -> tuple[Alert | LeftOut, ...]:
    """The alerts about consumer groups."""
    if not watched.reads(Family.CONSUMER_GROUPS):
        return tuple(LeftOut(name, NO_GROUPS) for name in NAMES)
    return lag_records(watched), lag_seconds(watched), lag_stalled(watched), near_retention(watched), records_lost(watched)


def _limited(watched: Watched) -> Iterator[tuple[Matchers, LagLimit]]:
    """Which groups have which limit: all but those with their own, then each of these."""
    own = sorted(watched.groups)
    yield (*_own_names(watched), *((LABEL, "!=", name) for name in own)), watched.lag
    for name in own:
        yield ((LABEL, "=", name),), watched.groups[name]


def _own_names(watched: Watched) -> Matchers:
    return ((LABEL, "=~", f"{re.escape(watched.prefix)}.*"),) if watched.prefix else ()


def _over(watched: Watched, value: Callable[[LagLimit], int], part: Callable[[Matchers, LagLimit], str]) -> str:
    """A part for each limit, of the groups that have one."""
    return " or ".join(part(matchers, limit) for matchers, limit in _limited(watched) if value(limit) != UNLIMITED)


def lag_records(watched: Watched) -> Alert | LeftOut:
    """Behind by more records than it may."""
    metric = group_metrics.GROUP_TOPIC_LAG_RECORDS
    expression = _over(
        watched, lambda limit: limit.records, lambda only, limit: f"{of(metric, watched.cluster, *only)} > {limit.records}"
    )
    if not expression:
        return LeftOut("LagRecords", NO_LIMIT)
    return Alert(
        name="LagRecords",
        severity=Severity.TICKET,
        about=About.CONSUMER_GROUPS,
        expression=expression,
        lasting=watched.lasting,
        summary=f"{GROUP} is {{{{ $value | humanize }}}} records behind",
        description="That is more than monitoring.lag allows the group.",
        step=watched.round,
    )


def lag_seconds(watched: Watched) -> Alert | LeftOut:
    """Its first unread record is older than it may be."""
    metric = group_metrics.GROUP_TOPIC_LAG_SECONDS
    expression = _over(
        watched, lambda limit: limit.age, lambda only, limit: f"{of(metric, watched.cluster, *only)} > {seconds(limit.age)}"
    )
    if not expression:
        return LeftOut("LagSeconds", NO_LIMIT)
    return Alert(
        name="LagSeconds",
        severity=Severity.PAGE,
        about=About.CONSUMER_GROUPS,
        expression=expression,
        lasting=watched.lasting,
        summary=f"{GROUP} is {{{{ $value | humanizeDuration }}}} behind",
        description="The first record that it has not read is older than monitoring.lag allows the group.",
        step=watched.round,
        silences=("LagRecords",),
        equal=OF_A_TOPIC,
    )


def lag_stalled(watched: Watched) -> Alert | LeftOut:
    """It has records to read, is behind by more than it may, and has committed nothing in all that time.

    Nothing changes in a range that has one sample: what it had committed must have been known a whole range ago too.
    """

    def part(only: Matchers, limit: LagLimit) -> str:
        committed = of(group_metrics.GROUP_TOPIC_COMMITTED_OFFSETS, watched.cluster, *only)
        still = f"changes({committed}[{window(watched.lasting)}]) == 0 and {committed} offset {window(watched.lasting)}"
        unread = of(group_metrics.GROUP_TOPIC_LAG_RECORDS, watched.cluster, *only)
        age = of(group_metrics.GROUP_TOPIC_LAG_SECONDS, watched.cluster, *only)
        return f"({unread} > 0 and {age} > {seconds(limit.age)} and {still})"

    expression = _over(watched, lambda limit: limit.age, part)
    if not expression:
        return LeftOut("LagStalled", NO_LIMIT)
    return Alert(
        name="LagStalled",
        severity=Severity.PAGE,
        about=About.CONSUMER_GROUPS,
        expression=expression,
        lasting=MINUTE,
        summary=f"{GROUP} stands still, {{{{ $value | humanize }}}} records behind",
        description="It has committed nothing for as long as monitoring.lag.for, and there are records to read.",
        step=watched.round,
        silences=("LagSeconds", "LagRecords"),
        equal=OF_A_TOPIC,
    )


def near_retention(watched: Watched) -> Alert:
    """Hardly any of the retention is left for the first unread record: the time left, of that and its age."""
    only = _own_names(watched)
    left = of(group_metrics.GROUP_TOPIC_RETENTION_SECONDS, watched.cluster, *only)
    age = of(group_metrics.GROUP_TOPIC_LAG_SECONDS, watched.cluster, *only)
    return Alert(
        name="NearRetention",
        severity=Severity.PAGE,
        about=About.CONSUMER_GROUPS,
        expression=f"{left} / ({left} + {age}) < {LEAST_LEFT:g}",
        lasting=MINUTE,
        summary=f"{GROUP} is about to lose records",
        description=f"Less than {LEAST_LEFT:.0%} of the retention is left before its first unread record may be deleted.",
        step=watched.round,
        silences=("LagRecords", "LagSeconds"),
        equal=OF_A_TOPIC,
    )


def records_lost(watched: Watched) -> Alert:
    """Retention took what it had not read."""
    metric: Metric = group_metrics.GROUP_TOPIC_LOST_RECORDS
    return Alert(
        name="RecordsLost",
        severity=Severity.PAGE,
        about=About.CONSUMER_GROUPS,
        expression=f"{of(metric, watched.cluster, *_own_names(watched))} > 0",
        lasting=SOON,
        summary=f"Retention took {{{{ $value | humanize }}}} records that {GROUP} had not read",
        description="They are gone from the topic. The group goes on where the topic begins now, or as auto.offset.reset says.",
        step=watched.round,
        silences=("NearRetention",),
        equal=OF_A_TOPIC,
    )
