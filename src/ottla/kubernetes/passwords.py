"""Secrets that the spec has references to, brought to where KafkaUsers look for them: their operator waits for them otherwise.

No value leaves this module but to the server: of a password it is told whether it is there, and whether it is the same.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ottla.kubernetes.cluster import SECRETS
from ottla.kubernetes.difference import other_appliers, owned
from ottla.kubernetes.resource import metadata
from ottla.kubernetes.rollout import SIGNS, Action
from ottla.kubernetes.secret_copies import value_in, write_secret
from ottla.kubernetes.strimzi import KAFKA
from ottla.kubernetes.strimzi_users import SECRET_KEY
from ottla.spec.identity import Authentication
from ottla.spec.strimzi import password_secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ottla.kubernetes.cluster import Answer, Cluster
    from ottla.kubernetes.site import Site
    from ottla.model.secret import Secret


@dataclass(frozen=True, slots=True)
class PlannedPassword:
    """The Secret with a user's password, and what is to be done to it. ``password`` is None where its reference leads nowhere."""

    site: Site
    secret: str
    password: Secret | None
    action: Action
    refusal: str | None = None

    @property
    def name(self) -> str:
        """``Secret kafka/task-service-password``."""
        return f"Secret {self.site.namespace.value}/{self.secret}"

    @property
    def line(self) -> str:
        """What is done, for a person."""
        return f"{SIGNS.get(self.action, '=')} {self.name}: the password that the spec refers to"


def references(site: Site) -> dict[str, str]:
    """The Secrets of users whose password is a reference, by the users' names in the spec."""
    return {
        name: password_secret(site.spec.full_name(name))
        for name, user in site.users.items()
        if user.password is not None and user.authentication is Authentication.SCRAM
    }


def plan_passwords(cluster: Cluster, site: Site, passwords: Mapping[str, Secret | str]) -> tuple[PlannedPassword, ...]:
    """``passwords`` are what references lead to, by the users' names; or why one leads nowhere: what is there must do then."""
    return tuple(_planned(cluster, site, secret, passwords[name]) for name, secret in references(site).items())


def _planned(cluster: Cluster, site: Site, secret: str, password: Secret | str) -> PlannedPassword:
    namespace = str(site.namespace.value)
    there = cluster.get(SECRETS, namespace, secret)
    value = value_in(there, SECRET_KEY)
    if isinstance(password, str):
        by_hand = f"kubectl create secret generic {secret} --namespace {namespace} --from-file={SECRET_KEY}=/dev/stdin"
        why = None if value else f"it is not there, and here {password}; or make it: {by_hand}"
        return PlannedPassword(site, secret, None, Action.NONE, why)
    if there is None:
        return PlannedPassword(site, secret, password, Action.ADD)
    if value == _encoded(password):
        return PlannedPassword(site, secret, password, Action.NONE)
    if owned(there) is None or other_appliers(there):
        why = "it has another password than the spec refers to, and is not Ottla's: delete it, or refer to the one that holds"
        return PlannedPassword(site, secret, password, Action.NONE, why)
    return PlannedPassword(site, secret, password, Action.CHANGE)


def write_password(cluster: Cluster, planned: PlannedPassword) -> Answer:
    """Bring it there."""
    assert planned.password is not None  # noqa: S101  (only what was found is written)
    head = metadata(planned.secret, namespace=planned.site.namespace, component=KAFKA, site=planned.site)
    return write_secret(cluster, head, SECRET_KEY, _encoded(planned.password), force=False)


def _encoded(password: Secret) -> str:
    return b64encode(password.reveal().encode()).decode()
