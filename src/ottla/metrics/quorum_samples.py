"""From what the quorum's leader says to samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.metrics import cluster_metrics as of
from ottla.metrics.samples import Sample

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def quorum_samples(
    *, leader: int | None, epoch: int, high_watermark: int, observers: int, ends: Mapping[int, int], expected: int | None
) -> Iterator[Sample]:
    """The quorum; ``ends`` are the ends of the voters' logs, by node_id."""
    if leader is not None:
        yield Sample(of.QUORUM_LEADER, (), leader)
    yield Sample(of.QUORUM_EPOCH, (), epoch)
    if high_watermark >= 0:
        yield Sample(of.QUORUM_HIGH_WATERMARK, (), high_watermark)
    yield Sample(of.QUORUM_VOTERS, (), len(ends))
    if expected is not None:
        yield Sample(of.QUORUM_VOTERS_EXPECTED, (), expected)
    yield Sample(of.QUORUM_OBSERVERS, (), observers)
    if leader is not None and leader in ends:
        for node_id, end in ends.items():
            if end >= 0:  # the leader knows it
                yield Sample(of.QUORUM_VOTER_LAG_RECORDS, (str(node_id),), max(0, ends[leader] - end))


def voter_lag_samples(caught_up: Mapping[int, int], now: int) -> Iterator[Sample]:
    """How long ago each voter last had everything; times are ms, ``caught_up`` by node_id."""
    for node_id, at in caught_up.items():
        yield Sample(of.QUORUM_VOTER_LAG_SECONDS, (str(node_id),), max(0.0, (now - at) / 1000))
