"""The exporter beside the nodes: started, started anew and ended with the platform; and `ottla top`."""

from __future__ import annotations

import gzip
import json
import os
import socket
import subprocess
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from tests.ports import free_port

from ottla.local.processes import is_alive
from ottla.platform.exporter_process import exporter_process
from ottla.waiting import wait_until

if TYPE_CHECKING:
    import psutil
    from tests.conftest import Home, Locked

pytestmark = pytest.mark.kafka
SPEC = "watched.yaml"
DELIVERED = "ottla_canary_delivery_seconds_count"
RECEIVED = "ottla_canary_received_total{"


def ask_for(home: Home, port: int, *, enabled: bool = True) -> None:
    def change(spec: dict[str, Any]) -> None:
        spec["exporter"] = {"enabled": enabled, "listen": f"127.0.0.1:{port}", "interval": "1s", "canary": {"enabled": True}}

    home.variant(SPEC, change)


def process_of(home: Home) -> psutil.Process:
    found = exporter_process(home.platform).find()
    assert found is not None
    return found


def scraped(port: int) -> str:
    """As Prometheus asks."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/metrics", headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  (a loopback address)
        assert answer.headers["Content-Encoding"] == "gzip"
        return gzip.decompress(answer.read()).decode()


def test_up_runs_the_exporter_and_follows_the_spec(one: Home) -> None:
    port, other = free_port(), free_port()
    ask_for(one, port)
    first = one.run("up", spec=SPEC)
    assert (first.returncode, f"metrics: http://127.0.0.1:{port}/metrics" in first.stdout) == (0, True), first.stderr
    process = process_of(one)
    try:
        text = wait_until(
            lambda: scraped(port), lambda seen: "ottla_canary_delivery_seconds_count" in seen, what="the canary", timeout=30
        )
        assert "ottla_kafka_brokers_present 1" in text
        assert f'kafka_broker_info{{id="1",address="{one.bootstrap_servers[0]}"}} 1' in text.splitlines()
        assert "__ottla_canary" not in one.run("topics", "list", spec=SPEC).stdout
        os.utime(one.folder / SPEC, (process.create_time() + 10,) * 2)  # written again, as it was
        assert one.run("up", spec=SPEC).returncode == 0
        assert process_of(one).pid == process.pid
        assert f"exporter: http://127.0.0.1:{port}/metrics" in one.run("status", spec=SPEC).stdout
        verified = one.run("verify", spec=SPEC)
        assert (verified.returncode, f"ok  exporter: http://127.0.0.1:{port}/metrics" in verified.stdout) == (0, True)
        ask_for(one, other)
        stale = one.run("verify", spec=SPEC)
        assert (stale.returncode, "WANTING  exporter: fresh: it was started with" in stale.stdout) == (6, True)
        assert one.run("plan", "--exit-code", spec=SPEC).returncode == 0
        os.utime(one.folder / SPEC, (process.create_time() - 10,) * 2)  # a copy that is older than the process
        assert one.run("up", spec=SPEC).returncode == 0
        assert "ottla_exporter_info" in wait_until(lambda: scraped(other), bool, what="a scrape", timeout=20)
        assert not is_alive(process)
        ask_for(one, other, enabled=False)
        assert one.run("up", spec=SPEC).returncode == 0
        assert exporter_process(one.platform).find() is None
    finally:
        exporter_process(one.platform).stop()


def test_a_port_that_is_taken_is_told_and_the_nodes_run(one: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ask_for(one, taken.getsockname()[1])
        done = one.run("up", spec=SPEC)
    assert (done.returncode, "cannot listen on 127.0.0.1" in done.stderr) == (1, True), done.stderr
    assert exporter_process(one.platform).find() is None
    status = one.run("status", spec=SPEC)
    verified = one.run("verify", spec=SPEC)
    assert (verified.returncode, "WANTING  exporter: fresh: it does not run" in verified.stdout) == (6, True)
    assert (status.returncode, "exporter: stopped; start it: ottla up" in status.stdout) == (6, True)
    assert one.run("verify").returncode == 0


def received(port: int) -> float:
    return max((float(line.split()[-1]) for line in scraped(port).splitlines() if line.startswith(RECEIVED)), default=0.0)


def test_a_rotated_password_reaches_the_exporter_and_its_canary(locked: Locked) -> None:
    port = free_port()
    spec = json.loads((locked.folder / "platform.yaml").read_text())
    spec["exporter"] = {"enabled": True, "listen": f"127.0.0.1:{port}", "interval": "1s", "canary": {"enabled": True}}
    (locked.folder / SPEC).write_text(json.dumps(spec))
    administrator = locked.platform.spec.security.administrator
    try:
        up = locked.run("up", spec=SPEC)
        assert up.returncode == 0, up.stderr
        before = process_of(locked)
        wait_until(lambda: received(port), bool, what="the canary", timeout=30)
        assert locked.run("users", "rotate", "nobody", spec=SPEC).returncode == 0
        assert process_of(locked).pid == before.pid  # another user's
        rotated = locked.run("users", "rotate", administrator, spec=SPEC)
        assert (rotated.returncode, "started anew" in rotated.stderr) == (0, True), rotated.stderr
        assert not is_alive(before)
        wait_until(lambda: received(port), lambda count: count > 1, what="the canary with the new password", timeout=30)
        assert 'ottla_exporter_collector_success{collector="brokers"} 1' in scraped(port)
        assert locked.run("up", spec=SPEC).returncode == 0
        password = locked.platform.identity.known_password(administrator).reveal()
        assert password not in " ".join(process_of(locked).environ().values())
    finally:
        exporter_process(locked.platform).stop()


@pytest.mark.long
def test_down_ends_the_exporter(one: Home) -> None:
    ask_for(one, free_port())
    assert one.run("up", spec=SPEC).returncode == 0
    process = process_of(one)
    process.suspend()  # and one that hears nothing
    one.platform.down()
    assert not is_alive(process)
    one.platform.up()


def test_one_look_and_its_exit_code(one: Home) -> None:
    done = wait_until(  # after a restart leaders settle for a moment
        lambda: one.run("exporter", "--once"), lambda done: done.returncode == 0, what="a whole look", timeout=30, every=0.5
    )
    assert (done.returncode, "ottla_kafka_quorum_leader 1" in done.stdout) == (0, True), done.stderr
    assert one.run("exporter", "--once", "--listen", "nowhere").returncode == 2
    assert one.run("exporter", "--once", "--interval", "1ms").returncode == 2
    top = one.run("top", "--once", "--interval", "0.5")
    assert (top.returncode, "task-events" in top.stdout, "controller 1" in top.stdout) == (0, True, True), top.stderr


def test_on_a_locked_platform_a_user_who_may_look_is_enough(locked: Locked) -> None:
    done = locked.run("exporter", "--once", "--as", "monitoring")
    assert done.returncode == 0, done.stderr
    for name in ("ottla_kafka_log_dir_usable_bytes", "ottla_kafka_quorum_leader", "ottla_kafka_below_min_isr_partitions"):
        assert f"\n{name}" in done.stdout
    assert 'ottla_kafka_topic_partitions{topic="task-events"}' in done.stdout
    nobody = locked.run("exporter", "--once", "--as", "nobody")
    assert (nobody.returncode, "uthoriz" in nobody.stderr) == (6, True), nobody.stderr
    assert 'ottla_exporter_collector_success{collector="quorum"} 0' in nobody.stdout
    reader, writer = os.pipe()
    os.close(reader)
    spec = ("--file", str(locked.folder / "platform.yaml"), "-e", locked.environment)
    command = locked.command("exporter", "--once", "--as", "nobody", *spec)
    gone = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    os.close(writer)
    assert (gone.returncode, "uthoriz" in gone.stderr) == (6, True), (
        gone.stderr
    )  # nobody reads it, and it is wanting all the same
