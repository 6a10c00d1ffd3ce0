"""The scratch node that an AOT cache is trained on: it boots, takes an event, gives it back, and ends."""

from __future__ import annotations

import urllib.request
from dataclasses import replace
from typing import TYPE_CHECKING

from ottla.errors import LocalError
from ottla.local.node import format_nodes, last_words, start_node, write_node_files
from ottla.local.ports import LOOPBACK, TRAINING_PORT, accepts, free_block, free_port
from ottla.local.processes import end_processes, find_processes, stop_processes
from ottla.local.record import BLOCK, ClusterRecord, NodeAddress, new_cluster_id
from ottla.local.trust import ensure_certificates
from ottla.model.client import ClientProfile
from ottla.model.topic import Topic
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from ottla.local.jvm import Runtime
    from ottla.local.layout import Layout

HEAP = 512 * 1024**2
BOOT_TIMEOUT = 90.0
EVENT_TIMEOUT = 20.0
TRAINING_TOPIC = Topic("training", partitions=1, replication_factor=1, configs={})
ALONE = {
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
}


def train(runtime: Runtime, layout: Layout, result: Path) -> None:
    """Run one node in ``layout`` and leave its AOT cache at ``result``. Raises OttlaError if that does not work."""
    first = free_block(LOOPBACK, taken=set(), start=TRAINING_PORT)
    jmx_port = None if runtime.agent is None else free_port(LOOPBACK, taken=set(), start=first + BLOCK)
    node = replace(NodeAddress.in_block(1, LOOPBACK, first), jmx_port=jmx_port, ecs_logs=runtime.ecs_logs)
    record = ClusterRecord(new_cluster_id(), "training", (node,))
    files = layout.node(1)
    ensure_certificates(layout, "training", [node], others_run=False)
    write_node_files(layout, record, node, ALONE, cluster="training")
    format_nodes(runtime, layout, record, [1])
    try:
        start_node(runtime, layout, node, heap=HEAP, extra=[f"-XX:AOTCacheOutput={result}"])
        wait_until(
            lambda: (accepts(LOOPBACK, first), bool(find_processes({1: files.properties}))),
            lambda seen: seen[0] or not seen[1],
            what="the training node",
            timeout=BOOT_TIMEOUT,
        )
        _exercise(f"{LOOPBACK}:{first}")
        if jmx_port is not None:
            _scrape(f"http://{LOOPBACK}:{jmx_port}/metrics")
    except BaseException:
        end_processes(find_processes({1: files.properties}))  # asked to stop, it would take its time to write the cache
        raise
    stop_processes(find_processes({1: files.properties}))
    if not result.exists():
        raise LocalError(f"the JVM wrote no cache:\n{last_words(files)}")


def _exercise(bootstrap_server: str) -> None:
    from ottla.kafka.connection import connect  # noqa: PLC0415  (while the node boots, not before it is started)
    from ottla.kafka.events import Event, read_back, send_events  # noqa: PLC0415
    from ottla.kafka.settings import ClientSettings  # noqa: PLC0415
    from ottla.kafka.topics import create_topics, read_metadata  # noqa: PLC0415

    profile = ClientProfile(producer={"enable.idempotence": "true"}, consumer={})
    settings = ClientSettings((bootstrap_server,))
    with connect(settings.bootstrap_servers) as connection:
        create_topics(connection, [TRAINING_TOPIC])
        read_metadata(connection)
    sent = send_events(settings, profile, [Event("training", b"key", b"value")], timeout=EVENT_TIMEOUT)
    places = {("training", each.partition): each.offset for each in sent if each.error is None}
    wanted = {("training", each.partition, each.offset) for each in sent if each.error is None}
    read_back(settings, profile, places, wanted, timeout=EVENT_TIMEOUT)


def _scrape(address: str) -> None:
    try:
        with urllib.request.urlopen(address, timeout=EVENT_TIMEOUT) as answer:  # noqa: S310  (the agent of this very node)
            answer.read()
    except OSError as error:
        raise LocalError(f"the JMX agent does not answer at {address}: {error}") from error
