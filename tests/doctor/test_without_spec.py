"""A cluster that is somebody else's (`-b`): no next command is about the platform.yaml that happens to be here."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.doctor.evidence import BESIDE, CASES, CLUSTER, PARTITION

from ottla.doctor.diagnosis import diagnose
from ottla.doctor.evidence import Wanted

if TYPE_CHECKING:
    from ottla.model.topic import Partition

ALL = {**CASES, **{name: evidence for name, (evidence, _) in BESIDE.items()}}
LOCAL = re.compile(r"ottla (up|down|restart|plan|apply|logs|status|certs)\b|in the spec|platform\.yaml")
SEEN_FROM_AFAR = {
    "cluster-silent",
    "broker-missing",
    "offline-partitions",
    "under-min-isr",
    "isr-shrunk",
    "quorum-lost",
    "voter-behind",
    "log-dir-offline",
    "disk-filling",
    "disk-full-soon",
    "records-lost",
    "high-lag",
}


@pytest.mark.parametrize("name", ALL)
def test_no_next_command_is_about_the_platform_that_is_here(name: str) -> None:
    seen = replace(ALL[name], has_spec=False, nodes=(), certificates=(), refused=(), left_faults=(), machine=None, checks=())
    fenced = name == "broker-missing" and seen.cluster is not None
    if fenced:
        brokers = (*CLUSTER.brokers[:2], replace(CLUSTER.brokers[2], fenced=True))
        seen = replace(seen, cluster=replace(CLUSTER, brokers=brokers))
    findings = diagnose(replace(seen, wanted=Wanted(), cluster_id=None))
    if name in SEEN_FROM_AFAR:
        assert name in {finding.kind.name for finding in findings}
    assert [finding.command for finding in findings if LOCAL.search(finding.command)] == []


def test_the_nodes_that_are_needed_are_named() -> None:
    def command(partition: Partition) -> str:
        evidence = replace(CASES["isr-shrunk"], has_spec=False, nodes=(), wanted=Wanted())
        return diagnose(replace(evidence, cluster=replace(CLUSTER, partitions=(partition,))))[0].command

    assert command(replace(PARTITION, leader=None, isr=(3,))) == "start nodes 1, 2, 3 where they run"
    assert command(replace(PARTITION, isr=(1,))) == "start nodes 2, 3 where they run"
    assert command(replace(PARTITION, isr=(1, 2))) == "start node 3 where it runs; if it does run, read its log there"
