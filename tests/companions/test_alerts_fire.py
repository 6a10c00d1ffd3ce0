"""Each alert fired for real: the fault is done, the alert comes to a webhook, the fault is healed, and the alert is over."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from tests.companions.bench import WATCHDOG, Bench, running_bench
from tests.companions.timings import TIMINGS, Timing
from tests.kafka.clients import of_librdkafka

from ottla.local.faults.kill import KillNodes
from ottla.local.faults.pause import PauseNodes
from ottla.platform.exporter_process import exporter_process

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.companions, pytest.mark.kafka, pytest.mark.timeout(420)]
HEALTHY_SECONDS = 60.0  # ten minutes of rules that are ten times as quick
GROUP, TOPIC = "left-behind", "bench-lag"
OF_A_DEAD_BROKER = (
    "BrokerDown",
    "BrokersMissing",
    "BrokerFenced",
    "UnderReplicated",
    "UnderMinIsr",
    "OfflinePartitions",
    "QuorumNoSpare",
    "CanaryFailing",
)


def in_spec(spec: dict[str, Any]) -> None:
    spec["exporter"]["canary"] = {"enabled": True, "deadline": "2s"}
    spec["monitoring"]["lag"] = {"records": 200, "seconds": "10s", "for": "1m"}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Three nodes; and topics whose partitions do not outlive the first dead broker."""
    with running_bench(tmp_path_factory.mktemp("bench"), "local", in_spec) as running:
        admin = AdminClient(of_librdkafka(running.home.settings))
        topics = [
            NewTopic("bench-one-replica", num_partitions=3, replication_factor=1),
            NewTopic("bench-all-in-sync", num_partitions=3, replication_factor=3, config={"min.insync.replicas": "3"}),
            NewTopic(TOPIC, num_partitions=1, replication_factor=3),
        ]
        for made in admin.create_topics(topics).values():
            made.result(30)
        yield running


def follower(bench: Bench) -> int:
    """A node that is not the active controller."""
    status = bench.platform.status()
    assert status.view is not None
    assert status.view.quorum is not None
    return min({1, 2, 3} - {status.view.quorum.leader})


def test_a_healthy_run_fires_nothing_but_the_watchdog(bench: Bench) -> None:
    bench.wait_until_quiet()
    began = time.monotonic()
    TIMINGS.append(Timing(WATCHDOG, "none", bench.webhook.fired(WATCHDOG, 60, since=0.0).came - bench.began, None))
    threading.Event().wait(HEALTHY_SECONDS)
    assert {notice.name for notice in bench.webhook.since(began)} <= {WATCHDOG}
    assert bench.firing() == {WATCHDOG}


def test_a_dead_broker(bench: Bench) -> None:
    bench.wait_until_quiet()
    fault = KillNodes(bench.platform.cluster, [follower(bench)])
    bench.prove(OF_A_DEAD_BROKER, fault="SIGKILL of one broker of three", do=fault.do, heal=fault.heal, within=90)


def test_a_dead_broker_is_one_page(bench: Bench) -> None:
    """With what Alertmanager holds back: all of it fires in Prometheus, and one page is told of the broker itself."""
    bench.wait_until_quiet()
    bench.install(inhibits=True)
    began, fault = time.monotonic(), KillNodes(bench.platform.cluster, [follower(bench)])
    assert fault.do().shown
    try:
        bench.webhook.fired("BrokerDown", 60, since=began)
        bench.wait_for({"BrokersMissing", "BrokerFenced", "UnderReplicated"}, 60)
        threading.Event().wait(5)
        told = {notice.name for notice in bench.webhook.since(began)}
    finally:
        assert fault.heal().shown
        bench.install()
    assert told & {"BrokersMissing", "BrokerFenced", "UnderReplicated", "QuorumNoSpare"} == set()
    assert "BrokerDown" in told


def test_a_lost_quorum(bench: Bench) -> None:
    bench.wait_until_quiet()
    left = follower(bench)
    fault = KillNodes(bench.platform.cluster, {1, 2, 3} - {left})
    bench.prove(["NoActiveController", "QuorumStuck"], fault="SIGKILL of two voters of three", do=fault.do, heal=fault.heal)


def test_a_paused_broker(bench: Bench) -> None:
    bench.wait_until_quiet()
    fault = PauseNodes(bench.platform.cluster, [follower(bench)])
    bench.prove(["BrokerDown", "CanaryFailing"], fault="SIGSTOP of one broker of three", do=fault.do, heal=fault.heal)


def test_an_exporter_that_stands_still(bench: Bench) -> None:
    bench.wait_until_quiet()
    process = exporter_process(bench.platform).find()
    assert process is not None
    bench.prove(["ExporterStale"], fault="SIGSTOP of the exporter", do=process.suspend, heal=process.resume)


def test_a_group_that_does_not_read(bench: Bench) -> None:
    bench.wait_until_quiet()
    left = LeftBehind(of_librdkafka(bench.home.settings))
    alerts = ["LagRecords", "LagSeconds", "LagStalled"]
    bench.prove(alerts, fault="a group that committed, and does not read", do=left.do, heal=left.heal)


class LeftBehind:
    """A group that committed once, and does not read while 100 events a second are written."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._config = config
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write, name="writing")

    def do(self) -> None:
        self._thread.start()
        self._commit(0)

    def heal(self) -> None:
        """Nothing more is written, and all is read."""
        self._stop.set()
        self._thread.join()
        self._commit(None)

    def _write(self) -> None:
        producer = Producer(self._config)
        while not self._stop.wait(0.01):
            producer.produce(TOPIC, b"event")
            producer.poll(0)
        producer.flush(30)

    def _commit(self, offset: int | None) -> None:
        """An offset; None: as far as there are events."""
        consumer = Consumer({**self._config, "group.id": GROUP, "enable.auto.commit": False})
        try:
            end = consumer.get_watermark_offsets(TopicPartition(TOPIC, 0), timeout=20)[1] if offset is None else offset
            consumer.commit(offsets=[TopicPartition(TOPIC, 0, end)], asynchronous=False)
        finally:
            consumer.close()


def test_a_disk_that_is_fuller_than_the_spec_allows(bench: Bench) -> None:
    bench.wait_until_quiet()

    def small(spec: dict[str, Any]) -> None:
        spec["cluster"]["disk"] = "1KiB"

    bench.prove(
        ["DiskAlmostFull"], fault="more in log_dirs than cluster.disk", do=lambda: bench.install(small), heal=bench.install
    )
    bench.wait_until_quiet()

    def low(spec: dict[str, Any]) -> None:
        spec["monitoring"]["disk"] = {"used": "1%"}

    bench.prove(["DiskAlmostFull"], fault="monitoring.disk.used of 1%", do=lambda: bench.install(low), heal=bench.install)
