"""How far each voter of the metadata quorum is (KIP-836)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka.protocol.admin import DescribeQuorumRequest

from ottla.kafka.cluster import METADATA_TOPIC
from ottla.kafka.connection import check

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ottla.kafka.connection import Connection


def read_voters(connection: Connection) -> tuple[int, Mapping[int, int]]:
    """The leader (-1: none), and the end of each voter's log as the leader knows it."""
    answer = connection.send(DescribeQuorumRequest(topics=[(METADATA_TOPIC, [(0,)])]))
    check(answer.error_code, answer.error_message, what="cannot describe the quorum")
    seen = answer.topics[0].partitions[0]
    check(seen.error_code, seen.error_message, what="cannot describe the quorum")
    return seen.leader_id, {voter.replica_id: voter.log_end_offset for voter in seen.current_voters}
