"""Plan -> live: one function for each kind of change, changes of one kind in one request, and an account of what was done."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from ottla.errors import ApplyError, ClusterError, OttlaError, StalePlan, WaitTimeout
from ottla.kafka.acls import create_acls, delete_acls
from ottla.kafka.configs import alter_topic_configs
from ottla.kafka.quotas import alter_quotas
from ottla.kafka.scram import delete_scram_credentials, upsert_scram_credentials
from ottla.kafka.topics import add_partitions, create_topics, delete_topics, read_metadata
from ottla.model.units import counted
from ottla.plan import (
    AddPartitions,
    AlterNodeProperties,
    AlterQuota,
    AlterTopicConfigs,
    CreateAcl,
    CreateTopic,
    DeleteAcl,
    DeleteScram,
    DeleteTopic,
    UpsertScram,
    describe,
    object_key,
    stale_objects,
)
from ottla.reconcile.settle import wait_until_in_force
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from ottla.kafka.connection import Connection
    from ottla.model.secret import Secret
    from ottla.model.user import CredentialKey
    from ottla.plan import Change, Plan
    from ottla.reconcile.observe import Observation

VISIBLE_TIMEOUT = 30.0
MOST_NAMES = 3
VERBS: dict[type, tuple[str, str]] = {
    CreateTopic: ("creating", "topic"),
    AddPartitions: ("adding partitions to", "topic"),
    AlterTopicConfigs: ("altering configs of", "topic"),
    DeleteTopic: ("deleting", "topic"),
    CreateAcl: ("creating", "ACL"),
    DeleteAcl: ("deleting", "ACL"),
    UpsertScram: ("setting the password of", "credential"),
    DeleteScram: ("deleting", "credential"),
    AlterQuota: ("altering", "quota"),
}


def _nobody_remembers(changes: Sequence[Change]) -> None:
    """For a plan without credentials."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """The passwords that a plan sets, and who is told which of its changes were ``sent`` and taken."""

    passwords: Mapping[CredentialKey, Secret] = field(default_factory=dict)
    sent: Callable[[Sequence[Change]], None] = _nobody_remembers


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
    credentials: Credentials | None = None,
) -> tuple[str, ...]:
    """Carry out the plan, and say what was done. ``now`` is what the cluster looks like at this moment.

    ``connect`` opens a connection for each kind of change: one that was open while nodes restarted is of no use after.
    ``restart_node`` carries out a change of a node's properties, for whoever runs the nodes; ``credentials`` has the passwords
    that the plan sets, which says only their versions. A kind that fails stops the kinds after it.
    Raises StalePlan before anything is changed if what the plan saw has moved, ApplyError if only a part was done.
    """
    if now.cluster_id != plan.cluster_id:
        message = f"the plan was made for cluster {plan.cluster_id}, this is {now.cluster_id}"
        raise StalePlan(message, hint="plan again: ottla plan")
    stale = stale_objects(plan, now.state)
    if stale:
        more = f" and {len(stale) - MOST_NAMES} more" if len(stale) > MOST_NAMES else ""
        message = f"changed since the plan was made: {', '.join(stale[:MOST_NAMES])}{more}; nothing was done"
        raise StalePlan(message, hint="plan again: ottla plan")
    account = _Account()
    groups = [list(group) for _, group in groupby((planned.change for planned in plan.changes), key=_step)]
    for index, group in enumerate(groups):
        restarts = [change for change in group if isinstance(change, AlterNodeProperties)]
        for change in restarts:
            _restart(change, account, restart_node, said)
        if not restarts:
            verb, what = VERBS[type(group[0])]
            said(f"{verb} {counted(len(group), what)}")
            _carry_out(connect, group, account, credentials or Credentials())
        if account.failed:
            account.not_tried += [describe(change) for later in groups[index + 1 :] for change in later]
            raise ApplyError(done=account.done, failed=account.failed, not_tried=account.not_tried)
    return tuple(account.done)


def _step(change: Change) -> tuple[type, str]:
    """What goes in one request. ACLs that deny and ACLs that allow do not: the first are in force before the others follow."""
    return type(change), change.binding.permission if isinstance(change, CreateAcl | DeleteAcl) else ""


def _carry_out(
    connect: Callable[[], AbstractContextManager[Connection]],
    group: Sequence[Change],
    account: _Account,
    credentials: Credentials,
) -> None:
    outcome = list(zip(group, _tried(connect, group, credentials.passwords), strict=True))
    try:
        credentials.sent([change for change, error in outcome if error is None])
    except OttlaError as forgotten:
        account.failed.append(f"remember which passwords were sent: {forgotten.message}")
    for change, error in outcome:
        if error is None:
            account.done.append(describe(change))
        else:
            account.failed.append(f"{describe(change)}: {error}")
    if not account.failed and isinstance(group[0], CreateTopic):
        _wait_for_leaders(connect, group, account)
    if not account.failed and isinstance(group[0], CreateAcl | DeleteAcl | UpsertScram | DeleteScram | AlterQuota):
        _wait_until_in_force(connect, group, account)


def _tried(
    connect: Callable[[], AbstractContextManager[Connection]],
    group: Sequence[Change],
    passwords: Mapping[CredentialKey, Secret],
) -> list[str | None]:
    """The refusal of each change of the group, or None."""
    try:
        with connect() as connection:
            return _send(connection, group, passwords)
    except ClusterError as error:
        return [f"{error.message} (it may have been done all the same)" for _ in group]


def _send(connection: Connection, group: Sequence[Change], passwords: Mapping[CredentialKey, Secret]) -> list[str | None]:
    match group[0]:
        case CreateTopic() | AddPartitions() | AlterTopicConfigs() | DeleteTopic():
            outcome = _send_topics(connection, group)
            return [outcome[object_key(change).removeprefix("topic:")] for change in group]
        case CreateAcl() | DeleteAcl():
            return _send_acls(connection, group)
        case UpsertScram():
            return _upsert(connection, group, passwords)
        case DeleteScram():
            keys = [change.credential.key for change in group if isinstance(change, DeleteScram)]
            gone = delete_scram_credentials(connection, keys)
            return [gone[key] for key in keys]
        case AlterQuota():
            return _alter_quotas(connection, group)
        case AlterNodeProperties():
            raise AssertionError("a node's properties are no request: the node is restarted")


def _send_topics(connection: Connection, group: Sequence[Change]) -> dict[str, str | None]:
    match group[0]:
        case CreateTopic():
            return _create(connection, group)
        case AddPartitions():
            return _add(connection, group)
        case AlterTopicConfigs():
            return _alter(connection, group)
        case _:
            return _delete(connection, group)


def _send_acls(connection: Connection, group: Sequence[Change]) -> list[str | None]:
    bindings = [change.binding for change in group if isinstance(change, CreateAcl | DeleteAcl)]
    send = create_acls if isinstance(group[0], CreateAcl) else delete_acls
    outcome = send(connection, bindings)
    return [outcome[binding] for binding in bindings]


def _upsert(connection: Connection, group: Sequence[Change], passwords: Mapping[CredentialKey, Secret]) -> list[str | None]:
    wanted = [change.credential for change in group if isinstance(change, UpsertScram)]
    outcome = upsert_scram_credentials(connection, {each: passwords[each.key] for each in wanted if each.key in passwords})
    return [outcome.get(each.key, "its password is not known here") for each in wanted]


def _alter_quotas(connection: Connection, group: Sequence[Change]) -> list[str | None]:
    changes = [change for change in group if isinstance(change, AlterQuota)]
    wanted = {change.entity: {value.key: value.after for value in change.values} for change in changes}
    outcome = alter_quotas(connection, wanted)
    return [outcome[change.entity] for change in changes]


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


def _wait_until_in_force(
    connect: Callable[[], AbstractContextManager[Connection]], group: Sequence[Change], account: _Account
) -> None:
    """What follows may count on it: an ALLOW on the DENY that guards it."""
    try:
        with connect() as connection:
            wait_until_in_force(connection, group)
    except (ClusterError, WaitTimeout) as error:
        account.failed.append(f"see it in force: {error.message}")


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
