"""What a list of changes makes of a state, without a cluster: the law that keeps diff and apply honest."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ottla.model.state import ClusterState
from ottla.plan.changes import AddPartitions, AlterNodeProperties, AlterTopicConfigs, Change, CreateTopic, DeleteTopic

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ottla.plan.changes import ConfigChange


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
            case DeleteTopic(topic):
                del topics[topic.name]
    return ClusterState(topics=topics, nodes=nodes)


def _altered(configs: Mapping[str, str], changes: Iterable[ConfigChange]) -> dict[str, str]:
    altered = dict(configs)
    for change in changes:
        if change.after is None:
            altered.pop(change.key, None)
        else:
            altered[change.key] = change.after
    return altered
