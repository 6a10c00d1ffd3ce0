from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import pytest

from ottla.errors import SpecError
from ottla.spec import load_spec
from ottla.spec.document import Document, read_document
from ottla.spec.environments import overlay

if TYPE_CHECKING:
    from pathlib import Path

BASE = """\
platform: shop
default_environment: dev
cluster: {name: shop, config: {a: 1, b: 2}}
topics:
  orders: {partitions: 3, reset: [x, y]}
  audit: {partitions: 1}
environments:
"""


def laid(environment: str) -> Document:
    return overlay(read_document(BASE + environment, file="p.yaml"), "dev")


def test_what_an_environment_does_not_say_is_as_in_the_base() -> None:
    assert laid("  dev: {target: local}\n").values == {
        "platform": "shop",
        "target": "local",
        "cluster": {"name": "shop", "config": {"a": 1, "b": 2}},
        "topics": {"orders": {"partitions": 3, "reset": ["x", "y"]}, "audit": {"partitions": 1}},
    }


def test_mappings_are_merged_by_name_at_every_depth() -> None:
    topics = "{orders: {partitions: 6}, new: {partitions: 2}}"
    values = laid(f"  dev: {{cluster: {{nodes: 1, config: {{b: 3, c: 4}}}}, topics: {topics}}}\n").values
    assert values["cluster"] == {"name": "shop", "nodes": 1, "config": {"a": 1, "b": 3, "c": 4}}
    assert values["topics"] == {
        "orders": {"partitions": 6, "reset": ["x", "y"]},
        "audit": {"partitions": 1},
        "new": {"partitions": 2},
    }


def test_a_list_is_replaced_as_a_whole() -> None:
    assert laid("  dev: {topics: {orders: {reset: [z]}}}\n").values["topics"]["orders"]["reset"] == ["z"]


def test_null_takes_a_name_away() -> None:
    values = laid("  dev: {topics: {audit: null}, cluster: {config: {a: }}}\n").values
    assert values["topics"].keys() == {"orders"}
    assert values["cluster"]["config"] == {"b": 2}


def test_the_base_is_not_touched() -> None:
    document = read_document(BASE + "  dev: {cluster: {config: {a: 9, b: }}, topics: {audit: }}\n  prod: {}\n", file="p.yaml")
    values, marks = copy.deepcopy(document.values), dict(document.marks)
    overlay(document, "dev")
    assert (document.values, dict(document.marks)) == (values, marks)
    assert overlay(document, "prod").values["cluster"] == {"name": "shop", "config": {"a": 1, "b": 2}}


def test_what_an_environment_says_through_an_alias_stands_where_the_alias_does() -> None:
    document = read_document(
        BASE + "  other:\n    topics: &more {new: {partitions: 2}}\n    cluster: {name: x}\n  dev:\n    topics: *more\n",
        file="p.yaml",
    )
    lines = BASE.count("\n") + 5
    marks = overlay(document, "dev").marks
    mark = marks["topics", "new", "partitions"]
    assert (mark.line, mark.key) == (lines, "environments.dev.topics.new.partitions")
    assert marks["topics", "new"].line == lines
    assert marks["topics", "orders", "partitions"].line == 5
    assert ("topics", "new", "retention") not in marks


def test_each_value_keeps_the_mark_of_the_place_that_wrote_it() -> None:
    marks = laid("  dev:\n    topics:\n      orders: {partitions: 6}\n").marks
    assert (marks["topics", "orders", "partitions"].line, marks["topics", "orders", "partitions"].key) == (
        10,
        "environments.dev.topics.orders.partitions",
    )
    assert (marks["topics", "orders", "reset"].line, marks["topics", "orders", "reset"].key) == (5, "topics.orders.reset")


def test_an_alias_laid_over_changes_one_topic_only(tmp_path: Path) -> None:
    path = tmp_path / "platform.yaml"
    path.write_text(
        "platform: shop\ncluster: {name: shop}\ntopics:\n  a: &same {partitions: 1}\n  b: *same\n"
        "environments: {dev: {target: local, topics: {a: {partitions: 5}}}}\n"
    )
    _, spec = load_spec(path).environment("dev")
    assert {name: topic.partitions for name, topic in spec.topics.items()} == {"a": 5, "b": 1}


def test_what_is_wrong_in_the_base_is_told_even_where_every_environment_covers_it(tmp_path: Path) -> None:
    path = tmp_path / "platform.yaml"
    path.write_text(
        "platform: shop\ncluster: {name: shop, nodes: many}\ntopics: {a: {description: its partitions are below}}\n"
        "environments: {dev: {target: local, cluster: {nodes: 3}, topics: {a: {partitions: 5}}}}\n"
    )
    with pytest.raises(SpecError) as caught:
        load_spec(path)
    assert [str(fault) for fault in caught.value.faults] == [f"{path}:2: cluster.nodes: expected a whole number, not 'many'"]
