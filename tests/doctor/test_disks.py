"""Disks: of nodes that are down too, whoever fills them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.doctor.evidence import CLUSTER, GIB, HEALTHY, log_dir, node, stopped, with_cluster, with_node

from ottla.doctor.diagnosis import diagnose
from ottla.doctor.evidence import ClusterSeen, Evidence, NoWriting
from ottla.doctor.finding import Finding, Severity

MIB = 1024**2
FULL = log_dir(1, total=100 * GIB, usable=5 * GIB, used=GIB, before=GIB)


def found(evidence: Evidence) -> list[tuple[str, Severity]]:
    return [(finding.kind.name, finding.severity) for finding in diagnose(evidence)]


def only(evidence: Evidence) -> Finding:
    (finding,) = diagnose(evidence)
    return finding


def test_a_volume_that_something_else_fills_is_not_laid_to_the_largest_topics() -> None:
    finding = only(with_cluster(log_dirs=(FULL,)))
    assert finding.evidence[0] == "Kafka holds 1% of what is used"
    assert finding.cause == "something else fills the volume"
    assert finding.command.startswith("see what is there: du -xahd2 ")
    assert "retention" not in finding.command
    tiny = FULL._replace(used=1000, before=1000)
    assert only(with_cluster(log_dirs=(tiny,))).evidence[0].startswith("Kafka holds less than 1% of what is used")


def test_nodes_of_one_machine_fill_a_volume_together() -> None:
    log_dirs = tuple(replaced._replace(node_id=node_id) for node_id in (1, 2, 3) for replaced in (FULL._replace(used=8 * GIB),))
    commands = {finding.command for finding in diagnose(with_cluster(log_dirs=log_dirs))}
    assert {command.partition(" (")[0] for command in commands} == {"let the largest topics keep less"}
    elsewhere = Evidence(has_spec=False, cluster=ClusterSeen((), (), {}, None, log_dirs))
    assert all("du -xahd2" in finding.command and "where node" in finding.command for finding in diagnose(elsewhere))


@pytest.mark.parametrize("usable", [0, 4096, 63 * MIB])
def test_a_volume_without_room_is_an_error_while_its_node_still_runs(usable: int) -> None:
    assert found(with_cluster(log_dirs=(FULL._replace(usable=usable),))) == [("disk-full", Severity.ERROR)]


@pytest.mark.parametrize("clean", [True, False])
def test_the_volume_of_a_node_that_is_down_is_looked_at(clean: bool) -> None:  # noqa: FBT001  (a parameter)
    full = with_node(stopped(3, is_voter=False, ended_cleanly=clean, disk_free=0))
    assert found(full) == [("disk-full", Severity.ERROR)]
    nearly = with_node(stopped(3, is_voter=False, ended_cleanly=clean, disk_free=GIB))
    assert found(nearly)[1:] == [("disk-filling", Severity.WARNING)]
    assert "its volume is 100% full: 1 GiB of 250 GiB are left" in diagnose(nearly)[1].what


def test_a_node_that_runs_on_data_that_cannot_be_written_is_found_too() -> None:
    finding = only(with_node(node(3, no_writing=NoWriting.READ_ONLY)))
    assert (finding.kind.name, finding.severity) == ("disk-read-only", Severity.ERROR)
    assert finding.command.endswith("then: ottla restart 3")


def test_what_the_log_says_of_a_read_only_volume_is_not_said_twice() -> None:
    words = ("java.io.IOException: Read-only file system",)
    down = stopped(3, is_voter=False, ended_cleanly=False, words=words, no_writing=NoWriting.READ_ONLY)
    assert found(with_node(down)) == [("disk-read-only", Severity.ERROR)]
    assert found(replace(HEALTHY, cluster=CLUSTER)) == []


def test_a_folder_that_is_somebody_elses_is_not_to_be_mounted_anew() -> None:
    finding = only(with_node(stopped(3, is_voter=False, no_writing=NoWriting.NOT_ALLOWED)))
    assert finding.command == "give /nodes/3/data back to whoever runs the nodes (chown -R); then: ottla up"
