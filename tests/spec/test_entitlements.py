"""What a user may do by the spec is what the authorizer lets them do, and each answer has its line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ottla.errors import UsageError
from ottla.model.acl import (
    CLUSTER_NAME,
    OPERATIONS,
    Action,
    Operation,
    PatternType,
    Permission,
    ResourceType,
    is_permitted,
    matches_name,
)
from ottla.spec import desired_state, load_spec
from ottla.spec.entitlements import entitled_to, entitlements_of, known_users
from ottla.spec.identity import AclSpec, SecuritySpec, UserSpec
from ottla.spec.schema import ClusterSpec, EnvironmentSpec, Target

if TYPE_CHECKING:
    from tests.spec.conftest import Load

    from ottla.model.acl import AclBinding
    from ottla.spec.entitlements import Entitlements, Right

TOPIC, GROUP = ResourceType.TOPIC, ResourceType.GROUP
SHIPPED = load_spec(Path(__file__).parent.parent.parent / "platform.yaml").environment("local-secure")[1]
HEAD = """\
platform: shop
cluster: {name: shop}
environments: {dev: {target: local}}
topics: {orders: {partitions: 1}, paid: {partitions: 1}}
security: {enabled: true}
users:
  admin: {admin: true}
  app: {produces: [orders], consumes: {topics: [paid], group: app}}
"""
NAMES = ("a", "ab", "abc", "b", "*")
HOSTS = ("*", "10.0.0.1", "10.0.0.2")
ASKED = ("a", "ab", "abcd", "b", "c")
KINDS = (TOPIC, GROUP, ResourceType.CLUSTER, ResourceType.TRANSACTIONAL_ID)


@st.composite
def acls(draw: st.DrawFn) -> AclSpec:
    kind = draw(st.sampled_from(KINDS))
    cluster = kind is ResourceType.CLUSTER
    return AclSpec(
        principal=draw(st.sampled_from(("User:me", "User:you", "User:*"))),
        resource=kind,
        name=CLUSTER_NAME if cluster else draw(st.sampled_from(NAMES)),
        pattern=PatternType.LITERAL if cluster else draw(st.sampled_from(PatternType)),
        operations=tuple(draw(st.sets(st.sampled_from(sorted(OPERATIONS[kind])), min_size=1, max_size=3))),
        permission=draw(st.sampled_from(Permission)),
        host=draw(st.sampled_from(HOSTS)),
    )


def spec_with(given: tuple[AclSpec, ...]) -> EnvironmentSpec:
    return EnvironmentSpec(
        platform="p",
        target=Target.LOCAL,
        cluster=ClusterSpec(name="p"),
        security=SecuritySpec(enabled=True),
        users={"me": UserSpec(), "you": UserSpec(produces=("a",))},
        acls=given,
    )


def actions(user: str) -> list[Action]:
    return [
        Action(f"User:{user}", operation, kind, name, host)
        for kind in KINDS
        for operation in OPERATIONS[kind] - {Operation.ALL}
        for name in ((CLUSTER_NAME,) if kind is ResourceType.CLUSTER else ASKED)
        for host in HOSTS[1:]
    ]


def concerns(binding: AclBinding, action: Action) -> bool:
    same = binding.resource_type is action.resource_type and binding.host in {action.host, "*"}
    return same and matches_name(binding, action.name)


def permits(right: Right, action: Action) -> bool:
    """What a reader of the answer takes it to mean."""
    stands = right.operation is action.operation and concerns(right.grant.binding, action)
    return stands and not any(concerns(denial.binding, action) for denial in right.denials)


def permit(found: Entitlements, action: Action) -> bool:
    return found.super_user or any(permits(right, action) for right in found.rights)


@settings(deadline=None)
@given(st.lists(acls(), max_size=6))
def test_an_answer_is_what_the_authorizer_says(given: list[AclSpec]) -> None:
    spec = spec_with(tuple(given))
    bindings = desired_state(spec).acls
    for user in ("me", "you"):
        found = entitlements_of(spec, user)
        for action in actions(user):
            assert permit(found, action) is is_permitted(bindings, action), action


@settings(deadline=None, max_examples=50)
@given(st.lists(acls(), max_size=6))
def test_who_may_do_something_to_a_topic_is_everybody_whom_the_authorizer_lets(given: list[AclSpec]) -> None:
    spec = spec_with(tuple(given))
    bindings = desired_state(spec).acls
    for name in ASKED:
        by_user = {each.user: each for each in entitled_to(spec, TOPIC, name)}
        for user in ("me", "you", "*"):
            for action in actions("anybody" if user == "*" else user):
                if action.resource_type is TOPIC and action.name == name:
                    assert (user in by_user and permit(by_user[user], action)) is is_permitted(bindings, action)


@settings(deadline=None)
@given(st.lists(acls(), max_size=6))
def test_a_right_is_void_only_where_nothing_is_left_and_whole_only_where_nothing_is_taken(given: list[AclSpec]) -> None:
    for right in entitlements_of(spec_with(tuple(given)), "me").rights:
        tried = [action for action in actions("me") if action.operation is right.operation]
        left = [action for action in tried if permits(right, action)]
        without_denials = [action for action in tried if is_permitted([right.grant.binding], action)]
        theirs = [each for each in without_denials if each.resource_type is right.grant.binding.resource_type]
        if right.void:
            assert left == []
        if not right.denials:
            assert len(left) == len(theirs)


ALLOW = AclSpec(principal="User:me", resource=TOPIC, name="ab", operations=(Operation.READ,))


@pytest.mark.parametrize(
    ("allow", "deny", "left"),
    [
        ({"name": "ab"}, {"name": "ab"}, "nothing"),
        ({"name": "ab"}, {"name": "*"}, "nothing"),
        ({"name": "ab"}, {"name": "a", "pattern": PatternType.PREFIXED}, "nothing"),
        ({"name": "ab", "pattern": PatternType.PREFIXED}, {"name": "a", "pattern": PatternType.PREFIXED}, "nothing"),
        ({"name": "ab", "host": "10.0.0.1"}, {"name": "ab"}, "nothing"),
        ({"name": "ab"}, {"name": "ab", "host": "10.0.0.1"}, "some"),
        ({"name": "a", "pattern": PatternType.PREFIXED}, {"name": "ab", "pattern": PatternType.PREFIXED}, "some"),
        ({"name": "a", "pattern": PatternType.PREFIXED}, {"name": "a"}, "some"),
        ({"name": "*"}, {"name": "*x", "pattern": PatternType.PREFIXED}, "some"),
        ({"name": "*"}, {"name": "*", "pattern": PatternType.PREFIXED}, "some"),
        ({"name": "ab"}, {"name": "abc"}, "all"),
        ({"name": "ab", "host": "10.0.0.1"}, {"name": "ab", "host": "10.0.0.2"}, "all"),
    ],
)
def test_what_a_deny_leaves_of_an_allow(allow: dict[str, Any], deny: dict[str, Any], left: str) -> None:
    denial = ALLOW.model_copy(update={**deny, "permission": Permission.DENY})
    right = entitlements_of(spec_with((ALLOW.model_copy(update=allow), denial)), "me").rights[0]
    assert (right.operation, "nothing" if right.void else "some" if right.denials else "all") == (Operation.READ, left)


def test_a_deny_from_one_address_leaves_a_topic_to_the_others() -> None:
    denial = ALLOW.model_copy(update={"host": "10.0.0.1", "permission": Permission.DENY})
    whole = entitlements_of(spec_with((ALLOW, denial)), "me").about(TOPIC, "ab")
    assert [(len(right.denials), right.void) for right in whole.rights] == [(1, False), (0, False)]


def test_every_service_of_the_shipped_spec_is_told_what_the_authorizer_lets_it_do() -> None:
    bindings = desired_state(SHIPPED).acls
    names = {TOPIC: [*SHIPPED.topics, "another"], GROUP: [*SHIPPED.users, "another"]}
    for user in set(SHIPPED.users) - {"admin"}:
        found = entitlements_of(SHIPPED, user)
        for kind, all_names in names.items():
            for action in (Action(f"User:{user}", each, kind, name) for name in all_names for each in OPERATIONS[kind]):
                if action.operation is not Operation.ALL:
                    assert permit(found, action) is is_permitted(bindings, action), action


def rights(found: Entitlements) -> set[str]:
    return {f"{right.operation}{' implied' if right.implied else ''} {right.grant.binding.resource}" for right in found.rights}


def test_what_an_operation_implies_is_told_as_implied(load: Load) -> None:
    assert rights(entitlements_of(load(HEAD).environment(None)[1], "app")) == {
        "write topic orders",
        "describe implied topic orders",
        "read topic paid",
        "describe implied topic paid",
        "read group app",
        "describe implied group app",
    }


def test_a_deny_of_everybody_counts_for_a_user_and_leaves_what_it_does_not_name(load: Load) -> None:
    acl = '{principal: "User:*", resource: topic, name: or, pattern: prefixed, operations: [write], permission: deny}'
    found = entitlements_of(load(f"{HEAD}acls:\n  - {acl}\n").environment(None)[1], "app")
    void = {f"{right.operation} {right.grant.binding.resource}" for right in found.rights if right.void}
    assert void == {"write topic orders"}  # DESCRIBE is implied by the ALLOW of WRITE, which stands
    assert permit(found, Action("User:app", Operation.DESCRIBE, TOPIC, "orders"))


def test_the_administrator_is_a_super_user_whom_no_deny_stops(load: Load) -> None:
    acl = '{principal: "User:*", resource: topic, name: "*", operations: [all], permission: deny}'
    spec = load(f"{HEAD}  second: {{admin: true}}\nacls:\n  - {acl}\n").environment(None)[1]
    read = Operation.READ
    assert entitlements_of(spec, "admin").super_user
    assert permit(entitlements_of(spec, "admin"), Action("User:admin", read, TOPIC, "orders"))
    assert not permit(entitlements_of(spec, "second"), Action("User:second", read, TOPIC, "orders"))
    assert permit(entitlements_of(spec, "second"), Action("User:second", read, GROUP, "any"))


def test_who_only_an_acl_names_is_known_and_anybody_else_is_a_usage_error(load: Load) -> None:
    acl = '{principal: "User:legacy", resource: topic, name: orders, operations: [read]}'
    spec = load(f"{HEAD}acls:\n  - {acl}\n").environment(None)[1]
    assert known_users(spec) == ("admin", "app", "legacy")
    assert rights(entitlements_of(spec, "legacy")) == {"read topic orders", "describe implied topic orders"}
    with pytest.raises(UsageError, match="did you mean 'legacy'"):
        entitlements_of(spec, "legacey")


def test_a_topic_is_told_with_everybody_who_may_do_something_to_it(load: Load) -> None:
    acl = '{principal: "User:*", resource: topic, name: pa, pattern: prefixed, operations: [describe]}'
    spec = load(f"{HEAD}acls:\n  - {acl}\n").environment(None)[1]
    found = {each.user: rights(each) for each in entitled_to(spec, TOPIC, "paid") if not each.super_user}
    everybody = {"describe topic pa*"}
    assert found == {"app": {"read topic paid", "describe implied topic paid"} | everybody, "*": everybody}
    assert [each.user for each in entitled_to(spec, GROUP, "nobodys")] == ["admin"]
