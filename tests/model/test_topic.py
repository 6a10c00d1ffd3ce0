from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ottla.model.topic import is_protected, same_config

policies = st.sampled_from(["delete", "compact", "compact,delete", "delete,compact", "", "compact, delete ", "delete,delete"])


@pytest.mark.parametrize(
    "other", ["delete,compact", "compact, delete", " delete , compact ", "compact,delete,compact", ",compact,delete"]
)
def test_order_spaces_and_repeats_in_a_list_do_not_count(other: str) -> None:
    assert same_config("cleanup.policy", "compact,delete", other)


@pytest.mark.parametrize("other", ["compact", "delete", "", None])
def test_another_item_counts(other: str | None) -> None:
    assert not same_config("cleanup.policy", "compact,delete", other)


@pytest.mark.parametrize(("one", "other"), [("1", "01"), ("1", "1 "), ("true", "True"), ("a,b", "b,a"), ("1", None), (None, "")])
def test_in_any_other_config_the_text_counts(one: str | None, other: str | None) -> None:
    assert not same_config("retention.ms", one, other)


def test_not_set_is_the_same_as_not_set() -> None:
    assert same_config("cleanup.policy", None, None)


@given(policies, policies, policies)
def test_being_the_same_is_an_equivalence(one: str, two: str, three: str) -> None:
    def same(this: str, that: str) -> bool:
        return same_config("cleanup.policy", this, that)

    assert same(one, one)
    assert same(one, two) == same(two, one)
    assert not (same(one, two) and same(two, three)) or same(one, three)


@pytest.mark.parametrize(
    "name", ["__consumer_offsets", "__share_group_state", "__anything", "_schemas", "_confluent-metrics", "connect-offsets"]
)
def test_what_belongs_to_kafka_or_its_tools_is_protected(name: str) -> None:
    assert is_protected(name)


@pytest.mark.parametrize("name", ["task-events", "todo.tasks.created", "_one", "connected", "schemas", "a__b"])
def test_what_belongs_to_people_is_not(name: str) -> None:
    assert not is_protected(name)


def test_the_topic_of_the_canary_is_nobodys() -> None:
    """Whatever its name: the spec takes only names that begin so."""
    assert is_protected("__ottla_canary")
    assert is_protected("__probe")
