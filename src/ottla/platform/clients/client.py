"""What the files of a client are made of, whatever its kind."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ottla.files import explained
from ottla.model.login import CertificateLogin
from ottla.model.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ottla.model.client import ClientProfile
    from ottla.model.login import Login
    from ottla.spec.schema import EnvironmentSpec, UserSpec

WRITTEN_BY = "Written by `ottla client-config`; the next run writes it anew."
PARTITIONER = "partitioner"  # librdkafka's key: Java has none of that name
JAVAS_OWN = frozenset({"murmur2", "murmur2_random"})  # how Java's clients choose a record's partition by its key


@dataclass(frozen=True, slots=True)
class Client:
    """A user's way in, the platform's profile, and the group that the user's role names.

    ``authorities`` and ``store`` are the texts (PEM) of the files that the login names.
    """

    login: Login
    profile: ClientProfile
    group: str | None
    authorities: str
    store: Secret | None = None


@dataclass(frozen=True, slots=True)
class ClientFiles:
    """Texts by their file names (each may hold a secret), one line on how to use them, and what is worth knowing."""

    texts: Mapping[str, Secret]
    usage: str
    notes: tuple[str, ...] = field(default=())


def client_of(login: Login, profile: ClientProfile, group: str | None) -> Client:
    """A client, with what its login's files hold. Raises LocalError where one cannot be read."""
    authorities = _text(login.authorities)
    store = Secret(_text(login.proof.store)) if isinstance(login.proof, CertificateLogin) else None
    return Client(login, profile, group, authorities, store)


def _text(path: Path) -> str:
    """PEM is ASCII; what people write between its blocks may be anything, and does not count."""
    with explained("read", path):
        return path.read_text(encoding="ascii", errors="replace")


def group_of(spec: EnvironmentSpec, user: UserSpec) -> str | None:
    """The consumer group that a user's role names, by its full name: of a Streams application, its application_id."""
    if user.consumes is not None:
        return spec.full_name(user.consumes.group)
    return None if user.streams is None else spec.full_name(user.streams.application_id)
