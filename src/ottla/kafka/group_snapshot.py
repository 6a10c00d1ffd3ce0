"""All groups at once, by the nodes that coordinate them: whom a node does not tell of, the others do not wait for."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from kafka.protocol.admin import DescribeGroupsRequest, ListGroupsRequest

from ottla.kafka.connection import error_text, explain
from ottla.kafka.group_messages import ConsumerGroupDescribeRequest, DescribeShareGroupOffsetsRequest, ShareGroupDescribeRequest
from ottla.kafka.groups import NO_OFFSET, listed_group, offset_fetch

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from ottla.kafka.connection import Connection
    from ottla.model.group import ConsumerGroup

SHARE, CLASSIC, CONSUMER = "share", "classic", "consumer"
AT_ONCE = 50  # groups in one request: the answer about one has a line for each partition
GROUP_ID_NOT_FOUND = 69  # it was deleted since it was listed


@dataclass(frozen=True, slots=True)
class ListedGroups:
    """The groups that each node coordinates, by node_id; ``failures`` says who did not tell, in words."""

    of_nodes: dict[int, list[ConsumerGroup]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def kept(self, is_wanted: Callable[[ConsumerGroup], bool]) -> ListedGroups:
        """Only the groups that are wanted."""
        kept = {node_id: [group for group in groups if is_wanted(group)] for node_id, groups in self.of_nodes.items()}
        return ListedGroups(kept, self.failures)

    def __iter__(self) -> Any:
        return (group for groups in self.of_nodes.values() for group in groups)


@dataclass(frozen=True, slots=True)
class Told:
    """What was told of groups, by group_id; ``failures`` says what was not, in words."""

    found: dict[str, Any] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


def list_all_groups(connection: Connection, node_ids: Iterable[int], *, timeout: float) -> ListedGroups:
    """Every group of every kind. ``timeout`` is in seconds."""
    requests = {node_id: ListGroupsRequest(states_filter=[], types_filter=[]) for node_id in node_ids}
    answers = connection.send_each(requests, timeout=timeout)
    listed = ListedGroups(failures=answers.who_failed)
    known: set[str] = set()  # while a coordinator moves, two nodes may list its groups
    for node_id, answer in answers.found.items():
        if answer.error_code:
            listed.failures.append(f"node {node_id}: {error_text(answer.error_code, None)}")
            continue
        listed.of_nodes[node_id] = [listed_group(seen) for seen in answer.groups if seen.group_id not in known]
        known.update(seen.group_id for seen in answer.groups)
    return listed


def fetch_committed_offsets(connection: Connection, listed: ListedGroups, *, timeout: float) -> Told:
    """What each group has committed: topic -> partition -> offset; of a share group, where it begins in each partition."""
    told = Told()
    _ask(connection, _of_types(listed, {SHARE}, other=True), offset_fetch, _committed, told, timeout)
    _ask(connection, _of_types(listed, {SHARE}), _share_offsets, _share_starts, told, timeout)
    return told


def count_members(connection: Connection, listed: ListedGroups, *, timeout: float) -> Told:
    """How many members each group has. Streams groups are not asked."""
    told = Told()
    for group_type, request in (
        (CLASSIC, DescribeGroupsRequest),
        (CONSUMER, ConsumerGroupDescribeRequest),
        (SHARE, ShareGroupDescribeRequest),
    ):
        _ask(connection, _of_types(listed, {group_type}), partial(_describe, request), _members, told, timeout)
    return told


def _of_types(listed: ListedGroups, types: Collection[str], *, other: bool = False) -> dict[int, list[str]]:
    return {
        node_id: [group.group_id for group in groups if (group.type in types) is not other]
        for node_id, groups in listed.of_nodes.items()
    }


def _ask(
    connection: Connection,
    groups: Mapping[int, list[str]],
    request: Callable[[list[str]], Any],
    take: Callable[[Any, Told], None],
    told: Told,
    timeout: float,
) -> None:
    """Ask every coordinator about its groups, so many at once, and take in what it says."""
    batches = {node_id: _batches(of_node) for node_id, of_node in groups.items()}
    for turn in range(max(map(len, batches.values()), default=0)):
        requests = {node_id: request(each[turn]) for node_id, each in batches.items() if turn < len(each)}
        answers = connection.send_each(requests, timeout=timeout)
        for node_id, error in answers.failures.items():
            told.failures.append(f"node {node_id}: {explain(error)}")
            batches[node_id] = []  # it is not asked again this time
        for answer in answers.found.values():
            take(answer, told)


def _batches(names: list[str]) -> list[list[str]]:
    return [names[first : first + AT_ONCE] for first in range(0, len(names), AT_ONCE)]


def _committed(answer: Any, told: Told) -> None:
    for group in answer.groups:
        if _is_refused(group, told):
            continue
        offsets: dict[str, dict[int, int]] = {}
        for topic in group.topics:
            of_topic = offsets[topic.name] = {}
            for seen in topic.partitions:
                if seen.error_code:
                    told.failures.append(f"group {group.group_id}, {topic.name}: {error_text(seen.error_code, None)}")
                elif seen.committed_offset != NO_OFFSET:
                    of_topic[seen.partition_index] = seen.committed_offset
        told.found[group.group_id] = {name: of_topic for name, of_topic in offsets.items() if of_topic}


def _share_offsets(names: list[str]) -> Any:
    return DescribeShareGroupOffsetsRequest(groups=[(name, None) for name in names])


def _share_starts(answer: Any, told: Told) -> None:
    for group in answer.groups:
        if _is_refused(group, told):
            continue
        offsets = {
            topic.topic_name: {
                seen.partition_index: seen.start_offset
                for seen in topic.partitions
                if not seen.error_code and seen.start_offset != NO_OFFSET
            }
            for topic in group.topics
        }
        told.found[group.group_id] = {name: of_topic for name, of_topic in offsets.items() if of_topic}


def _describe(request: Any, names: list[str]) -> Any:
    if request is DescribeGroupsRequest:
        return request(groups=names, include_authorized_operations=False)
    return request(group_ids=names, include_authorized_operations=False)


def _members(answer: Any, told: Told) -> None:
    for group in answer.groups:
        if not _is_refused(group, told):
            told.found[group.group_id] = len(group.members)


def _is_refused(group: Any, told: Told) -> bool:
    if group.error_code and group.error_code != GROUP_ID_NOT_FOUND:
        told.failures.append(f"group {group.group_id}: {error_text(group.error_code, None)}")
    return bool(group.error_code)
