"""`ottla exporter` at size, against what a user would run instead, on one node and in one run.

1,000 partitions x 50 groups, and with --large 10,000 x 200. Each partition gets RECORDS records whose timestamps lie evenly
over the last four hours; each group has committed in every partition at an offset drawn evenly over all of them (seeded),
so that almost every (partition, offset) is another one. Groups have no members. The node has a heap of 3 GiB.

  ottla     rounds of the exporter's own collection (CPU and wall time of this process), its RSS, the wall time of a scrape
  tool      kafka-consumer-groups --describe --all-groups: what comes with Kafka
kafka_exporter and KMinion are not to be had as packages, so that nobody can repeat a comparison with them here.

The first round searches the timestamps of all commits; the settled ones after it find them known.
"""

from __future__ import annotations

import argparse
import json
import os
import random
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

if TYPE_CHECKING:
    from ottla.platform import LocalPlatform

SPEC = Path(__file__).parent.parent / "platform.yaml"
SIZES = {"1,000 x 50": (20, 50, 50), "10,000 x 200": (100, 100, 200)}
RECORDS = 200
BATCH = 20  # records; so that an offset within a partition is found by its index, as in a topic that filled in time
QUEUED = 50_000
SPREAD = 4 * 3600 * 1000  # ms
ROUNDS = 5
HEAP = "heap: 512MiB", "heap: 3GiB"  # a coordinator keeps two million committed offsets in memory
GROUPS_TOOL = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"


def fill(platform: LocalPlatform, topics: int, partitions: int, groups: int) -> None:
    """Make the topics, write the records, commit for the groups."""
    access = platform.access()
    names = [f"bench-{number:03}" for number in range(topics)]
    plan = access.plan_create([Topic(name, partitions, 1, {}) for name in names])
    access.apply(plan, accept=frozenset(), said=lambda _: None)
    servers = ",".join(access.settings.bootstrap_servers)
    producer = Producer({"bootstrap.servers": servers, "linger.ms": 100, "batch.num.messages": BATCH})
    first = time.time_ns() // 1_000_000 - SPREAD
    for name in names:
        for partition in range(partitions):
            for number in range(RECORDS):
                at = first + SPREAD * number // RECORDS
                producer.produce(name, value=b"x" * 20, partition=partition, timestamp=at)
            if len(producer) > QUEUED:
                producer.flush(60)
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
    exporter = make_exporter(platform.access, platform.view(platform.spec.exporter), lambda _: None)
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
    assert not snapshot.failures, snapshot.failures
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
    java = [str(java_command()), "-Xmx512M", "-cp", jars, GROUPS_TOOL]
    command = [*java, "--bootstrap-server", server, "--describe", "--all-groups", "--timeout", "120000"]
    before, started = os.times().children_user + os.times().children_system, time.monotonic()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, env=environment())
    after = os.times().children_user + os.times().children_system
    assert done.returncode == 0
    return {"wall": time.monotonic() - started, "cpu": after - before}


def measured(size: str) -> dict[str, Any]:
    """All figures of a size, on a cluster of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "platform.yaml").write_text(SPEC.read_text().replace(*HEAP))
        platform = Platform.load(folder / "platform.yaml").on("laptop")
        try:
            platform.up()
            fill(platform, *SIZES[size])
            server = platform.cluster.made().bootstrap_servers[0]
            figures = {"ottla": ours(platform), "tool": the_tool(server)}
        finally:
            platform.wipe()
    return figures


def main() -> None:
    """Measure, and print figures and ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--large", action="store_true", help="10,000 x 200 as well")
    arguments = parser.parse_args()
    results = {}
    for size in [*SIZES][: 2 if arguments.large else 1]:
        figures = results[size] = measured(size)
        own = figures["ottla"]
        shown = f"{own['series']:,} series, {own['megabytes']:.1f} MB, {own['dropped']:,} dropped, RSS {own['rss_mb']:.0f} MB"
        print(f"{size}: {shown}")
        for name in ("first", "settled"):
            each = own[name]
            print(f"  round, {name:8} {each['wall']:7.2f} s wall {each['cpu']:7.2f} s CPU {each['requests']:6.0f} requests")
        print(f"  scrape          {own['scrape']:7.3f} s")
        tool = figures["tool"]
        ratios = ", ".join(f"{own['settled'][kind] / tool[kind]:.2f} of its {kind}" for kind in ("wall", "cpu"))
        print(f"  kafka-consumer-groups {tool['wall']:5.2f} s wall {tool['cpu']:7.2f} s CPU; a settled round takes {ratios}")
    print(json.dumps(results))


if __name__ == "__main__":
    main()
