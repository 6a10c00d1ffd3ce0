"""Topics that are missing, what differs from the spec, topics and groups that nobody uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.doctor import kinds as of
from ottla.doctor.finding import found
from ottla.metrics.lag import EMPTY
from ottla.model.topic import is_protected
from ottla.model.units import counted, format_duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.doctor.evidence import Evidence
    from ottla.doctor.finding import Finding

EXISTS, ISR, TOPIC = "exists", "isr", "topic "


def check_spec(evidence: Evidence) -> Iterator[Finding]:
    """What `ottla verify` finds wanting, apart from replicas: other checks see more of those."""
    for each in evidence.checks:
        if each.wanting is None or each.name == ISR:
            continue
        if each.name == EXISTS and each.subject.startswith(TOPIC):
            lines = ["the spec lists it, and the cluster has no topic of that name"]
            yield found(of.TOPIC_MISSING, each.subject, "is not there", evidence=lines, command="ottla up creates it")
        else:
            lines = [f"{each.name}: {each.wanting}"]
            command = "ottla plan, then: ottla apply"
            yield found(of.DIFFERS, each.subject, f"{each.name}: {each.wanting}", evidence=lines, command=command)


def check_unused(evidence: Evidence) -> Iterator[Finding]:
    """Topics without a record for long and without a reader; groups without members that the spec does not name."""
    read = {behind.topic for group in evidence.groups for behind in group.behind}
    for topic in evidence.topics:
        if topic.in_spec or is_protected(topic.name) or topic.name in read:
            continue
        if topic.newest is None or topic.newest > evidence.limits.unused_for:
            since = "it holds no record" if topic.newest is None else f"its newest is {format_duration(topic.newest * 1000)} old"
            lines = [since, "no group has an offset in it", *(["the spec does not name it"] if evidence.has_spec else [])]
            command = f"ottla topics describe {topic.name}"
            yield found(of.UNUSED_TOPIC, f"topic {topic.name}", "seems unused", evidence=lines, command=command)
    for group in evidence.groups:
        if group.state == EMPTY and not group.in_spec and not any(each.lag > 0 for each in group.behind):
            lines = [f"state {group.state}, no members", f"it has offsets in {counted(len(group.behind), 'partition')}"]
            command = f"ottla groups describe {group.group_id}"
            yield found(of.UNUSED_GROUP, f"group {group.group_id}", "seems unused", evidence=lines, command=command)
