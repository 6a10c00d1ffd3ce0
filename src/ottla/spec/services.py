"""The services of a platform: users with a password that write or read topics. Each can be an app of Dapr's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.spec.identity import Authentication
from ottla.spec.policy import cleanup_policy

if TYPE_CHECKING:
    from ottla.spec.identity import UserSpec
    from ottla.spec.schema import EnvironmentSpec


def services(spec: EnvironmentSpec) -> dict[str, UserSpec]:
    """Them, by their names in the spec."""
    return {name: user for name, user in spec.users.items() if _is_service(user)}


def compacted_topics(spec: EnvironmentSpec, user: UserSpec) -> tuple[str, ...]:
    """The topics that a user reads of which compaction keeps the last record of each key: there may be tombstones."""
    read = () if user.consumes is None else user.consumes.topics
    return tuple(name for name in read if name in spec.topics and "compact" in cleanup_policy(spec, spec.topics[name]))


def _is_service(user: UserSpec) -> bool:
    works = bool(user.produces) or user.consumes is not None
    return works and user.authentication is Authentication.SCRAM and not (user.admin or user.monitor)
