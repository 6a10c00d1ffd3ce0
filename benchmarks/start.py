"""How long until an event has gone through: `ottla up` against a plain `java kafka.Kafka` on the same JRE.

Measured in turns, in the same run, because machines are noisy: what counts are the ratios of the medians.
  plain      one node as Kafka's own scripts start it (no AOT cache, no TLS), formatted before: until a client is let in
  one node   `ottla up --verify` of the laptop environment, from the command until an event was produced and consumed
  three      the same of the local environment (three nodes, mutual TLS between them)
Wanted: one node <= 0.6 x plain, three nodes <= 1.5 x plain.
"""

from __future__ import annotations

import json
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ottla.kafka.cluster import read_brokers
from ottla.kafka.connection import connect
from ottla.local import Silent
from ottla.local.artifacts import ensure_jars
from ottla.local.jvm import environment, java_command
from ottla.local.record import new_cluster_id
from ottla.waiting import wait_until

ROUNDS = 5
OTTLA = Path(sys.executable).parent / "ottla"
SPEC = Path(__file__).parent.parent / "platform.yaml"


def free_ports(count: int) -> list[int]:
    """Ports that nothing listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def format_plain(folder: Path) -> tuple[list[str], int]:
    """A formatted one-node Kafka with its own defaults; the command that starts it and its port."""
    client, controller = free_ports(2)
    class_path = ":".join(str(jar) for jar in ensure_jars("4.3.1", report=Silent()))
    properties = folder / "server.properties"
    properties.write_text(
        "process.roles=broker,controller\nnode.id=1\n"
        f"controller.quorum.voters=1@127.0.0.1:{controller}\n"
        f"listeners=PLAINTEXT://127.0.0.1:{client},CONTROLLER://127.0.0.1:{controller}\n"
        f"advertised.listeners=PLAINTEXT://127.0.0.1:{client}\n"
        "controller.listener.names=CONTROLLER\n"
        f"log.dirs={folder}/data\noffsets.topic.replication.factor=1\n"
        "transaction.state.log.replication.factor=1\ntransaction.state.log.min.isr=1\n"
    )
    java = [str(java_command()), "-Xmx1G", "-cp", class_path]
    tool = ["kafka.tools.StorageTool", "format", "-t", new_cluster_id(), "-c", str(properties)]
    subprocess.run([*java, *tool], check=True, capture_output=True, env=environment())
    return [*java, "kafka.Kafka", str(properties)], client


def plain(command: list[str], port: int) -> float:
    """Seconds from the command until a client has seen the broker."""
    started = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment()) as node:
        with connect([f"127.0.0.1:{port}"], timeout=60) as connection:
            wait_until(lambda: read_brokers(connection), bool, what="the plain broker", timeout=60, every=0.01)
        took = time.monotonic() - started
        node.terminate()
        node.wait()
    return took


def ottla(folder: Path, environment_name: str) -> float:
    """Seconds from the command until an event was produced and consumed; everything is cached and formatted."""
    spec = ["-f", str(folder / "platform.yaml"), "-e", environment_name]
    started = time.monotonic()
    done = subprocess.run([str(OTTLA), "up", "--verify", *spec], capture_output=True, text=True, check=False)
    took = time.monotonic() - started
    assert done.returncode == 0, done.stdout + done.stderr
    subprocess.run([str(OTTLA), "down", *spec], capture_output=True, check=True)
    return took


def main() -> None:
    """Measure in turns and print figures and ratios."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(SPEC, folder)
        command, port = format_plain(folder)
        for environment_name in ("laptop", "local"):
            ottla(folder, environment_name)
        rounds = []
        for _ in range(ROUNDS):
            rounds.append((plain(command, port), ottla(folder, "laptop"), ottla(folder, "local")))
            print("  ".join(f"{seconds:6.2f}" for seconds in rounds[-1]), flush=True)
    medians = [statistics.median(column) for column in zip(*rounds, strict=True)]
    ratios = {"one_node": medians[1] / medians[0], "three_nodes": medians[2] / medians[0]}
    print(f"plain {medians[0]:.2f} s, one node {medians[1]:.2f} s, three nodes {medians[2]:.2f} s (medians of {ROUNDS})")
    print(f"one node / plain    {ratios['one_node']:.2f} (wanted: at most 0.6)")
    print(f"three nodes / plain {ratios['three_nodes']:.2f} (wanted: at most 1.5)")
    print(json.dumps({"medians_seconds": dict(zip(("plain", "one", "three"), medians, strict=True)), "ratios": ratios}))


if __name__ == "__main__":
    main()
