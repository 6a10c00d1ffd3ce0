from __future__ import annotations

import pytest

from ottla.model.acl import AclBinding, Operation, PatternType, Permission, ResourceType
from ottla.model.quota import QuotaEntity
from ottla.model.state import ClusterState
from ottla.model.user import ScramCredential, ScramMechanism
from ottla.plan import diff
from ottla.reconcile.settle import is_in_force

BINDING = AclBinding(ResourceType.TOPIC, "a", PatternType.LITERAL, "User:a", "*", Operation.READ, Permission.ALLOW)
ALICE = ScramCredential("alice", ScramMechanism.SHA_512, 8192, "1")
NOTHING = ClusterState()
OTHERS = [
    ClusterState(acls=frozenset({BINDING})),
    ClusterState(users={ALICE.key: ALICE}),
    ClusterState(quotas={QuotaEntity("a"): {"producer_byte_rate": 1.0, "consumer_byte_rate": 2.0}}),
]


@pytest.mark.parametrize("other", OTHERS, ids=["acl", "user", "quota"])
def test_a_change_is_in_force_once_it_can_be_seen_and_not_before(other: ClusterState) -> None:
    for start, end in ((NOTHING, other), (other, NOTHING)):
        [change] = diff(start, end, allow=frozenset({"acls", "users", "quotas"})).changes
        assert (is_in_force(change, start), is_in_force(change, end)) == (False, True)
