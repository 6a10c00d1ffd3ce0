from __future__ import annotations

from dataclasses import replace

import pytest

from ottla.errors import PlanRefused
from ottla.model.node import Node
from ottla.model.state import ClusterState, Evidence, TopicEvidence
from ottla.model.topic import Topic
from ottla.plan import (
    AddPartitions,
    CreateTopic,
    DeleteTopic,
    Plan,
    apply_in_memory,
    diff,
    make_plan,
    only_creates,
    refuse_unaccepted,
    stale_objects,
)

OBSERVED = ClusterState(
    topics={
        "orders": Topic("orders", 3, 3, {"retention.ms": "2000"}),
        "old": Topic("old", 1, 3, {}),
        "same": Topic("same", 1, 3, {}),
    },
    nodes={1: Node(1, {"num.io.threads": "8"})},
)
DESIRED = ClusterState(
    topics={
        "orders": Topic("orders", 6, 3, {"retention.ms": "1000"}),
        "new": Topic("new", 1, 3, {}),
        "same": Topic("same", 1, 3, {}),
    },
    nodes={1: Node(1, {"num.io.threads": "16"})},
)
ALL = frozenset({"topics"})


def planned(evidence: Evidence | None = None) -> Plan:
    difference = diff(OBSERVED, DESIRED, allow=ALL)
    return make_plan(difference, OBSERVED, evidence or Evidence(), cluster_id="abc", environment="local")


def with_topic(topic: Topic) -> ClusterState:
    return replace(OBSERVED, topics={**OBSERVED.topics, topic.name: topic})


def test_a_plan_has_a_fingerprint_of_each_object_it_would_touch() -> None:
    assert list(planned().fingerprints) == ["node:1", "topic:new", "topic:old", "topic:orders"]


def test_a_plan_is_not_stale_while_nothing_moved() -> None:
    assert stale_objects(planned(), OBSERVED) == []


@pytest.mark.parametrize(
    "moved",
    [
        Topic("orders", 4, 3, {"retention.ms": "2000"}),
        Topic("orders", 3, 1, {"retention.ms": "2000"}),
        Topic("orders", 3, 3, {"retention.ms": "2001"}),
        Topic("orders", 3, 3, {}),
        Topic("orders", 3, 3, {"retention.ms": "2000", "a": "1"}),
        Topic("new", 1, 3, {}),
        Topic("old", 2, 3, {}),
    ],
)
def test_an_object_that_moved_makes_the_plan_stale(moved: Topic) -> None:
    assert stale_objects(planned(), with_topic(moved)) == [f"topic:{moved.name}"]


def test_an_object_that_is_gone_makes_the_plan_stale() -> None:
    topics = {name: topic for name, topic in OBSERVED.topics.items() if name != "old"}
    assert stale_objects(planned(), ClusterState(topics, {})) == ["node:1", "topic:old"]


def test_a_node_that_moved_makes_the_plan_stale() -> None:
    moved = replace(OBSERVED, nodes={1: Node(1, {"num.io.threads": "9"})})
    assert stale_objects(planned(), moved) == ["node:1"]


def test_an_object_that_the_plan_does_not_touch_may_move() -> None:
    assert stale_objects(planned(), with_topic(Topic("same", 9, 3, {"a": "1"}))) == []


def test_the_order_of_configs_is_no_movement() -> None:
    one = ClusterState({"t": Topic("t", 1, 3, {"a": "1", "b": "2"})})
    other = ClusterState({"t": Topic("t", 1, 3, {"b": "2", "a": "1"})})
    plan = make_plan(diff(one, ClusterState(), allow=ALL), one, Evidence(), cluster_id="abc", environment="local")
    assert stale_objects(plan, other) == []


def test_evidence_is_no_part_of_a_fingerprint() -> None:
    seen = Evidence({"orders": TopicEvidence(5, 1024), "old": TopicEvidence(0, 0)})
    assert planned(seen).fingerprints == planned().fingerprints
    assert planned(seen).changes != planned().changes


def test_a_plan_that_was_applied_is_stale() -> None:
    plan = planned()
    after = apply_in_memory([planned.change for planned in plan.changes], OBSERVED)
    assert stale_objects(plan, after) == list(plan.fingerprints)


def test_the_same_input_gives_the_same_plan() -> None:
    assert planned() == planned()


def test_creations_are_parted_from_all_else() -> None:
    plan = planned()
    creates, others = only_creates(plan)
    assert [type(each.change) for each in creates.changes] == [CreateTopic]
    assert CreateTopic not in {type(each.change) for each in others.changes}
    assert [each for each in plan.changes if each in creates.changes or each in others.changes] == list(plan.changes)
    assert len(creates.changes) + len(others.changes) == len(plan.changes)
    assert list(creates.fingerprints) == ["topic:new"]
    assert {**creates.fingerprints, **others.fingerprints} == plan.fingerprints


def test_a_risk_to_data_that_is_not_accepted_is_refused_with_its_codes() -> None:
    with pytest.raises(PlanRefused) as caught:
        refuse_unaccepted(planned(), [])
    reasons = "\n".join(caught.value.reasons)
    assert "topic orders: keys of an unknown number of records" in reasons
    assert all(f"[{code}]" in reasons for code in ("re-keys", "drops-records", "deletes-records"))
    assert caught.value.hint == (
        "if that is meant, add to the command: --accept deletes-records --accept drops-records --accept re-keys"
    )


def test_only_what_is_not_accepted_is_told() -> None:
    with pytest.raises(PlanRefused) as caught:
        refuse_unaccepted(planned(), ["re-keys", "drops-records"])
    assert len(caught.value.reasons) == 1
    assert caught.value.hint == "if that is meant, add to the command: --accept deletes-records"


def test_accepting_every_code_is_enough() -> None:
    refuse_unaccepted(planned(), ["re-keys", "drops-records", "deletes-records"])


def test_a_notice_needs_no_code() -> None:
    only_node = replace(DESIRED, topics={})
    plan = make_plan(diff(OBSERVED, only_node), OBSERVED, Evidence(), cluster_id="abc", environment="local")
    assert plan.changes
    refuse_unaccepted(plan, [])


@pytest.mark.parametrize("change", [AddPartitions("none", 1, 2), DeleteTopic(Topic("none", 1, 1, {}))])
def test_a_change_of_what_is_not_there_is_a_bug(change: AddPartitions | DeleteTopic) -> None:
    with pytest.raises(KeyError):
        apply_in_memory([change], OBSERVED)
