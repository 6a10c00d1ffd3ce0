"""A rolling restart: the cluster goes on, and nothing that was acknowledged is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.kafka.load import Load, read_numbers

if TYPE_CHECKING:
    from tests.conftest import Home

pytestmark = pytest.mark.kafka


def test_every_node_is_restarted_under_load_and_no_acknowledged_write_is_lost(three: Home) -> None:
    assert three.run("topics", "create", "rolling", "-p", "3", "--config", "min.insync.replicas=2", "--yes").returncode == 0
    before = three.platform.cluster.running()
    with Load(three.bootstrap_servers, "rolling") as load:
        done = three.run("restart")
        assert done.returncode == 0, done.stderr
    after = three.platform.cluster.running()
    assert after.keys() == before.keys()
    assert all(after[node_id].pid != before[node_id].pid for node_id in before)
    assert load.refused == []
    ends = {partition: found.end for partition, found in three.platform.access().partition_ranges("rolling").items()}
    numbers = read_numbers(three.bootstrap_servers, "rolling", ends)
    assert load.acknowledged <= set(numbers)
    assert len(numbers) == len(set(numbers))
    assert len(load.acknowledged) > 500


def test_one_node_alone_is_restarted_and_the_others_are_left(three: Home) -> None:
    before = {node_id: process.pid for node_id, process in three.platform.cluster.running().items()}
    assert three.run("restart", "2").stdout == "restarted: node 2\n"
    after = {node_id: process.pid for node_id, process in three.platform.cluster.running().items()}
    assert {node_id for node_id in before if before[node_id] != after[node_id]} == {2}
    unknown = three.run("restart", "7")
    assert (unknown.returncode, "there are 1, 2, 3" in unknown.stderr) == (2, True)


def test_nothing_is_restarted_while_a_node_is_missing(three: Home) -> None:
    three.platform.cluster.stop([3])
    try:
        refused = three.run("restart", "1")
        assert (refused.returncode, "ottla up" in refused.stderr) == (4, True)
    finally:
        assert three.run("up").returncode == 0
