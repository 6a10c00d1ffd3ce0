"""`ottla bench` on real brokers: every event is sent at its time, comes back, and is counted once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import psutil
import pytest

from ottla.kafka.topics import read_metadata
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from tests.conftest import Done, Home

pytestmark = pytest.mark.kafka
RATE, SECONDS = 500, 2  # as few events as a bench takes: what is tested is the account; figures are for benchmarks
QUICK = ("bench", "--here", "--rate", str(RATE), "--duration", f"{SECONDS}s", "--warm-up", "1s")
LENIENT = ("--p99", "60000", "--lag", "100000")


def of_bench(home: Home) -> list[str]:
    with home.platform.connected() as connection:
        return [name for name in read_metadata(connection).partitions if name.startswith("ottla-bench-")]


def run_of(stdout: str) -> dict[str, Any]:
    envelope = json.loads(stdout)
    assert (envelope["kind"], envelope["version"]) == ("bench", 1)
    (run,) = envelope["data"]["runs"]
    return dict(run)


@pytest.fixture(scope="module")
def measured(three: Home) -> Done[str]:
    """A bench of two producers and two consumers."""
    return three.run(*QUICK, *LENIENT, "--producers", "2", "--consumers", "2", "-o", "json")


def saved_by(done: Done[str]) -> Path:
    return Path(json.loads(done.stdout)["data"]["saved"])


def test_every_event_is_sent_acknowledged_and_read_and_the_topic_is_gone_afterwards(three: Home, measured: Done[str]) -> None:
    run = run_of(measured.stdout)
    warm = run["latencies"]["warm_ack"]["count"]
    assert 0 < warm <= RATE + 2  # no more than is answered: a cluster that is still cold gets less
    assert run["sent"] == run["acked"] == RATE * SECONDS + warm
    assert run["read"] >= run["acked"]  # two members may rebalance, and read again
    assert (run["failed"], run["unanswered"], run["damaged"]) == (0, 0, 0)
    assert run["latencies"]["ack"]["count"] == RATE * SECONDS
    ack, end = run["latencies"]["ack"], run["latencies"]["end_to_end"]
    assert 0 < ack["p50"] <= ack["p99"] <= ack["highest"]
    assert end["count"] >= RATE * SECONDS
    assert any("-Xmx" in flag for flag in run["jvm"])
    assert run["verdict"] in {"met", "invalid"}  # the machine that runs the tests may be starved
    assert measured.returncode == (0 if run["verdict"] == "met" else 6)
    assert of_bench(three) == []


def test_an_aim_that_is_missed_is_exit_code_6_and_says_which(three: Home) -> None:
    done = three.run(*QUICK, "--p99", "0.1")
    assert done.returncode == 6
    assert "p99 end to end" in done.stdout or "host starved" in done.stdout


def test_a_bench_is_saved_with_a_page_and_two_can_be_compared(three: Home, measured: Done[str]) -> None:
    saved = [saved_by(measured), saved_by(three.run(*QUICK, *LENIENT, "-o", "json"))]
    assert saved[0] != saved[1]
    page = saved[0].with_suffix(".html").read_text()
    pictures = [page[begin : page.index("</svg>", begin) + 6] for begin in range(len(page)) if page.startswith("<svg", begin)]
    assert len(pictures) == 2
    for picture in pictures:
        ET.fromstring(picture)  # noqa: S314  (our own)
    assert "<script" not in page
    done = three.run("bench", "--compare", str(saved[0]), str(saved[1]))
    assert done.returncode == 0
    assert "end-to-end p99" in done.stdout


@pytest.mark.parametrize("content", ["", "{}", '{"kind": "bench", "version": 99, "data": {}}', "[1]"])
def test_what_is_no_bench_is_not_compared(three: Home, tmp_path: Path, content: str) -> None:
    path = tmp_path / "no.json"
    path.write_text(content)
    done = three.run("bench", "--compare", str(path), str(path))
    assert (done.returncode, str(path) in done.stderr) == (2, True)


@pytest.mark.parametrize(
    "arguments",
    [("--topic", "nonsense"), ("--security", "nonsense"), ("--security", "all"), ("--size", "big"), ("--duration", "5")],
)
def test_what_cannot_be_measured_is_told_before_anything_is_done(three: Home, arguments: tuple[str, ...]) -> None:
    done = three.run("bench", "--here", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert of_bench(three) == []


def test_an_interrupted_bench_leaves_no_topic_and_no_process(three: Home) -> None:
    command = [sys.executable, "-m", "ottla.cli", *QUICK, "--duration", "60s", "-f", str(three.folder / "platform.yaml")]
    process = subprocess.Popen([*command, "-e", three.environment], stderr=subprocess.DEVNULL, start_new_session=True)
    children = wait_until(lambda: psutil.Process(process.pid).children(), lambda seen: len(seen) >= 2, what="workers", timeout=60)
    wait_until(lambda: of_bench(three), bool, what="its topic", timeout=60)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: everybody hears it
    assert process.wait(60) == 130
    wait_until(
        lambda: [each.pid for each in children if each.is_running()], lambda seen: not seen, what="workers to end", timeout=15
    )
    assert of_bench(three) == []
