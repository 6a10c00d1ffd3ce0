from __future__ import annotations

import pytest

from ottla.model.node import Node
from ottla.model.state import ClusterState, Evidence, TopicEvidence
from ottla.model.topic import Topic
from ottla.plan import Plan, diff, make_plan, plan_lines, plan_summary
from ottla.plan.text import readable

OBSERVED = ClusterState(
    topics={
        "orders": Topic("orders", 3, 3, {"retention.ms": "604800000", "segment.ms": "1"}),
        "old": Topic("old", 1, 3, {}),
    },
    nodes={1: Node(1, {"num.io.threads": "8"})},
)
DESIRED = ClusterState(
    topics={
        "orders": Topic("orders", 6, 3, {"retention.ms": "86400000"}),
        "new": Topic("new", 2, 3, {"segment.bytes": "1073741824"}),
    },
    nodes={1: Node(1, {"num.io.threads": "16"})},
)


def planned(observed: ClusterState, desired: ClusterState, *allow: str) -> Plan:
    evidence = Evidence({name: TopicEvidence(0, 0) for name in observed.topics})
    return make_plan(diff(observed, desired, allow=frozenset(allow)), observed, evidence, cluster_id="abc", environment="local")


def test_a_plan_reads_as_one_line_a_fact() -> None:
    assert list(plan_lines(planned(OBSERVED, DESIRED))) == [
        "~ node 1",
        "    num.io.threads: 8 -> 16",
        "!   restarts-node: node 1 is restarted to read num.io.threads",
        "+ topic new: 2 partitions, replication_factor 3",
        "    segment.bytes = 1073741824 (1 GiB)",
        "~ topic orders: partitions 3 -> 6",
        "~ topic orders",
        "    retention.ms: 604800000 (7d) -> 86400000 (1d)",
        "# not in the spec, left alone (1): old. To delete: ottla apply --allow topics",
        "# not in the spec, left alone: segment.ms=1 on topic orders (`reset: [segment.ms]` clears it)",
    ]


def test_a_deletion_is_a_line_of_its_own_and_its_risk_follows() -> None:
    plan = make_plan(
        diff(OBSERVED, ClusterState({"orders": OBSERVED.topics["orders"]}), allow=frozenset({"topics"})),
        OBSERVED,
        Evidence({"old": TopicEvidence(1234, 2048)}),
        cluster_id="abc",
        environment="local",
    )
    assert list(plan_lines(plan)) == [
        "- topic old: 1 partition, replication_factor 3",
        "!   deletes-records: up to 1,234 records (2 KiB over all replicas) are deleted for good",
    ]


def test_a_config_that_is_reset_reads_as_not_set() -> None:
    desired = ClusterState({"old": Topic("old", 1, 3, {"a": "1"}, frozenset({"b"}))})
    observed = ClusterState({"old": Topic("old", 1, 3, {"b": "2"})})
    assert list(plan_lines(planned(observed, desired))) == [
        "~ topic old",
        "    a: (not set) -> 1",
        "    b: 2 -> (not set)",
    ]


def test_the_summary_counts() -> None:
    assert plan_summary(planned(OBSERVED, DESIRED, "topics")) == "1 to create, 3 to change, 1 to delete"
    assert plan_summary(planned(OBSERVED, OBSERVED)) == "no changes: the cluster is as the spec says"


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("retention.ms", "604800000", "604800000 (7d)"),
        ("retention.ms", "-1", "-1 (unlimited)"),
        ("retention.ms", "999", "999"),
        ("segment.bytes", "1024", "1024 (1 KiB)"),
        ("segment.bytes", "1023", "1023"),
        ("retention.bytes", "-1", "-1 (unlimited)"),
        ("num.io.threads", "16000", "16000"),
        ("cleanup.policy", "compact,delete", "compact,delete"),
        ("retention.ms", "", ""),
        ("retention.ms", "-", "-"),
        ("retention.ms", "5 h", "5 h"),
    ],
)
def test_kafkas_own_text_stands_beside_what_a_person_calls_it(key: str, value: str, text: str) -> None:
    assert readable(key, value) == text
