"""SCRAM credentials: read what can be seen of them, upsert, delete (KIP-554).

A password is salted and hashed here (RFC 5802), and only the result is sent; Kafka keeps keys that are derived from it.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING, Any, TypeVar

from kafka.protocol.admin import AlterUserScramCredentialsRequest, DescribeUserScramCredentialsRequest

from ottla.errors import ClusterError
from ottla.kafka.connection import check, error_text
from ottla.model.user import CredentialKey, ScramCredential, ScramMechanism

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ottla.kafka.connection import Connection
    from ottla.model.secret import Secret

Value = TypeVar("Value")

MECHANISMS = {ScramMechanism.SHA_256: 1, ScramMechanism.SHA_512: 2}
HASHES = {ScramMechanism.SHA_256: "sha256", ScramMechanism.SHA_512: "sha512"}
SALT_BYTES = 32
_CODES = {code: mechanism for mechanism, code in MECHANISMS.items()}


def read_scram_credentials(connection: Connection) -> dict[CredentialKey, ScramCredential]:
    """Every user's credentials: mechanism and iterations, which is all that Kafka gives back. One request.

    Raises ClusterError if any cannot be read.
    """
    # An empty list asks for all, as null does; but who asks with null and may not look is never answered (ran, Kafka 4.3.1).
    answer = connection.send(DescribeUserScramCredentialsRequest(users=[]))
    check(answer.error_code, answer.error_message, what="cannot read the users")
    found: dict[CredentialKey, ScramCredential] = {}
    for result in answer.results:
        check(result.error_code, result.error_message, what=f"cannot read user {result.user}")
        for info in result.credential_infos:
            credential = ScramCredential(result.user, _mechanism(result.user, info.mechanism), info.iterations)
            found[credential.key] = credential
    return found


def _mechanism(user: str, code: int) -> ScramMechanism:
    if code not in _CODES:
        raise ClusterError(f"user {user} has a SCRAM mechanism that is not known here (code {code})", hint="use a newer Ottla")
    return _CODES[code]


def upsert_scram_credentials(
    connection: Connection, passwords: Mapping[ScramCredential, Secret]
) -> dict[CredentialKey, str | None]:
    """Set the password of each credential; the answer says for each the refusal, or None."""
    outcome: dict[CredentialKey, str | None] = {}
    for batch in _one_of_each_user({credential.key: (credential, each) for credential, each in passwords.items()}):
        upsertions = [_upsertion(credential, password) for credential, password in batch.values()]
        outcome |= _send(connection, batch, deletions=[], upsertions=upsertions)
    return outcome


def delete_scram_credentials(connection: Connection, keys: Sequence[CredentialKey]) -> dict[CredentialKey, str | None]:
    """Delete credentials; the answer says for each the refusal, or None."""
    outcome: dict[CredentialKey, str | None] = {}
    for batch in _one_of_each_user(dict.fromkeys(keys)):
        deletions = [(key.user, MECHANISMS[key.mechanism]) for key in batch]
        outcome |= _send(connection, batch, deletions=deletions, upsertions=[])
    return outcome


def _one_of_each_user(items: Mapping[CredentialKey, Value]) -> Iterator[dict[CredentialKey, Value]]:
    """As few requests as there are mechanisms: Kafka refuses a request that names a user twice (DUPLICATE_RESOURCE)."""
    for mechanism in ScramMechanism:
        batch = {key: item for key, item in items.items() if key.mechanism is mechanism}
        if batch:
            yield batch


def _upsertion(credential: ScramCredential, password: Secret) -> tuple[Any, ...]:
    salt = secrets.token_bytes(SALT_BYTES)
    salted = salted_password(password, credential.mechanism, salt, credential.iterations)
    return (credential.user, MECHANISMS[credential.mechanism], credential.iterations, salt, salted)


def salted_password(password: Secret, mechanism: ScramMechanism, salt: bytes, iterations: int) -> bytes:
    """SaltedPassword of RFC 5802. Kafka takes a password's UTF-8 as it is, without SASLprep (ScramFormatter.normalize)."""
    return hashlib.pbkdf2_hmac(HASHES[mechanism], password.reveal().encode(), salt, iterations)


def _send(
    connection: Connection, batch: Mapping[CredentialKey, Any], *, deletions: list[Any], upsertions: list[Any]
) -> dict[CredentialKey, str | None]:
    answer = connection.send(AlterUserScramCredentialsRequest(deletions=deletions, upsertions=upsertions))
    said = {result.user: error_text(result.error_code, result.error_message) for result in answer.results}
    return {key: said.get(key.user, "the cluster gave no answer about it") for key in batch}
