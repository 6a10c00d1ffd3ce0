"""Laws 1, 2 and 5 of the map, on arbitrary pairs of states."""

from __future__ import annotations

import json
from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ottla.errors import PlanRefused
from ottla.model.node import Node
from ottla.model.state import ClusterState, Evidence, TopicEvidence
from ottla.model.topic import Topic, is_protected, same_config
from ottla.plan import (
    CreateTopic,
    DeleteTopic,
    Diff,
    apply_in_memory,
    describe,
    diff,
    make_plan,
    plan_document,
    plan_lines,
    plan_summary,
    topics_in_need_of_evidence,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

ALL = frozenset({"topics"})
Pair = tuple[ClusterState, ClusterState]

names = st.sampled_from(["orders", "payments", "audit", "a.b-c_d", "__consumer_offsets", "_schemas", "connect-status"])
configs = st.fixed_dictionaries(
    {},
    optional={
        "cleanup.policy": st.sampled_from(["delete", "compact", "compact,delete", "delete, compact", "delete,delete"]),
        "retention.ms": st.sampled_from(["-1", "1", "86400000", "604800000"]),
        "retention.bytes": st.sampled_from(["-1", "1048576", "1073741824"]),
        "segment.bytes": st.sampled_from(["1048576", "100000000"]),
        "compression.type": st.sampled_from(["snappy", "zstd", ""]),
    },
)
properties = st.dictionaries(st.sampled_from(["num.io.threads", "log.dirs", "message.max.bytes"]), st.sampled_from("123"))
few = st.integers(1, 4)
node_ids = st.sampled_from([(), (1,), (1, 2, 3), (1, 2, 10)])


@st.composite
def topics(draw: st.DrawFn, *, desired: bool, partitions: st.SearchStrategy[int] = few) -> dict[str, Topic]:
    found = {}
    for name in draw(st.lists(names, unique=True, max_size=4)):
        own = draw(configs)
        reset = draw(st.frozensets(st.sampled_from(["retention.ms", "cleanup.policy", "never.set"]))) if desired else frozenset()
        factor = draw(st.sampled_from([3, 3, 3, 3, 1])) if desired else 3
        found[name] = Topic(name, draw(partitions), factor, own, reset - own.keys())
    return found


@st.composite
def nodes(draw: st.DrawFn, ids: st.SearchStrategy[tuple[int, ...]] = node_ids) -> dict[int, Node]:
    return {node_id: Node(node_id, draw(properties)) for node_id in draw(ids)}


@st.composite
def any_pairs(draw: st.DrawFn) -> Pair:
    """An observed and a desired state that need not be reachable from each other."""
    observed = ClusterState(draw(topics(desired=False)), draw(nodes()))
    return observed, ClusterState(draw(topics(desired=True)), draw(nodes()))


@st.composite
def reachable_pairs(draw: st.DrawFn) -> Pair:
    """An observed state and a desired one that a plan leads to."""
    observed = ClusterState(draw(topics(desired=False)), draw(nodes()))
    wanted = {}
    for name, topic in draw(topics(desired=True)).items():
        there = observed.topics.get(name)
        least = there.partitions if there else 1
        wanted[name] = Topic(name, draw(st.integers(least, least + 2)), 3, topic.configs, topic.reset)
    ids = tuple(observed.nodes) or (1, 2, 3)
    return observed, ClusterState(wanted, draw(nodes(st.sampled_from([ids, ()]))))


def same_values(there: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    return all(same_config(key, there.get(key), value) for key, value in wanted.items())


def topic_is_as_wanted(there: Topic | None, wanted: Topic) -> bool:
    return (
        there is not None
        and (there.partitions, there.replication_factor) == (wanted.partitions, wanted.replication_factor)
        and same_values(there.configs, wanted.configs)
        and not wanted.reset & there.configs.keys()
        and not there.reset
    )


def owned_part_is_equal(state: ClusterState, wanted: ClusterState) -> bool:
    """Whether ``state`` is as ``wanted`` says, in everything that ``wanted`` says."""
    both = state.nodes.keys() & wanted.nodes.keys()
    return all(topic_is_as_wanted(state.topics.get(name), topic) for name, topic in wanted.topics.items()) and all(
        same_values(state.nodes[key].properties, wanted.nodes[key].properties) for key in both
    )


def impossible(observed: ClusterState, desired: ClusterState) -> bool:
    """The rule, written a second time."""
    both = [(observed.topics[name], desired.topics[name]) for name in observed.topics.keys() & desired.topics.keys()]
    return (
        any(there.partitions > wanted.partitions for there, wanted in both)
        or any(there.replication_factor != wanted.replication_factor for there, wanted in both)
        or bool(observed.nodes and desired.nodes and observed.nodes.keys() != desired.nodes.keys())
    )


@given(st.builds(ClusterState, topics(desired=True), nodes()), st.sampled_from([frozenset[str](), ALL]))
def test_a_state_differs_in_nothing_from_itself(state: ClusterState, allow: frozenset[str]) -> None:
    assert diff(state, state, allow=allow) == Diff((), (), ())


@given(reachable_pairs())
@settings(deadline=None)
def test_the_changes_lead_to_what_is_desired(pair: Pair) -> None:
    observed, desired = pair
    after = apply_in_memory(diff(observed, desired, allow=ALL).changes, observed)
    assert owned_part_is_equal(after, desired)
    assert {name for name in after.topics.keys() - desired.topics.keys() if not is_protected(name)} == set()


@given(reachable_pairs(), st.sampled_from([frozenset[str](), ALL]))
@settings(deadline=None)
def test_the_second_plan_is_empty(pair: Pair, allow: frozenset[str]) -> None:
    observed, desired = pair
    after = apply_in_memory(diff(observed, desired, allow=allow).changes, observed)
    assert diff(after, desired, allow=allow).changes == ()


@given(reachable_pairs())
@settings(deadline=None)
def test_with_nothing_allowed_nothing_vanishes(pair: Pair) -> None:
    observed, desired = pair
    after = apply_in_memory(diff(observed, desired).changes, observed)
    assert observed.topics.keys() <= after.topics.keys()
    for name, there in observed.topics.items():
        wanted = desired.topics.get(name)
        given_up = wanted.configs.keys() | wanted.reset if wanted else frozenset()
        kept = {key: value for key, value in there.configs.items() if key not in given_up}
        assert kept.items() <= after.topics[name].configs.items()
        assert after.topics[name].partitions >= there.partitions
    for node_id, node in observed.nodes.items():
        assert node.properties.keys() <= after.nodes[node_id].properties.keys()


@given(reachable_pairs())
@settings(deadline=None)
def test_what_is_left_alone_is_listed(pair: Pair) -> None:
    observed, desired = pair
    left = diff(observed, desired)
    assert set(left.unlisted) == {name for name in observed.topics.keys() - desired.topics.keys() if not is_protected(name)}
    of_topics = {
        (f"topic {name}", key, value)
        for name, wanted in desired.topics.items()
        if name in observed.topics
        for key, value in observed.topics[name].configs.items()
        if key not in wanted.configs and key not in wanted.reset
    }
    of_nodes = {
        (f"node {node_id}", key, value)
        for node_id, wanted_node in desired.nodes.items()
        if node_id in observed.nodes
        for key, value in observed.nodes[node_id].properties.items()
        if key not in wanted_node.properties
    }
    assert {(item.subject, item.key, item.value) for item in left.unowned} == of_topics | of_nodes


@given(any_pairs())
@settings(deadline=None)
def test_a_plan_is_refused_exactly_when_no_changes_lead_there(pair: Pair) -> None:
    observed, desired = pair
    refusal = pytest.raises(PlanRefused) if impossible(observed, desired) else nullcontext()
    with refusal:
        diff(observed, desired, allow=ALL)


@given(reachable_pairs())
@settings(deadline=None)
def test_protected_topics_are_never_deleted(pair: Pair) -> None:
    changes = diff(*pair, allow=ALL).changes
    assert [change for change in changes if isinstance(change, DeleteTopic) and is_protected(change.topic.name)] == []


@given(reachable_pairs())
@settings(deadline=None)
def test_nothing_is_deleted_that_was_not_allowed(pair: Pair) -> None:
    assert [change for change in diff(*pair).changes if isinstance(change, DeleteTopic)] == []


@given(reachable_pairs(), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_order_in_which_things_are_read_does_not_matter(pair: Pair, shuffled: Random) -> None:
    observed, desired = pair

    def reordered(state: ClusterState) -> ClusterState:
        these, those = list(state.topics.items()), list(state.nodes.items())
        shuffled.shuffle(these)
        shuffled.shuffle(those)
        return ClusterState(dict(these), dict(those))

    one, other = diff(observed, desired, allow=ALL), diff(reordered(observed), reordered(desired), allow=ALL)
    assert (one.changes, one.unlisted, set(one.unowned)) == (other.changes, other.unlisted, set(other.unowned))


@given(reachable_pairs(), st.sampled_from([None, TopicEvidence(0, 0), TopicEvidence(7, 4096)]))
@settings(deadline=None)
def test_every_reader_of_a_plan_reads_every_plan(pair: Pair, seen: TopicEvidence | None) -> None:
    observed, desired = pair
    difference = diff(observed, desired, allow=ALL)
    evidence = Evidence(dict.fromkeys(topics_in_need_of_evidence(difference.changes), seen) if seen else {})
    plan = make_plan(difference, observed, evidence, cluster_id="abc", environment="local")
    assert len(json.loads(json.dumps(plan_document(plan)))["changes"]) == len(difference.changes)
    heads = [line for line in plan_lines(plan) if line[0] in "+~-"]
    assert len(heads) == len(difference.changes)
    assert plan_summary(plan)
    assert all(describe(change) for change in difference.changes)
    risky = [planned for planned in plan.changes if planned.risks]
    assert [planned for planned in risky if isinstance(planned.change, CreateTopic)] == []
