"""What the exporter looks at: chosen in the spec, the same for every collection."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ottla.model.metric_family import Family

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping

    from ottla.metrics.lag import Isolation

ALL = frozenset({Family.BROKERS, Family.TOPICS, Family.CONSUMER_GROUPS, Family.LOG_DIRS, Family.QUORUM})


@dataclass(frozen=True, slots=True)
class Names:
    """The names that match one pattern, if there is one, and not the other. A pattern is for the whole name."""

    only: re.Pattern[str] | None = None
    without: re.Pattern[str] | None = None

    def __contains__(self, name: str) -> bool:
        if self.without is not None and self.without.fullmatch(name):
            return False
        return self.only is None or self.only.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class View:
    """What is collected. ``interval`` is in seconds; ``brokers`` and ``voters``: so many should there be, if a spec says it.

    ``tls_addresses`` are where brokers (by node_id) present their certificates to clients, if that is not where they are asked.
    """

    interval: float = 10.0
    families: frozenset[Family] = ALL
    partitions: bool = True
    max_series: int = 500_000
    topics: Names = Names()
    groups: Names = Names()
    isolation: Mapping[str, Isolation] = field(default_factory=dict)
    tls_addresses: Mapping[int, str] = field(default_factory=dict)
    brokers: int | None = None
    voters: int | None = None
