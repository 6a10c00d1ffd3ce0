"""Who is let in to a local cluster: the first users and the certificates, for the room that starts nodes."""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ottla.spec import desired_state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ottla.local import Layout
    from ottla.local.issuing import Authority
    from ottla.local.record import NodeAddress
    from ottla.platform.identity import Identity


def given_authority(identity: Identity, *, now: dt.datetime) -> Authority | None:
    """The CA that the spec gives, with its key; None where it gives none. Raises LocalError where it cannot be used."""
    from ottla.local.given_authority import load_given_authority

    return load_given_authority(identity.spec.security.authority, environ=os.environ, folder=identity.folder, now=now)


@dataclass(frozen=True, slots=True)
class LocalAdmission:
    """What ``ottla.local.secured.Admission`` asks for, from the spec and its secrets.

    ``identity`` is that of the environment whose cluster it is; ``certificate_users`` are of all who live there.
    """

    identity: Identity
    layout: Layout
    certificate_users: tuple[str, ...]

    def first_users(self) -> tuple[str, ...]:
        """The administrator, known to the cluster from its first moment on."""
        return self.identity.first_users(desired_state(self.identity.spec).users.values())

    def ensure_certificates(self, nodes: Sequence[NodeAddress]) -> tuple[str, ...]:
        """Certificates of client listeners, and of users that have one. Raises LocalError where no CA here can issue them."""
        from ottla.local.client_certificates import ensure_client_certificates

        now, name = dt.datetime.now(dt.UTC), self.identity.spec.cluster.name
        given = given_authority(self.identity, now=now)
        return ensure_client_certificates(self.layout, name, nodes, self.certificate_users, now=now, given=given)
