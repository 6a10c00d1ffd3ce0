"""What a change would do to the data, in records and bytes: small rules, each with a code that a person can accept."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from ottla.model.acl import Permission
from ottla.model.node import AUTHORIZER
from ottla.model.topic import is_protected
from ottla.model.units import UNLIMITED, counted, format_duration, format_size
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
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ottla.model.state import ClusterState, Evidence, TopicEvidence
    from ottla.plan.changes import ConfigChange, QuotaChange

BROKER_RETENTION = frozenset({f"log.retention.{unit}" for unit in ("ms", "minutes", "hours", "bytes")})
SOONER = frozenset(
    {
        "min.compaction.lag.ms",
        "log.cleaner.min.compaction.lag.ms",
        "delete.retention.ms",
        "log.cleaner.delete.retention.ms",
    }
)
CODES = frozenset(
    {
        "compacts-records",
        "compacts-sooner",
        "deletes-most-topics",
        "deletes-records",
        "drops-records",
        "opens-platform",
        "re-keys",
        "unclean-election",
        "weaker-acks",
    }
)
DEFAULT_POLICY = "delete"  # of a broker, unless log.cleanup.policy says otherwise
FEWEST_THAT_LOOK_WRONG = 2


class Severity(Enum):
    """NOTICE wants a yes; DATA wants its code accepted by name."""

    NOTICE = "notice"
    DATA = "data"


@dataclass(frozen=True, slots=True)
class Risk:
    """What may be lost or interrupted. ``code`` is stable: it is what ``--accept`` takes."""

    code: str
    severity: Severity
    text: str


def topics_in_need_of_evidence(changes: Iterable[Change]) -> frozenset[str]:
    """The topics whose contents decide how risky the changes are."""
    names = set()
    for change in changes:
        match change:
            case AddPartitions(name=name) | AlterTopicConfigs(name=name):
                names.add(name)
            case DeleteTopic(topic):
                names.add(topic.name)
            case CreateTopic() | AlterNodeProperties():
                pass
            case CreateAcl() | DeleteAcl() | UpsertScram() | DeleteScram() | AlterQuota():
                pass
    return frozenset(names)


def risks_of(change: Change, evidence: Evidence) -> tuple[Risk, ...]:
    """Every risk of a change. A topic that was seen to be empty has none; one that was not looked at has all."""
    match change:
        case CreateTopic():
            return ()
        case DeleteTopic(topic):
            return tuple(_deletes(evidence.topics.get(topic.name)))
        case AddPartitions(name=name):
            return tuple(_re_keys(evidence.topics.get(name)))
        case AlterTopicConfigs(name=name):
            return tuple(_alters(change, evidence.topics.get(name)))
        case AlterNodeProperties(node_id, configs):
            keys = ", ".join(config.key for config in configs)
            notice = Risk("restarts-node", Severity.NOTICE, f"node {node_id} is restarted to read {keys}")
            return (notice, *_of_clients(node_id, configs), *risks_of_properties(configs))
        case CreateAcl() | DeleteAcl() | UpsertScram() | DeleteScram() | AlterQuota():
            return tuple(_of_access(change))


def _of_clients(node_id: int, configs: Iterable[ConfigChange]) -> Iterator[Risk]:
    """What a node that is locked or opened does to those who are connected."""
    locked = next((bool(config.after) for config in configs if config.key == AUTHORIZER), None)
    if locked is True:
        text = f"node {node_id} cuts off clients that do not log in: its open listener is gone, and what no ACL allows is refused"
        yield Risk("locks-out", Severity.NOTICE, text)
    if locked is False:
        text = f"node {node_id} takes anybody on this machine: logins, ACLs and TLS to clients are gone"
        yield Risk("opens-platform", Severity.DATA, text)


def _of_access(change: CreateAcl | DeleteAcl | UpsertScram | DeleteScram | AlterQuota) -> Iterator[Risk]:
    """What may stop a client that works now, or let one in that was kept out. No record is lost by it: notices."""
    match change:
        case CreateAcl(binding) if binding.permission is Permission.DENY:
            yield Risk("denies", Severity.NOTICE, f"{binding.principal} is refused this from now on, whatever else allows it")
        case DeleteAcl(binding) if binding.permission is Permission.DENY:
            yield Risk("opens", Severity.NOTICE, f"what an ALLOW gives {binding.principal} is no longer refused")
        case DeleteAcl(binding):
            yield Risk("revokes", Severity.NOTICE, f"{binding.principal} loses it at once, also in the middle of its work")
        case UpsertScram(before=before) if before is not None:
            yield Risk("changes-login", Severity.NOTICE, "clients with another password can no longer log in")
        case DeleteScram(credential):
            yield Risk("ends-login", Severity.NOTICE, f"{credential.user} can no longer log in by {credential.mechanism}")
        case AlterQuota(values=values):
            tighter = [value.key for value in values if _is_tighter(value)]
            if tighter:
                yield Risk("slows", Severity.NOTICE, f"clients beyond {', '.join(tighter)} are slowed down")
        case CreateAcl() | UpsertScram():
            pass


def _is_tighter(value: QuotaChange) -> bool:
    return value.after is not None and (value.before is None or value.after < value.before)


def bulk_risks(changes: Iterable[Change], observed: ClusterState) -> tuple[Risk, ...]:
    """What the deletions amount to together: more than half of all topics looks like the wrong spec, or the wrong cluster."""
    deleted = sum(isinstance(change, DeleteTopic) for change in changes)
    there = sum(not is_protected(name) for name in observed.topics)
    if deleted < FEWEST_THAT_LOOK_WRONG or deleted * 2 <= there:
        return ()
    text = f"{deleted} of the cluster's {there} topics are deleted: is this the right spec, and the right cluster?"
    return (Risk("deletes-most-topics", Severity.DATA, text),)


def _contents(seen: TopicEvidence | None) -> str:
    if seen is None:
        return "an unknown number of records"
    return f"up to {counted(seen.records, 'record')} ({format_size(seen.size_bytes)} over all replicas)"


def _deletes(seen: TopicEvidence | None) -> Iterator[Risk]:
    if seen is None or seen.records:
        yield Risk("deletes-records", Severity.DATA, f"{_contents(seen)} are deleted for good")


def _re_keys(seen: TopicEvidence | None) -> Iterator[Risk]:
    if seen is None or seen.records:
        yield Risk(
            "re-keys",
            Severity.DATA,
            f"keys of {_contents(seen)} hash to other partitions from now on: order per key, joins and compaction "
            "hold only within what is written after",
        )


def _alters(change: AlterTopicConfigs, seen: TopicEvidence | None) -> Iterator[Risk]:
    for config in change.configs:
        yield from _weaker(config)
    if seen is not None and not seen.records:
        return
    deletes = "delete" in _policy_after(change)
    for config in change.configs:
        if config.key in {"retention.ms", "retention.bytes"} and deletes and _less(config):
            yield Risk("drops-records", Severity.DATA, f"of {_contents(seen)}, those beyond {_limit(config)} are deleted")
        if config.key in SOONER and _less(config):
            yield Risk("compacts-sooner", Severity.DATA, f"of {_contents(seen)}, history older than {_limit(config)} may go")
        if config.key == "cleanup.policy" and deletes and "delete" not in (config.before or DEFAULT_POLICY):
            yield Risk("drops-records", Severity.DATA, f"of {_contents(seen)}, those past retention are deleted")
        if config.key == "cleanup.policy" and "compact" in (config.after or "") and "compact" not in (config.before or ""):
            yield Risk(
                "compacts-records",
                Severity.DATA,
                f"of {_contents(seen)}, only the last of each key is kept; records without a key are refused from now on",
            )


def risks_of_properties(configs: Iterable[ConfigChange]) -> Iterator[Risk]:
    """Those of server properties, each of which is the default of every topic that does not set its own."""
    for config in configs:
        yield from _weaker(config)
        if (config.key in BROKER_RETENTION and _less(config)) or config.key == "log.cleanup.policy":
            text = f"{config.key} rules every topic without a setting of its own: records of any of them may be deleted"
            yield Risk("drops-records", Severity.DATA, text)
        if config.key in SOONER and _less(config):
            text = f"{config.key} rules every compacted topic without a setting of its own: history may go sooner"
            yield Risk("compacts-sooner", Severity.DATA, text)


def _weaker(config: ConfigChange) -> Iterator[Risk]:
    if config.key == "unclean.leader.election.enable" and config.after == "true":
        yield Risk("unclean-election", Severity.DATA, "a replica that lags may become leader: acknowledged records can be lost")
    if config.key == "min.insync.replicas" and config.before is not None and _less(config):
        text = f"records are acknowledged once {config.after or 'the default number of'} replicas have them, not {config.before}"
        yield Risk("weaker-acks", Severity.DATA, text)


def _policy_after(change: AlterTopicConfigs) -> str:
    for config in change.configs:
        if config.key == "cleanup.policy":
            return config.after or DEFAULT_POLICY
    return change.cleanup_policy or DEFAULT_POLICY


def _less(config: ConfigChange) -> bool:
    after, before = _number(config.after), _number(config.before)
    if after is None or before is None:
        return after != UNLIMITED  # the default of the broker is not known here: take the worse
    if after == UNLIMITED:
        return False
    return before == UNLIMITED or after < before


def _number(text: str | None) -> int | None:
    """None also for what Kafka would not take, which a resource of Kubernetes may say all the same."""
    return int(text) if text is not None and text.removeprefix("-").isdecimal() else None


def _limit(config: ConfigChange) -> str:
    if config.after is None:
        return "the broker's default"
    value = _number(config.after)
    if value is None:
        return config.after
    return format_duration(value) if config.key.endswith(".ms") else f"{format_size(value)} a partition"
