"""Groups that are behind: where, who should read it, since when, whether they catch up, and what retention will do meanwhile."""

from __future__ import annotations

from collections import defaultdict
from math import inf
from typing import TYPE_CHECKING

from ottla.doctor import kinds as of
from ottla.doctor.finding import Severity, found
from ottla.metrics.lag import EMPTY, UNLIMITED, Retention, catch_up_seconds
from ottla.model.units import counted, format_duration, format_size

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ottla.doctor.evidence import Behind, Evidence, GroupSeen
    from ottla.doctor.finding import Finding
    from ottla.doctor.limits import LagLimit

SHOWN = 4


def check(evidence: Evidence) -> Iterator[Finding]:
    """For each group and topic one finding at most about lag, and one about records that are lost."""
    for group in evidence.groups:
        by_topic: dict[str, list[Behind]] = defaultdict(list)
        for each in group.behind:
            by_topic[each.topic].append(each)
        for topic, behind in sorted(by_topic.items()):
            where = f"group {group.group_id}, topic {topic}"
            yield from _lost(evidence, where, behind)
            if _is_high(behind, evidence.limits.lag_of(group.group_id)):
                yield _lagging(evidence, group, where, behind)
            elif group.state == EMPTY and any(each.lag > 0 for each in behind):
                yield _unread(where, behind)


def _is_high(behind: Sequence[Behind], limit: LagLimit) -> bool:
    """Old, or much and not gone within the time that is allowed: who reads quickly may well have much left."""
    if any(each.age is not None and each.age >= limit.seconds for each in behind if each.lag > 0):
        return True
    if sum(each.lag for each in behind) < limit.records:
        return False
    done = _done_in(behind)
    return done is None or done > limit.seconds


def _done_in(behind: Sequence[Behind]) -> float | None:
    """Seconds until the slowest partition is read; inf: never at this rate, None: that is not known."""
    each = [catch_up_seconds(one.lag, read=one.read, written=one.written, elapsed=one.elapsed) for one in behind]
    known = [seconds for seconds in each if seconds is not None]
    return None if len(known) < len(each) else max(known, default=0.0)


def _lagging(evidence: Evidence, group: GroupSeen, where: str, behind: Sequence[Behind]) -> Finding:
    lag, oldest = sum(each.lag for each in behind), max((each.age for each in behind if each.age is not None), default=None)
    since = f", the oldest written {format_duration(oldest * 1000)} ago" if oldest is not None else ""
    worst = sorted((each for each in behind if each.lag), key=lambda each: -each.lag)
    lines = [*_partitions(group, worst), _pace(behind), *_danger(worst)]
    is_empty = group.state == EMPTY
    in_danger = any(each.kept_for is not None and each.kept_for < evidence.limits.near_retention for each in worst)
    return found(
        of.NOBODY_READS if is_empty else of.HIGH_LAG,
        where,
        f"{counted(lag, 'record')} left to read{since}",
        evidence=lines,
        cause="it has no members: nobody reads" if is_empty else _cause(worst),
        command="start its consumers; then: ottla lag --watch" if is_empty else f"ottla groups describe {group.group_id}",
        severity=Severity.ERROR if in_danger else None,
    )


def _unread(where: str, behind: Sequence[Behind]) -> Finding:
    lag = sum(each.lag for each in behind)
    lines = [f"{counted(lag, 'record')} wait, and nobody reads"]
    return found(
        of.NOBODY_READS,
        where,
        f"{lines[0]}; that is within its limits",
        evidence=lines,
        command="start its consumers; then: ottla lag --watch",
        severity=Severity.NOTE,
    )


def _cause(worst: Sequence[Behind]) -> str:
    still = [each for each in worst if each.read == 0]
    if still and len(still) < len(worst):
        names = ", ".join(str(each.partition) for each in still[:SHOWN])
        return f"partition {names} stands still while others move: its member is stuck (on one record?) or gone"
    if still:
        return "nothing was read between two looks: its members are stuck, or do not commit"
    return "its members read, and more slowly than it needs"


def _partitions(group: GroupSeen, worst: Sequence[Behind]) -> list[str]:
    readers = {place: f"{member.client_id} at {member.host}" for member in group.members or () for place in member.assignment}
    lines = []
    for each in worst[:SHOWN]:
        reader = readers.get((each.topic, each.partition), "nobody" if group.members is not None else "members not known")
        since = f", since {format_duration(each.age * 1000)}" if each.age is not None else ""
        lines.append(f"partition {each.partition}: {counted(each.lag, 'record')}{since}; read by {reader}")
    more = len(worst) - SHOWN
    return [*lines, *([f"and {counted(more, 'partition')} more"] if more > 0 else [])]


def _pace(behind: Sequence[Behind]) -> str:
    elapsed = max((each.elapsed for each in behind), default=0.0)
    read, written = sum(each.read for each in behind), sum(each.written for each in behind)
    figures = f"in {elapsed:.1f} s it read {read:,} and {written:,} were written"
    done = _done_in(behind)
    if done is None:
        return f"{figures}: too little is known to say when it will be done"
    return f"{figures}: it does not catch up" if done == inf else f"{figures}: done in about {format_duration(done * 1000)}"


def _danger(worst: Sequence[Behind]) -> list[str]:
    """What retention may do to it, as far as that was read: of what is not known nothing is said."""
    soonest = min((each.kept_for for each in worst if each.kept_for is not None), default=None)
    sizes = [each.retention.size for each in worst if each.retention is not None and each.retention.size != UNLIMITED]
    lines = [f"retention may take the oldest in {format_duration(soonest * 1000)}"] if soonest is not None else []
    if sizes:
        lines.append(f"retention takes the oldest of a partition beyond {format_size(min(sizes))}, however new they are")
    return lines or (["retention takes none of it"] if all(each.retention == Retention() for each in worst) else [])


def _lost(evidence: Evidence, where: str, behind: Sequence[Behind]) -> Iterator[Finding]:
    lost = [each for each in behind if each.lost]
    if lost:
        count = counted(sum(each.lost for each in lost), "offset")
        lines = [f"partition {each.partition}: the first {each.lost:,} it has not read are gone" for each in lost[:SHOWN]]
        in_spec, in_cluster = "retention in the spec, then: ottla plan", "retention.ms, retention.bytes"
        command = f"let the topic keep more: {in_spec if evidence.has_spec else in_cluster}"
        yield found(of.RECORDS_LOST, where, f"retention took {count} that it had not read", evidence=lines, command=command)
