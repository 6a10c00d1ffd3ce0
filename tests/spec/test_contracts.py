from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ottla.spec import load_spec

if TYPE_CHECKING:
    from tests.spec.conftest import Faults, Load

SHIPPED = Path(__file__).parent.parent.parent / "platform.yaml"
HEAD = "platform: shop\ncluster: {name: shop}\nenvironments: {local: {target: local}}\ntopics:\n"


def topics(*events: str) -> str:
    """Topics a, b, c ... from line 5 on, with these events."""
    return HEAD + "".join(
        f"  {name}: {{partitions: 1, event: {{key: id, {event}}}}}\n" for name, event in zip("abc", events, strict=False)
    )


def test_an_event_is_claimed_by_one_topic(faults: Faults) -> None:
    assert faults(topics("types: [made, sold]", "types: [sold]")) == [
        "6: topics.b.event.types.0: sold is claimed by a as well; if it comes from there, say `routed_from: a`"
    ]


def test_a_topic_that_says_where_its_events_come_from_claims_none(load: Load) -> None:
    load(topics("types: [made, sold]", "types: [sold], routed_from: a", "types: [sold], routed_from: b"))


def test_events_are_routed_from_a_topic_that_is_there_and_carries_them(faults: Faults) -> None:
    assert faults(topics("types: [made]", "types: [sold], routed_from: a", "routed_from: d")) == [
        "6: topics.b.event.routed_from: a does not carry sold",
        "7: topics.c.event.routed_from: there is no topic d; known here: a, b, c",
    ]


def test_a_topic_is_not_routed_from_itself(faults: Faults) -> None:
    assert faults(topics("routed_from: a")) == ["5: topics.a.event.routed_from: a topic is not routed from itself"]


def test_a_type_is_written_once(faults: Faults) -> None:
    assert faults(topics("types: [made, made]")) == ["5: topics.a.event.types.1: made is written twice"]


def test_every_topic_of_the_shipped_spec_says_what_it_carries() -> None:
    _, spec = load_spec(SHIPPED).environment(None)
    events = {name: topic.event for name, topic in spec.topics.items()}
    assert all(event and event.types for event in events.values())
    routed = {name: event.routed_from for name, event in events.items() if event and event.routed_from}
    assert routed == {f"todo.tasks.{what}": "task-events" for what in ("created", "updated", "deleted", "completed")}


def test_compaction_by_the_servers_policy_counts(faults: Faults) -> None:
    text = topics("value: change").replace("{name: shop}", "{name: shop, config: {log.cleanup.policy: compact}}")
    assert ["full state" in fault for fault in faults(text)] == [True]
