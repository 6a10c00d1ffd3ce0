"""A start-up cache that the JVM refused, and clocks that were moved."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psutil
import pytest

from ottla.local import Layout, Silent
from ottla.local.aot import drop_refused_cache
from ottla.local.record import NodeAddress
from ottla.local.status import _status

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def started_with(cache: Path) -> Iterator[psutil.Process]:
    command = [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()", f"-XX:AOTCache={cache}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield psutil.Process(process.pid)
        process.kill()


def says(layout: Layout, words: str) -> None:
    layout.node(1).logs.mkdir(parents=True, exist_ok=True)
    layout.node(1).aot_log.write_text(words)


@pytest.mark.parametrize("age", [-3_000_000_000, 0, 3_000_000_000], ids=["clock was ahead", "clock is right", "clock was behind"])
def test_a_refused_cache_is_dropped_once_and_its_successor_stays_whatever_the_clock_says(tmp_path: Path, age: int) -> None:
    layout, cache = Layout(tmp_path / "local"), tmp_path / "kafka.aot"
    cache.write_text("refused")
    os.utime(cache, (max(0, 1_500_000_000 - age), max(0, 1_500_000_000 - age)))
    says(layout, "[error] unable to use shared archive")
    with started_with(cache) as node:
        drop_refused_cache(layout, {1: node}, report=Silent())
        assert not cache.exists()
        cache.write_text("made anew")
        drop_refused_cache(layout, {1: node}, report=Silent())
    assert cache.read_text() == "made anew"


def test_a_cache_that_was_taken_or_that_nobody_spoke_of_stays(tmp_path: Path) -> None:
    layout, cache = Layout(tmp_path / "local"), tmp_path / "kafka.aot"
    cache.write_text("good")
    with started_with(cache) as node:
        drop_refused_cache(layout, {1: node}, report=Silent())
        says(layout, "[info] Using AOT-linked classes: true")
        drop_refused_cache(layout, {1: node}, report=Silent())
    assert cache.read_text() == "good"


def test_a_node_that_started_in_the_future_has_run_for_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: 0.0)
    status = _status(NodeAddress.in_block(1, "127.0.0.1", 9092), psutil.Process(), disk=0)
    assert status.uptime == 0
