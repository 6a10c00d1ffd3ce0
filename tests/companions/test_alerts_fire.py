"""Each alert fired for real: the fault is done, the alert comes to a webhook, the fault is healed, and the alert is over."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from tests.companions.bench import CANNOT_SPARE, WATCHDOG, Bench, running_bench
from tests.companions.groups import LeftBehind, commit
from tests.companions.repeated import Repeated
from tests.companions.timings import TIMINGS, Timing
from tests.kafka.clients import LET_IN, write

from ottla.local.faults.kill import KillNodes
from ottla.local.faults.pause import PauseNodes
from ottla.platform.exporter_process import exporter_process

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.companions, pytest.mark.kafka, pytest.mark.timeout(420)]
HEALTHY_SECONDS = 60.0  # ten minutes of rules that are ten times as quick
QUICKER = 60.0  # where nothing but a figure of the spec changes
TOPIC = "bench-lag"
LONGER_THAN_ITS_DEADLINE = 2.5  # seconds
OF_A_DEAD_BROKER = (
    "BrokerDown",
    "BrokersMissing",
    "BrokerFenced",
    "UnderReplicated",
    "AtMinIsr",
    "UnderMinIsr",
    "OfflinePartitions",
    "QuorumNoSpare",
)


def in_spec(spec: dict[str, Any]) -> None:
    spec["exporter"]["canary"] = {"enabled": True, "deadline": "2s"}
    spec["monitoring"]["lag"] = {"records": 200, "seconds": "10s", "for": "1m"}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Three nodes; and topics whose partitions do not outlive the first dead broker."""
    with running_bench(tmp_path_factory.mktemp("bench"), "local", in_spec) as running:
        running.create(*CANNOT_SPARE, *(NewTopic(name, num_partitions=1, replication_factor=3) for name in (TOPIC, "bench-lost")))
        yield running


def test_a_healthy_run_fires_nothing_but_the_watchdog(bench: Bench) -> None:
    bench.wait_until_quiet()
    began = time.monotonic()
    threading.Event().wait(HEALTHY_SECONDS)
    # Prometheus finds its Alertmanager after 5 s, and tells again after a minute what fired before.
    TIMINGS.append(Timing(WATCHDOG, "none", bench.webhook.fired(WATCHDOG, 30, since=0.0).came - bench.began, None))
    assert {notice.name for notice in bench.webhook.since(began)} <= {WATCHDOG}
    assert bench.firing() == {WATCHDOG}


def test_a_dead_broker(bench: Bench) -> None:
    bench.wait_until_quiet()
    fault = KillNodes(bench.platform.cluster, [bench.follower()])
    bench.prove(OF_A_DEAD_BROKER, fault="SIGKILL of one broker of three", do=fault.do, heal=fault.heal, within=90)


def test_a_dead_broker_is_one_page(bench: Bench) -> None:
    """With what Alertmanager holds back: all of it fires in Prometheus, and one page is told of the broker itself."""
    bench.wait_until_quiet()
    bench.install(inhibits=True)
    began, fault = time.monotonic(), KillNodes(bench.platform.cluster, [bench.follower()])
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
    left = bench.follower()
    fault = KillNodes(bench.platform.cluster, {1, 2, 3} - {left})
    bench.prove(["NoActiveController", "QuorumStuck"], fault="SIGKILL of two voters of three", do=fault.do, heal=fault.heal)


def test_a_paused_broker(bench: Bench) -> None:
    bench.wait_until_quiet()
    fault = PauseNodes(bench.platform.cluster, [bench.follower()])
    bench.prove(["BrokerDown"], fault="SIGSTOP of one broker of three", do=fault.do, heal=fault.heal)


def test_a_canary_that_does_not_come_through(bench: Bench) -> None:
    """Where a broker stands still once, others lead soon: the canary is late for a moment, which is no page."""
    bench.wait_until_quiet()
    node_id = bench.follower()

    def stutter(stop: threading.Event) -> None:
        fault = PauseNodes(bench.platform.cluster, [node_id])
        assert fault.do().shown
        stop.wait(LONGER_THAN_ITS_DEADLINE)
        assert fault.heal().shown

    repeated = Repeated(stutter)
    bench.prove(["CanaryFailing"], fault="SIGSTOP of one broker, again and again", do=repeated.do, heal=repeated.heal)


def test_an_exporter_that_stands_still(bench: Bench) -> None:
    bench.wait_until_quiet()
    process = exporter_process(bench.platform).find()
    assert process is not None
    bench.prove(["ExporterStale"], fault="SIGSTOP of the exporter", do=process.suspend, heal=process.resume)


def test_a_group_that_does_not_read(bench: Bench) -> None:
    bench.wait_until_quiet()
    left = LeftBehind(bench.config, TOPIC)
    alerts = ["LagRecords", "LagSeconds", "LagStalled"]
    bench.prove(alerts, fault="a group that committed, and does not read", do=left.do, heal=left.heal)


def test_records_that_retention_took(bench: Bench) -> None:
    bench.wait_until_quiet()
    config = bench.config

    def lose() -> None:
        assert write(config, "bench-lost", count=100) == LET_IN
        commit(config, "bench-lost", 1)
        admin = AdminClient(config)  # held: what it was asked for ends with it
        for taken in admin.delete_records([TopicPartition("bench-lost", 0, 50)]).values():
            taken.result(30)

    bench.prove(["RecordsLost"], fault="DeleteRecords beyond a group", do=lose, heal=lambda: commit(config, "bench-lost", 100))


@pytest.mark.parametrize(
    ("section", "key", "value"), [("cluster", "disk", "1KiB"), ("monitoring", "disk", {"used": "1%"})], ids=["log_dirs", "volume"]
)
def test_a_disk_that_is_fuller_than_the_spec_allows(bench: Bench, section: str, key: str, value: Any) -> None:
    bench.wait_until_quiet()

    def change(spec: dict[str, Any]) -> None:
        spec[section][key] = value

    def fill() -> None:
        bench.install(change, scale=QUICKER)

    bench.prove(["DiskAlmostFull"], fault=f"{section}.{key} under what is used", do=fill, heal=bench.install)
