"""A change of access is taken by the controller, and in force on a broker a moment later: it is waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.kafka.acls import read_acls
from ottla.kafka.quotas import read_quotas
from ottla.kafka.scram import read_scram_credentials
from ottla.model.state import ClusterState
from ottla.plan import AlterQuota, CreateAcl, DeleteAcl, DeleteScram, UpsertScram, describe
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ottla.kafka.connection import Connection
    from ottla.plan import Change

IN_FORCE_TIMEOUT = 30.0


def wait_until_in_force(connection: Connection, changes: Sequence[Change]) -> None:
    """Wait until the broker that answers has every change of ACLs, users and quotas among ``changes``. Raises WaitTimeout."""
    wait_until(
        lambda: _pending(connection, changes),
        lambda pending: not pending,
        what="the changes to be in force",
        timeout=IN_FORCE_TIMEOUT,
        hint="look: ottla plan",
    )


def _pending(connection: Connection, changes: Sequence[Change]) -> list[str]:
    seen = ClusterState(
        acls=read_acls(connection) or frozenset(),
        users=read_scram_credentials(connection),
        quotas=read_quotas(connection),
    )
    return [describe(change) for change in changes if not is_in_force(change, seen)]


def is_in_force(change: Change, seen: ClusterState) -> bool:
    """Whether a change can be seen. Of a password nothing can: a credential counts by its iterations."""
    match change:
        case CreateAcl(binding):
            return binding in seen.acls
        case DeleteAcl(binding):
            return binding not in seen.acls
        case UpsertScram(credential):
            there = seen.users.get(credential.key)
            return there is not None and there.iterations == credential.iterations
        case DeleteScram(credential):
            return credential.key not in seen.users
        case AlterQuota(entity, values):
            quota = seen.quotas.get(entity, {})
            return all(quota.get(value.key) == value.after for value in values)
        case _:
            return True
