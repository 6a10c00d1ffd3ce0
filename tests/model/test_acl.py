from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ottla.model.acl import CLUSTER_NAME, IMPLIES, OPERATIONS, AclBinding, Action, Permission, ResourceType, is_permitted
from ottla.model.acl import Operation as Op
from ottla.model.acl import PatternType as Pattern

TOPIC = ResourceType.TOPIC
ALICE, BOB = "User:alice", "User:bob"


def acl(
    name: str = "orders",
    operation: Op = Op.READ,
    permission: Permission = Permission.ALLOW,
    *,
    pattern: Pattern = Pattern.LITERAL,
    principal: str = ALICE,
    host: str = "*",
) -> AclBinding:
    return AclBinding(TOPIC, name, pattern, principal, host, operation, permission)


def reads(name: str = "orders", principal: str = ALICE, operation: Op = Op.READ) -> Action:
    return Action(principal, operation, TOPIC, name)


@given(st.sampled_from(list(Op)), st.sampled_from(list(ResourceType)))
def test_nothing_is_permitted_by_nothing(operation: Op, kind: ResourceType) -> None:
    assert not is_permitted([], Action(ALICE, operation, kind, "any"))


def test_a_binding_permits_its_own_and_no_more() -> None:
    bindings = [acl()]
    assert is_permitted(bindings, reads())
    assert not is_permitted(bindings, reads("orders2"))
    assert not is_permitted(bindings, reads(principal=BOB))
    assert not is_permitted(bindings, reads(operation=Op.WRITE))
    assert not is_permitted(bindings, Action(ALICE, Op.READ, ResourceType.GROUP, "orders"))


def test_a_deny_counts_more_than_any_allow() -> None:
    assert not is_permitted([acl(), acl(permission=Permission.DENY)], reads())
    everyone = acl("*", Op.ALL, Permission.DENY, principal="User:*")
    assert not is_permitted([acl(), everyone], reads())


@pytest.mark.parametrize("operation", sorted(IMPLIES[Op.DESCRIBE]))
def test_who_may_read_write_delete_or_alter_may_describe(operation: Op) -> None:
    assert is_permitted([acl(operation=operation)], reads(operation=Op.DESCRIBE))


def test_a_deny_implies_nothing() -> None:
    bindings = [acl(operation=Op.DESCRIBE), acl(operation=Op.READ, permission=Permission.DENY)]
    assert is_permitted(bindings, reads(operation=Op.DESCRIBE))


def test_a_literal_star_is_every_name_and_a_prefixed_one_is_a_name_with_a_star() -> None:
    assert is_permitted([acl("*")], reads("any"))
    star = acl("*", pattern=Pattern.PREFIXED)
    assert not is_permitted([star], reads("any"))
    assert is_permitted([star], reads("*any"))


def test_a_prefix_takes_in_every_name_that_begins_with_it() -> None:
    bindings = [acl("app-", pattern=Pattern.PREFIXED)]
    assert is_permitted(bindings, reads("app-store-changelog"))
    assert not is_permitted(bindings, reads("app"))


def test_a_host_is_that_host() -> None:
    assert not is_permitted([acl(host="10.0.0.1")], reads())
    assert is_permitted([acl(host="127.0.0.1")], reads())


@pytest.mark.parametrize("kind", list(ResourceType))
def test_every_resource_has_operations_and_the_filter_any_is_none(kind: ResourceType) -> None:
    assert Op.ALL in OPERATIONS[kind]
    assert "any" not in {str(each) for each in Op}
    assert {"match", "any"}.isdisjoint({str(each) for each in Pattern})


def test_a_binding_reads_as_a_sentence() -> None:
    assert str(acl("app-", pattern=Pattern.PREFIXED)) == "allow User:alice read topic app-*"
    cluster = AclBinding(ResourceType.CLUSTER, CLUSTER_NAME, Pattern.LITERAL, BOB, "10.0.0.1", Op.ALTER, Permission.DENY)
    assert str(cluster) == "deny User:bob alter the cluster from 10.0.0.1"
