from __future__ import annotations

import pytest

from ottla.errors import PlanRefused
from ottla.model.node import Node
from ottla.model.state import ClusterState
from ottla.model.topic import Topic
from ottla.plan import AddPartitions, AlterNodeProperties, AlterTopicConfigs, ConfigChange, CreateTopic, DeleteTopic, diff

ALL = frozenset({"topics"})
ORDERS = Topic("orders", 3, 3, {"retention.ms": "1000"})


def state(*topics: Topic, nodes: dict[int, dict[str, str]] | None = None) -> ClusterState:
    return ClusterState(
        {topic.name: topic for topic in topics}, {key: Node(key, properties) for key, properties in (nodes or {}).items()}
    )


def orders(partitions: int = 3, factor: int = 3, reset: frozenset[str] = frozenset(), **configs: str) -> Topic:
    return Topic("orders", partitions, factor, {key.replace("_", "."): value for key, value in configs.items()}, reset)


def refusals(observed: ClusterState, desired: ClusterState) -> tuple[str, ...]:
    with pytest.raises(PlanRefused) as caught:
        diff(observed, desired, allow=ALL)
    return caught.value.reasons


def test_a_topic_that_is_not_there_is_created() -> None:
    assert diff(state(), state(ORDERS)).changes == (CreateTopic(ORDERS),)


def test_a_partition_increase_is_a_change() -> None:
    assert diff(state(orders(3)), state(orders(5))).changes == (AddPartitions("orders", 3, 5),)


def test_a_partition_decrease_is_refused() -> None:
    [reason] = refusals(state(orders(3)), state(orders(2)))
    assert "topic orders has 3 partitions and the spec asks for 2" in reason


@pytest.mark.parametrize("wanted", [1, 5])
def test_another_replication_factor_is_refused(wanted: int) -> None:
    [reason] = refusals(state(orders(factor=3)), state(orders(factor=wanted)))
    assert f"topic orders has replication_factor 3 and the spec asks for {wanted}" in reason


@pytest.mark.parametrize("wanted", [{1: {}}, {1: {}, 2: {}, 3: {}, 4: {}}, {1: {}, 2: {}, 4: {}}])
def test_other_nodes_are_refused(wanted: dict[int, dict[str, str]]) -> None:
    [reason] = refusals(state(nodes={1: {}, 2: {}, 3: {}}), state(nodes=wanted))
    assert "the cluster has nodes 1, 2, 3 and the spec asks for" in reason


def test_every_reason_is_told_at_once() -> None:
    observed = state(orders(3), Topic("audit", 2, 1, {}), nodes={1: {}})
    assert len(refusals(observed, state(orders(1, factor=1), Topic("audit", 1, 1, {}), nodes={2: {}}))) == 4


def test_a_refusal_exits_with_4() -> None:
    assert PlanRefused(["no"]).exit_code == 4


def test_each_config_that_differs_is_one_change_with_what_it_was() -> None:
    observed = state(orders(a="1", b="2", cleanup_policy="compact"))
    desired = state(orders(a="1", b="3", c="4", cleanup_policy="compact"))
    assert diff(observed, desired).changes == (
        AlterTopicConfigs("orders", (ConfigChange("b", "2", "3"), ConfigChange("c", None, "4")), cleanup_policy="compact"),
    )


def test_a_list_in_another_order_is_no_change() -> None:
    assert diff(state(orders(cleanup_policy="delete,compact")), state(orders(cleanup_policy="compact, delete"))).changes == ()


def test_a_config_that_the_spec_does_not_name_is_left_and_listed() -> None:
    found = diff(state(orders(a="1", b="2")), state(orders(a="1")))
    assert found.changes == ()
    assert [(item.subject, item.key, item.value) for item in found.unowned] == [("topic orders", "b", "2")]


def test_a_reset_config_is_taken_away_and_not_listed() -> None:
    found = diff(state(orders(a="1")), state(orders(reset=frozenset({"a"}))))
    assert found.changes == (AlterTopicConfigs("orders", (ConfigChange("a", "1", None),)),)
    assert found.unowned == ()


def test_a_reset_config_that_is_not_set_is_no_change() -> None:
    assert diff(state(orders()), state(orders(reset=frozenset({"a"})))).changes == ()


def test_a_topic_that_the_spec_does_not_name_is_left_and_listed() -> None:
    found = diff(state(ORDERS, Topic("audit", 1, 1, {})), state())
    assert (found.changes, found.unlisted) == ((), ("audit", "orders"))


def test_a_topic_is_deleted_only_if_that_is_allowed() -> None:
    found = diff(state(ORDERS), state(), allow=ALL)
    assert (found.changes, found.unlisted) == ((DeleteTopic(ORDERS),), ())
    assert diff(state(ORDERS), state(), allow=frozenset({"users"})).changes == ()


@pytest.mark.parametrize("name", ["__consumer_offsets", "__transaction_state", "_schemas", "connect-configs"])
def test_a_protected_topic_is_neither_deleted_nor_listed(name: str) -> None:
    observed = state(Topic(name, 50, 3, {}))
    assert (diff(observed, state(), allow=ALL).changes, diff(observed, state()).unlisted) == ((), ())


def test_a_node_property_that_differs_is_a_change_of_that_node() -> None:
    observed = state(nodes={1: {"a": "1", "b": "2"}, 2: {"a": "2"}})
    desired = state(nodes={1: {"a": "2"}, 2: {"a": "2"}})
    assert diff(observed, desired).changes == (AlterNodeProperties(1, (ConfigChange("a", "1", "2"),)),)


def test_a_state_without_nodes_says_nothing_about_them() -> None:
    assert diff(state(nodes={1: {"a": "1"}}), state()).changes == ()


def test_nodes_come_first_then_what_adds_then_what_alters_and_deletions_last() -> None:
    observed = state(orders(a="1"), Topic("audit", 1, 1, {}), Topic("old", 1, 1, {}), nodes={1: {}})
    desired = state(orders(5, a="2"), Topic("audit", 2, 1, {}), Topic("new", 1, 1, {}), nodes={1: {"a": "1"}})
    kinds = [type(change).__name__ for change in diff(observed, desired, allow=ALL).changes]
    assert kinds == ["AlterNodeProperties", "CreateTopic", "AddPartitions", "AddPartitions", "AlterTopicConfigs", "DeleteTopic"]


def test_nodes_change_in_the_order_of_their_numbers() -> None:
    changes = diff(state(nodes={1: {}, 2: {}, 10: {}}), state(nodes={10: {"a": "1"}, 2: {"a": "1"}, 1: {"a": "1"}})).changes
    assert [change.node_id for change in changes if isinstance(change, AlterNodeProperties)] == [1, 2, 10]
