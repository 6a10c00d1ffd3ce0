"""A finding: one thing that is wrong, what shows it, why it is so, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad it is. Below a warning, nothing is wanting."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


ORDER = (Severity.ERROR, Severity.WARNING, Severity.NOTE)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of finding, as the troubleshooting guide has it: ``meaning``, how it ``comes`` about, what to do (``remedy``)."""

    name: str
    severity: Severity
    title: str
    meaning: str
    comes: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. ``where`` is what it is about; ``command`` is the next one to type."""

    kind: Kind
    where: str
    what: str
    evidence: tuple[str, ...]
    cause: str
    command: str
    severity: Severity

    @property
    def is_wanting(self) -> bool:
        """Whether it is more than a note."""
        return self.severity is not Severity.NOTE


def found(
    kind: Kind,
    where: str,
    what: str,
    *,
    evidence: tuple[str, ...] | list[str] = (),
    cause: str = "",
    command: str,
    severity: Severity | None = None,
) -> Finding:
    """A finding of that kind; as severe as the kind is, and with its cause, unless this one is known better."""
    return Finding(kind, where, what, tuple(evidence), cause or kind.comes, command, severity or kind.severity)
