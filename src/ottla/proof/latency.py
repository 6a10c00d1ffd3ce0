"""Latencies as HDR histograms (http://hdrhistogram.org): kept by each worker, merged over all, exact to three digits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hdrh.histogram import HdrHistogram

if TYPE_CHECKING:
    from collections.abc import Iterable

HIGHEST = 600_000_000  # microseconds: ten minutes
DIGITS = 3
STEP_BITS = 11  # 2,048 steps in each power of two, which is what three digits take
PER_MILLISECOND = 1_000


Counts = dict[int, int]  # how often each step was seen, in microseconds


class Collected:
    """Latencies as a worker takes them in: counts, in steps as fine as a histogram's.

    A histogram in Python takes ten times as long for each, and milliseconds to be encoded, in which nothing would be sent.
    """

    def __init__(self) -> None:
        self._counts: Counts = {}

    def record(self, nanoseconds: int) -> None:
        """Count one. What took longer than ten minutes counts as ten minutes."""
        microseconds = min(HIGHEST, max(1, nanoseconds // 1_000))
        coarse = max(0, microseconds.bit_length() - STEP_BITS)
        step = microseconds >> coarse << coarse
        self._counts[step] = self._counts.get(step, 0) + 1

    def take(self) -> Counts:
        """What was counted since it was taken last."""
        counts, self._counts = self._counts, {}
        return counts


class Latencies:
    """How often each latency was seen, over all workers. They come in nanoseconds, and are told in milliseconds."""

    def __init__(self, encoded: Iterable[bytes] = ()) -> None:
        self._histogram: Any = HdrHistogram(1, HIGHEST, DIGITS)
        for each in filter(None, encoded):
            self._histogram.decode_and_add(each)

    def __len__(self) -> int:
        return int(self._histogram.get_total_count())

    def add(self, counts: Counts) -> None:
        """Count what a worker collected as well."""
        for step, count in counts.items():
            self._histogram.record_value(step, count)

    def encoded(self) -> bytes:
        """The histogram in the format that tools of HDR histograms read: V2, compressed, base64."""
        return bytes(self._histogram.encode())

    def at(self, percentile: float) -> float | None:
        """The latency in ms that so many percent did not exceed; None where there is none."""
        histogram = self._histogram
        return float(histogram.get_value_at_percentile(percentile)) / PER_MILLISECOND if histogram.get_total_count() else None

    @property
    def highest(self) -> float | None:
        """The longest one in ms."""
        return self.at(100.0)

    def curve(self) -> list[tuple[float, float]]:
        """Latency in ms by percentile, ever finer towards 100."""
        percentiles = [0.0, *(100 - 100 / 2 ** (step / 4) for step in range(2, 68))]
        return [(each, found) for each in percentiles if (found := self.at(each)) is not None]


@dataclass(frozen=True, slots=True)
class Percentiles:
    """What is told of latencies, in ms."""

    count: int
    p50: float | None
    p95: float | None
    p99: float | None
    p999: float | None
    highest: float | None


def percentiles(latencies: Latencies) -> Percentiles:
    """The percentiles that people compare."""
    at = latencies.at
    return Percentiles(len(latencies), p50=at(50), p95=at(95), p99=at(99), p999=at(99.9), highest=latencies.highest)
