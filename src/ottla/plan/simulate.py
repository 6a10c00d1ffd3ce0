"""What a list of changes makes of a state, without a cluster: the law that keeps diff and apply honest."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ottla.model.node import AUTHORIZER
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
    from collections.abc import Iterable, Mapping

    from ottla.model.state import ClusterState
    from ottla.plan.changes import ConfigChange, QuotaChange


def apply_in_memory(changes: Iterable[Change], state: ClusterState) -> ClusterState:
    """The state after ``changes``. Raises KeyError where a change is about something that is not there."""
    topics, nodes = dict(state.topics), dict(state.nodes)
    for change in changes:
        match change:
            case CreateTopic(topic):
                topics[topic.name] = replace(topic, reset=frozenset())
            case AddPartitions(name=name, after=after):
                topics[name] = replace(topics[name], partitions=after)
            case AlterTopicConfigs(name=name, configs=configs):
                topics[name] = replace(topics[name], configs=_altered(topics[name].configs, configs))
            case AlterNodeProperties(node_id, configs):
                nodes[node_id] = replace(nodes[node_id], properties=_altered(nodes[node_id].properties, configs))
                state = replace(state, authorizer=_with_authorizer(state.authorizer, configs))
            case DeleteTopic(topic):
                del topics[topic.name]
            case CreateAcl() | DeleteAcl() | UpsertScram() | DeleteScram() | AlterQuota():
                state = _with_access(state, change)
    return replace(state, topics=topics, nodes=nodes)


def _with_authorizer(there: bool, changes: Iterable[ConfigChange]) -> bool:  # noqa: FBT001  (what was, not an option)
    return next((bool(change.after) for change in changes if change.key == AUTHORIZER), there)


def _with_access(state: ClusterState, change: CreateAcl | DeleteAcl | UpsertScram | DeleteScram | AlterQuota) -> ClusterState:
    match change:
        case CreateAcl(binding):
            return replace(state, acls=state.acls | {binding})
        case DeleteAcl(binding):
            return replace(state, acls=state.acls - {binding})
        case UpsertScram(credential):
            return replace(state, users={**state.users, credential.key: credential})
        case DeleteScram(credential):
            return replace(state, users={key: each for key, each in state.users.items() if key != credential.key})
        case AlterQuota(entity, values):
            altered = _altered_quota(state.quotas.get(entity, {}), values)
            others = {each: there for each, there in state.quotas.items() if each != entity}
            return replace(state, quotas={**others, entity: altered} if altered else others)


def _altered_quota(quota: Mapping[str, float], changes: Iterable[QuotaChange]) -> dict[str, float]:
    altered = dict(quota)
    for change in changes:
        if change.after is None:
            altered.pop(change.key, None)
        else:
            altered[change.key] = change.after
    return altered


def _altered(configs: Mapping[str, str], changes: Iterable[ConfigChange]) -> dict[str, str]:
    altered = dict(configs)
    for change in changes:
        if change.after is None:
            altered.pop(change.key, None)
        else:
            altered[change.key] = change.after
    return altered
