"""What a member makes of what Kafka tells it; no broker is there, and none is needed for that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from confluent_kafka import KafkaError, TopicPartition

from ottla.kafka.group_member import GroupMember
from ottla.kafka.settings import ClientSettings
from ottla.model.client import PLAIN_PROFILE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NOWHERE = ClientSettings(("127.0.0.1:1",))


class Heard:
    def __init__(self) -> None:
        self.commits: list[dict[int, int]] = []
        self.begins: dict[int, int | None] = {}
        self.taken: list[tuple[list[int], bool]] = []

    def assigned(self, partitions: Mapping[int, int | None]) -> None:
        self.begins |= partitions

    def revoked(self, partitions: list[int], *, lost: bool) -> None:
        self.taken.append((partitions, lost))

    def committed(self, offsets: Mapping[int, int]) -> None:
        self.commits.append(dict(offsets))


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def member(heard: Heard) -> Iterator[GroupMember]:
    member = GroupMember(NOWHERE, PLAIN_PROFILE, "orders", group="readers", watcher=heard)
    yield member
    member.close()


def gave(member: GroupMember, positions: dict[int, int]) -> None:
    """As if so much had been delivered of its partitions."""
    member._assign(None, at(*((each, -1001) for each in positions)))
    member._next |= positions


def at(*places: tuple[int, int]) -> list[TopicPartition]:
    return [TopicPartition("orders", partition, offset) for partition, offset in places]


def test_a_partition_from_which_nothing_came_has_no_lag_and_nothing_to_commit(member: GroupMember, heard: Heard) -> None:
    member._assign(None, at((0, -1001), (1, 7)))
    assert member.partitions == {0, 1}
    assert heard.begins == {0: None, 1: 7}
    assert member._uncommitted() == []
    assert member.lag() == 0


def test_a_commit_is_told_once_it_is_answered_and_what_is_committed_is_not_committed_again(
    member: GroupMember, heard: Heard
) -> None:
    gave(member, {0: 5, 1: 7})
    member._answered(None, at((0, 5)))
    assert heard.commits == [{0: 5}]
    assert [each.partition for each in member._uncommitted()] == [1]


def test_an_answer_that_comes_late_takes_nothing_back(member: GroupMember, heard: Heard) -> None:
    gave(member, {0: 9})
    member._answered(None, at((0, 9)))
    member._answered(None, at((0, 5)))
    assert heard.commits == [{0: 9}]
    member._lose(None, at((0, 9)))
    assert heard.taken == [([0], True)]
    member._answered(None, at((0, 12)))
    assert heard.commits == [{0: 9}]


def test_a_commit_that_failed_is_not_told_and_is_tried_again(member: GroupMember, heard: Heard) -> None:
    gave(member, {0: 5})
    member._answered(KafkaError(KafkaError._TRANSPORT), at((0, 5)))
    assert heard.commits == []
    assert [each.partition for each in member._uncommitted()] == [0]
