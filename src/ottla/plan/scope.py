"""What of a cluster is an environment's own, where several share it: each plans as if the others were not there.

``within`` each prefix and ``outside`` all of them are a partition: no object is in two, and none is in no part.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ottla.model.user import USER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ottla.model.quota import QuotaEntity
    from ottla.model.state import ClusterState


def within(state: ClusterState, prefix: str) -> ClusterState:
    """What an environment that shares a cluster has there: whatever begins with its prefix, and no nodes."""
    return replace(_kept(state, lambda name: name.startswith(prefix)), nodes={})


def outside(state: ClusterState, prefixes: Iterable[str]) -> ClusterState:
    """What the environment that owns a cluster has there: whatever begins with no prefix of those that share it."""
    others = tuple(prefixes)
    return _kept(state, lambda name: not name.startswith(others))


def _kept(state: ClusterState, is_ours: Callable[[str], bool]) -> ClusterState:
    """Topics and users by their names, ACLs by that of their principal, quotas by that of whom they are for."""
    return replace(
        state,
        topics={name: topic for name, topic in state.topics.items() if is_ours(name)},
        acls=frozenset(binding for binding in state.acls if is_ours(_user_of(binding.principal))),
        users={key: credential for key, credential in state.users.items() if is_ours(key.user)},
        quotas={entity: values for entity, values in state.quotas.items() if is_ours(_name_of(entity))},
    )


def _user_of(principal: str) -> str:
    """The name of a user; nobody's for any other type of principal, whose names no prefix parts."""
    kind, _, name = principal.partition(":")
    return name if kind == USER else ""


def _name_of(entity: QuotaEntity) -> str:
    """The user that a quota is for, or the client id where it is for any user; nobody's for addresses and defaults."""
    name = entity.user if entity.user is not None else entity.client_id
    return name if isinstance(name, str) else ""
