from __future__ import annotations

from dataclasses import replace

import pytest

from ottla.model.acl import AclBinding, Operation, PatternType, Permission, ResourceType
from ottla.model.quota import QuotaEntity
from ottla.model.state import ClusterState
from ottla.model.user import ScramCredential, ScramMechanism
from ottla.reconcile import Observation, verify

ALICE = ScramCredential("alice", ScramMechanism.SHA_512, 8192, "1")
ACLS = frozenset(
    AclBinding(ResourceType.TOPIC, name, PatternType.LITERAL, "User:alice", "*", Operation.READ, Permission.ALLOW)
    for name in ("orders", "paid")
)
QUOTA = QuotaEntity("alice")
WANTED = ClusterState(acls=ACLS, users={ALICE.key: ALICE}, quotas={QUOTA: {"producer_byte_rate": 1048576.0}})


def wanting(there: ClusterState) -> dict[tuple[str, str], str]:
    checks = verify(Observation("abc", there, {}, {}), WANTED)
    assert {check.subject for check in checks} == {"user alice", "User:alice", "quota of user alice"}
    return {(check.subject, check.name): check.wanting for check in checks if check.wanting}


def test_access_that_is_as_the_spec_says_wants_nothing() -> None:
    assert wanting(WANTED) == {}


def test_a_password_that_nobody_knows_is_not_wanting() -> None:
    assert wanting(replace(WANTED, users={ALICE.key: replace(ALICE, version=None)})) == {}


@pytest.mark.parametrize(
    ("there", "subject", "name", "said"),
    [
        (replace(WANTED, users={}), "user alice", "SCRAM-SHA-512", "it is not there"),
        (
            replace(WANTED, users={ALICE.key: replace(ALICE, iterations=4096)}),
            "user alice",
            "SCRAM-SHA-512 iterations",
            "4096, the spec says 8192",
        ),
        (
            replace(WANTED, users={ALICE.key: replace(ALICE, version="2")}),
            "user alice",
            "SCRAM-SHA-512 password",
            "another one was sent last than the spec has now",
        ),
        (
            replace(WANTED, acls=frozenset(each for each in ACLS if each.name == "orders")),
            "User:alice",
            "acls",
            "not there: allow User:alice read topic paid",
        ),
        (replace(WANTED, quotas={}), "quota of user alice", "producer_byte_rate", "none, the spec says 1,048,576"),
        (
            replace(WANTED, quotas={QUOTA: {"producer_byte_rate": 2.5}}),
            "quota of user alice",
            "producer_byte_rate",
            "2.5, the spec says 1,048,576",
        ),
    ],
    ids=["no user", "iterations", "password", "an acl", "no quota", "quota"],
)
def test_what_is_missing_or_other_is_wanting(there: ClusterState, subject: str, name: str, said: str) -> None:
    assert wanting(there) == {(subject, name): said}
