"""Plan -> live: one function for each kind of change, changes of one kind in one request, and an account of what was done."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from ottla.errors import ApplyError, ClusterError, OttlaError, StalePlan, WaitTimeout
from ottla.kafka.configs import alter_topic_configs
from ottla.kafka.topics import add_partitions, create_topics, delete_topics, read_metadata
from ottla.model.units import counted
from ottla.plan import (
    AddPartitions,
    AlterNodeProperties,
    AlterTopicConfigs,
    CreateTopic,
    DeleteTopic,
    describe,
    stale_objects,
)
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from ottla.kafka.connection import Connection
    from ottla.plan import Change, Plan
    from ottla.reconcile.observe import Observation

VISIBLE_TIMEOUT = 30.0
VERBS: dict[type, str] = {
    CreateTopic: "creating",
    AddPartitions: "adding partitions to",
    AlterTopicConfigs: "altering configs of",
    DeleteTopic: "deleting",
}


@dataclass(slots=True)
class _Account:
    done: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    not_tried: list[str] = field(default_factory=list)


def apply_plan(
    plan: Plan,
    now: Observation,
    *,
    connect: Callable[[], AbstractContextManager[Connection]],
    restart_node: Callable[[AlterNodeProperties], None],
    said: Callable[[str], None],
) -> tuple[str, ...]:
    """Carry out the plan, and say what was done. ``now`` is what the cluster looks like at this moment.

    ``connect`` opens a connection for each kind of change: one that was open while nodes restarted is of no use after.
    ``restart_node`` carries out a change of a node's properties, for whoever runs the nodes. A kind that fails stops the
    kinds after it. Raises StalePlan before anything is changed if what the plan saw has moved, ApplyError if only a part
    was done.
    """
    if now.cluster_id != plan.cluster_id:
        message = f"the plan was made for cluster {plan.cluster_id}, this is {now.cluster_id}"
        raise StalePlan(message, hint="plan again: ottla plan")
    stale = stale_objects(plan, now.state)
    if stale:
        message = f"changed since the plan was made: {', '.join(stale)}; nothing was done"
        raise StalePlan(message, hint="plan again: ottla plan")
    account = _Account()
    groups = [list(group) for _, group in groupby((planned.change for planned in plan.changes), key=type)]
    for index, group in enumerate(groups):
        restarts = [change for change in group if isinstance(change, AlterNodeProperties)]
        for change in restarts:
            _restart(change, account, restart_node, said)
        if not restarts:
            said(f"{VERBS[type(group[0])]} {counted(len(group), 'topic')}")
            _carry_out(connect, group, account)
        if account.failed:
            account.not_tried += [describe(change) for later in groups[index + 1 :] for change in later]
            raise ApplyError(done=account.done, failed=account.failed, not_tried=account.not_tried)
    return tuple(account.done)


def _carry_out(connect: Callable[[], AbstractContextManager[Connection]], group: Sequence[Change], account: _Account) -> None:
    outcome = _tried(connect, group)
    for change in group:
        error = outcome[_name(change)]
        if error is None:
            account.done.append(describe(change))
        else:
            account.failed.append(f"{describe(change)}: {error}")
    if not account.failed and isinstance(group[0], CreateTopic):
        _wait_for_leaders(connect, group, account)


def _tried(connect: Callable[[], AbstractContextManager[Connection]], group: Sequence[Change]) -> dict[str, str | None]:
    try:
        with connect() as connection:
            return _send(connection, group)
    except ClusterError as error:
        return {_name(change): f"{error.message} (it may have been done all the same)" for change in group}


def _send(connection: Connection, group: Sequence[Change]) -> dict[str, str | None]:
    match group[0]:
        case CreateTopic():
            return _create(connection, group)
        case AddPartitions():
            return _add(connection, group)
        case AlterTopicConfigs():
            return _alter(connection, group)
        case DeleteTopic():
            return _delete(connection, group)
        case AlterNodeProperties():
            raise AssertionError("a node's properties are no request: the node is restarted")


def _name(change: Change) -> str:
    match change:
        case CreateTopic(topic) | DeleteTopic(topic):
            return topic.name
        case AddPartitions(name=name) | AlterTopicConfigs(name=name):
            return name
        case AlterNodeProperties(node_id=node_id):
            return str(node_id)


def _restart(
    change: AlterNodeProperties,
    account: _Account,
    restart_node: Callable[[AlterNodeProperties], None],
    said: Callable[[str], None],
) -> None:
    if account.failed:
        account.not_tried.append(describe(change))
        return
    said(f"restarting node {change.node_id}")
    try:
        restart_node(change)
    except OttlaError as error:
        account.failed.append(f"{describe(change)}: {error.message}")
    else:
        account.done.append(describe(change))


def _create(connection: Connection, group: Sequence[Change]) -> dict[str, str | None]:
    return create_topics(connection, [change.topic for change in group if isinstance(change, CreateTopic)])


def _wait_for_leaders(
    connect: Callable[[], AbstractContextManager[Connection]], group: Sequence[Change], account: _Account
) -> None:
    """A new topic can be used once every partition has a leader. What was created stays created, whatever comes of it."""
    names = {change.topic.name for change in group if isinstance(change, CreateTopic)}
    try:
        with connect() as connection:
            wait_until(
                lambda: sorted(names - _with_leaders(connection)),
                lambda missing: not missing,
                what="the new topics to have leaders",
                timeout=VISIBLE_TIMEOUT,
            )
    except (ClusterError, WaitTimeout) as error:
        account.failed.append(f"use the new topics: {error.message}")


def _with_leaders(connection: Connection) -> set[str]:
    metadata = read_metadata(connection)
    return {
        name
        for name, partitions in metadata.partitions.items()
        if partitions and all(partition.leader is not None for partition in partitions)
    }


def _add(connection: Connection, group: Sequence[Change]) -> dict[str, str | None]:
    return add_partitions(connection, {change.name: change.after for change in group if isinstance(change, AddPartitions)})


def _alter(connection: Connection, group: Sequence[Change]) -> dict[str, str | None]:
    return alter_topic_configs(
        connection,
        {
            change.name: {config.key: config.after for config in change.configs}
            for change in group
            if isinstance(change, AlterTopicConfigs)
        },
    )


def _delete(connection: Connection, group: Sequence[Change]) -> dict[str, str | None]:
    return delete_topics(connection, [change.topic.name for change in group if isinstance(change, DeleteTopic)])
