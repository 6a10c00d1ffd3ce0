from __future__ import annotations

import json

from ottla.model.node import Node
from ottla.model.state import ClusterState, Evidence
from ottla.model.topic import Topic
from ottla.plan import diff, make_plan, plan_document

OBSERVED = ClusterState(
    topics={"orders": Topic("orders", 3, 3, {"a": "1", "b": "2"}), "old": Topic("old", 1, 3, {"z": "1", "c": "2"})},
    nodes={1: Node(1, {"num.io.threads": "8"})},
)
DESIRED = ClusterState(
    topics={"orders": Topic("orders", 6, 3, {"a": "3"}), "new": Topic("new", 2, 3, {}, frozenset({"x"}))},
    nodes={1: Node(1, {"num.io.threads": "16"})},
)


def document(*allow: str) -> dict[str, object]:
    plan = make_plan(diff(OBSERVED, DESIRED, allow=frozenset(allow)), OBSERVED, Evidence(), cluster_id="abc", environment="local")
    found: dict[str, object] = plan_document(plan)
    assert json.loads(json.dumps(found)) == found
    return found


def test_each_change_is_in_the_document() -> None:
    changes = document("topics")["changes"]
    assert isinstance(changes, list)
    assert [{key: value for key, value in change.items() if key != "risks"} for change in changes] == [
        {"action": "update", "kind": "node", "name": 1, "configs": [{"key": "num.io.threads", "before": "8", "after": "16"}]},
        {
            "action": "create",
            "kind": "topic",
            "name": "new",
            "after": {"partitions": 2, "replication_factor": 3, "configs": {}},
        },
        {"action": "update", "kind": "topic", "name": "orders", "before": {"partitions": 3}, "after": {"partitions": 6}},
        {"action": "update", "kind": "topic", "name": "orders", "configs": [{"key": "a", "before": "1", "after": "3"}]},
        {
            "action": "delete",
            "kind": "topic",
            "name": "old",
            "before": {"partitions": 1, "replication_factor": 3, "configs": {"c": "2", "z": "1"}},
        },
    ]


def test_each_change_has_its_risks() -> None:
    changes = document("topics")["changes"]
    assert isinstance(changes, list)
    assert [[(risk["code"], risk["severity"]) for risk in change["risks"]] for change in changes] == [
        [("restarts-node", "notice")],
        [],
        [("re-keys", "data")],
        [],
        [("deletes-records", "data")],
    ]


def test_what_is_left_alone_is_in_the_document() -> None:
    found = document()
    assert found["unlisted_topics"] == ["old"]
    assert found["unowned_configs"] == [{"subject": "topic orders", "key": "b", "value": "2"}]


def test_the_document_says_what_the_plan_saw_and_where() -> None:
    found = document("topics")
    assert (found["cluster_id"], found["environment"]) == ("abc", "local")
    assert isinstance(found["fingerprints"], dict)
    assert found["fingerprints"].keys() == {"node:1", "topic:new", "topic:old", "topic:orders"}
