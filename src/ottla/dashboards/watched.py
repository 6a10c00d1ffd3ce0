"""What a spec says of a platform that dashboards draw limits at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Watched:
    """A cluster: how many ``brokers`` and ``voters`` there should be, and from where on something is bad.

    Lag is in records and seconds; ``disk_used`` is a share of the volume, 0 to 1; ``disk_full_within`` is in seconds,
    ``disk_bytes`` what the spec gives a node, or 0 if it does not say.
    """

    cluster: str
    brokers: int
    voters: int
    lag_records: float = 1000
    lag_seconds: float = 60
    disk_used: float = 0.85
    disk_full_within: float = 4 * 3600
    disk_bytes: int = 0
