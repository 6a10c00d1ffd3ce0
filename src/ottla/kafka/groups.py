"""Consumer groups: which there are, who is in them, what they have committed."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from kafka.protocol.admin import ListGroupsRequest
from kafka.protocol.consumer import OffsetFetchRequest
from kafka.protocol.metadata import FindCoordinatorRequest

from ottla.errors import ClusterError
from ottla.kafka.cluster import read_brokers
from ottla.kafka.connection import check, explain
from ottla.model.group import ConsumerGroup, GroupDescription, Member
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ottla.kafka.connection import Connection
    from ottla.kafka.settings import ClientSettings

GROUP_COORDINATOR = 0
NO_OFFSET = -1
BATCHED = 8  # OffsetFetch takes many groups at once (KIP-709)
BY_NAME = 9  # later versions name topics by id only (KIP-848)
DESCRIBE_TIMEOUT = 15.0
SETTLE_TIMEOUT = 15.0
# COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR
MOVING = frozenset({14, 15, 16})
DESCRIBED = frozenset({"classic", "consumer"})


def list_groups(connection: Connection) -> tuple[ConsumerGroup, ...]:
    """Every group of every kind: one request for each broker, because each knows only the groups that it coordinates."""
    groups = {}
    for broker in read_brokers(connection):
        if broker.fenced:
            continue
        for seen in _listed(connection, broker.node_id):
            groups[seen.group_id] = listed_group(seen)
    return tuple(groups[name] for name in sorted(groups))


def listed_group(seen: Any) -> ConsumerGroup:
    """A group of an answer to ListGroups. The type is empty before Kafka 3.8 (KIP-848), where every group is a classic one."""
    return ConsumerGroup(seen.group_id, (seen.group_type or "classic").lower(), seen.group_state)


def _listed(connection: Connection, node_id: int) -> Any:
    """What one broker lists; while it loads the groups that came to it, it is asked again."""
    request = ListGroupsRequest(states_filter=[], types_filter=[])
    answer = wait_until(
        lambda: connection.send(request, node_id=node_id),
        lambda answer: answer.error_code not in MOVING,
        what=f"node {node_id} to load its groups",
        timeout=SETTLE_TIMEOUT,
        every=0.2,
    )
    check(answer.error_code, None, what=f"cannot list the groups of node {node_id}")
    return answer.groups


def describe_groups(settings: ClientSettings, groups: Iterable[ConsumerGroup]) -> dict[str, GroupDescription]:
    """The members of groups, by librdkafka, which knows both protocols. Share and streams groups are left out."""
    asked = {group.group_id: group for group in groups if group.type in DESCRIBED}
    if not asked:
        return {}
    admin = AdminClient({"bootstrap.servers": ",".join(settings.bootstrap_servers), "log_level": 0, **settings.for_data})
    try:
        futures = admin.describe_consumer_groups(list(asked), request_timeout=DESCRIBE_TIMEOUT)
        return {name: _description(asked[name], future.result(DESCRIBE_TIMEOUT)) for name, future in futures.items()}
    except (KafkaException, TimeoutError) as error:
        raise ClusterError(f"cannot describe groups: {explain(error)}", hint="ask again: ottla groups describe") from error


def _description(group: ConsumerGroup, seen: object) -> GroupDescription:
    coordinator = getattr(seen, "coordinator", None)
    members = [
        Member(
            member_id=member.member_id,
            client_id=member.client_id,
            host=member.host.lstrip("/"),
            assignment=tuple(sorted((each.topic, each.partition) for each in member.assignment.topic_partitions)),
        )
        for member in seen.members  # type: ignore[attr-defined]  # confluent_kafka.admin.ConsumerGroupDescription
    ]
    return GroupDescription(
        group=group,
        coordinator=coordinator.id if coordinator is not None else None,
        assignor=getattr(seen, "partition_assignor", "") or "",
        members=tuple(sorted(members, key=lambda member: (member.client_id, member.member_id))),
    )


def read_committed_offsets(connection: Connection, groups: Sequence[str]) -> dict[str, dict[tuple[str, int], int]]:
    """What each group has committed: (topic, partition) -> offset. Two requests and one for each coordinator.

    While coordinators move it asks again. Raises ClusterError, WaitTimeout.
    """
    if not groups:
        return {}

    def look() -> tuple[dict[str, dict[tuple[str, int], int]], tuple[str, ...]]:
        found: dict[str, dict[tuple[str, int], int]] = {}
        coordinators, moving = _coordinators(connection, groups)
        for node_id, coordinated in coordinators.items():
            moving += _fetch(connection, node_id, coordinated, found)
        return found, moving

    found, _ = wait_until(
        look, lambda seen: not seen[1], what="every group to have a coordinator", timeout=SETTLE_TIMEOUT, every=0.2
    )
    return found


def read_coordinators(connection: Connection, groups: Sequence[str]) -> dict[str, int]:
    """The node that coordinates each group, or would: it goes by the name. While coordinators move it asks again.

    Raises ClusterError, WaitTimeout.
    """
    if not groups:
        return {}
    coordinated, _ = wait_until(
        lambda: _coordinators(connection, groups),
        lambda seen: not seen[1],
        what="every group to have a coordinator",
        timeout=SETTLE_TIMEOUT,
        every=0.2,
    )
    return {name: node_id for node_id, names in coordinated.items() for name in names}


def _coordinators(connection: Connection, groups: Sequence[str]) -> tuple[Mapping[int, list[str]], tuple[str, ...]]:
    answer = connection.send(FindCoordinatorRequest(key_type=GROUP_COORDINATOR, coordinator_keys=list(groups), min_version=4))
    coordinated: dict[int, list[str]] = defaultdict(list)
    moving = []
    for seen in answer.coordinators:
        if seen.error_code in MOVING:
            moving.append(seen.key)
            continue
        check(seen.error_code, seen.error_message, what=f"cannot find the coordinator of group {seen.key}")
        coordinated[seen.node_id].append(seen.key)
    return coordinated, tuple(moving)


def _fetch(
    connection: Connection, node_id: int, groups: Sequence[str], found: dict[str, dict[tuple[str, int], int]]
) -> tuple[str, ...]:
    """Put what ``groups`` have committed into ``found``; those whose coordinator has moved are returned."""
    moving = []
    for group in connection.send(offset_fetch(groups), node_id=node_id).groups:
        if group.error_code in MOVING:
            moving.append(group.group_id)
            continue
        check(group.error_code, None, what=f"cannot read what group {group.group_id} has committed")
        offsets = found.setdefault(group.group_id, {})
        for topic in group.topics:
            for partition in topic.partitions:
                check(partition.error_code, None, what=f"what group {group.group_id} has committed of {topic.name}")
                if partition.committed_offset != NO_OFFSET:
                    offsets[topic.name, partition.partition_index] = partition.committed_offset
    return tuple(moving)


def offset_fetch(groups: Sequence[str]) -> OffsetFetchRequest:
    """The request for all that ``groups`` have committed, for the node that coordinates them."""
    wanted = OffsetFetchRequest.OffsetFetchRequestGroup
    return OffsetFetchRequest(
        groups=[wanted(group_id=name, member_id=None, member_epoch=-1, topics=None) for name in groups],
        require_stable=False,
        min_version=BATCHED,
        max_version=BY_NAME,
    )
