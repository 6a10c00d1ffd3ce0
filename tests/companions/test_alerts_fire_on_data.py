"""Alerts about replicas, disks and retention fired for real, and about nodes of two clusters that are watched as one."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourceType,
)
from tests.companions.bench import Bench, running_bench
from tests.companions.conftest import monitored_spec, write_spec
from tests.companions.groups import commit
from tests.companions.repeated import Repeated
from tests.conftest import start_home
from tests.kafka.clients import LET_IN, write

from ottla.local.faults.kill import KillNodes
from ottla.local.faults.pause import PauseNodes
from ottla.waiting import wait_until

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.companions, pytest.mark.kafka, pytest.mark.timeout(420)]
QUICKER = 120.0  # an hour of a disk's past is half a minute
UNCLEAN, OLD, GROWING = "bench-unclean", "bench-old", "bench-growing"
RETENTION = 600.0  # seconds
PAUSE, BETWEEN = 4.0, 5.0  # seconds: longer than a replica may lag, shorter than a session; and to catch up
THROTTLE, THROTTLED = "follower.replication.throttled.rate", "follower.replication.throttled.replicas"


def in_spec(spec: dict[str, Any]) -> None:
    spec["exporter"]["canary"] = {"enabled": True, "deadline": "2s"}
    spec["cluster"]["config"]["replica.lag.time.max.ms"] = "3s"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Three nodes, whose replicas may lag for 3 s and no longer."""
    with running_bench(tmp_path_factory.mktemp("data"), "local", in_spec) as running:
        yield running


def throttle(bench: Bench, node_id: int, rate: int | None) -> None:
    """Let a broker fetch so many bytes a second of replicas that are not in sync; None: as many as it can."""
    operation = AlterConfigOpType.DELETE if rate is None else AlterConfigOpType.SET
    entry = ConfigEntry(THROTTLE, str(rate or 0), incremental_operation=operation)
    admin = AdminClient(bench.config)
    for done in admin.incremental_alter_configs(
        [ConfigResource(ResourceType.BROKER, str(node_id), incremental_configs=[entry])]
    ).values():
        done.result(30)


def isr_of(bench: Bench, topic: str) -> tuple[int | None, set[int]]:
    """The leader of a topic's one partition, and who is in sync."""
    partition = AdminClient(bench.config).list_topics(topic, timeout=10).topics[topic].partitions[0]
    return (None if partition.leader < 0 else partition.leader), set(partition.isrs)


def test_replicas_that_keep_falling_out(bench: Bench) -> None:
    bench.wait_until_quiet()
    node_id = bench.follower()

    def stutter(stop: threading.Event) -> None:
        fault = PauseNodes(bench.platform.cluster, [node_id])
        assert fault.do().shown
        stop.wait(PAUSE)
        assert fault.heal().shown
        stop.wait(BETWEEN)

    repeated = Repeated(stutter)
    fault = f"SIGSTOP of one broker for {PAUSE:g} s, again and again"
    with bench.quicker(20):  # half a minute of it, and replicas fall out every ten seconds
        bench.prove(["IsrFlapping"], fault=fault, do=repeated.do, heal=repeated.heal, within=150)


def test_a_leader_from_outside_the_isr(bench: Bench) -> None:
    """Its only other replica was away, lacks records, and is the only one left."""
    bench.wait_until_quiet()
    leader, follower = sorted(bench.followers())
    configs = {"unclean.leader.election.enable": "true", "min.insync.replicas": "1", THROTTLED: "*"}
    bench.create(NewTopic(UNCLEAN, num_partitions=1, replica_assignment=[[leader, follower]], config=configs))
    throttle(bench, follower, 1)
    away = PauseNodes(bench.platform.cluster, [follower])
    assert away.do().shown
    wait_until(lambda: isr_of(bench, UNCLEAN), lambda seen: seen == (leader, {leader}), what="one replica in sync", timeout=40)
    assert write(bench.config, UNCLEAN, os.urandom(100_000), count=100) == LET_IN  # more than one fetch, on the disk too
    assert away.heal().shown
    killed = KillNodes(bench.platform.cluster, [leader])

    def kill() -> object:
        assert isr_of(bench, UNCLEAN) == (leader, {leader})
        return killed.do()

    def start() -> object:
        throttle(bench, follower, None)
        return killed.heal()

    with bench.quicker(60):  # it is told of for ten seconds
        bench.prove(["UncleanElection"], fault="SIGKILL of the only replica in sync", do=kill, heal=start)
    assert isr_of(bench, UNCLEAN)[0] == follower


def test_records_that_retention_is_about_to_take(bench: Bench) -> None:
    bench.wait_until_quiet()
    config = bench.config
    bench.create(NewTopic(OLD, num_partitions=1, replication_factor=3, config={"retention.ms": str(int(RETENTION * 1000))}))

    def fall_behind() -> None:
        producer = Producer(config)
        producer.produce(OLD, b"event", timestamp=int((time.time() - 0.95 * RETENTION) * 1000))
        assert producer.flush(30) == 0
        commit(config, OLD, 0)

    fault = "a first unread record with 5 % of its time left"
    bench.prove(["NearRetention"], fault=fault, do=fall_behind, heal=lambda: commit(config, OLD, None))


def test_a_disk_that_will_be_full(bench: Bench) -> None:
    """As it grows in half a minute, the disk of the spec is full within four hours."""
    bench.wait_until_quiet()
    bench.create(NewTopic(GROWING, num_partitions=3, replication_factor=3))
    producer = Producer(bench.config)

    def grow(stop: threading.Event) -> None:
        producer.produce(GROWING, os.urandom(50_000))  # the brokers compress by the cluster's compression.type
        producer.poll(0)
        stop.wait(0.1)

    def small(spec: dict[str, Any]) -> None:
        spec["cluster"]["disk"] = "1GB"

    growing = Repeated(grow)

    def fill() -> None:
        bench.install(small, scale=QUICKER)
        growing.do()

    try:
        bench.prove(["DiskFullSoon"], fault="500 KB/s, cluster.disk: 1GB", do=fill, heal=growing.heal, within=150)
    finally:
        bench.install()
    assert producer.flush(30) == 0


def test_nodes_of_two_clusters_that_are_watched_as_one(bench: Bench, tmp_path: Path) -> None:
    bench.wait_until_quiet()
    write_spec(tmp_path, monitored_spec())
    other = start_home(tmp_path, "laptop")
    try:
        (node,) = other.platform.cluster.made().nodes
        labels = {"cluster": bench.platform.spec.cluster.name, "node": "9", "role": "combined"}
        stranger = {"targets": [f"127.0.0.1:{node.jmx_port}"], "labels": labels}
        bench.prove(
            ["TwoActiveControllers"],
            fault="a node of another cluster among the targets",
            do=lambda: bench.install(also_scraped=[stranger]),
            heal=bench.install,
        )
    finally:
        other.platform.wipe()
