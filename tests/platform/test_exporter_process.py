"""What an exporter was started with, before any Kafka runs."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ottla.errors import LocalError
from ottla.local.ports import LOOPBACK, free_port
from ottla.local.record import ClusterRecord, NodeAddress, write_record
from ottla.platform import Platform
from ottla.platform.exporter_check import exporter_checks
from ottla.platform.exporter_process import exporter_process, keep_running, started_with, why_ended
from ottla.telemetry.tracing import ENDPOINTS
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import psutil

    from ottla.platform import LocalPlatform

SPEC = """\
platform: shop
cluster: {name: shop, nodes: 1}
topic_defaults: {replication_factor: 1, min_insync_replicas: 1}
topics: {orders: {partitions: 1}}
users: {admin: {admin: true}, watcher: {monitor: true}, reader: {consumes: {topics: [orders], group: readers}}}
exporter: {enabled: true, except_topics: tmp-.*, canary: {interval: 1s}, basic_auth: {user: p, password: "${file:word}"}}
environments: {prod: {target: local}, staging: {target: local}}
"""
OTHERS = {
    "the port": ("enabled: true", 'enabled: true, listen: "127.0.0.1:9999"'),
    "names": ("tmp-.*", "temp-.*"),
    "the canary": ("interval: 1s", "interval: 2s"),
    "who asks": ("user: p,", "user: q,"),
    "brokers": ("nodes: 1", "nodes: 3"),
    "groups that see what is committed": ("topics: {", "client: {consumer: {isolation.level: read_committed}}\ntopics: {"),
    "the client profile": ("topics: {", "client: {producer: {linger.ms: 7}}\ntopics: {"),
}
LOCKED = "prod: {target: local, security: {enabled: true}}, dev: {shares: prod, prefix: dev., users: {admin: null}}"
TOLD = (("WARN", "a note"), ("ERROR", "it broke"), ("INFO", "bye"))
RECORD = ClusterRecord("cluster", "4.3.1", (NodeAddress.in_block(1, "127.0.0.1", 9092),))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "word").write_text("pass\n")
    path = tmp_path / "platform.yaml"
    write(path)
    for name, nodes in (("prod", RECORD.nodes), ("staging", (RECORD.nodes[0].moved_to(9102),))):
        platform = Platform.load(path).on(name)
        write_record(platform.cluster.layout.record, replace(RECORD, nodes=nodes))
        platform.identity.store.ensure_key()
    return path


def write(path: Path, was: str = "", now: str = "") -> None:
    assert was in SPEC
    path.write_text(SPEC.replace(was, now, 1) if was else SPEC)


def digest(path: Path) -> str:
    return started_with(Platform.load(path).on("prod"), os.environ)


def test_it_stays_while_another_start_would_change_nothing(path: Path) -> None:
    before = digest(path)
    write(path, "platform: shop", "# a remark\nplatform: shop")
    os.utime(path, (2e9, 2e9))
    (path.parent / "word").write_text("pass")  # without the line end that an editor put there
    assert digest(path) == before
    write(path, "partitions: 1", "partitions: 3")
    assert digest(path) == before


@pytest.mark.parametrize("change", OTHERS)
def test_it_is_another_one_with_another(path: Path, change: str) -> None:
    before = digest(path)
    write(path, *OTHERS[change])
    assert digest(path) != before


def test_it_is_another_one_where_nodes_moved_or_the_cluster_is_another(path: Path) -> None:
    before = digest(path)
    record = Platform.load(path).on("prod").cluster.layout.record
    write_record(record, replace(RECORD, nodes=(RECORD.nodes[0].moved_to(9102),)))
    moved = digest(path)
    write_record(record, replace(RECORD, cluster_id="another"))
    assert len({before, moved, digest(path)}) == 3


def test_a_password_is_in_it_by_its_version_and_one_that_is_missing_is_told(path: Path) -> None:
    before = digest(path)
    (path.parent / "word").write_text("another")
    assert digest(path) != before
    (path.parent / "word").unlink()
    with pytest.raises(LocalError, match="word"):
        digest(path)


def locked(path: Path) -> LocalPlatform:
    platform = Platform.load(path).on("prod")
    nodes = (replace(RECORD.nodes[0], secured=True),)
    write_record(platform.cluster.layout.record, replace(RECORD, nodes=nodes))
    platform.cluster.admission.ensure_certificates(nodes)
    for user in ("admin", "watcher"):
        platform.identity.store.ensure_password(user)
    return platform


def test_the_password_that_it_logs_in_with_is_in_it_and_no_other_users(path: Path) -> None:
    write(path, "prod: {target: local}", LOCKED)
    platform = locked(path)
    store = platform.identity.store
    before = digest(path)
    store.new_password("watcher")
    assert digest(path) == before
    store.new_password("admin")
    rotated = digest(path)
    authorities = platform.cluster.layout.client_authorities
    authorities.write_text(authorities.read_text() * 2)
    assert len({before, rotated, digest(path)}) == 3


@pytest.mark.parametrize(
    ("listen", "jmx", "named"),
    [
        ("127.0.0.1:9092", None, "node 1"),
        ("localhost:9096", None, "node 1"),
        ("127.0.0.1:9097", 9097, "the JMX agent of node 1"),
    ],
)
def test_a_port_of_a_node_is_refused_by_both_names(path: Path, listen: str, jmx: int | None, named: str) -> None:
    write(path, "enabled: true", f'enabled: true, listen: "{listen}"')
    platform = Platform.load(path).on("prod")
    write_record(platform.cluster.layout.record, replace(RECORD, nodes=(replace(RECORD.nodes[0], jmx_port=jmx),)))
    with pytest.raises(LocalError, match=f"exporter.listen of prod is {listen}, and there listens {named}") as caught:
        keep_running(platform, path)
    assert "ottla up" in str(caught.value)
    assert exporter_process(platform).find() is None


@pytest.fixture
def running(path: Path) -> Iterator[LocalPlatform]:
    """An environment whose exporter runs. It says of the cluster that nobody is there."""
    port = free_port(LOOPBACK, taken=set(), start=9400)
    write(path, "enabled: true", f'enabled: true, interval: 1s, listen: "{LOOPBACK}:{port}"')
    platform = Platform.load(path).on("prod")
    assert keep_running(platform, path) == f"http://{LOOPBACK}:{port}/metrics"
    yield platform
    exporter_process(platform).stop()


def process_of(platform: LocalPlatform) -> psutil.Process:
    found = exporter_process(platform).find()
    assert found is not None
    return found


def wanting(platform: LocalPlatform) -> str | None:
    (check,) = exporter_checks(platform)
    return check.wanting


@pytest.mark.parametrize("form", ["text", "ecs"])
def test_one_that_does_not_come_up_says_why_and_not_what_it_noted_before(
    path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setenv(ENDPOINTS[1], f"http://{LOOPBACK}:9")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "some")  # so it says that before anything else, and goes on
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        write(path, "enabled: true", f'enabled: true, listen: "{LOOPBACK}:{port}"')
        path.write_text(f"{path.read_text()}logs: {{format: {form}}}\n")
        platform = Platform.load(path).on("prod")
        with pytest.raises(LocalError) as caught:
            keep_running(platform, path)
    first = exporter_process(platform).output.read_text().splitlines()[0]
    assert "compression" in first
    assert first not in str(caught.value)
    assert f"the exporter does not run: cannot listen on {LOOPBACK}:{port}" in str(caught.value)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("", "it said nothing"),
        ("  a note\nottla: first\nottla: it broke\n  next: do this\n", "it broke"),
        ("  a note\nTraceback (most recent call last):\n  ...\nValueError: x\n", "ValueError: x"),
        (
            "\n".join(json.dumps({"@timestamp": "x", "log.level": level, "message": text}) for level, text in TOLD),
            "it broke",
        ),
    ],
)
def test_of_all_that_it_said_the_last_error_is_why(said: str, why: str) -> None:
    assert why_ended(said) == why


def test_verify_tells_how_it_is(path: Path, running: LocalPlatform) -> None:
    blind = "it does not see the cluster; see why: "
    wait_until(lambda: wanting(running), lambda said: str(said).startswith(blind), what="its confession", timeout=20)
    assert str(wanting(running.working_as("watcher"))).startswith(blind)
    process_of(running).suspend()
    paused = "it is paused (SIGSTOP); start it anew: ottla up"  # as soon as the signal has reached it
    wait_until(lambda: wanting(running), lambda said: said == paused, what="it to stop", timeout=10)
    process_of(running).resume()
    (path.parent / "word").write_text("another")
    assert wanting(running) == "it was started with what holds no more; start it anew: ottla up"
    (path.parent / "word").unlink()
    assert "word" in str(wanting(running))
    exporter_process(running).stop()
    assert wanting(running) == "it does not run; start it: ottla up"
    write(path, "enabled: true", "enabled: false")
    assert exporter_checks(Platform.load(path).on("prod")) == ()
