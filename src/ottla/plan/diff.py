"""Two states -> the changes that lead from the first to the second, or every reason why none do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ottla.errors import PlanRefused
from ottla.model.topic import is_protected, same_config
from ottla.plan.access import Unlisted, diff_access, impossible_access, lock_outs, unowned_quotas
from ottla.plan.changes import (
    AddPartitions,
    AlterNodeProperties,
    AlterTopicConfigs,
    Change,
    ConfigChange,
    CreateTopic,
    DeleteTopic,
    order_changes,
)
from ottla.plan.simulate import apply_in_memory

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from ottla.model.node import Node
    from ottla.model.state import ClusterState
    from ottla.model.topic import Topic

TOPICS = "topics"


@dataclass(frozen=True, slots=True)
class Unowned:
    """A config that is set on something of the spec, and that the spec says nothing (more) about. It is left as it is.

    ``subject`` is ``topic NAME``, ``node ID`` or ``quota of ENTITY``.
    """

    subject: str
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Diff:
    """The changes in their order, the topics that the spec does not list, and the configs that it does not own.

    ``unlisted_access`` are ACLs, users and quotas that it does not list; ``unverifiable`` credentials are left as they are,
    though nobody here knows whether their password is the wanted one.
    """

    changes: tuple[Change, ...]
    unlisted: tuple[str, ...]
    unowned: tuple[Unowned, ...]
    unlisted_access: tuple[Unlisted, ...] = ()
    unverifiable: tuple[str, ...] = ()


def diff(
    observed: ClusterState, desired: ClusterState, *, allow: frozenset[str] = frozenset(), own_user: str | None = None
) -> Diff:
    """What leads from ``observed`` to ``desired``.

    What ``desired`` lacks is deleted only if ``allow`` has its kind (topics, acls, users, quotas). ``own_user`` is the one as
    whom it will be done. Raises PlanRefused with every impossible transition, and where that user would be locked out.
    """
    reasons = [*_impossible_nodes(observed.nodes, desired.nodes), *impossible_access(observed, desired)]
    access = diff_access(observed, desired, allow)
    changes: list[Change] = [*_node_changes(observed.nodes, desired.nodes), *access.changes]
    unowned: list[Unowned] = []
    for name, wanted in desired.topics.items():
        there = observed.topics.get(name)
        if there is None:
            changes.append(CreateTopic(wanted))
            continue
        reasons += _impossible_topic(there, wanted)
        changes += _topic_changes(there, wanted)
        unowned += _unowned(f"topic {name}", there.configs, wanted.configs.keys() | wanted.reset)
    for node_id in sorted(observed.nodes.keys() & desired.nodes.keys()):
        properties = observed.nodes[node_id].properties
        unowned += _unowned(f"node {node_id}", properties, desired.nodes[node_id].properties.keys())
    unowned += [Unowned(*each) for each in unowned_quotas(observed, desired)]
    if own_user is not None:
        reasons += lock_outs(observed, apply_in_memory(access.changes, observed), own_user)
    if reasons:
        raise PlanRefused(reasons)
    unlisted = sorted(name for name in observed.topics.keys() - desired.topics.keys() if not is_protected(name))
    if TOPICS in allow:
        changes += [DeleteTopic(observed.topics[name]) for name in unlisted]
        unlisted = []
    return Diff(order_changes(changes), tuple(unlisted), tuple(unowned), access.unlisted, access.unverifiable)


def _unowned(subject: str, there: Mapping[str, str], owned: AbstractSet[str]) -> list[Unowned]:
    return [Unowned(subject, key, there[key]) for key in sorted(there.keys() - owned)]


def _impossible_nodes(there: Mapping[int, Node], wanted: Mapping[int, Node]) -> Iterator[str]:
    if wanted and there and wanted.keys() != there.keys():
        yield (
            f"the cluster has nodes {_numbers(there)} and the spec asks for {_numbers(wanted)}: its quorum was fixed when it "
            "was formatted. Put nodes back in the spec, use another environment, or start anew (all data is lost): "
            "ottla down --wipe"
        )


def _numbers(nodes: Mapping[int, Node]) -> str:
    return ", ".join(str(node_id) for node_id in sorted(nodes))


def _node_changes(there: Mapping[int, Node], wanted: Mapping[int, Node]) -> Iterator[AlterNodeProperties]:
    for node_id in sorted(there.keys() & wanted.keys()):
        configs = _config_changes(there[node_id].properties, wanted[node_id].properties, frozenset())
        if configs:
            yield AlterNodeProperties(node_id, configs)


def _impossible_topic(there: Topic, wanted: Topic) -> Iterator[str]:
    if wanted.partitions < there.partitions:
        yield (
            f"topic {there.name} has {there.partitions} partitions and the spec asks for {wanted.partitions}: Kafka cannot "
            f"take partitions away. Keep {there.partitions}, or create a topic of another name and move to it"
        )
    if wanted.replication_factor != there.replication_factor:
        yield (
            f"topic {there.name} has replication_factor {there.replication_factor} and the spec asks for "
            f"{wanted.replication_factor}: moving replicas is not built yet. Keep {there.replication_factor} in the spec"
        )


def _topic_changes(there: Topic, wanted: Topic) -> Iterator[Change]:
    if wanted.partitions > there.partitions:
        yield AddPartitions(there.name, there.partitions, wanted.partitions)
    configs = _config_changes(there.configs, wanted.configs, wanted.reset)
    if configs:
        yield AlterTopicConfigs(there.name, configs, cleanup_policy=there.configs.get("cleanup.policy"))


def _config_changes(there: Mapping[str, str], wanted: Mapping[str, str], reset: frozenset[str]) -> tuple[ConfigChange, ...]:
    changed = [
        ConfigChange(key, there.get(key), value) for key, value in wanted.items() if not same_config(key, there.get(key), value)
    ]
    changed += [ConfigChange(key, there[key], None) for key in reset & there.keys()]
    return tuple(sorted(changed, key=lambda change: change.key))
