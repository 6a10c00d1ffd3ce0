"""What Ottla's own load costs, and its figures beside those of kafka-producer-perf-test: one cluster, one rate, one run.

Three nodes, a topic of 6 partitions, RF 3, min.insync.replicas 2, acks=all, idempotent, events of 1 KiB, in turns:
  bench    latencies only, as `ottla bench` keeps them
  ledger   every event written down (intent fsynced before it is sent), as `ottla drill` does
  tool     kafka-producer-perf-test --throughput RATE with the spec's producer: latency from the real send, in whole ms
Bench and tool have a warm-up of their own that is left out (the tool's --warmup-records, KIP-1052): clients start cold, and one
per cent of a run is soon that start alone. A ledger leaves nothing out, so of its latencies the start is a part.
What counts: CPU of our processes for an event, ledger by bench; and p99 beside the tool's, which is less by its nature. The tool
sends no keys, so that one partition's batch is full after 3 ms, where ours, spread by keys, wait for linger.ms; and it leaves out
the time that an event waits before it is sent, so that a stall of the cluster shows in ours in full, and in the tool's as one
slow record.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

import psutil

from ottla.local import Silent
from ottla.local.artifacts import TOOLS, ensure_jars
from ottla.local.jvm import environment, java_command
from ottla.platform import Platform
from ottla.platform.scratch import scratch
from ottla.proof.load import Load
from ottla.proof.measuring import measure, own_topic
from ottla.proof.subject import subject_of

if TYPE_CHECKING:
    from ottla.proof.subject import Subject

SPEC = Path(__file__).parent.parent / "platform.yaml"
SIZE = 1_024
PERF = "org.apache.kafka.tools.ProducerPerformance"
CLIENTS_WARM_UP = 10.0  # seconds; the nodes are warm by then
SAID = re.compile(r"([0-9.]+) records/sec .* ([0-9.]+) ms max latency, ([0-9]+) ms 50th, [0-9]+ ms 95th, ([0-9]+) ms 99th")


def ours(subject: Subject, load: Load, history: Path | None) -> dict[str, Any]:
    """A run of our own load, with a ledger or without."""
    measurement = measure(subject, load, told=lambda _number, _second: None, history=history)
    clients = (
        fmean(each.clients for each in measurement.hosts) * psutil.cpu_count() * load.duration
    )  # shares are of all processors
    return {
        "achieved": measurement.achieved,
        "p50": measurement.ack.at(50),
        "p99": measurement.ack.at(99),
        "max": measurement.ack.highest,
        "delay_p99": measurement.delays.at(99),
        "clients_cpu_us_per_event": clients * 1e6 / max(1, len(measurement.ack)),
    }


def the_tool(subject: Subject, load: Load, folder: Path) -> dict[str, Any]:
    """Kafka's own producer test at the same rate; its last line is of what came after the warm-up."""
    client = folder / "client.properties"
    servers = ",".join(subject.access.settings.bootstrap_servers)
    profile = {key: value for key, value in subject.access.profile.producer.items() if key != "partitioner"}  # murmur2 is Java's
    client.write_text("".join(f"{key}={value}\n" for key, value in {"bootstrap.servers": servers, **profile}.items()))
    jars = ":".join(map(str, ensure_jars("4.3.1", TOOLS, report=Silent())))
    with own_topic(subject.access, subject.topic, "perf-test") as topic:
        warm_up = round(load.rate * load.warm_up)
        count = warm_up + round(load.rate * load.duration)
        what = ["--topic", topic, "--num-records", str(count), "--warmup-records", str(warm_up), "--record-size", str(load.size)]
        command = [str(java_command()), "-Xmx512M", "-cp", jars, PERF, *what, "--throughput", str(load.rate)]
        done = subprocess.run(
            [*command, "--command-config", str(client)], capture_output=True, text=True, check=False, env=environment()
        )
    assert done.returncode == 0, done.stderr
    found = SAID.search(done.stdout.splitlines()[-1])
    assert found, done.stdout
    rate, highest, p50, p99 = (float(each) for each in found.groups())
    assert rate, done.stdout + done.stderr
    return {"achieved": rate, "p50": p50, "p99": p99, "max": highest}


def main() -> None:
    """Measure, and print figures and ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=int, default=5_000)
    parser.add_argument("--duration", type=float, default=20)
    parser.add_argument("--warm-up", type=float, default=60)
    arguments = parser.parse_args()
    load = Load(rate=arguments.rate, size=SIZE, duration=arguments.duration, warm_up=arguments.warm_up)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(SPEC, folder)
        platform = Platform.load(folder / "platform.yaml").on("local")
        with scratch(platform, "overhead") as made:
            subject = subject_of(made, "task-events")
            shape = replace(
                subject.topic, configs={"min.insync.replicas": "2"}
            )  # the tool sends no keys, and compaction wants them
            subject = replace(subject, topic=shape)
            results = {"bench": ours(subject, load, None)}
            results["ledger"] = ours(subject, replace(load, warm_up=0.0), folder / "history")
            results["tool"] = the_tool(subject, replace(load, warm_up=CLIENTS_WARM_UP), folder)
    for what, figures in results.items():
        print(f"{what:7}", ", ".join(f"{figure} {value:,.1f}" for figure, value in figures.items()))
    costs = results["ledger"]["clients_cpu_us_per_event"] / results["bench"]["clients_cpu_us_per_event"]
    print(f"a ledger costs {costs:.2f} x the CPU of a bench")
    print(f"p99 is {results['bench']['p99'] / results['tool']['p99']:.2f} x the tool's")
    print(json.dumps(results))


if __name__ == "__main__":
    main()
