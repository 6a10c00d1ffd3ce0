from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.spec.conftest import Faults, Load

HEAD = "platform: shop\ncluster: {name: shop}\nenvironments: {local: {target: local}}\ntopics:\n"


def topics(*names: str) -> str:
    return HEAD + "".join(f"  {name}: {{partitions: 1}}\n" for name in names)


@pytest.mark.parametrize("name", ["__consumer_offsets", "__transaction_state", "__share_group_state", "__cluster_metadata"])
def test_kafkas_own_topics_are_refused(faults: Faults, name: str) -> None:
    [fault] = faults(topics(name))
    assert fault.startswith(f"5: topics.{name}: is Kafka's own topic for ")


@pytest.mark.parametrize("name", ["_schemas", "connect-offsets", "app-table-changelog", "__remote_log_metadata", "a" * 249])
def test_topics_of_other_tools_may_be_made_beforehand(load: Load, name: str) -> None:
    assert load(topics(name)).warnings() == ()


def test_names_that_differ_only_in_dot_and_underscore_collide(faults: Faults) -> None:
    assert faults(topics("a.b_c", "other", "a_b.c")) == [
        "7: topics.a_b.c: collides with a.b_c: Kafka's metrics write '.' and '_' alike, and it refuses the second one"
    ]


def test_names_collide_in_one_environment_only(load: Load) -> None:
    text = HEAD.replace("{local: {target: local}}", "{a: {target: local, topics: {x.y: {partitions: 1}}}, b: {target: local}}")
    load(text.replace("b: {target: local}", "b: {target: local, topics: {x_y: {partitions: 1}}}").removesuffix("topics:\n"))


def test_names_that_differ_only_in_case_are_a_warning(warnings: Faults) -> None:
    assert warnings(topics("Orders", "orders")) == [
        "6: topics.orders: differs from Orders only in case; to Kafka they are two topics"
    ]
