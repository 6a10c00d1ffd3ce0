"""`ottla exporter` at size, against what a user would run instead, on one node and in one run.

1,000 partitions x 50 groups, and with --large 10,000 x 200. Each partition gets RECORDS records whose timestamps lie evenly
over the last four hours; each group has committed in every partition at an offset drawn evenly over all of them (seeded),
so that almost every (partition, offset) is another one. Groups have no members.

  ottla     rounds of the exporter's own collection (CPU and wall time of this process), its RSS, the wall time of a scrape
  tool      kafka-consumer-groups --describe --all-groups: what comes with Kafka
  others    --kafka-exporter BINARY, --kminion BINARY: a scrape of each, and its CPU, where somebody has built them

The first round searches the timestamps of all commits; the settled ones after it find them known.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
from confluent_kafka import Consumer, Producer, TopicPartition

from ottla.local import Silent
from ottla.local.artifacts import TOOLS, ensure_jars
from ottla.local.jvm import environment, java_command
from ottla.model.topic import Topic
from ottla.platform import Platform
from ottla.platform.exporting import make_exporter
from ottla.telemetry.server import Server
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ottla.platform import LocalPlatform

SPEC = Path(__file__).parent.parent / "platform.yaml"
SIZES = {"1,000 x 50": (20, 50, 50), "10,000 x 200": (100, 100, 200)}
RECORDS = 200
SPREAD = 4 * 3600 * 1000  # ms
ROUNDS = 5
GROUPS_TOOL = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"


def fill(platform: LocalPlatform, topics: int, partitions: int, groups: int) -> None:
    """Make the topics, write the records, commit for the groups."""
    access = platform.access()
    names = [f"bench-{number:03}" for number in range(topics)]
    plan = access.plan_create([Topic(name, partitions, 1, {}) for name in names])
    access.apply(plan, accept=frozenset(), said=lambda _: None)
    servers = ",".join(access.settings.bootstrap_servers)
    producer = Producer({"bootstrap.servers": servers, "linger.ms": 100, "queue.buffering.max.messages": 1_000_000})
    first = time.time_ns() // 1_000_000 - SPREAD
    for number in range(RECORDS):
        at = first + SPREAD * number // RECORDS
        for name in names:
            for partition in range(partitions):
                producer.produce(name, value=b"x" * 20, partition=partition, timestamp=at)
        producer.poll(0)
    assert producer.flush(120) == 0
    chance = random.Random(6)  # noqa: S311  (the same commits each time)
    for number in range(groups):
        consumer = Consumer({"bootstrap.servers": servers, "group.id": f"group-{number:03}", "enable.auto.commit": False})
        places = ((name, partition) for name in names for partition in range(partitions))
        commits = [TopicPartition(name, partition, chance.randrange(RECORDS)) for name, partition in places]
        consumer.commit(offsets=commits, asynchronous=False)
        consumer.close()


def cpu() -> float:
    """CPU seconds of this process so far."""
    return time.process_time()


def ours(platform: LocalPlatform) -> dict[str, Any]:
    """Rounds of the exporter in this process, and scrapes of its port."""
    exporter = make_exporter(platform.access(), platform.view(platform.spec.exporter), lambda _: None)
    figures: dict[str, Any] = {}
    with platform.access().connected() as connection:
        rounds = []
        for _ in range(ROUNDS + 1):
            sent = sum(connection.requests.values())
            started, used = time.monotonic(), cpu()
            exporter.round(connection)
            rounds.append((time.monotonic() - started, cpu() - used, sum(connection.requests.values()) - sent))
    snapshot = exporter.snapshot
    assert snapshot is not None
    assert not exporter.failures, exporter.failures
    figures["first"] = dict(zip(("wall", "cpu", "requests"), rounds[0], strict=True))
    settled = [statistics.median(each) for each in zip(*rounds[1:], strict=True)]
    figures["settled"] = dict(zip(("wall", "cpu", "requests"), settled, strict=True))
    figures["series"] = len(snapshot.text.splitlines()) - snapshot.text.count(b"# ")
    figures["megabytes"] = len(snapshot.text) / 1e6
    figures["dropped"] = sum(snapshot.dropped.values())
    figures["rss_mb"] = psutil.Process().memory_info().rss / 1e6
    server = Server(exporter, "127.0.0.1", free_port())
    server.start()
    try:
        figures["scrape"] = statistics.median(scraped(server.url) for _ in range(ROUNDS))
    finally:
        server.close()
    return figures


def scraped(url: str) -> float:
    """Seconds of a scrape."""
    started = time.monotonic()
    with urllib.request.urlopen(url, timeout=180) as answer:  # noqa: S310  (a loopback address)
        answer.read()
    return time.monotonic() - started


def free_port() -> int:
    """A port that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def the_tool(server: str) -> dict[str, float]:
    """Kafka's own way to see the lag of all groups."""
    jars = ":".join(map(str, ensure_jars("4.3.1", TOOLS, report=Silent())))
    command = [
        str(java_command()),
        "-Xmx512M",
        "-cp",
        jars,
        GROUPS_TOOL,
        "--bootstrap-server",
        server,
        "--describe",
        "--all-groups",
    ]
    before, started = os.times().children_user + os.times().children_system, time.monotonic()
    done = subprocess.run([*command, "--timeout", "120000"], stdout=subprocess.DEVNULL, check=False, env=environment())
    after = os.times().children_user + os.times().children_system
    assert done.returncode == 0
    return {"wall": time.monotonic() - started, "cpu": after - before}


@contextlib.contextmanager
def running(command: Sequence[str], url: str, more: dict[str, str]) -> Iterator[psutil.Process]:
    """Another exporter, until it answers."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **more}) as process:
        try:
            wait_until(lambda: answers(url), bool, what="it to listen", timeout=60, every=0.5)
            yield psutil.Process(process.pid)
        finally:
            process.terminate()


def answers(url: str) -> bool:
    """Whether somebody listens there."""
    host, _, port = url.partition("//")[2].partition("/")[0].partition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def another(command: Sequence[str], port: int, more: dict[str, str]) -> dict[str, float]:
    """Scrapes of another exporter: wall and CPU seconds of the middle one, and its memory."""
    url = f"http://127.0.0.1:{port}/metrics"
    figures = []
    with running(command, url, more) as process:
        for _ in range(3):
            used = sum(process.cpu_times()[:2])
            wall = scraped(url)
            figures.append((wall, sum(process.cpu_times()[:2]) - used))
        rss = process.memory_info().rss / 1e6
    wall, used = (statistics.median(each) for each in zip(*figures, strict=True))
    return {"wall": wall, "cpu": used, "rss_mb": rss}


def others(server: str, arguments: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Those that were named."""
    found = {}
    if arguments.kafka_exporter:
        port = free_port()
        command = [
            arguments.kafka_exporter,
            f"--kafka.server={server}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--log.enable-sarama",
        ]
        found["kafka_exporter"] = another(command[:-1], port, {})
    if arguments.kminion:
        port = free_port()
        config = {"KAFKA_BROKERS": server, "EXPORTER_HOST": "127.0.0.1", "EXPORTER_PORT": str(port)}
        found["kminion"] = another([arguments.kminion], port, config)
    return found


def measured(size: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """All figures of a size, on a cluster of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(SPEC, folder)
        platform = Platform.load(folder / "platform.yaml").on("laptop")
        try:
            platform.up()
            fill(platform, *SIZES[size])
            server = platform.cluster.made().bootstrap_servers[0]
            figures = {"ottla": ours(platform), "kafka-consumer-groups": the_tool(server), **others(server, arguments)}
        finally:
            platform.wipe()
    return figures


def main() -> None:
    """Measure, and print figures and ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--large", action="store_true", help="10,000 x 200 as well")
    parser.add_argument("--kafka-exporter", metavar="BINARY")
    parser.add_argument("--kminion", metavar="BINARY")
    arguments = parser.parse_args()
    results = {}
    for size in [*SIZES][: 2 if arguments.large else 1]:
        figures = results[size] = measured(size, arguments)
        own = figures["ottla"]
        print(
            f"{size}: {own['series']:,} series, {own['megabytes']:.1f} MB, {own['dropped']:,} dropped, RSS {own['rss_mb']:.0f} MB"
        )
        for name in ("first", "settled"):
            each = own[name]
            print(f"  round, {name:8} {each['wall']:7.2f} s wall {each['cpu']:7.2f} s CPU {each['requests']:6.0f} requests")
        print(f"  scrape          {own['scrape']:7.3f} s")
        for name, each in figures.items():
            if name != "ottla":
                ratio = own["settled"]["cpu"] / each["cpu"]
                print(
                    f"  {name:22} {each['wall']:7.2f} s wall {each['cpu']:7.2f} s CPU; ottla's settled round / this: {ratio:.2f} of the CPU"
                )
    print(json.dumps(results))


if __name__ == "__main__":
    main()
