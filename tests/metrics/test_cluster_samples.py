"""Brokers, topics, log_dirs, the quorum: what is not known has no sample, and no sum looks smaller than it is."""

from __future__ import annotations

from ottla.metrics import cluster_metrics as of
from ottla.metrics.exposition import exposition
from ottla.metrics.quorum_samples import quorum_samples
from ottla.metrics.samples import Sample, families
from ottla.metrics.topic_samples import broker_samples, log_dir_samples, topic_samples
from ottla.model.node import Broker
from ottla.model.topic import Partition

TOPICS = {
    "whole": (Partition("whole", 0, 1, (1, 2), (1, 2)),),
    "worn": (Partition("worn", 0, 1, (1, 2), (1,)), Partition("worn", 1, None, (2, 1), ())),
}


def values(parts: object) -> dict[tuple[str, tuple[str, ...]], object]:
    return {(part.metric.name, part.labels): part.value for part in parts if isinstance(part, Sample)}  # type: ignore[attr-defined]


def test_a_topic_counts_what_it_lacks_and_the_cluster_sums_it_up() -> None:
    found = values(topic_samples(TOPICS, {"whole": 2, "worn": 2}))
    assert found[of.TOPIC_UNDER_REPLICATED_PARTITIONS.name, ("worn",)] == 2
    assert found[of.TOPIC_BELOW_MIN_ISR_PARTITIONS.name, ("whole",)] == 0
    assert found[of.OFFLINE_PARTITIONS.name, ()] == 1
    assert found[of.BELOW_MIN_ISR_PARTITIONS.name, ()] == 2


def test_a_partition_has_none_to_spare_where_it_lacks_a_replica_and_only_then() -> None:
    found = values(topic_samples(TOPICS, {"whole": 2, "worn": 1}))
    assert found[of.TOPIC_AT_MIN_ISR_PARTITIONS.name, ("whole",)] == 0
    assert found[of.TOPIC_AT_MIN_ISR_PARTITIONS.name, ("worn",)] == 1


def test_a_partition_of_fewer_replicas_than_min_insync_replicas_takes_writes_while_all_of_them_are_in_sync() -> None:
    single = {"single": (Partition("single", 0, 1, (1,), (1,)), Partition("single", 1, None, (2,), ()))}
    found = values(topic_samples(single, {"single": 2}))
    assert found[of.TOPIC_BELOW_MIN_ISR_PARTITIONS.name, ("single",)] == 1
    assert found[of.TOPIC_AT_MIN_ISR_PARTITIONS.name, ("single",)] == 0


def test_a_topic_whose_configs_cannot_be_read_is_not_taken_for_a_sound_one() -> None:
    found = values(topic_samples(TOPICS, {"whole": 2}))
    assert (of.TOPIC_BELOW_MIN_ISR_PARTITIONS.name, ("worn",)) not in found
    assert (of.BELOW_MIN_ISR_PARTITIONS.name, ()) not in found


def test_a_broker_has_its_address_while_it_serves_and_one_that_is_fenced_has_none() -> None:
    brokers = [Broker(1, fenced=False, address="one:9092"), Broker(2, fenced=True, address="two:9092")]
    found = values(broker_samples(brokers, None))
    shown = {labels: value for (name, labels), value in found.items() if name == of.BROKER_INFO.name}
    assert shown == {("1", "one:9092"): 1}
    assert found[of.BROKERS_PRESENT.name, ()] == 1
    text = exposition(families(broker_samples(brokers, None))).decode()
    assert 'kafka_broker_info{id="1",address="one:9092"} 1' in text.splitlines()


def test_what_the_quorums_leader_does_not_know_has_no_sample() -> None:
    found = values(quorum_samples(leader=1, epoch=3, high_watermark=-1, observers=0, ends={1: 500, 2: 490, 3: -1}, expected=None))
    assert (of.QUORUM_HIGH_WATERMARK.name, ()) not in found
    lags = {labels[0]: value for (name, labels), value in found.items() if name == of.QUORUM_VOTER_LAG_RECORDS.name}
    assert lags == {"1": 0, "2": 10}


def test_a_log_dir_that_is_offline_says_that_and_nothing_else() -> None:
    [sample] = log_dir_samples(("1", "/d"), is_online=False, size=0, total=1, usable=1, growth=1.0)
    assert (sample.metric, sample.value) == (of.LOG_DIR_ONLINE, 0)
