"""The laws of the map for ACLs, users and quotas, and the law of the order: nobody has more or less in between."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from ottla.model.acl import AclBinding, Action, Operation, PatternType, Permission, ResourceType, is_permitted
from ottla.model.quota import DEFAULT, QuotaEntity
from ottla.model.state import ClusterState, Evidence
from ottla.model.user import CredentialKey, ScramCredential, ScramMechanism
from ottla.plan import (
    Diff,
    apply_in_memory,
    describe,
    diff,
    make_plan,
    object_key,
    only_creates,
    plan_document,
    plan_lines,
    plan_summary,
    stale_objects,
)

ALL = frozenset({"acls", "users", "quotas"})
OPERATIONS = (Operation.READ, Operation.WRITE, Operation.DESCRIBE, Operation.ALL)
PRINCIPALS = ("User:a", "User:b")
NAMES = ("x", "xy", "*")

bindings = st.builds(
    AclBinding,
    st.sampled_from([ResourceType.TOPIC, ResourceType.GROUP]),
    st.sampled_from(NAMES),
    st.sampled_from(PatternType),
    st.sampled_from([*PRINCIPALS, "User:*"]),
    st.sampled_from(["*", "10.0.0.1"]),
    st.sampled_from(OPERATIONS),
    st.sampled_from(Permission),
)
users = st.sampled_from(["a", "b", "a b", "SCRAM-SHA-512"])
credentials = st.builds(
    ScramCredential, users, st.sampled_from(ScramMechanism), st.sampled_from([4096, 8192]), st.sampled_from([None, "1", "2"])
)
parts = st.sampled_from([None, DEFAULT, "a", "default", "true"])
entities = st.builds(QuotaEntity, parts, parts) | st.builds(
    QuotaEntity, st.none(), st.none(), st.sampled_from([DEFAULT, "10.0.0.1"])
)
values = st.dictionaries(
    st.sampled_from(["producer_byte_rate", "request_percentage"]), st.sampled_from([1.0, 12.5, 1e6]), min_size=1
)


@st.composite
def states(draw: st.DrawFn) -> ClusterState:
    return ClusterState(
        acls=draw(st.frozensets(bindings, max_size=6)),
        users={credential.key: credential for credential in draw(st.lists(credentials, max_size=4))},
        quotas=draw(st.dictionaries(entities, values, max_size=3)),
    )


def same_credential(there: ScramCredential, wanted: ScramCredential) -> bool:
    """As wanted, as far as anybody can know."""
    unknown = None in {there.version, wanted.version}
    return there.iterations == wanted.iterations and (unknown or there.version == wanted.version)


def owned_part_is_equal(state: ClusterState, wanted: ClusterState) -> bool:
    return (
        wanted.acls <= state.acls
        and all(key in state.users and same_credential(state.users[key], each) for key, each in wanted.users.items())
        and all(each.items() <= state.quotas.get(entity, {}).items() for entity, each in wanted.quotas.items())
    )


@given(states(), st.sampled_from([frozenset[str](), ALL]))
@settings(deadline=None)
def test_a_state_differs_in_nothing_from_itself(state: ClusterState, allow: frozenset[str]) -> None:
    found = diff(state, state, allow=allow)
    assert replace(found, unverifiable=()) == Diff((), (), ())


@given(states(), states())
@settings(deadline=None)
def test_the_changes_lead_to_what_is_desired_and_the_second_plan_is_empty(observed: ClusterState, desired: ClusterState) -> None:
    after = apply_in_memory(diff(observed, desired, allow=ALL).changes, observed)
    assert owned_part_is_equal(after, desired)
    assert after.acls == desired.acls
    assert after.users.keys() == desired.users.keys()
    assert after.quotas.keys() == desired.quotas.keys()
    assert diff(after, desired, allow=ALL).changes == ()


@given(states(), states())
@settings(deadline=None)
def test_with_nothing_allowed_nothing_vanishes_and_what_is_left_is_listed(observed: ClusterState, desired: ClusterState) -> None:
    found = diff(observed, desired)
    after = apply_in_memory(found.changes, observed)
    assert observed.acls <= after.acls
    assert observed.users.keys() <= after.users.keys()
    assert all(after.quotas[entity].keys() >= each.keys() for entity, each in observed.quotas.items())
    left = [each.kind for each in found.unlisted_access]
    assert left.count("acls") == len(observed.acls - desired.acls)
    assert left.count("users") == len(observed.users.keys() - desired.users.keys())
    assert left.count("quotas") == len(observed.quotas.keys() - desired.quotas.keys())
    assert owned_part_is_equal(after, desired)


@given(states(), states(), st.sampled_from([frozenset[str](), ALL]))
@settings(deadline=None, max_examples=300)
def test_in_between_nobody_may_more_than_before_or_after_nor_less_than_both(
    observed: ClusterState, desired: ClusterState, allow: frozenset[str]
) -> None:
    actions = [
        Action(principal, operation, kind, name, host)
        for principal in PRINCIPALS
        for operation in OPERATIONS[:3]
        for kind in (ResourceType.TOPIC, ResourceType.GROUP)
        for name in ("x", "xyz", "q")
        for host in ("127.0.0.1", "10.0.0.1")
    ]
    changes = diff(observed, desired, allow=allow).changes
    after = apply_in_memory(changes, observed)
    start = {action for action in actions if is_permitted(observed.acls, action)}
    end = {action for action in actions if is_permitted(after.acls, action)}
    state = observed
    for change in changes:
        state = apply_in_memory([change], state)
        now = {action for action in actions if is_permitted(state.acls, action)}
        assert start & end <= now <= start | end


@given(states(), states())
@settings(deadline=None)
def test_the_part_that_only_adds_gives_nothing_that_the_whole_does_not(observed: ClusterState, desired: ClusterState) -> None:
    plan = make_plan(diff(observed, desired), observed, Evidence(), cluster_id="abc", environment="dev")
    creates, others = only_creates(plan)
    first = apply_in_memory([planned.change for planned in creates.changes], observed)
    assert first.acls == observed.acls | desired.acls
    assert {*creates.changes, *others.changes} == set(plan.changes)
    assert {*creates.fingerprints} | {*others.fingerprints} == plan.fingerprints.keys()


@given(states(), states(), states())
@settings(deadline=None)
def test_a_plan_is_stale_exactly_if_something_that_it_touches_has_moved(
    observed: ClusterState, desired: ClusterState, moved: ClusterState
) -> None:
    plan = make_plan(diff(observed, desired, allow=ALL), observed, Evidence(), cluster_id="abc", environment="dev")
    assert stale_objects(plan, observed) == []
    touched = {object_key(planned.change) for planned in plan.changes}
    other = {key for key in touched if seen(key, observed) != seen(key, moved)}
    assert set(stale_objects(plan, moved)) == other


def seen(key: str, state: ClusterState) -> object:
    """What a plan saw of an object, written a second time."""
    kind, _, name = key.partition(":")
    if kind == "acl":
        return any(json.loads(name) == [str(part) for part in _parts(binding)] for binding in state.acls)
    if kind == "user":
        return next((each for each in state.users.values() if f"{each.user} {each.mechanism}" == name), None)
    names = json.loads(name)
    return next((each for entity, each in state.quotas.items() if _names(entity) == names), None)


def _parts(binding: AclBinding) -> tuple[object, ...]:
    return (
        binding.resource_type,
        binding.name,
        binding.pattern_type,
        binding.principal,
        binding.host,
        binding.operation,
        binding.permission,
    )


def _names(entity: QuotaEntity) -> list[object]:
    return [True if part is DEFAULT else part for part in (entity.user, entity.client_id, entity.ip)]


@given(states(), states())
@settings(deadline=None)
def test_every_reader_of_a_plan_reads_every_plan(observed: ClusterState, desired: ClusterState) -> None:
    difference = diff(observed, desired, allow=ALL)
    plan = make_plan(difference, observed, Evidence(), cluster_id="abc", environment="dev")
    assert len(json.loads(json.dumps(plan_document(plan)))["changes"]) == len(difference.changes)
    assert len([line for line in plan_lines(plan) if line[0] in "+~-"]) == len(difference.changes)
    assert plan_summary(plan)
    assert all(describe(change) for change in difference.changes)
    assert len({object_key(change) for change in difference.changes}) == len(difference.changes)


def test_a_user_whose_name_looks_like_two_is_one() -> None:
    key = CredentialKey("a SCRAM-SHA-256", ScramMechanism.SHA_512)
    state = ClusterState(users={key: ScramCredential(key.user, key.mechanism, 4096)})
    plan = make_plan(diff(ClusterState(), state), ClusterState(), Evidence(), cluster_id="abc", environment="dev")
    assert stale_objects(plan, state) == ["user:a SCRAM-SHA-256 SCRAM-SHA-512"]
