"""Client quotas: how much a user, a client id, both, or an address may use before it is slowed down (KIP-546, KIP-612)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

PRODUCER_BYTE_RATE = "producer_byte_rate"
CONSUMER_BYTE_RATE = "consumer_byte_rate"
REQUEST_PERCENTAGE = "request_percentage"
CONTROLLER_MUTATION_RATE = "controller_mutation_rate"
CONNECTION_CREATION_RATE = "connection_creation_rate"
OF_CLIENTS = frozenset({PRODUCER_BYTE_RATE, CONSUMER_BYTE_RATE, REQUEST_PERCENTAGE, CONTROLLER_MUTATION_RATE})
OF_ADDRESSES = frozenset({CONNECTION_CREATION_RATE})


class Unnamed(Enum):
    """In place of a name: whoever has no quota under a name of their own."""

    DEFAULT = "default"

    def __str__(self) -> str:
        return f"({self.value})"


DEFAULT = Unnamed.DEFAULT
EntityName: TypeAlias = str | Unnamed


@dataclass(frozen=True, slots=True)
class QuotaEntity:
    """Whom a quota is for. None: it does not matter; a client id alone holds for any user that has no quota of its own."""

    user: EntityName | None = None
    client_id: EntityName | None = None
    ip: EntityName | None = None

    def __str__(self) -> str:
        names = (("user", self.user), ("client_id", self.client_id), ("ip", self.ip))
        return " ".join(f"{kind} {name}" for kind, name in names if name is not None)

    @property
    def sort_key(self) -> tuple[str, ...]:
        """A total order: no name before (default) before any name."""
        return tuple(_rank(name) for name in (self.user, self.client_id, self.ip))


def _rank(name: EntityName | None) -> str:
    if name is None:
        return "0"
    return "1" if isinstance(name, Unnamed) else f"2{name}"
