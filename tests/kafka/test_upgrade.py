"""From Kafka 4.2.1 to 4.3.1: node by node under load, and metadata.version only when asked."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from tests.conftest import SHIPPED_SPEC, Home, local_spec
from tests.kafka.load import Load, read_numbers

from ottla.kafka.features import read_metadata_version
from ottla.local.jvm import kafka_version_of
from ottla.local.processes import command_line
from ottla.platform import Platform
from ottla.spec.versions import KAFKA_VERSIONS, METADATA_LEVELS
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.kafka
OLD, NEW = "4.2.1", "4.3.1"
TOPIC = "upgraded"


def ask_for(home: Home, version: str) -> None:
    """Let the spec ask for a Kafka version, small nodes and one topic."""
    spec: dict[str, Any] = local_spec()
    spec["cluster"] |= {"kafka_version": version, "heap": "256MiB"}
    spec["topics"], spec["users"] = {TOPIC: {"partitions": 3}}, {}
    spec["environments"] = {home.environment: spec["environments"][home.environment]}
    spec["default_environment"] = home.environment
    (home.folder / "platform.yaml").write_text(json.dumps(spec))


@contextmanager
def running_old(folder: Path, environment: str) -> Iterator[Home]:
    shutil.copy(SHIPPED_SPEC, folder / "platform.yaml")
    home = Home(folder, environment, Platform.load(folder / "platform.yaml").on(environment))
    ask_for(home, OLD)
    try:
        done = home.run("up")
        assert done.returncode == 0, done.stderr
        yield home
    finally:
        home.end()


@pytest.fixture
def old_three(tmp_path: Path) -> Iterator[Home]:
    with running_old(tmp_path, "local") as home:
        yield home


@pytest.fixture
def old_one(tmp_path: Path) -> Iterator[Home]:
    with running_old(tmp_path, "laptop") as home:
        yield home


def versions(home: Home) -> dict[int, str | None]:
    return {node_id: kafka_version_of(command_line(process)) for node_id, process in home.platform.cluster.running().items()}


def finalised(home: Home) -> int:
    with home.platform.connected() as connection:
        return read_metadata_version(connection, home.platform.cluster.running()).finalised


@pytest.mark.long
def test_nodes_move_one_by_one_under_load_and_a_cut_off_upgrade_goes_on(old_three: Home) -> None:
    ask_for(old_three, NEW)
    up = old_three.run("up")
    assert (up.returncode, "ottla upgrade" in up.stderr) == (3, True), up.stderr
    assert set(versions(old_three).values()) == {OLD}
    with Load(old_three, TOPIC) as load:
        arguments = old_three.command("upgrade", "--yes", "--file", str(old_three.folder / "platform.yaml"))
        with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as cut_off:
            wait_until(
                lambda: versions(old_three), lambda seen: NEW in seen.values() and len(seen) == 3, what="a first node", timeout=90
            )
            os.kill(cut_off.pid, signal.SIGKILL)
        assert OLD in versions(old_three).values()
        half_done = wait_until(  # the node that was just started is not in the cluster at once
            lambda: old_three.run("plan", "--exit-code"), lambda plan: plan.returncode == 3, what="a plan", timeout=60, every=0.5
        )
        assert "not every node runs Kafka 4.3.1" in half_done.stdout
        done = old_three.run("upgrade", "--yes")
        assert done.returncode == 0, done.stderr
    assert versions(old_three) == {1: NEW, 2: NEW, 3: NEW}
    assert load.failed == []
    ends = {partition: found.end for partition, found in old_three.platform.access().partition_ranges(TOPIC).items()}
    numbers = read_numbers(old_three.bootstrap_servers, TOPIC, ends)
    assert {int(value) for value in load.acknowledged.values()} <= set(numbers)
    assert len(numbers) == len(set(numbers))
    assert len(load.acknowledged) > 500
    assert finalised(old_three) == METADATA_LEVELS[OLD]


@pytest.mark.long
def test_the_way_back_is_open_until_metadata_version_is_finalised(old_one: Home) -> None:
    ask_for(old_one, NEW)
    asked = old_one.run("upgrade")
    assert (asked.returncode, "--yes" in asked.stderr) == (4, True)
    assert old_one.run("verify").returncode == 6
    assert old_one.run("plan", "--exit-code").returncode == 3
    assert old_one.run("upgrade", "--yes").returncode == 0
    assert (versions(old_one), finalised(old_one)) == ({1: NEW}, METADATA_LEVELS[OLD])
    assert old_one.run("verify").returncode == 0
    ask_for(old_one, OLD)
    assert old_one.run("upgrade", "--yes").returncode == 0
    assert versions(old_one) == {1: OLD}
    ask_for(old_one, NEW)
    done = old_one.run("upgrade", "--yes", "--finalize")
    assert (done.returncode, "no way back" in done.stdout) == (0, True), done.stderr
    assert finalised(old_one) == METADATA_LEVELS[NEW]
    ask_for(old_one, OLD)
    refused = old_one.run("upgrade", "--yes")
    assert (refused.returncode, "one-way" in refused.stderr) == (4, True)
    assert versions(old_one) == {1: NEW}


def test_a_node_that_does_not_run_is_started_before_any_other_is_stopped(old_one: Home) -> None:
    ask_for(old_one, NEW)
    assert old_one.run("down").returncode == 0
    refused = old_one.run("upgrade", "--yes")
    assert (refused.returncode, "ottla up" in refused.stderr) == (4, True)


def test_the_table_knows_the_level_of_every_version(three: Home) -> None:
    with three.platform.connected() as connection:
        assert read_metadata_version(connection, [1, 2, 3]).supported == METADATA_LEVELS[NEW]
    assert METADATA_LEVELS.keys() == set(KAFKA_VERSIONS)
