"""Alerts about certificates, rights, busy handlers and bad disks, fired for real on a locked platform of one node."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import subprocess
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import NewTopic
from tests.companions.bench import Bench, running_bench
from tests.companions.repeated import Repeated

from ottla.kafka.acls import delete_acls, read_acls
from ottla.local.client_authority import read_authorities
from ottla.local.client_certificates import leaves_of, make
from ottla.local.faults.answering import Answer, wait_for_answers
from ottla.local.faults.kill import KillNodes
from ottla.local.issuing import LEAF_VALIDITY
from ottla.local.processes import end_processes, start_process
from ottla.model.acl import ResourceType

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.companions, pytest.mark.kafka, pytest.mark.timeout(660)]
QUICKER = 60.0  # where nothing but a figure of the spec changes
LEFT = dt.timedelta(seconds=30)  # of a certificate
DISK, METADATA = "bench-disk", "__cluster_metadata-0"
BUSY = {"compression.type": "zstd", "compression.zstd.level": "19"}


def in_spec(spec: dict[str, Any]) -> None:
    laptop = spec["environments"]["laptop"]
    laptop["security"] = {"enabled": True}
    spec["exporter"]["user"] = "monitoring"
    laptop["cluster"]["config"] |= {"num.io.threads": 1, "metadata.log.max.snapshot.interval.ms": "4s"}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A node that is locked, has one request handler, and writes a snapshot of its metadata every 4 s."""
    with running_bench(tmp_path_factory.mktemp("one-node"), "laptop", in_spec) as running:
        yield running


def restart(bench: Bench) -> object:
    fault = KillNodes(bench.platform.cluster, [1])
    assert fault.do().shown
    return fault.heal()


def test_a_certificate_that_expires(bench: Bench) -> None:
    """The certificates of nodes are made for 397 days."""
    bench.wait_until_quiet()

    def strict(spec: dict[str, Any]) -> None:
        spec["monitoring"]["certificates"] = {"expire_within": "500d"}

    fault = "monitoring.certificates.expire_within: 500d"
    bench.prove(
        ["CertificateExpiring"], fault=fault, do=lambda: bench.install(strict, scale=QUICKER), heal=bench.install, within=100
    )


def test_a_certificate_that_has_expired(bench: Bench) -> None:
    """No client gets in then, the exporter neither; a start makes another one."""
    bench.wait_until_quiet()
    cluster = bench.platform.cluster

    def present_one_that_ends_soon() -> object:
        [leaf] = leaves_of(cluster.layout, cluster.made().nodes, ())
        authorities = read_authorities(cluster.layout, None)
        assert authorities is not None
        make(leaf, authorities.current, now=dt.datetime.now(dt.UTC) + LEFT - LEAF_VALIDITY)
        return restart(bench)

    fault = f"a certificate that ends after {LEFT.total_seconds():.0f} s"
    bench.prove(["CertificateExpired"], fault=fault, do=present_one_that_ends_soon, heal=lambda: restart(bench), within=120)


def test_an_exporter_that_may_not_read_everything(bench: Bench) -> None:
    """Its user loses the right to describe the cluster, which log_dirs and the quorum need."""
    bench.wait_until_quiet()

    def revoke() -> None:
        with bench.platform.connected() as connection:
            acls = read_acls(connection)
            assert acls is not None
            of_monitoring = [
                acl for acl in acls if acl.principal == "User:monitoring" and acl.resource_type is ResourceType.CLUSTER
            ]
            assert of_monitoring
            assert set(delete_acls(connection, of_monitoring).values()) == {None}

    def grant() -> None:
        done = bench.home.run("up")
        assert done.returncode == 0, done.stderr
        bench.install()  # `up` brought the rules of the spec, which are not quick

    bench.prove(["CollectorFailed"], fault="no right to describe the cluster", do=revoke, heal=grant)


def test_request_handlers_that_have_no_time_left(bench: Bench) -> None:
    """The one there is compresses anew what producers send, as the topic wants it."""
    bench.wait_until_quiet()
    bench.create(NewTopic("bench-busy", num_partitions=1, replication_factor=1, config=BUSY))
    # Few at a time: what waits for longer than a request may would be sent again, on another connection.
    producer = Producer({**bench.config, "compression.type": "none", "queue.buffering.max.messages": 8})
    text = json.dumps([{"task": number, "title": f"task {number * 7919 % 104_729}"} for number in range(15_000)]).encode()

    def write(_: threading.Event) -> None:
        with suppress(BufferError):
            producer.produce("bench-busy", text)
        producer.poll(0.1)

    writing = Repeated(write)
    fault = "a broker that compresses all that is written, with one handler"
    try:
        bench.prove(["RequestHandlersBusy"], fault=fault, do=writing.do, heal=writing.heal, within=240)
    finally:
        producer.purge()


@contextmanager
def own_disks(bench: Bench, folder: Path, command: list[str], variables: dict[str, str]) -> Iterator[None]:
    """The node with a second log_dir and a metadata.log.dir, each on a small file system of its own. It does not outlive them."""
    cluster = bench.platform.cluster
    files = cluster.layout.node(1)
    with cluster.lock():
        cluster.stop()
    with ExitStack() as stack:
        for name, options in (("second", "size=64m"), ("metadata", "size=256m,nr_inodes=200")):
            disk = folder / name
            disk.mkdir()
            subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", disk], check=True)
            stack.callback(subprocess.check_call, ["umount", str(disk)])
            # Without a directory.id: each log_dir has its own, and Kafka gives one to what has none.
            meta = (files.data / "meta.properties").read_text().splitlines()
            (disk / "meta.properties").write_text("\n".join(line for line in meta if not line.startswith("directory.id")) + "\n")
        shutil.move(files.data / METADATA, folder / "metadata" / METADATA)
        more = f"\nlog.dirs={files.data},{folder / 'second'}\nmetadata.log.dir={folder / 'metadata'}\n"
        kept = (line for line in files.properties.read_text().splitlines() if not line.startswith("log.dirs="))
        files.properties.write_text("\n".join(kept) + more)
        stack.callback(lambda: end_processes(cluster.running()))
        run_again(bench, command, variables)
        yield


def run_again(bench: Bench, command: list[str], variables: dict[str, str]) -> None:
    """Start the node by the command that it ran with, with its properties as they are."""
    files = bench.platform.cluster.layout.node(1)
    start_process(command, folder=files.folder, output=files.output, environment=variables)
    assert set(wait_for_answers(bench.platform.cluster.made().nodes).values()) == {Answer.ANSWERED}


def fill(bench: Bench, filler: Path) -> None:
    """Take all the room there is, and write to every partition."""
    with suppress(OSError), filler.open("wb") as file:
        while True:
            file.write(b"x" * 65_536)
    producer = Producer({**bench.config, "message.timeout.ms": 5_000})
    for number in range(64):
        producer.produce(DISK, os.urandom(65_536), key=str(number))
    producer.flush(20)


def crowd_in(crowd: Path) -> None:
    """Make files for as long as the file system takes more."""
    crowd.mkdir()
    with suppress(OSError):
        for number in range(1_000):
            (crowd / str(number)).touch()


@pytest.mark.skipif(os.geteuid() != 0, reason="small file systems are mounted, which only root may")
def test_disks_that_fail(bench: Bench, tmp_path: Path) -> None:
    """A log_dir that takes no byte more, and one of metadata that takes no new file: the broker goes on, and has to say so.

    It comes last: what was in those disks is gone with them.
    """
    bench.wait_until_quiet()
    node = bench.platform.cluster.running()[1]
    command, variables = node.cmdline(), node.environ()
    with own_disks(bench, tmp_path, command, variables):
        bench.create(NewTopic(DISK, num_partitions=4, replication_factor=1))
        bench.wait_until_quiet()
        filler, crowd = tmp_path / "second" / "filler", tmp_path / "metadata" / "crowd"

        def start_anew() -> None:
            for path in (filler, crowd):
                subprocess.run(["rm", "-rf", path], check=True)
            end_processes(bench.platform.cluster.running())
            run_again(bench, command, variables)

        full = "one log_dir of two is full"
        bench.prove(["LogDirOffline"], fault=full, do=lambda: fill(bench, filler), heal=start_anew, within=90)
        bench.wait_until_quiet()
        crowded = "metadata.log.dir takes no new file"
        bench.prove(["MetadataErrors"], fault=crowded, do=lambda: crowd_in(crowd), heal=start_anew, within=90)
