from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ottla.cli.beside import print_monitoring
from ottla.cli.status import _ports, _print_table
from ottla.local import NodeStatus
from ottla.local.record import NodeAddress
from ottla.platform import PlatformStatus
from ottla.platform.monitoring import MonitoringStatus

if TYPE_CHECKING:
    import pytest


def status(*pids: int | None) -> PlatformStatus:
    """A cluster that does not answer; each node has that pid, or does not run."""
    addresses = [NodeAddress(node_id, "127.0.0.1", 9000 + node_id, 9100 + node_id, 9200 + node_id) for node_id in (1, 2, 3)]
    nodes = tuple(NodeStatus(address, pid, pid and 1.0, pid and 1, 0) for address, pid in zip(addresses, pids, strict=True))
    return PlatformStatus("local", "shop", "id", "4.3.1", ("127.0.0.1:9001",), nodes, None, "no answer")


def test_a_missing_quorum_is_said_also_where_the_cluster_does_not_answer(capsys: pytest.CaptureFixture[str]) -> None:
    _print_table(status(None, None, 17))
    said = capsys.readouterr().out
    assert "no quorum: only 1 of 3 controllers runs\n" in said
    assert "stopped: node 1, 2; start it: ottla up" in said


def test_a_quorum_is_not_missed_where_nothing_runs_or_a_majority_does(capsys: pytest.CaptureFixture[str]) -> None:
    _print_table(status(None, None, None))
    _print_table(status(None, 16, 17))
    assert "quorum" not in capsys.readouterr().out


def test_the_ports_of_jmx_agents_are_shown_where_there_are_any(capsys: pytest.CaptureFixture[str]) -> None:
    seen = status(15, 16, 17)
    _print_table(seen)
    assert "JMX" not in capsys.readouterr().out
    first = replace(seen.nodes[0], address=replace(seen.nodes[0].address, jmx_port=9097))
    _print_table(replace(seen, nodes=(first, *seen.nodes[1:])))
    header, *rows = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith(("NODE", "1 ", "2 "))]
    assert [row[header.index("JMX")] for row in rows] == ["9097", "-"]
    assert [_ports(node.address).get("jmx") for node in (first, seen.nodes[1])] == [9097, None]


def test_where_no_target_is_healthy_silence_is_not_told_as_health(capsys: pytest.CaptureFixture[str]) -> None:
    print_monitoring(MonitoringStatus((), up=0, targets=2, firing=()))
    assert "0 of 2 targets healthy, so nothing is seen: that no alert fires says nothing\n" in capsys.readouterr().out
    print_monitoring(MonitoringStatus((), up=1, targets=2, firing=()))
    assert "1 of 2 targets healthy, no alert fires\n" in capsys.readouterr().out
