"""How the collectors of a round fared."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ottla.errors import OttlaError
from ottla.metrics import exporter_metrics as of
from ottla.metrics.samples import Sample

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_TOLD = 3


@dataclass(slots=True)
class Outcome:
    """How a collector fared: the seconds it took, what it could not read, in words, and what may be done about it."""

    seconds: float = 0.0
    failures: list[str] = field(default_factory=list)
    hint: str | None = None

    @property
    def told(self) -> str:
        """The failures for a person, who reads a few of them, and the hint on a line of its own."""
        reasons = "; ".join(self.failures[:MOST_TOLD])
        return f"{reasons}\n    {self.hint}" if self.hint else reasons


@dataclass(slots=True)
class Outcomes:
    """How the collectors of a round fared, by their names in the catalogue."""

    of: dict[str, Outcome] = field(default_factory=dict)

    @contextmanager
    def collecting(self, collector: str) -> Iterator[list[str]]:
        """Time a collector; it adds what it cannot read to the list. An error of Kafka's ends it, and nobody else."""
        outcome = self.of.setdefault(collector, Outcome())
        started = time.monotonic()
        try:
            yield outcome.failures
        except OttlaError as error:
            outcome.failures.append(error.message)
            outcome.hint = error.hint
        finally:
            outcome.seconds += time.monotonic() - started

    @property
    def failures(self) -> list[str]:
        """What could not be read, each with its collector."""
        return [f"{name}: {failure}" for name, outcome in self.of.items() for failure in outcome.failures]

    def samples(self) -> Iterator[Sample]:
        """What the exporter says of its collectors."""
        for name, outcome in self.of.items():
            yield Sample(of.COLLECTOR_SUCCESS, (name,), int(not outcome.failures))
            yield Sample(of.COLLECTOR_DURATION, (name,), outcome.seconds)
