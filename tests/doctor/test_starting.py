"""What may be done about data that are not a node's own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.doctor.evidence import CASES, CLUSTER_ID, HEALTHY, node, stopped

from ottla.doctor.diagnosis import diagnose
from ottla.doctor.kinds import WRONG_CLUSTER_ID
from ottla.local.addresses import OUT_OF_IT

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


def test_nodes_that_were_never_started_are_told_so_and_nothing_else() -> None:
    blank = [stopped(node_id, was_started=False, has_data=False, meta=None, holders={9092: "nginx"}) for node_id in (1, 2, 3)]
    (finding,) = diagnose(replace(HEALTHY, nodes=tuple(blank), certificates=(), cluster=None))
    assert (finding.kind.name, finding.where, finding.command) == ("never-started", "nodes 1, 2, 3", "ottla up")
    assert finding.evidence == ("3 of 3 nodes have no data and no log",)
    (single,) = diagnose(replace(HEALTHY, nodes=(blank[0],), cluster=None))
    assert single.evidence == ("1 of 1 node has no data and no log",)


@pytest.mark.parametrize("meta", [{}, {"\x00\x17": ""}, {"cluster.id": CLUSTER_ID}])
def test_meta_properties_that_hold_garbage_are_damaged_and_not_deleted(meta: dict[str, str]) -> None:
    (finding,) = diagnose(replace(HEALTHY, nodes=(stopped(1, meta=meta),), cluster=None))
    assert (finding.kind.name, finding.cause) == ("data-unreadable", "the file was damaged")
    assert "meta.properties is damaged" in finding.evidence[0]
    (gone,) = diagnose(replace(HEALTHY, nodes=(stopped(1, meta=None),), cluster=None))
    assert (gone.evidence, gone.cause) == (("no /nodes/1/data/meta.properties",), "the file was deleted")


def test_a_port_that_up_does_not_move_is_not_said_to_be_moved() -> None:
    taken = stopped(3, holders={9112: "nginx (pid 7)", 9114: "nginx (pid 8)"})

    def command(*others: NodeSeen) -> str:
        return next(
            each.command
            for each in diagnose(replace(HEALTHY, nodes=(*others, taken), cluster=None))
            if each.kind.name == "port-taken"
        )

    assert command(node(1), stopped(2)) == OUT_OF_IT
    assert command(stopped(1), stopped(2)).startswith("ottla up gives it other ports")
    taken = replace(taken, holders={9112: "nginx (pid 7)"})
    assert command(node(1), node(2)).startswith("ottla up gives it other ports")


def test_a_node_that_was_killed_has_said_nothing_unusual_or_the_end_of_its_log_with_its_age() -> None:
    def evidence(*words: str) -> tuple[str, ...]:
        down = stopped(3, is_voter=False, ended_cleanly=False, words=words, silent_for=62.4)
        return diagnose(replace(HEALTHY, nodes=(node(1), node(2), down)))[0].evidence

    assert evidence() == ("it said nothing unusual before it ended, 1m 2s ago: it was killed, or the machine stopped",)
    assert evidence("ERROR a", "ERROR b") == ("ERROR a", "ERROR b", "that was the end of its log, 1m 2s ago")


def test_nobody_is_told_to_relabel_foreign_data() -> None:
    finding = next(each for each in diagnose(CASES["wrong-cluster-id"]) if each.kind is WRONG_CLUSTER_ID)
    assert "meta.properties" not in finding.command
    assert "Put the right meta.properties back" not in WRONG_CLUSTER_ID.remedy
    assert "Never edit" in WRONG_CLUSTER_ID.remedy
