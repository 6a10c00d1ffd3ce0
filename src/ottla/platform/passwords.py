"""Another password for a user: generated, kept, and sent by a plan as any change is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ottla.errors import LocalError, UsageError
from ottla.model.state import Evidence
from ottla.plan import Diff, UpsertScram, make_plan, order_changes
from ottla.spec.identity import Authentication

if TYPE_CHECKING:
    from ottla.plan import Change, Plan
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

    It is kept before it is sent: whatever comes between, ``ottla apply`` sends it then. Raises LocalError where the cluster
    does not know the user.
    """
    mine = {key: each for key, each in now.state.users.items() if key.user == user}
    if not mine:
        raise LocalError(f"the cluster has no credential of user {user}", hint="make it: ottla apply")
    identity.store.new_password(user)
    wanted = identity.desired(replace(now.state, users=mine)).users
    changes: list[Change] = [UpsertScram(wanted[key], there) for key, there in mine.items()]
    difference = Diff(order_changes(changes), (), ())
    return make_plan(difference, now.state, Evidence(), cluster_id=now.cluster_id, environment=environment)
