"""What a scrape gets: the text of the last round, and how old it is."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ottla.metrics import exporter_metrics as of
from ottla.metrics.exposition import exposition
from ottla.metrics.samples import Sample, Series, capped, families
from ottla.model.metric_family import Family
from ottla.telemetry.compressed import Compressed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

UNCAPPED = frozenset({Family.EXPORTER, Family.BROKERS, Family.QUORUM, Family.CANARY})


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The samples of a round, and the text of all without its age. ``at`` is of the monotonic clock, in seconds."""

    samples: tuple[Sample, ...]
    series: tuple[Series, ...]
    text: bytes
    dropped: Mapping[Family, int]
    failures: tuple[str, ...] = ()  # what could not be read, in words
    at: float = 0.0
    compressed: Compressed = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "compressed", Compressed(self.text))

    @property
    def age(self) -> float:
        """Seconds since it was taken."""
        return time.monotonic() - self.at

    def scrape(self) -> bytes:
        """The text for whoever asks now."""
        return self.text + self._last_lines()

    def scrape_gzipped(self) -> bytes:
        """The same, gzipped; the text is compressed once."""
        return self.compressed.ended_with(self._last_lines())

    def _last_lines(self) -> bytes:
        return exposition(families([Sample(of.SNAPSHOT_AGE, (), self.age)]))


def take_snapshot(
    parts: Iterable[Sample | Series], max_series: int, failures: Iterable[str] = (), *, at: float | None = None
) -> Snapshot:
    """Cap the samples of a round and write them down. ``at`` is when the cluster was seen; None: now."""
    kept = capped(parts, {family: max_series for family in Family if family not in UNCAPPED})
    lost = {family: kept.dropped.get(family, 0) for family in Family if family not in UNCAPPED}
    samples = (*kept.samples, *(Sample(of.DROPPED_SERIES, (str(family),), count) for family, count in lost.items()))
    return Snapshot(
        samples,
        kept.series,
        exposition(families(samples), kept.series),
        kept.dropped,
        tuple(failures),
        time.monotonic() if at is None else at,
    )
