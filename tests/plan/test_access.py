from __future__ import annotations

from dataclasses import replace

import pytest

from ottla.errors import PlanRefused
from ottla.model.acl import CLUSTER_NAME, AclBinding, Operation, PatternType, Permission, ResourceType
from ottla.model.quota import DEFAULT, QuotaEntity
from ottla.model.state import ClusterState, Evidence
from ottla.model.topic import Topic
from ottla.model.user import ScramCredential, ScramMechanism
from ottla.plan import (
    AlterQuota,
    CreateAcl,
    CreateTopic,
    DeleteAcl,
    DeleteScram,
    DeleteTopic,
    Plan,
    QuotaChange,
    UpsertScram,
    diff,
    make_plan,
    plan_document,
    plan_lines,
    plan_summary,
)

ALL = frozenset({"acls", "users", "quotas"})
SHA_512 = ScramMechanism.SHA_512
ALICE = ScramCredential("alice", SHA_512, 8192)

UNKNOWN = "nobody here knows the password of admin SCRAM-SHA-512"


def acl(
    principal: str = "User:alice", permission: Permission = Permission.ALLOW, operation: Operation = Operation.READ
) -> AclBinding:
    return AclBinding(ResourceType.TOPIC, "orders", PatternType.LITERAL, principal, "*", operation, permission)


def of_cluster(operation: Operation, permission: Permission = Permission.ALLOW, principal: str = "User:admin") -> AclBinding:
    return AclBinding(ResourceType.CLUSTER, CLUSTER_NAME, PatternType.LITERAL, principal, "*", operation, permission)


def state(
    *bindings: AclBinding, users: tuple[ScramCredential, ...] = (), quotas: dict[QuotaEntity, dict[str, float]] | None = None
) -> ClusterState:
    return ClusterState(acls=frozenset(bindings), users={each.key: each for each in users}, quotas=quotas or {})


def plan(observed: ClusterState, desired: ClusterState, allow: frozenset[str] = ALL) -> Plan:
    difference = diff(observed, desired, allow=allow)
    return make_plan(difference, observed, Evidence(), cluster_id="abc", environment="dev")


def test_acls_are_created_before_others_are_deleted_and_a_deny_guards_its_allow() -> None:
    deny, allow = acl("User:b", Permission.DENY), acl("User:b")
    old_deny, old_allow = acl("User:c", Permission.DENY), acl("User:c")
    assert diff(state(old_deny, old_allow), state(deny, allow), allow=ALL).changes == (
        CreateAcl(deny),
        CreateAcl(allow),
        DeleteAcl(old_allow),
        DeleteAcl(old_deny),
    )


def test_users_come_before_their_acls_and_go_after_them() -> None:
    bob = ScramCredential("bob", SHA_512, 8192)
    found = diff(state(acl("User:bob"), users=(bob,)), state(acl(), users=(ALICE,)), allow=ALL)
    assert found.changes == (UpsertScram(ALICE, None), CreateAcl(acl()), DeleteAcl(acl("User:bob")), DeleteScram(bob))


@pytest.mark.parametrize("kind", sorted(ALL))
def test_only_the_kind_that_is_allowed_is_deleted(kind: str) -> None:
    quotas = {QuotaEntity("alice"): {"producer_byte_rate": 1.0}}
    found = diff(state(acl(), users=(ALICE,), quotas=quotas), state(), allow=frozenset({kind}))
    assert len(found.changes) == 1
    assert {each.kind for each in found.unlisted_access} == ALL - {kind}


@pytest.mark.parametrize(
    ("there", "wanted", "changes"),
    [
        (None, None, 0),
        ("1", "1", 0),
        ("1", "2", 1),
        (None, "2", 0),
        ("1", None, 0),
    ],
)
def test_a_password_is_sent_again_only_if_it_is_known_to_be_another(there: str | None, wanted: str | None, changes: int) -> None:
    observed = state(users=(ScramCredential("alice", SHA_512, 8192, there),))
    found = diff(observed, state(users=(ScramCredential("alice", SHA_512, 8192, wanted),)))
    assert len(found.changes) == changes
    assert found.unverifiable == (("alice SCRAM-SHA-512",) if there is None else ())


def test_other_iterations_are_a_change() -> None:
    other = ScramCredential("alice", SHA_512, 4096)
    assert diff(state(users=(other,)), state(users=(ALICE,))).changes == (UpsertScram(ALICE, other),)


def test_a_quota_is_altered_key_by_key_and_what_the_spec_does_not_say_is_listed() -> None:
    alice = QuotaEntity("alice")
    observed = state(quotas={alice: {"producer_byte_rate": 1.0, "request_percentage": 50.0}})
    found = diff(observed, state(quotas={alice: {"producer_byte_rate": 2.0}}))
    assert found.changes == (AlterQuota(alice, (QuotaChange("producer_byte_rate", 1.0, 2.0),)),)
    assert [(each.subject, each.key, each.value) for each in found.unowned] == [
        ("quota of user alice", "request_percentage", "50")
    ]


def test_acls_on_a_cluster_without_an_authorizer_are_refused() -> None:
    open_cluster = ClusterState(authorizer=False)
    with pytest.raises(PlanRefused, match="no authorizer that could hold any"):
        diff(open_cluster, state(acl()))
    assert diff(open_cluster, ClusterState(authorizer=False)).changes == ()
    assert diff(open_cluster, state(users=(ALICE,))).changes == (UpsertScram(ALICE, None),)


ADMIN = ScramCredential("admin", SHA_512, 8192)


def test_the_last_credential_of_the_one_who_applies_is_never_deleted() -> None:
    with pytest.raises(PlanRefused, match="user admin is the one that Ottla works as"):
        diff(state(users=(ADMIN,)), state(), allow=ALL, own_user="admin")
    other = ScramCredential("admin", ScramMechanism.SHA_256, 8192)
    assert diff(state(users=(ADMIN, other)), state(users=(ADMIN,)), allow=ALL, own_user="admin").changes == (DeleteScram(other),)
    assert diff(state(users=(ADMIN,)), state(), allow=ALL, own_user="somebody").changes == (DeleteScram(ADMIN),)


@pytest.mark.parametrize("principal", ["User:admin", "User:*"])
def test_the_access_of_the_one_who_applies_is_never_taken_away(principal: str) -> None:
    allowed = of_cluster(Operation.ALL, principal=principal)
    with pytest.raises(PlanRefused, match="User:admin is the one that Ottla works as, and would lose alter, "):
        diff(state(allowed), state(), allow=ALL, own_user="admin")
    denied = of_cluster(Operation.ALTER, Permission.DENY, principal)
    with pytest.raises(PlanRefused, match="would lose alter on the cluster"):
        diff(state(allowed), state(allowed, denied), own_user="admin")


def test_access_that_comes_another_way_may_be_exchanged() -> None:
    old, new = of_cluster(Operation.ALL), of_cluster(Operation.ALL, principal="User:*")
    assert diff(state(old), state(new), allow=ALL, own_user="admin").changes == (CreateAcl(new), DeleteAcl(old))


def test_a_super_user_has_no_acls_to_lose() -> None:
    assert diff(state(acl()), state(), allow=ALL, own_user="admin").changes == (DeleteAcl(acl()),)


def test_what_stops_a_client_or_lets_one_in_is_said() -> None:
    deny = acl("User:b", Permission.DENY)
    observed = state(acl(), deny, users=(ALICE, ADMIN), quotas={QuotaEntity("alice"): {"producer_byte_rate": 2.0}})
    wanted = state(
        acl("User:c", Permission.DENY),
        users=(ScramCredential("alice", SHA_512, 4096),),
        quotas={QuotaEntity("alice"): {"producer_byte_rate": 1.0}},
    )
    codes = {risk.code for planned in plan(observed, wanted).changes for risk in planned.risks}
    assert codes == {"denies", "opens", "revokes", "changes-login", "ends-login", "slows"}
    loosened = plan(
        state(quotas={QuotaEntity("a"): {"producer_byte_rate": 1.0}}),
        state(quotas={QuotaEntity("a"): {"producer_byte_rate": 2.0}}),
    )
    assert [planned.risks for planned in loosened.changes] == [()]


def test_a_plan_reads_as_lines() -> None:
    observed = state(acl("User:old"), users=(ScramCredential("alice", SHA_512, 4096, "1"), ADMIN))
    wanted = state(
        acl(),
        users=(ScramCredential("alice", SHA_512, 8192, "2"), ScramCredential("bob", SHA_512, 8192), ADMIN),
        quotas={QuotaEntity(DEFAULT): {"producer_byte_rate": 1048576.0}},
    )
    made = plan(observed, wanted, frozenset())
    assert [line for line in plan_lines(made) if line[0] != "!"] == [
        "~ user alice SCRAM-SHA-512",
        "    iterations: 4096 -> 8192",
        "    password: another one",
        "+ user bob SCRAM-SHA-512: 8192 iterations",
        "+ acl allow User:alice read topic orders",
        "~ quota of user (default)",
        "    producer_byte_rate: (not set) -> 1,048,576",
        "# acls not in the spec, left alone (1): allow User:old read topic orders. To delete: ottla apply --allow acls",
        f"# unverifiable, left alone: {UNKNOWN}. To give another one: ottla users rotate USER",
    ]
    assert plan_summary(made) == "2 to create, 2 to change"


def test_a_plan_is_data() -> None:
    wanted = state(acl(), users=(ALICE,), quotas={QuotaEntity(DEFAULT, "app"): {"producer_byte_rate": 1.0}})
    user, binding, quota = plan_document(plan(state(), wanted))["changes"]
    assert user["after"] == {"mechanism": "SCRAM-SHA-512", "iterations": 8192, "password_version": None}
    assert binding["after"] == {
        "resource_type": "topic",
        "name": "orders",
        "pattern_type": "literal",
        "principal": "User:alice",
        "host": "*",
        "operation": "read",
        "permission": "allow",
    }
    assert quota["entity"] == {"user": {"default": True}, "client_id": "app"}
    assert quota["values"] == [{"key": "producer_byte_rate", "before": None, "after": 1.0}]


def test_a_deny_is_there_before_what_it_guards_and_goes_after_it() -> None:
    """A topic or a login that is new is never without the DENY, and one that goes has it to its end."""
    deny = AclBinding(ResourceType.TOPIC, "pay", PatternType.LITERAL, "User:*", "*", Operation.READ, Permission.DENY)
    allow = replace(deny, name="*", permission=Permission.ALLOW)
    topic, guest = Topic("pay", 1, 1, {}), ScramCredential("guest", ScramMechanism.SHA_512, 8192)
    full = ClusterState(topics={"pay": topic}, users={guest.key: guest}, acls=frozenset({deny, allow}), authorizer=True)
    empty = ClusterState(authorizer=True)
    made = [type(change) for change in diff(empty, full).changes]
    assert made == [CreateAcl, CreateTopic, UpsertScram, CreateAcl]
    gone = diff(full, empty, allow=frozenset({"topics", "users", "acls"})).changes
    assert [type(change) for change in gone] == [DeleteAcl, DeleteScram, DeleteTopic, DeleteAcl]
    assert (diff(empty, full).changes[0], gone[-1]) == (CreateAcl(deny), DeleteAcl(deny))
