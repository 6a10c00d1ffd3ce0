"""How long alerts took, kept for the table at the end of a run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """How long an alert took, in seconds: from the fault to the webhook, and from the healing to the word that it is over."""

    alert: str
    fault: str
    to_fire: float
    to_resolve: float | None

    def __str__(self) -> str:
        resolved = "-" if self.to_resolve is None else f"{self.to_resolve:6.1f}"
        return f"{self.alert:22} {self.fault:44} {self.to_fire:6.1f} {resolved:>8}"


TIMINGS: list[Timing] = []  # of the whole run, for the table at its end
