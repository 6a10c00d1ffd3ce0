"""Drills on real clusters: each ends in a verdict, and whatever ends a drill, nothing of it is left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from ottla.kafka.topics import delete_topics, read_metadata
from ottla.local.faults.record import recorded
from ottla.local.processes import is_paused
from ottla.local.scratch import scratch_clusters
from ottla.proof import drilling
from ottla.proof.checker import Verdict
from ottla.proof.history.reading import read_history
from ottla.proof.keeping import histories, judge
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Home

pytestmark = [pytest.mark.kafka, pytest.mark.long]
LOAD = ("--rate", "200")


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A drill that is told to wait less before and after its fault; those that run as processes of their own are not."""
    monkeypatch.setattr(drilling, "BEFORE", 6.0)
    monkeypatch.setattr(drilling, "AFTERWARDS", 6.0)


def drilled(home: Home, *arguments: str) -> dict[str, Any]:
    done = home.run("drill", *arguments, *LOAD, "-o", "json", timeout=400)
    assert done.stdout, done.stderr
    data = json.loads(done.stdout)["data"]
    assert done.returncode == (0 if data["verdict"] == "valid" else 6)
    return dict(data)


def troubles(data: dict[str, Any]) -> list[tuple[str, str]]:
    return [(check["anomaly"], check["verdict"]) for check in data["checks"] if check["verdict"] != "valid"]


def test_a_drill_loses_nothing_and_shows_its_faults(one: Home) -> None:
    """On a cluster of three nodes, whatever the spec's environment has. The page on drills kills a broker."""
    data = drilled(one, "kill-and-pause", "--warm-up", "3s")
    assert troubles(data) == []
    assert data["run"]["command"].endswith("--warm-up 3s")  # and nobody accounts for what was sent then: nothing is a phantom
    assert data["figures"]["acknowledged"] > 1_000
    assert data["run"]["faults"]
    assert data["run"]["complete"]
    assert scratch_clusters(one.platform.folder) == ()


def test_a_history_can_be_judged_again_and_one_that_is_damaged_says_so(one: Home, tmp_path: Path) -> None:
    drilled(one, "none")
    folder = histories(one.platform.folder)[-1]
    first = judge(folder)
    done = one._invoke(["drill", "check", str(folder), "-o", "json"], b"", 60)
    assert json.loads(done.stdout)["data"]["figures"] == dict(first.judgement.figures)
    assert (folder / "report.html").read_text().startswith("<!DOCTYPE html>")
    outcomes = folder / "producer-0.outcomes"
    outcomes.write_bytes(outcomes.read_bytes()[:-7])
    assert read_history(folder).torn
    assert judge(folder).judgement.verdict is not Verdict.VALID
    assert one._invoke(["drill", "check", str(tmp_path)], b"", 60).exit_code == 1


def test_a_drill_that_is_killed_leaves_a_cluster_that_the_next_command_removes(one: Home) -> None:
    command = [sys.executable, "-m", "ottla.cli", "drill", "run", "none", *LOAD, "-f", str(one.folder / "platform.yaml")]
    process = subprocess.Popen([*command, "-e", one.environment], stderr=subprocess.DEVNULL, start_new_session=True)
    folder = one.platform.folder
    wait_until(lambda: len(histories(folder)), lambda seen: seen >= 1, what="the load", timeout=120)
    workers = wait_until(
        lambda: [each for each in psutil.Process(process.pid).children() if each.name() != "java"],
        lambda seen: len(seen) >= 3,
        what="workers",
        timeout=60,
    )
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    wait_until(
        lambda: [each.pid for each in workers if each.is_running()], lambda seen: not seen, what="workers to end", timeout=30
    )
    assert "scratch" in one.run("status").stdout
    assert one.run("up").returncode == 0
    assert scratch_clusters(folder) == ()


def until_applied(home: Home, known: int) -> Path:
    """The history of a drill that was begun meanwhile, once its fault is on."""
    wait_until(lambda: len(histories(home.platform.folder)), lambda seen: seen > known, what="the load", timeout=120)
    folder = histories(home.platform.folder)[-1]
    timeline = folder / "timeline.jsonl"
    wait_until(
        lambda: timeline.read_text() if timeline.exists() else "", lambda seen: "fault-applied" in seen, what="it", timeout=90
    )
    return folder


def drill_here(home: Home) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "ottla.cli", "drill", "run", "pause-beyond-session", "--here", *LOAD]
    where = ["-f", str(home.folder / "platform.yaml"), "-e", home.environment]
    return subprocess.Popen([*command, *where], stderr=subprocess.DEVNULL, start_new_session=True)


def paused(home: Home) -> list[int]:
    return [node_id for node_id, process in home.platform.cluster.running().items() if is_paused(process)]


def of_drills(home: Home) -> list[str]:
    with home.platform.connected() as connection:
        return [name for name in read_metadata(connection).partitions if name.startswith("ottla-drill-")]


def test_an_interrupted_drill_on_the_platform_heals_it_and_leaves_no_topic(three: Home) -> None:
    process = drill_here(three)
    until_applied(three, len(histories(three.platform.folder)))
    assert len(paused(three)) == 1
    for command in (("down",), ("drill", "run", "none", "--here", *LOAD)):
        refused = three.run(*command)
        assert (refused.returncode, f"a drill is being done to this platform (pid {process.pid})" in refused.stderr) == (4, True)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(90) == 130
    assert (paused(three), recorded(three.platform.cluster.layout)) == ([], ())
    wait_until(lambda: of_drills(three), lambda seen: not seen, what="its topic to go", timeout=30)


def test_a_drill_on_the_platform_that_is_killed_is_named_and_healed_by_up(three: Home) -> None:
    process = drill_here(three)
    folder = until_applied(three, len(histories(three.platform.folder)))
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert "pause" in three.run("status").stdout
    assert three.run("up").returncode == 0
    assert (paused(three), recorded(three.platform.cluster.layout)) == ([], ())
    assert judge(folder).judgement.verdict is not Verdict.VALID
    with three.platform.connected() as connection:
        delete_topics(connection, of_drills(three))


def test_what_is_no_drill_is_told_with_what_there_is(one: Home) -> None:
    done = one.run("drill", "run", "nonsense")
    assert (done.returncode, "ottla drill list" in done.stderr) == (2, True)
    done = one.run("drill", "run", "none", "--warm-up", "30")
    assert (done.returncode, "--warm-up 30: has no unit" in done.stderr) == (2, True)
    done = one.run("drill", "run", "revoke-acl", "--here")
    assert done.returncode == 2
