"""What stands in a node's own log of a partition, read from its segment files: which batches, not what is in them.

Only the headers are read (format v2: Kafka's DefaultRecordBatch), so that it costs little beside a load, and it may be done
while the node runs: a batch is appended in one piece at the end of the last file, and a part of one ends the reading.

The CRC (CRC-32C over everything from the attributes on) is given as it is written, and not computed anew: Python has no quick
CRC-32C, and a batch that rotted on disk has the right one still. Followers copy batches as they are, so the header of one is
the same in all replicas; a reader that fetches a batch checks what is in it against the CRC.
"""

from __future__ import annotations

import struct
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from ottla.files import explained

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# base offset, length (of what follows it), partition leader epoch, magic, CRC, attributes, last offset delta
HEADER = struct.Struct(">qiibIhi")
BEFORE_LENGTH_COUNTS = 12
LEAST_LENGTH = 49  # a batch without records: 61 bytes in all
MAGIC = 2
SEGMENT = "*.log"


class ReplicaBatch(NamedTuple):
    """A batch in a log: its first and last offset, its CRC as written, and the epoch of the leader that appended it."""

    base_offset: int
    last_offset: int
    crc: int
    leader_epoch: int


def read_batches(log_dir: Path, topic: str, partition: int) -> Iterator[ReplicaBatch]:
    """Every batch of a partition that lies in a ``log_dir``, in the order of offsets. Nothing where there is no such log.

    A torn tail ends it. A segment that retention removes meanwhile is left out. Raises LocalError for a file that cannot be read.
    """
    folder = log_dir / f"{topic}-{partition}"
    with explained("read", folder):
        segments = sorted(folder.glob(SEGMENT))
    for path in segments:
        with explained("read", path), suppress(FileNotFoundError), path.open("rb") as file:
            yield from batches_in(file)


def batches_in(segment: BinaryIO) -> Iterator[ReplicaBatch]:
    """The batches of one segment, up to its end or to the first one that is not whole."""
    size = segment.seek(0, 2)
    at = segment.seek(0)
    while True:
        head = segment.read(HEADER.size)
        if len(head) < HEADER.size:
            return
        base, length, epoch, magic, crc, _, delta = HEADER.unpack(head)
        at += BEFORE_LENGTH_COUNTS + length
        if magic != MAGIC or length < LEAST_LENGTH or delta < 0 or at > size:
            return
        yield ReplicaBatch(base, base + delta, crc, epoch)
        segment.seek(at)
