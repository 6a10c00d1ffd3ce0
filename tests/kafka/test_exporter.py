"""The exporter on a real cluster: each age compared with the record itself, and what it does when nodes are not there."""

from __future__ import annotations

import re
import subprocess
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from ottla.local import Silent
from ottla.local.artifacts import TOOLS, ensure_jars
from ottla.local.jvm import environment, java_command
from ottla.metrics import cluster_metrics, exporter_metrics, group_metrics
from ottla.metrics.lag import Isolation
from ottla.metrics.timestamp_search import tolerance
from ottla.model.topic import Topic
from ottla.platform.exporting import make_exporter
from ottla.spec.versions import DEFAULT_KAFKA_VERSION
from ottla.telemetry.view import Names
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.conftest import Home

    from ottla.metrics.metric import Metric
    from ottla.telemetry.exporter import Exporter
    from ottla.telemetry.snapshot import Snapshot

pytestmark = pytest.mark.kafka

BY_HAND = {"auto.offset.reset": "earliest", "enable.auto.commit": False}
SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000


@dataclass(frozen=True)
class Case:
    """A topic of one partition, where a group has committed, and the timestamps of its records as ages in ms."""

    name: str
    ages: tuple[int, ...]
    committed: int
    configs: tuple[tuple[str, str], ...] = ()

    @property
    def topic(self) -> str:
        return f"lag-{self.name}"


CASES = (
    Case("idle-producer", tuple(range(40 * MINUTE, 10 * MINUTE, -SECOND)), 900),
    Case("burst-and-silence", (*[3 * HOUR] * 500, *range(5 * MINUTE, 0, -SECOND)), 400),
    Case("after-the-silence", (*[3 * HOUR] * 500, *range(5 * MINUTE, 0, -SECOND)), 500),
    Case("far-behind", tuple(range(5 * DAY, 0, -10 * MINUTE)), 3),
    Case("just-behind", tuple(range(10 * SECOND, 0, -100)), 97),
    Case("done", (MINUTE, SECOND), 2),
    Case("out-of-order", (HOUR, 2 * HOUR, 30 * MINUTE, 3 * HOUR, MINUTE), 2),
    Case("future", (MINUTE, -HOUR, -HOUR), 1),
    Case("append-time", (5 * HOUR,) * 20, 7, (("message.timestamp.type", "LogAppendTime"),)),
    Case("lost", tuple(range(HOUR, 0, -SECOND)), 100),
    Case("all-lost", tuple(range(HOUR, 0, -MINUTE)), 10),
)
LOG_STARTS = {"lost": 1500, "all-lost": 60}


def now() -> int:
    return time.time_ns() // 1_000_000


def client(home: Home) -> dict[str, Any]:
    return {"bootstrap.servers": ",".join(home.bootstrap_servers)}


def make_topics(home: Home, topics: Sequence[Topic]) -> None:
    access = home.platform.access()
    access.apply(access.plan_create(topics), accept=frozenset(), said=lambda _: None)


def write(home: Home, topic: str, timestamps: Sequence[int], *, key: str = "") -> None:
    producer = Producer({**client(home), "linger.ms": 5})
    for number, timestamp in enumerate(timestamps):
        producer.produce(topic, key=key or str(number), value=str(number), partition=0, timestamp=timestamp)
    assert producer.flush(30) == 0


def commit(home: Home, group: str, topic: str, offset: int) -> None:
    consumer = Consumer({**client(home), "group.id": group, **BY_HAND})

    def try_it() -> str | None:  # the first group of a cluster has no coordinator at once
        try:
            consumer.commit(offsets=[TopicPartition(topic, 0, offset)], asynchronous=False)
        except KafkaException as error:
            return str(error)
        return None

    try:
        wait_until(try_it, lambda refusal: refusal is None, what="a coordinator", timeout=60, every=0.2)
    finally:
        consumer.close()


def timestamp_at(home: Home, topic: str, offset: int) -> int:
    """What stands in the first record at or after an offset: read, and not asked for by time."""
    consumer = Consumer({**client(home), "group.id": "nobody", "enable.auto.commit": False, "auto.offset.reset": "earliest"})
    try:
        consumer.assign([TopicPartition(topic, 0, offset)])
        record = consumer.poll(20)
        assert record is not None
        assert record.error() is None
        return int(record.timestamp()[1])
    finally:
        consumer.close()


def exporter_of(home: Home, **changes: Any) -> Exporter:
    view = replace(home.platform.view(home.platform.spec.exporter), **changes)
    return make_exporter(home.platform.access, view, lambda _: None)


def value(snapshot: Snapshot, metric: Metric, *labels: str) -> float | None:
    """The value of a series, or None if there is none."""
    for sample in snapshot.samples:
        if sample.metric is metric and sample.labels == labels:
            assert isinstance(sample.value, float | int)
            return sample.value
    for series in snapshot.series:
        if series.metric is metric and series.labels == labels[:-1]:
            return dict(series.points).get(int(labels[-1]))
    return None


@pytest.fixture(scope="module")
def with_cases(one: Home) -> Home:
    make_topics(one, [Topic(case.topic, 1, 1, dict(case.configs)) for case in CASES])
    written = now()
    for case in CASES:
        write(one, case.topic, [written - age for age in case.ages])
        commit(one, f"group-{case.name}", case.topic, case.committed)
    starts = {TopicPartition(f"lag-{name}", 0, start): None for name, start in LOG_STARTS.items()}
    admin = AdminClient(client(one))
    for future in admin.delete_records([*starts]).values():
        future.result(60)
    return one


@pytest.fixture(scope="module")
def exporter(with_cases: Home) -> Exporter:
    """One that has looked at the cluster once."""
    exporter = exporter_of(with_cases)
    exporter.collect_once()
    return exporter


def assert_as_old_as_its_record(home: Home, exporter: Exporter, group: str, topic: str, offset: int) -> float:
    """Look once more, and compare what is said with the record itself."""
    timestamp, before = timestamp_at(home, topic, offset), now()
    snapshot = exporter.collect_once()
    seconds = value(snapshot, group_metrics.GROUP_LAG_SECONDS, group, topic, "0")
    least, most = (max(0, at - timestamp) for at in (before, now()))
    assert seconds is not None
    assert least - tolerance(least) <= seconds * SECOND <= most + tolerance(most)
    assert value(snapshot, group_metrics.GROUP_TOPIC_LAG_SECONDS, group, topic) == seconds
    assert value(snapshot, group_metrics.GROUP_LAG_ERROR_SECONDS, group, topic, "0") is None
    return seconds


@pytest.mark.parametrize("case", [case for case in CASES if case.name not in {"done", "all-lost"}], ids=lambda case: case.name)
def test_the_first_scrape_says_how_old_the_first_unread_record_is(exporter: Exporter, with_cases: Home, case: Case) -> None:
    fresh = exporter_of(with_cases, groups=Names(re.compile(f"group-{case.name}")))
    for each in (fresh, fresh, exporter):  # the first time, from its own answers, and from those of others
        assert_as_old_as_its_record(with_cases, each, f"group-{case.name}", case.topic, case.committed)


def test_records_that_retention_took_are_counted_and_never_look_like_no_lag(exporter: Exporter) -> None:
    snapshot = exporter.snapshot
    assert snapshot is not None
    for name, lost in (("lost", 1400), ("all-lost", 50)):
        assert value(snapshot, group_metrics.GROUP_LOST_RECORDS, f"group-{name}", f"lag-{name}", "0") == lost
    assert value(snapshot, group_metrics.GROUP_LAG_SECONDS, "group-all-lost", "lag-all-lost", "0") is None
    assert value(snapshot, group_metrics.GROUP_LAG_SECONDS, "group-done", "lag-done", "0") == 0
    assert value(snapshot, exporter_metrics.FUTURE_TIMESTAMPS) == 1
    assert value(snapshot, exporter_metrics.UNSETTLED_OFFSETS) == 0


def test_settled_ages_cost_no_request_and_groups_share_answers(exporter: Exporter, with_cases: Home) -> None:
    commit(with_cases, "another-group", "lag-far-behind", 3)
    snapshot = exporter.collect_once()
    rounds = value(snapshot, exporter_metrics.TIMESTAMP_ROUNDS)
    again = exporter.collect_once()
    assert value(again, group_metrics.GROUP_LAG_SECONDS, "another-group", "lag-far-behind", "0") == value(
        again, group_metrics.GROUP_LAG_SECONDS, "group-far-behind", "lag-far-behind", "0"
    )
    assert rounds is not None
    assert rounds <= 1  # a record of the future is asked for again


def test_transactions_that_are_open_hold_back_who_reads_committed_and_nobody_else(one: Home) -> None:
    topic = "lag-transactions"
    make_topics(one, [Topic(topic, 1, 1, {})])
    producer = Producer({**client(one), "transactional.id": "lag-writer"})
    producer.init_transactions(20)
    for age, ends in ((HOUR, True), (0, False)):  # a marker is dated when it is written: what follows is no older
        producer.begin_transaction()
        for _ in range(2):
            producer.produce(topic, value="v", partition=0, timestamp=now() - age)
        producer.flush(20)
        if ends:
            producer.commit_transaction(20)
    for group in ("committed", "uncommitted"):
        commit(one, f"lag-{group}", topic, 3)  # past the first transaction and its marker
    exporter = exporter_of(one, isolation={"lag-committed": Isolation.READ_COMMITTED})
    assert_as_old_as_its_record_uncommitted(one, exporter, topic)
    snapshot = exporter.collect_once()
    assert value(snapshot, group_metrics.GROUP_LAG_SECONDS, "lag-committed", topic, "0") == 0
    assert value(snapshot, group_metrics.GROUP_LAG_RECORDS, "lag-committed", topic, "0") == 0
    assert value(snapshot, cluster_metrics.PARTITION_OPEN_TRANSACTION_RECORDS, topic, "0") == 2
    producer.commit_transaction(20)
    later = exporter.collect_once()
    assert value(later, cluster_metrics.PARTITION_OPEN_TRANSACTION_RECORDS, topic, "0") == 0
    seconds = value(later, group_metrics.GROUP_LAG_SECONDS, "lag-committed", topic, "0")
    assert seconds == value(later, group_metrics.GROUP_LAG_SECONDS, "lag-uncommitted", topic, "0")


def assert_as_old_as_its_record_uncommitted(home: Home, exporter: Exporter, topic: str) -> None:
    consumer = Consumer({**client(home), "group.id": "nobody", "isolation.level": "read_uncommitted"})
    try:
        consumer.assign([TopicPartition(topic, 0, 3)])
        record = consumer.poll(20)
        assert record is not None
        timestamp = int(record.timestamp()[1])
    finally:
        consumer.close()
    seconds = value(exporter.collect_once(), group_metrics.GROUP_LAG_SECONDS, "lag-uncommitted", topic, "0")
    assert seconds is not None
    assert abs(seconds * SECOND - (now() - timestamp)) <= tolerance(now() - timestamp) + SECOND


@pytest.mark.long
def test_across_compaction_it_is_the_first_record_that_is_left(one: Home) -> None:
    topic = "lag-compacted"
    configs = {"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0.001", "segment.ms": "100", "delete.retention.ms": "1"}
    make_topics(one, [Topic(topic, 1, 1, configs)])
    written = now()
    write(one, topic, [written - 3 * HOUR + number * SECOND for number in range(200)], key="same")
    write(one, topic, [written - HOUR])
    commit(one, "lag-compacted", topic, 50)
    exporter = exporter_of(one, groups=Names(re.compile("lag-compacted")))
    assert_as_old_as_its_record(one, exporter, "lag-compacted", topic, 50)

    def first_left() -> int:
        write(one, topic, [now()], key="rolls the segment")
        return timestamp_at(one, topic, 50)

    wait_until(first_left, lambda found: found == written - 3 * HOUR + 199 * SECOND, what="compaction", timeout=90, every=1)
    assert_as_old_as_its_record(one, exporter_of(one, groups=Names(re.compile("lag-compacted"))), "lag-compacted", topic, 50)


def test_a_topic_that_was_made_anew_is_not_taken_for_the_old_one(one: Home) -> None:
    topic, group = "lag-anew", "lag-anew"
    exporter = exporter_of(one, groups=Names(re.compile(group)))
    access = one.platform.access()
    for age in (2 * HOUR, 5 * MINUTE):
        make_topics(one, [Topic(topic, 1, 1, {})])
        write(one, topic, [now() - age + number for number in range(20)])
        commit(one, group, topic, 10)
        assert_as_old_as_its_record(one, exporter, group, topic, 10)
        access.apply(access.plan_delete([topic]), accept=frozenset({"deletes-records"}), said=lambda _: None)


def test_every_kind_of_group_has_its_members_its_state_and_its_lag(one: Home) -> None:
    topic = "lag-kinds"
    make_topics(one, [Topic(topic, 1, 1, {})])
    write(one, topic, [now() - HOUR] * 10)
    members = [
        Consumer({**client(one), "group.id": f"kind-{protocol}", "group.protocol": protocol, **BY_HAND})
        for protocol in ("classic", "consumer")
    ]
    try:
        for member in members:
            member.subscribe([topic])
            record = wait_until(partial(member.poll, 1), lambda seen: seen is not None, what="a record", timeout=40)
            assert record.error() is None
            member.commit(offsets=[TopicPartition(topic, 0, 4)], asynchronous=False)
        exporter = exporter_of(one, groups=Names(re.compile("kind-.*")))
        snapshot = exporter.collect_once()
        for kind in ("classic", "consumer"):
            group = f"kind-{kind}"
            assert value(snapshot, group_metrics.GROUP_INFO, group, kind) == 1
            assert value(snapshot, group_metrics.GROUP_STATE, group, "Stable") == 1
            assert value(snapshot, group_metrics.GROUP_MEMBERS, group) == 1
            assert value(snapshot, group_metrics.GROUP_TOPIC_LAG_RECORDS, group, topic) == 6
            assert value(snapshot, group_metrics.GROUP_TOPIC_COMMITTED_OFFSETS, group, topic) == 4
        assert snapshot.failures == ()
    finally:
        for member in members:
            member.close()
    left = exporter.collect_once()
    for kind in ("classic", "consumer"):  # what is empty and has committed stays to be seen
        assert value(left, group_metrics.GROUP_STATE, f"kind-{kind}", "Empty") == 1
        assert value(left, group_metrics.GROUP_TOPIC_LAG_RECORDS, f"kind-{kind}", topic) == 6
    admin = AdminClient(client(one))
    for future in admin.delete_consumer_groups(["kind-classic"]).values():
        future.result(60)
    gone = exporter.collect_once()
    assert value(gone, group_metrics.GROUP_INFO, "kind-classic", "classic") is None
    assert value(gone, group_metrics.GROUP_INFO, "kind-consumer", "consumer") == 1


def test_the_names_that_dashboards_look_for_are_there(exporter: Exporter) -> None:
    text = exporter.collect_once().scrape().decode()
    for name in ("kafka_consumergroup_lag", "kafka_consumergroup_current_offset", "kafka_consumergroup_lag_seconds"):
        assert f'{name}{{consumergroup="group-far-behind",topic="lag-far-behind",partition="0"}} ' in text
    for name in ("current_offset", "oldest_offset", "replicas"):
        assert f'kafka_topic_partition_{name}{{topic="lag-far-behind",partition="0"}} ' in text
    assert "NaN" not in text
    assert " -" not in "".join(line.rsplit(maxsplit=1)[1] for line in text.splitlines() if "growth" not in line)
    series = [line.rsplit(maxsplit=1)[0] for line in text.splitlines() if not line.startswith("#")]
    assert len(series) == len(set(series))


def test_quorum_disk_and_brokers_are_there_from_the_protocol(three: Home) -> None:
    exporter = exporter_of(three)
    exporter.collect_once()
    snapshot = exporter.collect_once()
    assert snapshot.failures == ()
    assert value(snapshot, cluster_metrics.BROKERS_EXPECTED) == value(snapshot, cluster_metrics.BROKERS_PRESENT) == 3
    assert value(snapshot, cluster_metrics.QUORUM_VOTERS_EXPECTED) == value(snapshot, cluster_metrics.QUORUM_VOTERS) == 3
    assert value(snapshot, cluster_metrics.QUORUM_LEADER) in {1, 2, 3}
    for node in three.platform.cluster.made().nodes:
        data = str(three.platform.cluster.layout.node(node.node_id).data)
        total = value(snapshot, cluster_metrics.LOG_DIR_TOTAL, str(node.node_id), data)
        usable = value(snapshot, cluster_metrics.LOG_DIR_USABLE, str(node.node_id), data)
        assert total is not None
        assert usable is not None
        assert 0 < usable < total
        assert value(snapshot, cluster_metrics.LOG_DIR_GROWTH, str(node.node_id), data) is not None
        lag = value(snapshot, cluster_metrics.QUORUM_VOTER_LAG_SECONDS, str(node.node_id))
        assert lag is not None
        assert lag < 30


def test_a_topic_of_one_replica_is_not_below_min_isr_and_takes_writes_of_all(three: Home) -> None:
    """The default of the brokers is 2: of a partition with fewer replicas, Kafka wants all of them."""
    make_topics(three, [Topic("one-replica", partitions=1, replication_factor=1, configs={"min.insync.replicas": "2"})])
    producer = Producer({**client(three), "acks": "all"})
    refused: list[Any] = []
    producer.produce("one-replica", b"v", on_delivery=lambda error, _: refused.append(error))
    assert (producer.flush(30), refused) == (0, [None])
    snapshot = exporter_of(three).collect_once()
    assert value(snapshot, cluster_metrics.TOPIC_BELOW_MIN_ISR_PARTITIONS, "one-replica") == 0
    assert value(snapshot, cluster_metrics.BELOW_MIN_ISR_PARTITIONS) == 0


@pytest.mark.long
def test_a_paused_node_costs_its_own_series_and_an_interval_at_most(three: Home) -> None:
    processes = three.platform.cluster.running()
    view = three.platform.status().view
    assert view is not None
    assert view.quorum is not None
    leader = view.quorum.leader
    node_id = next(each for each in processes if each != leader)
    exporter = exporter_of(three, interval=2.0)
    exporter.start()
    try:
        wait_until(lambda: exporter.snapshot, lambda seen: seen is not None, what="a snapshot", timeout=20)
        processes[node_id].suspend()
        try:
            assert_others_are_seen(exporter, node_id, set(processes))
        finally:
            processes[node_id].resume()
        wait_until(
            lambda: value(exporter.snapshot, cluster_metrics.BROKERS_PRESENT) if exporter.snapshot else None,
            lambda seen: seen == 3,
            what="the node to come back",
            timeout=60,
        )
    finally:
        exporter.close()


def assert_others_are_seen(exporter: Exporter, node_id: int, node_ids: set[int]) -> None:
    """What one node does not tell is said to be missing, then the node is fenced, and then nothing is missing any more."""
    snapshot = wait_until(
        lambda: exporter.snapshot,
        lambda seen: bool(seen and any(f"node {node_id}" in failure for failure in seen.failures)),
        what="what the node does not tell to be missing",
        timeout=30,
    )
    assert snapshot is not None
    assert value(snapshot, exporter_metrics.COLLECTOR_SUCCESS, "topics") == 1
    others = {sample.labels[0] for sample in snapshot.samples if sample.metric is cluster_metrics.LOG_DIR_TOTAL}
    assert others == {str(each) for each in node_ids - {node_id}}
    wait_until(
        lambda: value(exporter.snapshot, cluster_metrics.BROKER_FENCED, str(node_id)) if exporter.snapshot else None,
        lambda seen: seen == 1,
        what="the node to be fenced",
        timeout=40,
    )
    wait_until(lambda: exporter.snapshot, lambda seen: bool(seen and not seen.failures), what="a round without it", timeout=40)
    assert exporter.is_fresh


@pytest.mark.long
def test_a_share_group_has_its_members_and_its_lag(one: Home) -> None:
    topic, group = "lag-shared", "shared-lag"
    make_topics(one, [Topic(topic, 1, 1, {})])
    jars = ":".join(map(str, ensure_jars(DEFAULT_KAFKA_VERSION, TOOLS, report=Silent())))
    server = ["--bootstrap-server", ",".join(one.bootstrap_servers), "--topic", topic, "--group", group]
    command = [str(java_command()), "-cp", jars, "org.apache.kafka.tools.consumer.ConsoleShareConsumer", *server]
    exporter = exporter_of(one, groups=Names(re.compile(group)))

    def figure(metric: Metric, *labels: str) -> float | None:
        return value(exporter.collect_once(), metric, group, *labels)

    def write_one_and_look() -> float | None:
        write(one, topic, [now()])
        return figure(group_metrics.GROUP_COMMITTED_OFFSET, topic, "0")

    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment()) as member:
        try:
            wait_until(write_one_and_look, bool, what="records that the group is done with", timeout=60, every=1)
            assert figure(group_metrics.GROUP_INFO, "share") == 1
            assert figure(group_metrics.GROUP_MEMBERS) == 1
            assert figure(group_metrics.GROUP_STATE, "Stable") == 1
        finally:
            member.terminate()
    wait_until(
        lambda: figure(group_metrics.GROUP_STATE, "Empty"), lambda seen: seen == 1, what="an empty group", timeout=60, every=1
    )
    done = figure(group_metrics.GROUP_COMMITTED_OFFSET, topic, "0")
    write(one, topic, [now() - HOUR] * 3)
    assert figure(group_metrics.GROUP_COMMITTED_OFFSET, topic, "0") == done
    lag = figure(group_metrics.GROUP_TOPIC_LAG_RECORDS, topic)
    assert lag is not None
    assert lag >= 3
