"""The plan for a person: one line a fact; the first character says what kind of line it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.model.units import counted, format_duration, format_size
from ottla.plan.changes import (
    AddPartitions,
    AlterNodeProperties,
    AlterQuota,
    AlterTopicConfigs,
    Change,
    CreateAcl,
    CreateTopic,
    DeleteAcl,
    DeleteScram,
    DeleteTopic,
    UpsertScram,
    user_key,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.model.user import ScramCredential
    from ottla.plan.changes import ConfigChange, QuotaChange
    from ottla.plan.plan import Plan

SMALLEST_DURATION_WORTH_READING = 1000
SMALLEST_SIZE_WORTH_READING = 1024
MOST_NAMES = 6  # of what is left alone; the JSON has all


def plan_lines(plan: Plan) -> Iterator[str]:
    """Lines that start with ``+`` (new), ``~`` (other), ``-`` (gone), ``!`` (risk), two spaces (detail) or ``#`` (note)."""
    for planned in plan.changes:
        yield from _change_lines(planned.change)
        for risk in planned.risks:
            yield f"!   {risk.code}: {risk.text}"
    if plan.unlisted:
        names = ", ".join(plan.unlisted)
        yield f"# not in the spec, left alone ({len(plan.unlisted)}): {names}. To delete: ottla apply --allow topics"
    for kind in dict.fromkeys(each.kind for each in plan.unlisted_access):
        left = [each.name for each in plan.unlisted_access if each.kind == kind]
        shown = "; ".join(left[:MOST_NAMES]) + (f"; and {len(left) - MOST_NAMES} more" if len(left) > MOST_NAMES else "")
        yield f"# {kind} not in the spec, left alone ({len(left)}): {shown}. To delete: ottla apply --allow {kind}"
    if plan.unverifiable:
        unknown = f"nobody here knows the password of {', '.join(plan.unverifiable)}"
        yield f"# unverifiable, left alone: {unknown}. To give another one: ottla users rotate USER"
    for unowned in plan.unowned:
        clears = f" (`reset: [{unowned.key}]` clears it)" if unowned.subject.startswith("topic ") else ""
        yield f"# not in the spec, left alone: {unowned.key}={unowned.value} on {unowned.subject}{clears}"


def plan_summary(plan: Plan) -> str:
    """``3 to create, 1 to change``, or that there is nothing to do."""
    counts = {"create": 0, "change": 0, "delete": 0}
    for planned in plan.changes:
        match planned.change:
            case CreateTopic() | CreateAcl() | UpsertScram(before=None):
                counts["create"] += 1
            case DeleteTopic() | DeleteAcl() | DeleteScram():
                counts["delete"] += 1
            case AddPartitions() | AlterTopicConfigs() | AlterNodeProperties() | AlterQuota() | UpsertScram():
                counts["change"] += 1
    said = ", ".join(f"{count} to {word}" for word, count in counts.items() if count)
    return said or "no changes: the cluster is as the spec says"


def _change_lines(change: Change) -> Iterator[str]:
    match change:
        case CreateTopic(topic):
            yield f"+ topic {topic.name}: {counted(topic.partitions, 'partition')}, replication_factor {topic.replication_factor}"
            for key, value in sorted(topic.configs.items()):
                yield f"    {key} = {readable(key, value)}"
        case AddPartitions(name, before, after):
            yield f"~ topic {name}: partitions {before} -> {after}"
        case AlterTopicConfigs(name=name, configs=configs):
            yield f"~ topic {name}"
            yield from map(_config_line, configs)
        case AlterNodeProperties(node_id, configs):
            yield f"~ node {node_id}"
            yield from map(_config_line, configs)
        case DeleteTopic(topic):
            yield f"- topic {topic.name}: {counted(topic.partitions, 'partition')}, replication_factor {topic.replication_factor}"
        case CreateAcl() | DeleteAcl() | UpsertScram() | DeleteScram() | AlterQuota():
            yield from _access_lines(change)


def _access_lines(change: CreateAcl | DeleteAcl | UpsertScram | DeleteScram | AlterQuota) -> Iterator[str]:
    match change:
        case CreateAcl(binding):
            yield f"+ acl {binding}"
        case DeleteAcl(binding):
            yield f"- acl {binding}"
        case UpsertScram(credential, before):
            yield from _credential_lines(credential, before)
        case DeleteScram(credential):
            yield f"- user {user_key(credential.key)}"
        case AlterQuota(entity, values):
            yield f"~ quota of {entity}"
            yield from map(_quota_line, values)


def _credential_lines(credential: ScramCredential, before: ScramCredential | None) -> Iterator[str]:
    if before is None:
        yield f"+ user {user_key(credential.key)}: {credential.iterations} iterations"
        return
    yield f"~ user {user_key(credential.key)}"
    if before.iterations != credential.iterations:
        yield f"    iterations: {before.iterations} -> {credential.iterations}"
    if before.version != credential.version:
        yield "    password: another one"


def _quota_line(value: QuotaChange) -> str:
    before, after = ("(not set)" if each is None else f"{each:,.15g}" for each in (value.before, value.after))
    return f"    {value.key}: {before} -> {after}"


def _config_line(config: ConfigChange) -> str:
    return f"    {config.key}: {_shown(config.key, config.before)} -> {_shown(config.key, config.after)}"


def _shown(key: str, value: str | None) -> str:
    return "(not set)" if value is None else readable(key, value) or "(empty)"


def readable(key: str, value: str) -> str:
    """``604800000 (7d)``: Kafka's own text, and what a person calls it."""
    if not value.lstrip("-").isdigit():
        return value
    number = int(value)
    if key.endswith(".ms") and (number < 0 or number >= SMALLEST_DURATION_WORTH_READING):
        return f"{value} ({format_duration(number)})"
    if key.endswith(".bytes") and (number < 0 or number >= SMALLEST_SIZE_WORTH_READING):
        return f"{value} ({format_size(number)})"
    return value
