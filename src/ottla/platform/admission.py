"""Who is let in to a local cluster: the first users and the certificates, for the room that starts nodes."""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ottla.spec import desired_state
from ottla.spec.identity import Authentication

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ottla.local import Layout
    from ottla.local.record import NodeAddress
    from ottla.platform.identity import Identity


@dataclass(frozen=True, slots=True)
class LocalAdmission:
    """What ``ottla.local.secured.Admission`` asks for, from the spec and its secrets."""

    identity: Identity
    layout: Layout

    def first_users(self) -> tuple[str, ...]:
        """The administrator, known to the cluster from its first moment on."""
        return self.identity.first_users(desired_state(self.identity.spec).users.values())

    def ensure_certificates(self, nodes: Sequence[NodeAddress]) -> tuple[str, ...]:
        """Certificates of client listeners, and of users that have one. Raises LocalError where no CA here can issue them."""
        from ottla.local.client_certificates import ensure_client_certificates
        from ottla.local.given_authority import load_given_authority

        spec, now = self.identity.spec, dt.datetime.now(dt.UTC)
        given = load_given_authority(spec.security.authority, environ=os.environ, folder=self.identity.folder, now=now)
        users = [name for name, user in spec.users_by_full_name.items() if user.authentication is Authentication.CERTIFICATE]
        return ensure_client_certificates(self.layout, spec.cluster.name, nodes, users, now=now, given=given)
