"""Consumer groups and what they have left to read, as they are seen."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ConsumerGroup:
    """A group as the brokers list it. ``type`` is classic, consumer (KIP-848), share or streams; ``state`` is Kafka's word."""

    group_id: str
    type: str
    state: str


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a group and the partitions that it reads."""

    member_id: str
    client_id: str
    host: str
    assignment: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class GroupDescription:
    """A group with its members. ``coordinator`` is a node_id."""

    group: ConsumerGroup
    coordinator: int | None
    assignor: str
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class PartitionLag:
    """How far a group is in a partition. ``end`` is the high_watermark, ``start`` the log_start_offset.

    ``committed_offset`` is None where the group has committed nothing; both ends are None where the partition is gone.
    """

    group_id: str
    topic: str
    partition: int
    committed_offset: int | None
    start: int | None
    end: int | None

    @property
    def lag(self) -> int | None:
        """Records (at most: offsets have gaps) between what was committed and the end, or None where that is unknown."""
        if self.committed_offset is None or self.end is None:
            return None
        return max(0, self.end - self.committed_offset)
