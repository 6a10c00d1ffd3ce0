from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from tests.metrics.logs import NOW, Broker, dense

from ottla.metrics import group_metrics as of
from ottla.metrics.anchors import Anchors
from ottla.metrics.exposition import exposition
from ottla.metrics.group_samples import GroupSamples, GroupsSeen, wanted_ages
from ottla.metrics.lag import Isolation, PartitionOffsets, Retention
from ottla.metrics.metric import Granularity
from ottla.metrics.samples import Sample, Series, families
from ottla.metrics.timestamp_search import Age, Quality, TimestampSearch, Wanted
from ottla.model.group import ConsumerGroup

if TYPE_CHECKING:
    from collections.abc import Collection

    from ottla.metrics.metric import Metric

A0, A1, B0 = ("a", 0), ("a", 1), ("b", 0)
LOGS = {A0: dense(*range(NOW - 100_000, NOW, 1_000)), A1: dense(*range(NOW - 50_000, NOW, 1_000), start=10), B0: dense(NOW - 1)}
OF_A = {partition: PartitionOffsets(log.start, log.end, log.end) for (topic, partition), log in LOGS.items() if topic == "a"}
OFFSETS = {"a": OF_A, "b": {0: PartitionOffsets(0, 1, 1)}}
READER, SLEEPER = ConsumerGroup("reader", "consumer", "Stable"), ConsumerGroup("sleeper", "classic", "Empty")
SEEN = GroupsSeen(
    at=NOW,
    groups=(READER, SLEEPER, ConsumerGroup("dead", "classic", "Dead"), ConsumerGroup("nothing", "classic", "Empty")),
    committed={"reader": {"a": {0: 40, 1: 50}}, "sleeper": {"a": {0: 40, 1: 5}, "b": {0: 1}}, "dead": {"a": {0: 1}}},
    offsets=OFFSETS,
    members={"reader": 3, "sleeper": 0},
)


def searched(seen: GroupsSeen, anchors: Anchors, compacted: Collection[str] = ()) -> TimestampSearch:
    """A search of all that ``anchors`` do not know."""
    wanted = wanted_ages(seen, seen.standings(), anchors, compacted)
    return Broker(LOGS).settle(TimestampSearch(wanted, anchors, now=seen.at))


def samples_of(seen: GroupsSeen, before: GroupsSeen | None = None, *, partitions: bool = True) -> list[Sample]:
    """All samples; those of partitions as one each."""
    anchors = Anchors()
    search = searched(seen, anchors)
    parts = GroupSamples(seen, before, anchors, search.age).of(seen.standings(), partitions=partitions)
    return [sample for part in parts for sample in as_samples(part)]


def as_samples(part: Sample | Series) -> list[Sample]:
    if isinstance(part, Sample):
        return [part]
    return [Sample(part.metric, (*part.labels, str(partition)), value) for partition, value in part.points]


def value(samples: list[Sample], metric: Metric, *labels: str) -> object:
    """The value of a series, or None if it is not there."""
    found = [each.value for each in samples if each.metric is metric and each.labels == labels]
    assert len(found) <= 1
    return found[0] if found else None


def test_an_offset_is_searched_once_however_many_groups_stand_there() -> None:
    stands = SEEN.standings()
    firsts = {A0: Wanted(frozenset({40}), 0, 100), A1: Wanted(frozenset({10}), 10, 50)}
    assert wanted_ages(SEEN, stands, Anchors(), {"b"}) == firsts
    assert wanted_ages(SEEN, stands, Anchors(), {"a"})[A0].gaps


def test_what_is_known_for_good_is_not_searched_again_and_says_the_same() -> None:
    anchors = Anchors()
    search = searched(SEEN, anchors)
    first = [*GroupSamples(SEEN, None, anchors, search.age).of(SEEN.standings())]
    for rounds in range(100):
        later = replace(SEEN, at=NOW + rounds)
        assert wanted_ages(later, later.standings(), anchors, ()) == {}
    again = TimestampSearch({}, anchors, now=NOW)
    assert [*GroupSamples(SEEN, None, anchors, again.age).of(SEEN.standings())] == first
    moved = replace(SEEN, committed={"reader": {"a": {0: 41}}})
    for _ in range(100):  # and what nobody asks for is not kept for ever
        wanted_ages(moved, moved.standings(), anchors, ())
    assert wanted_ages(SEEN, SEEN.standings(), anchors, ()) != {}


def test_who_has_read_all_is_0_seconds_behind_and_who_has_not_is_as_far_as_the_record_is_old() -> None:
    samples = samples_of(SEEN)
    assert value(samples, of.GROUP_LAG_SECONDS, "reader", "a", "1") == 0.0
    behind = value(samples, of.GROUP_LAG_SECONDS, "reader", "a", "0")
    assert isinstance(behind, float)
    assert abs(behind - 60.0) <= 1.2
    assert value(samples, of.GROUP_TOPIC_LAG_SECONDS, "reader", "a") == behind


def test_records_of_a_topic_add_up() -> None:
    samples = samples_of(SEEN)
    assert value(samples, of.GROUP_LAG_RECORDS, "sleeper", "a", "1") == 45
    assert value(samples, of.GROUP_TOPIC_LAG_RECORDS, "sleeper", "a") == 60 + 45
    assert value(samples, of.GROUP_TOPIC_LOST_RECORDS, "sleeper", "a") == 5
    assert value(samples, of.GROUP_TOPIC_COMMITTED_OFFSETS, "sleeper", "a") == 40 + 5


def test_a_sum_of_committed_offsets_has_the_name_that_dashboards_look_for_and_none_where_a_partition_is_missing() -> None:
    text = exposition(families(samples_of(SEEN))).decode()
    assert 'kafka_consumergroup_current_offset_sum{consumergroup="sleeper",topic="a"} 45' in text.splitlines()
    assert value(samples_of(replace(SEEN, offsets={"a": {0: OF_A[0]}})), of.GROUP_TOPIC_COMMITTED_OFFSETS, "sleeper", "a") is None


def test_dead_groups_and_those_without_anything_have_no_series() -> None:
    assert {each.labels[0] for each in samples_of(SEEN)} == {"reader", "sleeper"}
    assert value(samples_of(SEEN), of.GROUP_MEMBERS, "sleeper") == 0


def test_what_could_not_be_read_has_no_sample() -> None:
    blind = replace(SEEN, offsets={"a": {0: OF_A[0]}}, members={})
    samples = samples_of(blind)
    assert {each.labels[2] for each in samples if each.metric is of.GROUP_LAG_RECORDS} == {"0"}
    assert value(samples, of.GROUP_MEMBERS, "reader") is None


def test_a_backlog_that_is_all_lost_has_no_age() -> None:
    gone = replace(SEEN, committed={"sleeper": {"a": {0: 40}}}, offsets={"a": {0: PartitionOffsets(100, 100, 100)}})
    samples = samples_of(gone)
    assert value(samples, of.GROUP_LOST_RECORDS, "sleeper", "a", "0") == 60
    assert value(samples, of.GROUP_LAG_SECONDS, "sleeper", "a", "0") is None
    assert value(samples, of.GROUP_TOPIC_LAG_SECONDS, "sleeper", "a") is None


def test_who_reads_committed_is_compared_with_the_last_stable_offset() -> None:
    held = replace(
        SEEN, offsets={**OFFSETS, "a": {**OF_A, 0: PartitionOffsets(0, 100, 40)}}, isolation={"reader": Isolation.READ_COMMITTED}
    )
    samples = samples_of(held)
    assert value(samples, of.GROUP_LAG_RECORDS, "reader", "a", "0") == 0
    assert value(samples, of.GROUP_LAG_RECORDS, "sleeper", "a", "0") == 60


def test_the_worst_partition_says_when_a_topic_is_done() -> None:
    before = replace(
        SEEN, at=NOW - 10_000, committed={"reader": {"a": {0: 20, 1: 40}}, "sleeper": {"a": {0: 40, 1: 5}, "b": {0: 1}}}
    )
    samples = samples_of(SEEN, before)
    assert value(samples, of.GROUP_TOPIC_CATCH_UP_SECONDS, "reader", "a") == 30.0
    assert value(samples, of.GROUP_TOPIC_CATCH_UP_SECONDS, "sleeper", "a") == inf
    assert value(samples, of.GROUP_TOPIC_CATCH_UP_SECONDS, "sleeper", "b") == 0.0
    assert value(samples_of(SEEN), of.GROUP_TOPIC_CATCH_UP_SECONDS, "reader", "a") is None


def test_the_worst_partition_says_when_retention_takes_something() -> None:
    limited = replace(SEEN, retention={"a": Retention(milliseconds=100_000)})
    left = value(samples_of(limited), of.GROUP_TOPIC_RETENTION_SECONDS, "sleeper", "a")
    assert isinstance(left, float)
    assert abs(left - 40.0) <= 1.2
    by_size = replace(SEEN, retention={"a": Retention(size=10_000)}, sizes={A0: 10_000, A1: 1})
    earlier = replace(SEEN, at=NOW - 10_000, offsets={**OFFSETS, "a": {**OF_A, 0: PartitionOffsets(0, 90, 90)}})
    assert value(samples_of(by_size, earlier), of.GROUP_TOPIC_RETENTION_SECONDS, "sleeper", "a") == 40.0
    assert value(samples_of(SEEN), of.GROUP_TOPIC_RETENTION_SECONDS, "sleeper", "a") is None


def test_without_partitions_the_topics_say_the_same() -> None:
    fine, coarse = samples_of(SEEN), samples_of(SEEN, partitions=False)
    assert coarse == [each for each in fine if "partition" not in each.metric.labels]


of_topics = st.fixed_dictionaries(
    {}, optional={"a": st.dictionaries(st.integers(0, 1), st.integers(0, 120), min_size=1), "b": st.just({0: 1})}
)


@given(st.dictionaries(st.sampled_from(["reader", "sleeper"]), of_topics))
def test_whatever_is_committed_can_be_written_down(committed: dict[str, dict[str, dict[int, int]]]) -> None:
    seen = replace(SEEN, committed=committed)
    assert families(samples_of(seen, SEEN))


def test_a_partition_that_nobody_tells_of_makes_no_sum_look_smaller() -> None:
    committed = {"reader": {"a": {0: 100, 1: 12}}}  # done with what is known, and far behind in what is not
    samples = samples_of(replace(SEEN, committed=committed, offsets={"a": {0: OF_A[0]}}))
    assert value(samples, of.GROUP_LAG_RECORDS, "reader", "a", "0") == 0
    assert not [each for each in samples if each.metric.granularity is Granularity.TOPIC]


def test_retention_is_told_only_if_every_partition_is_known() -> None:
    seen = replace(SEEN, retention={"a": Retention(milliseconds=100_000)}, committed={"sleeper": {"a": {0: 40, 1: 20}}})
    anchors = Anchors()
    stands = seen.standings()
    wanted_ages(seen, stands, anchors, ())

    def age_of(place: tuple[str, int], offset: int) -> Age | None:
        return Age(60.0, 0.0, Quality.EXACT) if (place, offset) == (A0, 40) else None

    samples = [each for part in GroupSamples(seen, None, anchors, age_of).of(stands) for each in as_samples(part)]
    assert value(samples, of.GROUP_TOPIC_RETENTION_SECONDS, "sleeper", "a") is None
    assert value(samples, of.GROUP_TOPIC_LAG_SECONDS, "sleeper", "a") is None
    assert value(samples, of.GROUP_LAG_SECONDS, "sleeper", "a", "0") == 60.0
