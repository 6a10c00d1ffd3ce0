"""The files of a history, and their entries: fixed sizes, little endian, so that a torn end is seen and cut off."""

from __future__ import annotations

import sys
from array import array
from dataclasses import dataclass
from struct import Struct
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = 1
RUN = "run.json"
TIMELINE = "timeline.jsonl"
FINAL_READS, FINAL = "final.reads", "final.json"
REPLICAS = "replicas.json"

Code = Literal["B", "h", "H", "i", "I", "q"]


@dataclass(frozen=True, slots=True)
class Entry:
    """How one entry of a file is laid out. ``codes`` are those of ``struct`` and, on their own, of ``array``."""

    codes: tuple[Code, ...]

    @property
    def packed(self) -> Struct:
        """One entry."""
        return Struct("<" + "".join(self.codes))

    def columns(self, data: bytes) -> list[array[int]]:
        """Whole entries as columns. Each byte of a field is one strided slice, so that no entry becomes an object."""
        size = self.packed.size
        start, columns = 0, []
        for code in self.codes:
            column = array(code)
            width = column.itemsize
            buffer = bytearray(len(data) // size * width)
            for byte in range(width):
                buffer[byte::width] = data[start + byte :: size]
            column.frombytes(buffer)
            if sys.byteorder == "big":
                column.byteswap()
            columns.append(column)
            start += width
        return columns


INTENT = Entry(("q", "I", "i"))  # intended ns, checksum, key number; seq is the position
OUTCOME = Entry(("q", "B", "h", "i", "q", "q"))  # seq, kind, Kafka's error code, partition, offset, at ns
READ = Entry(("i", "q", "H", "q", "I", "q", "B"))  # partition, offset, producer, seq, checksum, at ns, flags
BATCH = Entry(("i", "q", "q", "I", "i"))  # partition, base offset, last offset, CRC, leader epoch


def intents(producer: int) -> str:
    """The file of what a producer meant to send."""
    return f"producer-{producer}.intents"


def outcomes(producer: int) -> str:
    """The file of what became of it."""
    return f"producer-{producer}.outcomes"


def reads(member: int) -> str:
    """The file of what a member of the group was given."""
    return f"reader-{member}.reads"


def member_events(member: int) -> str:
    """The file of what a member was told of its partitions."""
    return f"reader-{member}.jsonl"


def batches(node: int) -> str:
    """The file of what stands in a node's own log."""
    return f"replica-{node}.batches"


def by_partition(offsets: Mapping[int, int]) -> dict[str, int]:
    """Offsets for JSON, where keys are text."""
    return {str(partition): offset for partition, offset in sorted(offsets.items())}
