"""What a cluster is declared to be and what it is seen to be are one type; what can only be seen is Evidence."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ottla.model.acl import AclBinding
    from ottla.model.node import Node
    from ottla.model.quota import QuotaEntity
    from ottla.model.topic import Topic
    from ottla.model.user import CredentialKey, ScramCredential


@dataclass(frozen=True, slots=True)
class ClusterState:
    """Everything of a cluster that can be declared. Desired and observed states are both of this type.

    ``quotas`` has the values of each entity by Kafka's key. ``authorizer`` is False where none is set up: such a cluster has
    no ACLs because it cannot hold any, which is not the same as an authorizer that has none yet.
    """

    topics: Mapping[str, Topic] = field(default_factory=dict)
    nodes: Mapping[int, Node] = field(default_factory=dict)
    acls: frozenset[AclBinding] = frozenset()
    users: Mapping[CredentialKey, ScramCredential] = field(default_factory=dict)
    quotas: Mapping[QuotaEntity, Mapping[str, float]] = field(default_factory=dict)
    authorizer: bool = True


@dataclass(frozen=True, slots=True)
class TopicEvidence:
    """What a topic holds.

    ``records`` is an upper bound (compaction and transactions leave gaps in offsets); ``size_bytes`` counts every replica.
    """

    records: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """What can only be seen: it decides how risky a change is, and is no part of what a plan is checked against."""

    topics: Mapping[str, TopicEvidence] = field(default_factory=dict)
