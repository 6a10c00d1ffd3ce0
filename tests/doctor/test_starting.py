"""What may be done about data that are not a node's own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.doctor.evidence import CASES, CLUSTER_ID, HEALTHY, node, stopped

from ottla.doctor.diagnosis import diagnose
from ottla.doctor.kinds import WRONG_CLUSTER_ID

if TYPE_CHECKING:
    from ottla.doctor.evidence import Evidence, NodeSeen

FOREIGN = {"cluster.id": "AAAAAAAAAAAAAAAAAAAAAA", "node.id": "1"}
EXCHANGED = {"cluster.id": CLUSTER_ID, "node.id": "9"}
DATA = {"wrong-cluster-id", "wrong-node-id", "data-unreadable"}


def commands(*nodes: NodeSeen) -> list[str]:
    evidence: Evidence = replace(HEALTHY, nodes=nodes, cluster=None)
    return [finding.command for finding in diagnose(evidence) if finding.kind.name in DATA]


@pytest.mark.parametrize("meta", [FOREIGN, EXCHANGED, None])
def test_a_platform_of_one_node_is_never_told_to_begin_anew(meta: dict[str, str] | None) -> None:
    (command,) = commands(stopped(1, meta=meta))
    assert "away" not in command
    assert "put" in command


def test_where_all_data_are_foreign_nothing_leads_to_an_empty_cluster() -> None:
    nodes = [stopped(node_id, meta={**FOREIGN, "node.id": str(node_id)}) for node_id in (1, 2, 3)]
    assert ["away" in command or "cluster.json" not in command for command in commands(*nodes)] == [False] * 3


def test_voters_without_data_or_with_anothers_are_no_majority() -> None:
    foreign = stopped(1, meta=FOREIGN)
    for other in (stopped(2, has_data=False, meta=None), stopped(2, meta=EXCHANGED)):
        assert "away" not in commands(foreign, other, stopped(3))[0]
    assert "away" not in commands(foreign, node(2, is_voter=False), node(3, is_voter=False))[0]
    assert "move /nodes/1/data away" in commands(foreign, stopped(2), stopped(3))[0]


def test_nobody_is_told_to_relabel_foreign_data() -> None:
    finding = next(each for each in diagnose(CASES["wrong-cluster-id"]) if each.kind is WRONG_CLUSTER_ID)
    assert "meta.properties" not in finding.command
    assert "Put the right meta.properties back" not in WRONG_CLUSTER_ID.remedy
    assert "Never edit" in WRONG_CLUSTER_ID.remedy
