"""Another password for a user: generated, kept, and sent by a plan as any change is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ottla.errors import UsageError
from ottla.model.state import Evidence
from ottla.plan import diff, make_plan
from ottla.spec.identity import Authentication

if TYPE_CHECKING:
    from ottla.plan import Plan
    from ottla.platform.identity import Identity
    from ottla.reconcile import Observation

INSTEAD = {
    Authentication.CERTIFICATE: ("a certificate", "a new certificate: ottla certs rotate --leaves"),
    Authentication.TOKEN: ("tokens of an issuer", "they are renewed there"),
}


def refuse_without_own_password(identity: Identity, user: str) -> str:
    """The user's full name. Raises UsageError for a user whose password Ottla did not generate."""
    name, found = identity.user(user)
    if found.authentication is not Authentication.SCRAM:
        what, hint = INSTEAD[found.authentication]
        raise UsageError(f"user {name} logs in with {what} and has no password", hint=hint)
    if found.password is not None:
        raise UsageError(
            f"the password of {name} is {found.password}: Ottla does not make it",
            where=f"users.{name.removeprefix(identity.spec.prefix)}.password",
            hint="change it there, then: ottla apply",
        )
    return name


def plan_rotation(identity: Identity, user: str, now: Observation, *, environment: str) -> Plan:
    """Generate another password, and plan to send it to every credential that the user has.

    It is kept before it is sent: whatever comes between, ``ottla apply`` sends it then.
    """
    identity.store.new_password(user)
    mine = {key: replace(each, version=None) for key, each in now.state.users.items() if key.user == user}
    wanted = identity.desired(replace(now.state, users=mine)).users
    difference = diff(now.state, replace(now.state, users={**now.state.users, **wanted}))
    return make_plan(difference, now.state, Evidence(), cluster_id=now.cluster_id, environment=environment)
