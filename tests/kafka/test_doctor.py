"""The doctor on clusters that are healthy, and on clusters that were really broken that way."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import socket
import struct
import subprocess
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from confluent_kafka import Consumer, Producer
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from kafka.protocol.admin import IncrementalAlterConfigsRequest
from kafka.protocol.producer import InitProducerIdRequest, ProduceRequest
from kafka.record.default_records import DefaultRecordBatchBuilder
from tests.conftest import Home, start_home

from ottla.doctor import examining
from ottla.errors import LocalError
from ottla.kafka.topics import delete_topics, read_metadata
from ottla.local.certificates import builder, private_pem, subject_named
from ottla.local.faults.kill import KillNodes
from ottla.local.faults.pause import PauseNodes
from ottla.local.node import META_PROPERTIES
from ottla.platform.monitoring import monitoring_of
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]

WANTING = 6
QUICK = 10.0  # seconds
SOON = 1.0  # seconds from one look to the next; a person is given three, so that more moves meanwhile
MINUTES_20 = 20 * 60 * 1000
FROM_DRILLS = "fault-left-behind"  # a fault that a test has on is one that nobody heals


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """One node of its own: what is broken here is nobody else's."""
    home = start_home(tmp_path_factory.mktemp("single"), "laptop")
    yield home
    home.end()


@pytest.fixture(scope="module")
def trio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """Three nodes of their own."""
    home = start_home(tmp_path_factory.mktemp("trio"), "local")
    yield home
    home.end()


def examined(home: Home) -> list[dict[str, Any]]:
    """The findings; the exit code is that of the worst."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(examining, "BETWEEN", SOON)
        done = home.run("doctor", "-o", "json")
    found: list[dict[str, Any]] = json.loads(done.stdout)["data"]["findings"]
    wanting = [finding for finding in found if finding["severity"] != "note"]
    assert done.returncode == (WANTING if wanting else 0)
    return [finding for finding in found if finding["kind"] != FROM_DRILLS]


def kinds(home: Home) -> list[str]:
    return [finding["kind"] for finding in examined(home)]


def the_only(home: Home, kind: str) -> dict[str, Any]:
    found = examined(home)
    assert [finding["kind"] for finding in found] == [kind], found
    return found[0]


@contextmanager
def stopped(home: Home) -> Iterator[None]:
    """The platform is down, and up again afterwards."""
    home.platform.down()
    try:
        yield
    finally:
        home.platform.up()


def produce(home: Home, topic: str, count: int) -> None:
    producer = Producer({"bootstrap.servers": ",".join(home.bootstrap_servers), "acks": "all"})
    for number in range(count):
        producer.produce(topic, f"event {number}".encode(), f"key {number}".encode())
    assert producer.flush(60) == 0


def consumer(home: Home, group: str, **more: Any) -> Any:
    servers = ",".join(home.bootstrap_servers)
    settings = {"bootstrap.servers": servers, "group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False}
    return Consumer({**settings, **more})


def read_on(reader: Any, topic: str, count: int) -> None:
    """Read and commit so many; a call that asks for more than there are waits until its time is over."""
    reader.subscribe([topic])
    left = count
    while left:
        messages = reader.consume(left, timeout=30)
        assert messages, f"{left} of {count} did not come"
        left -= len(messages)
    reader.commit(asynchronous=False)


@pytest.mark.parametrize(
    ("shape", "nodes"), [("single", 1), pytest.param("trio", 3, marks=pytest.mark.long)], ids=["one", "three"]
)
def test_a_healthy_cluster_has_no_finding_and_is_told_so_quickly(request: pytest.FixtureRequest, shape: str, nodes: int) -> None:
    home: Home = request.getfixturevalue(shape)
    produce(home, "task-events", 500)
    reader = consumer(home, "event-service")
    read_on(reader, "task-events", 500)
    started = time.monotonic()
    done = home.run("doctor")
    took = time.monotonic() - started
    reader.close()
    assert done.stdout.startswith(f"healthy: {nodes} node"), done.stdout
    assert (done.returncode, "looking a second time" in done.stderr) == (0, True)
    assert took < QUICK


def test_any_cluster_is_looked_at_by_its_address_without_a_spec(single: Home) -> None:
    done = Home._invoke(["doctor", "-b", single.bootstrap_servers[0], "-o", "json"], b"", 60)
    assert [each["kind"] for each in json.loads(done.stdout)["data"]["findings"] if each["severity"] != "note"] == []


def test_an_address_where_nobody_is_is_not_healthy() -> None:
    done = Home._invoke(["doctor", "-b", "127.0.0.1:1", "-o", "json"], b"", 60)
    assert done.exit_code == WANTING
    assert [each["kind"] for each in json.loads(done.stdout)["data"]["findings"]] == ["cluster-silent"]


def test_a_topic_that_was_deleted_by_hand_is_missing(single: Home) -> None:
    with single.platform.connected() as connection:
        delete_topics(connection, ["reminder-events"])
        wait_until(
            lambda: frozenset(read_metadata(connection).partitions),
            lambda names: "reminder-events" not in names,
            what="the topic to go",
            timeout=20,
        )
    finding = the_only(single, "topic-missing")
    assert finding["where"] == "topic reminder-events"
    assert finding["next"].startswith("ottla up --file")
    single.platform.up()
    assert kinds(single) == []


def test_a_paused_broker_is_found_and_nobody_waits_for_it(three: Home) -> None:
    """On the cluster of everybody: what else there is to find in it comes after what is nearest to the cause."""
    fault = PauseNodes(three.platform.cluster, [2])
    assert fault.do().shown
    try:
        started = time.monotonic()
        found = kinds(three)
        took = time.monotonic() - started
    finally:
        assert fault.heal().shown
    assert found[0] == "node-paused"
    assert "quorum-no-spare" in found
    assert took < 2 * QUICK


@pytest.mark.long
def test_a_killed_broker_shrinks_the_isr_and_two_lose_the_quorum(trio: Home) -> None:
    cluster = trio.platform.cluster
    fault = KillNodes(cluster, [3])
    assert fault.do().shown
    try:
        with trio.platform.connected() as connection:
            wait_until(
                lambda: [
                    each for of_topic in read_metadata(connection).partitions.values() for each in of_topic if 3 in each.isr
                ],
                lambda left: not left,
                what="the isr to shrink",
                timeout=30,
            )
        seen = wait_until(
            lambda: examined(trio),
            lambda findings: all(finding["kind"] != "cannot-see" for finding in findings),  # the offices of node 3 have moved
            what="everything to be seen",
            timeout=40,
        )
        found = {finding["kind"]: finding for finding in seen}
        assert list(found) == ["node-died", "quorum-no-spare", "isr-shrunk"], found
        assert "it is down" in found["isr-shrunk"]["what"]
        second = KillNodes(cluster, [2])
        assert second.do().shown
        try:
            lost = kinds(trio)
        finally:
            assert second.heal().shown
        assert lost[:3] == ["node-died", "node-died", "quorum-lost"]
        assert "offline-partitions" in lost
    finally:
        assert fault.heal().shown
    trio.platform.up()
    assert kinds(trio) == []


def test_a_port_that_somebody_took_is_named_with_who_has_it(single: Home) -> None:
    with stopped(single):
        address = single.platform.cluster.made().nodes[0]
        with socket.create_server((address.host, address.client_port)):
            finding = the_only(single, "port-taken")
    assert f"(pid {os.getpid()})" in finding["what"]


def test_a_platform_that_is_down_is_told_at_once(single: Home) -> None:
    with stopped(single):
        finding = the_only(single, "node-stopped")
    assert finding["where"] == "node 1"


@pytest.mark.parametrize(("key", "kind"), [("cluster.id", "wrong-cluster-id"), ("node.id", "wrong-node-id")])
def test_data_that_are_not_its_own_are_found(single: Home, key: str, kind: str) -> None:
    meta = single.platform.cluster.layout.node(1).data / META_PROPERTIES
    text = meta.read_text()
    lines = [f"{key}=9" if line.startswith(f"{key}=") else line for line in text.splitlines()]
    meta.write_text("\n".join(lines))  # while it runs: it is read when it starts
    try:
        finding = the_only(single, kind)
    finally:
        meta.write_text(text)
    assert any(f"{key} is 9" in line for line in finding["evidence"])


def test_a_certificate_that_has_expired_is_found(single: Home) -> None:
    layout = single.platform.cluster.layout
    store, authority = layout.node(1).keystore, x509.load_pem_x509_certificate(layout.authority.read_bytes())
    authority_key = load_pem_private_key(layout.authority_key.read_bytes(), password=None)
    assert isinstance(authority_key, ec.EllipticCurvePrivateKey)
    key, now, kept = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC), store.read_bytes()
    valid = (now - dt.timedelta(days=30), now - dt.timedelta(days=1))
    expired = builder(subject_named("node-1"), authority.subject, key.public_key(), valid=valid).sign(
        authority_key, hashes.SHA256()
    )
    store.write_bytes(private_pem(key) + expired.public_bytes(Encoding.PEM) + layout.authority.read_bytes())
    try:
        finding = the_only(single, "certificate-expired")
    finally:
        store.write_bytes(kept)
    assert finding["where"] == "certificate of node 1"


def test_a_certificate_that_is_gone_is_found(single: Home) -> None:
    store = single.platform.cluster.layout.node(1).keystore
    kept = store.read_bytes()
    store.unlink()
    try:
        assert the_only(single, "certificate-wrong")["what"] == "is missing or damaged"
    finally:
        store.write_bytes(kept)


def test_a_node_that_may_open_few_more_files_is_found(single: Home) -> None:
    process = single.platform.cluster.running()[1]
    limits = process.rlimit(psutil.RLIMIT_NOFILE)
    process.rlimit(psutil.RLIMIT_NOFILE, (process.num_fds() + 30, limits[1]))
    try:
        assert the_only(single, "too-few-open-files")["where"] == "node 1"
    finally:
        process.rlimit(psutil.RLIMIT_NOFILE, limits)


def test_a_property_that_kafka_refuses_is_read_from_its_last_words(single: Home) -> None:
    files = single.platform.cluster.layout.node(1)
    command = single.platform.cluster.running()[1].cmdline()
    with stopped(single):
        with files.properties.open("a") as properties:
            properties.write("\nnum.io.threads=abc\n")
        with files.output.open("wb") as output:
            assert subprocess.run(command, cwd=files.folder, stdout=output, stderr=output, check=False, timeout=60).returncode
        finding = the_only(single, "property-refused")
    assert "num.io.threads" in finding["cause"]


@pytest.mark.skipif(os.geteuid() != 0, reason="a folder is mounted, which only root may")
def test_data_that_cannot_be_written_are_found(single: Home) -> None:
    data = single.platform.cluster.layout.node(1).data
    with stopped(single):
        subprocess.run(["mount", "--bind", data, data], check=True)
        try:
            subprocess.run(["mount", "-o", "remount,bind,ro", data], check=True)
            finding = the_only(single, "disk-read-only")
        finally:
            subprocess.run(["umount", "-l", data], check=True)
    assert finding["evidence"] == [f"{data}: its volume is mounted read-only"]


def test_monitoring_that_is_wanted_and_gone_is_found(single: Home) -> None:
    monitoring = monitoring_of(single.platform)
    monitoring.folder.mkdir()
    (monitoring.folder / monitoring.prometheus.config).touch()
    try:
        found = examined(single)
        shown = single.run("status")
    finally:
        shutil.rmtree(monitoring.folder)
    assert [(each["kind"], each["where"]) for each in found] == [
        ("monitoring-down", name) for name in ("exporter", "prometheus", "alertmanager")
    ]
    assert (shown.returncode, "\nexporter: stopped; start it: ottla up" in shown.stdout) == (WANTING, True)


@pytest.mark.long
def test_a_node_that_was_killed_is_not_laid_to_what_it_said_long_before(single: Home) -> None:
    fault = KillNodes(single.platform.cluster, [1])
    assert fault.do().shown
    try:
        finding = the_only(single, "node-died")
    finally:
        assert fault.heal().shown
    (line,) = finding["evidence"]
    assert line.startswith("it said nothing unusual before it ended, ")


@pytest.mark.long
@pytest.mark.skipif(os.geteuid() != 0, reason="a small file system is mounted, which only root may")
def test_a_full_disk_is_found_and_the_node_starts_once_there_is_room(single: Home) -> None:
    data = single.platform.cluster.layout.node(1).data
    aside = data.with_name("data-aside")
    with stopped(single):
        data.rename(aside)
        data.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", data], capture_output=True, check=False)
        try:
            assert mounted.returncode == 0, mounted.stderr
            subprocess.run(["cp", "-a", "--sparse=always", f"{aside}/.", data], check=True)
            with suppress(OSError), (data / "filler").open("wb") as filler:
                while True:
                    filler.write(b"x" * 65536)
            with suppress(LocalError):
                single.platform.up()  # it may well come up, and end at the first record
            running = [finding["kind"] for finding in examined(single)]
            end_by_writing(single)
            finding = the_only(single, "disk-full")
            assert finding["next"].startswith("make room")
            assert running in (["disk-filling"], ["disk-full"])
        finally:
            single.platform.down()
            subprocess.run(["umount", "-l", data], check=False)
            shutil.rmtree(data, ignore_errors=True)
            aside.rename(data)


def end_by_writing(home: Home) -> None:
    """Write until the node ends of it."""
    producer = Producer({"bootstrap.servers": ",".join(home.bootstrap_servers), "log_level": 0})
    deadline = time.monotonic() + 60
    while home.platform.cluster.running() and time.monotonic() < deadline:
        with suppress(BufferError):
            producer.produce("recurring-events", os.urandom(100_000))
        producer.poll(0.1)
    producer.purge()
    producer.flush(5)


def test_lag_is_told_with_partition_and_member_and_again_when_the_member_is_gone(single: Home) -> None:
    produce(single, "recurring-events", 3000)
    slow = consumer(single, "recurring-reader", **{"client.id": "slow-reader"})
    slow.subscribe(["recurring-events"])
    message = slow.poll(30)
    assert message is not None
    assert message.error() is None
    slow.commit(message=message, asynchronous=False)
    finding = the_only(single, "high-lag")
    assert finding["where"] == "group recurring-reader, topic recurring-events"
    assert finding["what"].startswith("2,999 records left to read, the oldest written ")
    assert "read by slow-reader at 127.0.0.1" in finding["evidence"][0]
    assert finding["next"].startswith("ottla groups describe --file")
    assert finding["next"].endswith("recurring-reader")
    slow.close()
    assert the_only(single, "group-without-members")["cause"] == "it has no members: nobody reads"
    done = consumer(single, "recurring-reader")
    read_on(done, "recurring-events", 2999)
    done.close()
    assert the_only(single, "unused-group")["severity"] == "note"


def test_a_hanging_transaction_is_found(single: Home) -> None:
    set_default(single, "transaction.partition.verification.enable", "false")
    try:
        hang(single, "notification-events")
    finally:
        set_default(single, "transaction.partition.verification.enable", None)
    found = [finding for finding in examined(single) if finding["kind"] == "hanging-transaction"]
    (finding,) = found
    assert finding["where"] == "topic notification-events, partition 0"
    assert "its coordinator knows: nothing" in finding["evidence"]
    assert "--start-offset 0" in finding["next"]


def set_default(home: Home, key: str, value: str | None) -> None:
    """Set a config of all brokers (None: take it away)."""
    operation = 1 if value is None else 0
    with home.platform.connected() as connection:
        answer = connection.send(
            IncrementalAlterConfigsRequest(resources=[(4, "", [(key, operation, value)])], validate_only=False)
        )
    assert [each.error_code for each in answer.responses] == [0]


def hang(home: Home, topic: str) -> None:
    """Write a record of a transaction that no coordinator knows of, as clients with KAFKA-14402 did; dated long ago."""
    with home.platform.connected() as connection:
        mine = connection.send(InitProducerIdRequest(transactional_id=None, transaction_timeout_ms=60_000), node_id=1)
        batch = DefaultRecordBatchBuilder(
            magic=2,
            compression_type=0,
            is_transactional=1,
            producer_id=mine.producer_id,
            producer_epoch=mine.producer_epoch,
            base_sequence=0,
            batch_size=1000,
        )
        batch.append(0, int(time.time() * 1000) - MINUTES_20, b"key", b"value", [])
        request = ProduceRequest(
            transactional_id="hanging",
            acks=-1,
            timeout_ms=5000,
            topic_data=[(topic, [(0, bytes(batch.build()))])],
            max_version=11,
        )
        wait_until(  # the config that lets it through takes a moment to get there
            lambda: connection.send(request, node_id=1).responses[0].partition_responses[0],
            lambda seen: seen.error_code == 0,
            what="the record to be taken",
            timeout=20,
            every=0.5,
        )


def test_a_client_that_is_too_old_for_kafka_4_is_found(single: Home) -> None:
    address = single.platform.cluster.made().nodes[0]
    produce_v2 = struct.pack(">hhih", 0, 2, 7, 3) + b"old" + struct.pack(">hii", 1, 1000, 0)
    with socket.create_connection((address.host, address.client_port), timeout=10) as client:
        client.sendall(struct.pack(">i", len(produce_v2)) + produce_v2)
        assert client.recv(1) == b""  # no answer, no reason: the connection is closed
    log = single.platform.cluster.layout.node(1).server_log
    wait_until(log.read_text, lambda text: "(Produce) and unsupported version 2" in text, what="the log", timeout=10)
    (finding,) = [finding for finding in examined(single) if finding["kind"] == "old-client"]
    assert finding["where"] == "client at 127.0.0.1"
    assert finding["evidence"][0].startswith("Produce version 2, 1 time, refused by node 1")


def test_what_runs_is_not_needed_to_explain_a_kind(tmp_path: Path) -> None:
    done = Home._invoke(["doctor", "--explain", "isr-shrunk", "--file", str(tmp_path / "none")], b"", 10)
    assert (done.exit_code, done.stdout.startswith("isr-shrunk (warning)")) == (0, True)
