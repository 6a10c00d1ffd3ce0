"""Who is let in to a local cluster: the first users and the certificates, for the room that starts nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ottla.spec import desired_state

if TYPE_CHECKING:
    from ottla.local import Layout
    from ottla.local.record import ClusterRecord
    from ottla.platform.identity import Identity


@dataclass(frozen=True, slots=True)
class LocalAdmission:
    """What ``ottla.local.secured.Admission`` asks for, from the spec and its secrets."""

    identity: Identity
    layout: Layout

    def first_users(self) -> tuple[str, ...]:
        """The administrator, known to the cluster from its first moment on."""
        return self.identity.first_users(desired_state(self.identity.spec).users.values())

    def ensure_certificates(self, record: ClusterRecord) -> None:
        """Certificates of client listeners, and of users that have one."""
