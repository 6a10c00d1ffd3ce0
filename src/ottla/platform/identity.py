"""Who may log in to an environment, and with what: passwords and their versions, and the logins of people and services."""

from __future__ import annotations

import base64
import os
import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ottla.errors import LocalError, UsageError
from ottla.model.login import CertificateLogin, Login, ScramLogin
from ottla.plan import DeleteScram, UpsertScram
from ottla.plan.changes import user_key
from ottla.secrets import resolve
from ottla.spec.faults import did_you_mean
from ottla.spec.identity import Authentication

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from ottla.kafka.settings import ClientSettings
    from ottla.local import Layout, LocalCluster
    from ottla.local.record import ClusterRecord
    from ottla.model.secret import Secret
    from ottla.model.state import ClusterState
    from ottla.model.user import CredentialKey, ScramCredential
    from ottla.plan import Change
    from ottla.secrets import SecretStore
    from ottla.spec import EnvironmentSpec
    from ottla.spec.identity import UserSpec

FIRST_SALT_BYTES = 32


@dataclass(frozen=True, slots=True)
class Identity:
    """The passwords of an environment. ``folder`` is where relative paths of ``${file:...}`` begin: beside the spec."""

    spec: EnvironmentSpec
    store: SecretStore
    folder: Path

    def user(self, name: str) -> tuple[str, UserSpec]:
        """A user by the name in the spec or by the full one: the full name, and what the spec says. Raises UsageError."""
        users = self.spec.users_by_full_name
        full = name if name in users else self.spec.full_name(name)
        if full not in users:
            raise UsageError(f"there is no user {name!r} in the spec: {did_you_mean(name, self.spec.users)}")
        return full, users[full]

    def login(self, cluster: LocalCluster, user: str) -> Login:
        """How a user logs in to a local cluster.

        Raises UsageError for a user that is not there or a cluster that is open, LocalError where there is no password yet.
        """
        record, authorities = cluster.made(), cluster.layout.client_authorities
        refuse_open(record)
        name, found = self.user(user)
        match found.authentication:
            case Authentication.CERTIFICATE:
                return Login(name, record.tls_servers, authorities, CertificateLogin(cluster.layout.user_keystore(name)))
            case Authentication.SCRAM:
                proof = ScramLogin(self.spec.security.mechanisms[0], self.known_password(name))
                return Login(name, record.bootstrap_servers, authorities, proof)
            case Authentication.TOKEN:
                raise UsageError(
                    f"user {name} logs in with a token of the issuer, and Ottla has none",
                    hint="get a token there, and give it to the client itself",
                )

    def require_references(self) -> None:
        """Raise LocalError where a password's reference leads nowhere, before anything is started or changed."""
        for name, user in self.spec.users_by_full_name.items():
            if user.password is not None:
                self.password(name)

    def password(self, user: str) -> Secret | None:
        """The password of a user (by full name), from where the spec says or as it was generated; None: none was generated yet.

        Raises LocalError where a reference leads nowhere.
        """
        reference = self.spec.users_by_full_name[user].password
        return self.store.password(user) if reference is None else resolve(reference, environ=os.environ, folder=self.folder)

    def ensure_password(self, user: str) -> Secret:
        """The user's password, generated now if it has to be. Raises LocalError."""
        return self.password(user) or self.store.ensure_password(user)

    def desired(self, state: ClusterState) -> ClusterState:
        """What the spec asks for, with the version of each password that is known by now."""
        versions = {user: self._version(user) for user in {key.user for key in state.users}}
        users = {key: replace(credential, version=versions[key.user]) for key, credential in state.users.items()}
        return replace(state, users=users)

    def _version(self, user: str) -> str | None:
        password = self.password(user)
        return None if password is None else self.store.version_of(password)

    def observed(self, state: ClusterState) -> ClusterState:
        """What was seen, with the version of each password that was sent last from here."""
        users = {key: replace(each, version=self.store.sent_version(user_key(key))) for key, each in state.users.items()}
        return replace(state, users=users)

    def passwords(self, changes: Iterable[Change]) -> dict[CredentialKey, Secret]:
        """The passwords that changes send. One that was not generated yet is, so that it is kept before it is sent."""
        keys = [change.credential.key for change in changes if isinstance(change, UpsertScram)]
        return {key: self.ensure_password(key.user) for key in keys if key.user in self.spec.users_by_full_name}

    def sent(self, changes: Iterable[Change], passwords: Mapping[CredentialKey, Secret]) -> None:
        """Remember which passwords the cluster has now, so that none is sent twice."""
        versions: dict[str, Secret | None] = {}
        for change in changes:
            match change:
                case UpsertScram(credential):
                    versions[user_key(credential.key)] = passwords[credential.key]
                case DeleteScram(credential):
                    versions[user_key(credential.key)] = None
                case _:
                    pass
        if versions:
            self.store.keep_sent(versions)

    def first_users(self, credentials: Iterable[ScramCredential]) -> tuple[str, ...]:
        """The administrator's credentials as ``kafka-storage format --add-scram`` takes them: salted, and never the password."""
        mine = [credential for credential in credentials if credential.user == self.spec.security.administrator]
        password = self.ensure_password(self.spec.security.administrator)
        keys = (user_key(each.key) for each in mine)
        self.store.keep_sent({key: password for key in keys if self.store.sent_version(key) is None})
        return tuple(_first_user(credential, password) for credential in mine)

    def known_password(self, user: str) -> Secret:
        """The password to log in with. Raises LocalError where there is none yet."""
        password = self.password(user)
        if password is None:
            raise LocalError(
                f"no password of user {user} is known here",
                hint=f"a new user gets one with: ottla up; where it was lost, give another: ottla users rotate {user}",
            )
        return password


def refuse_open(record: ClusterRecord) -> None:
    """Raise UsageError where nobody logs in."""
    if not record.any_secured:
        raise UsageError("the platform is open: nobody logs in", hint="lock it: `security: {enabled: true}` in the spec")


def own_settings(layout: Layout, record: ClusterRecord) -> ClientSettings:
    """How Ottla itself reaches a local cluster: as anybody does while it is open, and among the nodes once it is locked.

    There it has a certificate of its own from the nodes' CA (a super user): no password of a user is needed to look, stop or
    mend, nobody can lock it out, and while a platform is being locked or opened all its nodes are there, which share no
    client listener then.
    """
    from ottla.kafka.settings import ClientSettings, certificate_settings

    if not record.any_secured:
        return ClientSettings(record.bootstrap_servers)
    connection = {"ssl.ca.location": str(layout.authority), **certificate_settings(str(layout.own_store))}
    return ClientSettings(record.internal_servers, connection)


def _first_user(credential: ScramCredential, password: Secret) -> str:
    from ottla.kafka.scram import salted_password

    salt = secrets.token_bytes(FIRST_SALT_BYTES)
    salted = salted_password(password, credential.mechanism, salt, credential.iterations)
    parts = {
        "name": credential.user,
        "salt": base64.b64encode(salt).decode(),
        "saltedpassword": base64.b64encode(salted).decode(),
    }
    text = ",".join(f'{key}="{value}"' for key, value in parts.items())
    return f"{credential.mechanism}=[{text},iterations={credential.iterations}]"
