"""`ottla exporter` as a process of its own, with no Kafka to look at."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING

from tests.conftest import Home

from ottla.cli.exporter import _elsewhere, renew_exporters
from ottla.errors import LocalError
from ottla.kafka.settings import ClientSettings
from ottla.local.ports import LOOPBACK, free_port
from ottla.model.client import PLAIN_PROFILE
from ottla.platform import Platform
from ottla.platform.access import Access
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest
    from tests.cli.conftest import Ottla

    from ottla.platform import LocalPlatform

NOBODY = ("-b", f"{LOOPBACK}:1", "--interval", "1s")


def healthz(port: int) -> int | None:
    with suppress(OSError), closing(http.client.HTTPConnection(LOOPBACK, port, timeout=5)) as client:
        client.request("GET", "/healthz")
        return client.getresponse().status
    return None


def test_it_serves_whoever_asks_though_nobody_reads_where_it_listens() -> None:
    port = free_port(LOOPBACK, taken=set(), start=9500)
    reader, writer = os.pipe()
    os.close(reader)
    command = Home.command("exporter", *NOBODY, "--listen", f"{LOOPBACK}:{port}")
    with subprocess.Popen(command, stdout=writer, stderr=subprocess.DEVNULL) as process:
        os.close(writer)
        try:
            answer = wait_until(lambda: healthz(port), lambda status: status is not None, what="an answer", timeout=30)
            assert (answer, process.poll()) == (503, None)
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=20) == 130
        finally:
            process.kill()


def test_a_closed_stdout_is_an_error_before_anything_is_done() -> None:
    done = subprocess.run(
        ["sh", "-c", '"$@" >&-', "sh", *Home.command("exporter", *NOBODY)],
        stderr=subprocess.PIPE,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "ottla: cannot write the output: stdout is closed\n")


def test_one_look_at_a_cluster_that_is_stopped_says_so_at_once(ottla: Ottla, made: Callable[[str], LocalPlatform]) -> None:
    none = ottla("exporter", "--once", "-e", "laptop")
    assert (none.exit_code, "no local cluster was made here yet" in none.stderr) == (1, True)
    made("laptop")
    started = time.monotonic()
    stopped = ottla("exporter", "--once", "-e", "laptop")
    assert time.monotonic() - started < 3
    assert (stopped.exit_code, stopped.stdout) == (1, "")
    said = "ottla: node 1 does not run\n  see what runs: ottla status -e laptop; start it: ottla up -e laptop\n"
    assert stopped.stderr == said


def test_beside_an_address_an_environment_says_what_is_looked_at_wherever_it_lies(folder: Path) -> None:
    """As in Kubernetes: Ottla does not run that cluster, and looks at it as the spec says."""
    port = free_port(LOOPBACK, taken=set(), start=9500)
    command = Home.command("exporter", *NOBODY, "-e", "doks", "--listen", f"{LOOPBACK}:{port}", "--log-format", "ecs")
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            wait_until(lambda: healthz(port), lambda status: status is not None, what="an answer", timeout=30)
            process.send_signal(signal.SIGINT)
            told = process.communicate(timeout=20)[0]
        finally:
            process.kill()
    labels = {(event["labels.cluster"], event["labels.environment"]) for event in map(json.loads, told.splitlines())}
    assert labels == {("todo-kafka", "doks")}


def test_an_environment_that_there_is_not_is_told_before_anybody_is_asked(ottla: Ottla) -> None:
    done = ottla("exporter", "--once", *NOBODY, "-e", "daks")
    assert (done.exit_code, "no environment 'daks'" in done.stderr) == (2, True)


def test_what_is_looked_at_elsewhere_is_all_that_the_spec_says(folder: Path) -> None:
    looked = _elsewhere(folder / "platform.yaml", "doks", _nobody, {"interval": 1000})
    groups = {"task-service", "reminder-service", "recurring-service", "notification-service", "event-service"}
    assert (looked.view.brokers, looked.view.voters, looked.view.interval) == (3, 3, 1.0)
    assert set(looked.view.isolation) == groups
    assert looked.reach().profile.producer["acks"] == "all"


def _nobody() -> Access:
    return Access("nobody", ClientSettings((f"{LOOPBACK}:1",)), PLAIN_PROFILE)


def test_an_exporter_that_does_not_come_up_is_told_and_its_neighbours_are_looked_at(
    shared: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = []

    def renew(platform: LocalPlatform) -> bool:
        asked.append(platform.environment)
        raise LocalError("it does not come up")

    monkeypatch.setattr("ottla.platform.exporter_process.renew", renew)
    renew_exporters(shared, Platform.load(shared).on("local-secure"))
    assert asked == ["local-secure", "dev"]
    assert "the exporter of local-secure was not started anew: it does not come up" in capsys.readouterr().err
