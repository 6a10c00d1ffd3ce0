"""Environments that share a cluster: whatever each of them plans, no other one can tell."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from ottla.model.acl import AclBinding, Operation, PatternType, Permission, ResourceType
from ottla.model.node import Node
from ottla.model.quota import DEFAULT, QuotaEntity
from ottla.model.state import ClusterState
from ottla.model.topic import Topic
from ottla.model.user import ScramCredential, ScramMechanism, principal_of
from ottla.plan import apply_in_memory, diff, outside, within

if TYPE_CHECKING:
    from collections.abc import Iterable

DEV, STAGING = "dev.", "staging."
PREFIXES = (DEV, STAGING)
EVERYTHING = frozenset({"topics", "acls", "users", "quotas"})
names = st.sampled_from(["dev", "dev.", "dev.app", "dev-app", "staging.app", "app", "ap", "__consumer_offsets", "devs.app"])
principals = names.map(principal_of) | st.sampled_from(["User:*", "Group:dev.app"])


@st.composite
def states(draw: st.DrawFn) -> ClusterState:
    """Of a cluster that several environments share, with names that nearly have a prefix among them."""
    topics = draw(st.lists(names, unique=True, max_size=5))
    bindings = st.builds(
        AclBinding,
        st.sampled_from([ResourceType.TOPIC, ResourceType.GROUP]),
        names,
        st.sampled_from(PatternType),
        principals,
        st.just("*"),
        st.sampled_from([Operation.READ, Operation.WRITE]),
        st.sampled_from(Permission),
    )
    parts = st.none() | st.just(DEFAULT) | names
    entities = st.builds(QuotaEntity, parts, parts) | st.just(QuotaEntity(ip="10.0.0.1"))
    credential = st.builds(ScramCredential, names, st.sampled_from(ScramMechanism), st.sampled_from([4096, 8192]))
    return ClusterState(
        topics={name: Topic(name, draw(st.integers(1, 2)), 1, {}) for name in topics},
        nodes={1: Node(1, {"num.io.threads": draw(st.sampled_from("12"))})},
        acls=draw(st.frozensets(bindings, max_size=6)),
        users={each.key: each for each in draw(st.lists(credential, max_size=4))},
        quotas=draw(st.dictionaries(entities, st.just({"producer_byte_rate": 1.0}), max_size=4)),
    )


def own(state: ClusterState, environment: str) -> ClusterState:
    """What the environment with that prefix sees; the one without any is the owner."""
    return within(state, environment) if environment else outside(state, PREFIXES)


def grown(observed: ClusterState, wanted: ClusterState) -> ClusterState:
    """``wanted`` without what Kafka cannot do to ``observed``: take partitions away."""
    topics = {
        name: replace(topic, partitions=max(topic.partitions, observed.topics[name].partitions if name in observed.topics else 0))
        for name, topic in wanted.topics.items()
    }
    return replace(wanted, topics=topics)


def applied(observed: ClusterState, wanted: ClusterState, environment: str, allow: frozenset[str]) -> ClusterState:
    changes = diff(own(observed, environment), own(grown(observed, wanted), environment), allow=allow).changes
    return apply_in_memory(changes, observed)


def objects(state: ClusterState) -> set[tuple[str, object]]:
    """Every object by what it is known by."""
    kinds: dict[str, Iterable[object]] = {
        "topic": state.topics,
        "user": state.users,
        "quota": state.quotas,
        "acl": state.acls,
        "node": state.nodes,
    }
    return {(kind, key) for kind, found in kinds.items() for key in found}


@given(states())
@settings(deadline=None)
def test_every_object_is_of_exactly_one_environment(state: ClusterState) -> None:
    parts = [objects(own(state, environment)) for environment in ("", *PREFIXES)]
    assert set().union(*parts) == objects(state)
    assert sum(map(len, parts)) == len(objects(state))


@given(states())
@settings(deadline=None)
def test_an_environment_without_neighbours_has_all_of_its_cluster(state: ClusterState) -> None:
    assert outside(state, ()) == state


@given(states())
@settings(deadline=None)
def test_narrowing_twice_is_narrowing_once_and_changes_no_object(state: ClusterState) -> None:
    for environment in ("", *PREFIXES):
        once = own(state, environment)
        assert own(once, environment) == once
        assert all(state.topics[name] == topic for name, topic in once.topics.items())
        assert once.authorizer == state.authorizer


@given(states(), states(), st.sampled_from(["", *PREFIXES]), st.sampled_from([frozenset[str](), EVERYTHING]))
@settings(deadline=None)
def test_whatever_one_environment_applies_no_other_one_can_tell(
    observed: ClusterState, wanted: ClusterState, environment: str, allow: frozenset[str]
) -> None:
    after = applied(observed, wanted, environment, allow)
    for other in {"", *PREFIXES} - {environment}:
        assert own(after, other) == own(observed, other)


@given(states(), states(), st.sampled_from([frozenset[str](), EVERYTHING]))
@settings(deadline=None)
def test_the_plans_of_two_environments_commute(observed: ClusterState, wanted: ClusterState, allow: frozenset[str]) -> None:
    for one, other in (("", DEV), (DEV, STAGING), (STAGING, "")):
        first = applied(applied(observed, wanted, one, allow), wanted, other, allow)
        assert first == applied(applied(observed, wanted, other, allow), wanted, one, allow)
        assert applied(first, wanted, one, allow) == first


@given(states(), states())
@settings(deadline=None)
def test_with_everything_allowed_an_environment_gets_what_it_wants_and_the_second_plan_is_empty(
    observed: ClusterState, wanted: ClusterState
) -> None:
    for environment in ("", *PREFIXES):
        ours = own(grown(observed, wanted), environment)
        after = own(applied(observed, wanted, environment, EVERYTHING), environment)
        assert (after.acls, after.users.keys(), after.quotas) == (ours.acls, ours.users.keys(), ours.quotas)
        assert diff(after, ours, allow=EVERYTHING).changes == ()


def test_a_binding_is_of_whoever_it_is_for_not_of_what_it_is_about() -> None:
    foreign = AclBinding(
        ResourceType.TOPIC, "dev.orders", PatternType.LITERAL, "User:audit", "*", Operation.READ, Permission.ALLOW
    )
    reach = replace(foreign, name="audit", principal="User:dev.app")
    state = ClusterState(acls=frozenset({foreign, reach}))
    assert within(state, DEV).acls == {reach}
    assert outside(state, PREFIXES).acls == {foreign}


def test_a_quota_is_of_the_user_it_is_for_and_of_the_client_id_only_where_it_is_for_any_user() -> None:
    mine = [QuotaEntity("dev.app"), QuotaEntity("dev.app", "x"), QuotaEntity("dev.app", DEFAULT), QuotaEntity(None, "dev.x")]
    theirs = [QuotaEntity("app", "dev.x"), QuotaEntity(DEFAULT, "dev.x"), QuotaEntity(DEFAULT), QuotaEntity(ip="10.0.0.1")]
    state = ClusterState(quotas={entity: {"producer_byte_rate": 1.0} for entity in (*mine, *theirs)})
    assert list(within(state, DEV).quotas) == mine
    assert list(outside(state, PREFIXES).quotas) == theirs
