"""What is known of retention and of the age of lag, and what is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.doctor.see_groups import retention_of, run_search
from ottla.kafka.list_offsets import ListedOffsets
from ottla.metrics.anchors import Anchors
from ottla.metrics.lag import Retention
from ottla.metrics.timestamp_search import TimestampSearch, Wanted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ottla.kafka.list_offsets import Place

NOW = 1_800_000_000_000  # ms
WRITTEN = [NOW - 90_000, NOW - 60_000, NOW - 30_000]  # when the records at the offsets 0, 1, 2 were


def test_retention_is_unlimited_only_where_that_was_read() -> None:
    assert retention_of({}) is None
    assert retention_of({"cleanup.policy": "delete"}) is None
    assert retention_of({"cleanup.policy": "delete", "retention.ms": "-1"}) is None
    assert retention_of({"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}) == Retention()
    assert retention_of({"cleanup.policy": "compact"}) == Retention()
    assert retention_of({"cleanup.policy": "compact,delete", "retention.ms": "5", "retention.bytes": "7"}) == Retention(5, 7)


def broker(questions: Mapping[Place, int]) -> ListedOffsets:
    """The first record at or after each timestamp, as ListOffsets tells it."""
    found = {}
    for place, at in questions.items():
        offset = next((offset for offset, written in enumerate(WRITTEN) if written >= at), -1)
        found[place] = (offset, WRITTEN[offset] if offset >= 0 else -1)
    return ListedOffsets(found)


def test_an_age_that_was_not_settled_in_time_is_a_failure() -> None:
    place = ("orders", 0)
    search = TimestampSearch({place: Wanted(frozenset({1}), 0, 3)}, Anchors(), now=NOW)
    failures: list[str] = []
    run_search(search, broker, lambda: False, failures)
    assert failures == ["how old 1 first unread record may be was not settled in time"]
    failures.clear()
    run_search(search, broker, lambda: True, failures)
    assert (failures, [age.seconds for *_, age in search.ages()]) == ([], [60.0])
