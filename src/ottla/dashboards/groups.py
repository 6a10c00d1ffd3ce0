"""Groups and lag: how far each is behind, in records and in seconds, whether it catches up, and what it may lose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.dashboards.panel import Dashboard, Kind, Panel, Row, bad_from, floor, good_from, lag_from, stat, warn_from
from ottla.dashboards.query import Query, Scope, Variable
from ottla.metrics.group_metrics import (
    GROUP_LAG_RECORDS,
    GROUP_LAG_SECONDS,
    GROUP_MEMBERS,
    GROUP_STATE,
    GROUP_TOPIC_CATCH_UP_SECONDS,
    GROUP_TOPIC_COMMITTED_OFFSETS,
    GROUP_TOPIC_LAG_RECORDS,
    GROUP_TOPIC_LAG_SECONDS,
    GROUP_TOPIC_LOST_RECORDS,
    GROUP_TOPIC_RETENTION_SECONDS,
)

if TYPE_CHECKING:
    from ottla.metrics.metric import Metric
    from ottla.metrics.watched import Watched

BEHIND = "a group is behind in a topic that has a retention"
HOUR, DAY = 3600, 86400
WORST = 20

_variables = (Variable.GROUP, Variable.TOPIC)
_ask = Scope(_variables).ask


def groups(watched: Watched) -> Dashboard:
    """Of one cluster."""
    rows = (
        Row("At a glance", _glance(watched)),
        Row("How far behind", _lag(watched)),
        Row("Catching up, or running out of time", _outlook()),
        Row("Who reads", _members()),
    )
    says = "How far each consumer group is behind, whether it catches up, and what retention may take from it unread."
    return Dashboard("ottla-groups", "Kafka: groups and lag", says, rows, _variables)


def _glance(watched: Watched) -> tuple[Panel, ...]:
    never = _ask("count({catch_up} == +Inf) or vector(0)", catch_up=GROUP_TOPIC_CATCH_UP_SECONDS)
    slowest = _ask("max({catch_up} < +Inf) or vector(0)", catch_up=GROUP_TOPIC_CATCH_UP_SECONDS)
    return (
        stat("Groups", "none", _ask("count({members})", members=GROUP_MEMBERS)),
        stat("Members", "none", _ask("sum({members})", members=GROUP_MEMBERS)),
        stat("Lag", "short", _ask("sum({lag})", lag=GROUP_TOPIC_LAG_RECORDS), says="Records, all groups together."),
        stat(
            "Worst lag",
            "s",
            _ask("max({lag})", lag=GROUP_TOPIC_LAG_SECONDS),
            steps=lag_from(watched.lag.age / 1000, orange=True),
        ),
        stat("Slowest to catch up", "s", slowest, steps=bad_from(DAY, orange=HOUR), says="Of those that do."),
        stat(
            "Not catching up",
            "none",
            never,
            steps=warn_from(1),
            says="Groups and topics in which more is written than read, or nothing is read.",
        ),
        stat(
            "Nearest to a loss",
            "s",
            _ask("min({left})", left=GROUP_TOPIC_RETENTION_SECONDS),
            steps=good_from(DAY, orange=HOUR),
            empty_until=BEHIND,
        ),
        stat("Lost unread", "short", _ask("sum({lost})", lost=GROUP_TOPIC_LOST_RECORDS), steps=bad_from(1)),
    )


def _by_topic(promql: str, metric: Metric) -> tuple[Query, ...]:
    return (_ask(promql, "{{consumer_group}}: {{topic}}", figures=metric),)


def _lag(watched: Watched) -> tuple[Panel, ...]:
    most, place = "max by (consumer_group, topic) ({figures})", "{{consumer_group}}: {{topic}} {{partition}}"
    worst = f"topk({WORST}, {{figures}})"
    seconds, records = lag_from(watched.lag.age / 1000), lag_from(watched.lag.records)
    return (
        Panel("Lag in seconds", "s", _by_topic(most, GROUP_TOPIC_LAG_SECONDS), steps=seconds, line=True),
        Panel("Lag in records", "short", _by_topic(most, GROUP_TOPIC_LAG_RECORDS), steps=records, line=True),
        Panel(
            "Worst partitions, in seconds",
            "s",
            (_ask(worst, place, figures=GROUP_LAG_SECONDS),),
            says="One partition far above the others: a slow or stuck member, or a key with too many records.",
            steps=seconds,
            line=True,
        ),
        Panel("Worst partitions, in records", "short", (_ask(worst, place, figures=GROUP_LAG_RECORDS),)),
    )


def _outlook() -> tuple[Panel, ...]:
    read = "sum by (consumer_group, topic) (deriv({figures}[{rate}]))"
    finite = "max by (consumer_group, topic) ({figures}) < +Inf"
    left = "min by (consumer_group, topic) ({figures})"
    return (
        Panel(
            "Records read",
            "cps",
            _by_topic(read, GROUP_TOPIC_COMMITTED_OFFSETS),
            says="How quickly committed offsets move. Below 0: offsets were set back.",
            minimum=None,
            width=8,
        ),
        Panel(
            "Time to catch up",
            "s",
            _by_topic(finite, GROUP_TOPIC_CATCH_UP_SECONDS),
            says="A group that does not catch up has no line here.",
            width=8,
        ),
        Panel(
            "Time until retention takes unread records",
            "s",
            _by_topic(left, GROUP_TOPIC_RETENTION_SECONDS),
            width=8,
            steps=floor(HOUR),
            line=True,
            empty_until=BEHIND,
        ),
    )


def _members() -> tuple[Panel, ...]:
    columns = (
        _ask("max by (consumer_group, state) ({state} == 1)", "in", state=GROUP_STATE),
        _ask("max by (consumer_group) ({members})", "members", members=GROUP_MEMBERS),
        _ask("sum by (consumer_group) ({lag})", "lag", "short", lag=GROUP_TOPIC_LAG_RECORDS),
        _ask("max by (consumer_group) ({lag})", "lag in seconds", "s", lag=GROUP_TOPIC_LAG_SECONDS),
        _ask("sum by (consumer_group) ({lost})", "lost", "short", lost=GROUP_TOPIC_LOST_RECORDS),
    )
    members = (_ask("max by (consumer_group) ({members})", "{{consumer_group}}", members=GROUP_MEMBERS),)
    return (
        Panel("Groups", "none", columns, Kind.TABLE, hidden=("in",), says="All topics of a group together."),
        Panel(
            "Members",
            "none",
            members,
            width=6,
        ),
        Panel(
            "Records lost unread",
            "short",
            _by_topic("max by (consumer_group, topic) ({figures})", GROUP_TOPIC_LOST_RECORDS),
            width=6,
            steps=bad_from(1),
        ),
    )
