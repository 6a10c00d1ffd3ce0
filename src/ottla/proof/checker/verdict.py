"""What a check can say, and how answers are merged: Jepsen's rule, by which an unknown is never green."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ottla.proof.expected import Expected

MOST_EXAMPLES = 10


class Verdict(Enum):
    """Ordered from good to bad by ``merged``."""

    VALID = "valid"
    UNKNOWN = "unknown"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found. ``count`` may be more than there are examples; ``note`` says why it could not tell, or why it may be.

    A check that found nothing has count 0 and is valid.
    """

    anomaly: str
    meaning: str
    verdict: Verdict
    count: int = 0
    examples: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Measure:
    """How long something took, beside what is allowed. ``milliseconds`` is None if it did not happen or was not seen."""

    name: str
    meaning: str
    verdict: Verdict
    milliseconds: float | None
    allowed_ms: int | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on a history, with all that was checked, measured and counted.

    ``alerts`` are those that fired, each with how many ms after the fault.
    """

    verdict: Verdict
    findings: tuple[Finding, ...]
    liveness: tuple[Measure, ...]
    figures: Mapping[str, int]
    expected: Expected
    alerts: Mapping[str, int]

    @property
    def troubles(self) -> tuple[Finding, ...]:
        """The checks that are not valid, the worst first."""
        bad = [finding for finding in self.findings if finding.verdict is not Verdict.VALID]
        return tuple(sorted(bad, key=lambda finding: finding.verdict is not Verdict.INVALID))

    @property
    def counted(self) -> tuple[Finding, ...]:
        """What was found and is legal in this run."""
        return tuple(finding for finding in self.findings if finding.count and finding.verdict is Verdict.VALID)


def merged(verdicts: Iterable[Verdict]) -> Verdict:
    """Invalid beats unknown, unknown beats valid; of nothing at all, unknown."""
    seen = set(verdicts)
    if Verdict.INVALID in seen:
        return Verdict.INVALID
    return Verdict.VALID if seen == {Verdict.VALID} else Verdict.UNKNOWN
