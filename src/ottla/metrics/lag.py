"""Lag in records, and what two snapshots say of it: when a group will be done, and when retention takes what it has not read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import inf
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ottla.model.group import ConsumerGroup

EMPTY, DEAD = "Empty", "Dead"
UNLIMITED = -1
# Kafka's words (GroupState), apart from Dead: a dead group has no series.
_STATES = {
    "classic": (EMPTY, "PreparingRebalance", "CompletingRebalance", "Stable"),
    "consumer": (EMPTY, "Assigning", "Reconciling", "Stable"),
    "share": (EMPTY, "Stable"),
    "streams": (EMPTY, "NotReady", "Assigning", "Reconciling", "Stable"),
}


class Isolation(StrEnum):
    """What the consumers of a group see. Brokers do not know it; ``read_uncommitted`` is Kafka's default."""

    READ_UNCOMMITTED = "read_uncommitted"
    READ_COMMITTED = "read_committed"


class PartitionOffsets(NamedTuple):
    """Where a partition begins and ends. Read them after the committed offsets, or a group seems to be past the end."""

    log_start_offset: int
    high_watermark: int
    last_stable_offset: int

    @property
    def in_open_transactions(self) -> int:
        """Records that are held back from read_committed consumers."""
        return self.high_watermark - self.last_stable_offset


class Standing(NamedTuple):
    """Where a group stands in a partition.

    ``lag`` is Kafka's: offsets from what was committed to the end. ``lost`` of them retention has taken. ``ahead`` is how far
    the committed offset lies past the high_watermark. ``first_unread`` is None if no unread record is there: the group is
    done if its lag is 0 as well, and otherwise has lost all of it (then its lag has no age).
    """

    lag: int
    lost: int
    ahead: int
    first_unread: int | None


def standing(committed: int, offsets: PartitionOffsets, isolation: Isolation = Isolation.READ_UNCOMMITTED) -> Standing:
    """Where a group stands that has committed the offset ``committed``."""
    start, end, stable = offsets
    ahead = committed - end if committed > end else 0
    if isolation is Isolation.READ_COMMITTED:
        end = stable
    lag = end - committed if end > committed else 0
    lost, first = (start - committed, start) if start > committed else (0, committed)
    return Standing(lag, lost, ahead, first if first < end else None)


def reported(groups: Iterable[ConsumerGroup], committed: Mapping[str, object]) -> tuple[ConsumerGroup, ...]:
    """The groups that have series: all but dead ones, and empty ones that have committed nothing."""
    return tuple(group for group in groups if group.state != DEAD and (group.state != EMPTY or committed.get(group.group_id)))


def state_set(group: ConsumerGroup) -> dict[str, int]:
    """1 for the state that a group is in and 0 for each other one that its type has."""
    return {**dict.fromkeys(_STATES.get(group.type, ()), 0), group.state: 1}


def catch_up_seconds(lag: int, *, read: int, written: int, elapsed: float) -> float | None:
    """When a group will be done with ``lag`` at the rates of the last ``elapsed`` seconds; inf: not so; None: there are none.

    In that time the group has ``read`` so many offsets, and the end that it sees moved by ``written``. A group whose lag
    is no more than it has read in the meantime keeps up: it needs as long as it takes to read that lag.
    """
    if lag <= 0:
        return 0.0
    if elapsed <= 0 or read < 0 or written < 0:  # offsets were reset, or the log was cut
        return None
    if read > written:
        return lag * elapsed / (read - written)
    return lag * elapsed / read if lag <= read else inf


@dataclass(frozen=True, slots=True)
class Retention:
    """What a topic keeps of each partition; UNLIMITED (-1) as Kafka writes it. A topic that only compacts has none."""

    milliseconds: int = UNLIMITED
    size: int = UNLIMITED


class Filling(NamedTuple):
    """How full a partition is and how quickly that grows: ``size`` in bytes at ``after``, and where it ended before."""

    offsets: PartitionOffsets
    size: int
    elapsed: float  # seconds since the snapshot before
    end_before: int


def retention_seconds(retention: Retention, age: float, first_unread: int, filling: Filling | None) -> float | None:
    """The soonest that retention may take the record at ``first_unread``, which is ``age`` seconds old; None: never.

    By size it is an estimate: all records count as equally large. Kafka takes whole segments, so a record may well stay longer.
    """
    limits = []
    if retention.milliseconds != UNLIMITED:
        limits.append(max(0.0, retention.milliseconds / 1000 - age))
    if retention.size != UNLIMITED and filling is not None:
        limits.append(_until_full(retention.size, first_unread, filling))
    return min((limit for limit in limits if limit < inf), default=None)


def _until_full(size: int, first_unread: int, filling: Filling) -> float:
    start, end, _ = filling.offsets
    if end <= start or filling.elapsed <= 0:
        return inf
    each = filling.size / (end - start)
    left = size - each * (end - first_unread)
    growth = each * (end - filling.end_before) / filling.elapsed
    if left <= 0:
        return 0.0
    return left / growth if growth > 0 else inf


def growth_per_second(before: tuple[int, int], after: tuple[int, int]) -> float | None:
    """Growth between two (time in ms, size) in size per second; None if no time has passed."""
    elapsed = (after[0] - before[0]) / 1000
    return (after[1] - before[1]) / elapsed if elapsed > 0 else None
