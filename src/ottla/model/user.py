"""Users as a cluster knows them: principals, and the SCRAM credentials that can be seen (never a password)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

USER = "User"
LEAST_ITERATIONS, MOST_ITERATIONS = 4096, 16384  # ScramMechanism.minIterations, ScramFormatter.MAX_ITERATIONS
DEFAULT_ITERATIONS = 8192


class ScramMechanism(StrEnum):
    """How a password is proven without being sent (RFC 5802, RFC 7677)."""

    SHA_256 = "SCRAM-SHA-256"
    SHA_512 = "SCRAM-SHA-512"


@dataclass(frozen=True, slots=True, order=True)
class CredentialKey:
    """A user has at most one credential of each mechanism."""

    user: str
    mechanism: ScramMechanism


@dataclass(frozen=True, slots=True)
class ScramCredential:
    """A credential as far as it can be seen: Kafka gives back neither the password nor anything to check one with.

    ``version`` names the password without saying it. Desired, it is the version of the password that is wanted (None: no
    matter which); observed, the version that was sent last as far as is known (None: nobody here knows).
    """

    user: str
    mechanism: ScramMechanism
    iterations: int
    version: str | None = None

    @property
    def key(self) -> CredentialKey:
        """Whose credential it is, and of which mechanism."""
        return CredentialKey(self.user, self.mechanism)


def principal_of(user: str) -> str:
    """The principal of somebody who logs in by that name: ``User:alice``."""
    return f"{USER}:{user}"
