from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING

import pytest

from ottla.local.replica_log import ReplicaBatch, batches_in, read_batches

if TYPE_CHECKING:
    from pathlib import Path

BATCHES = [ReplicaBatch(0, 4, 0xFFFF_FFFF, 1), ReplicaBatch(5, 5, 17, 1), ReplicaBatch(9, 11, 18, 3)]


def written(batch: ReplicaBatch, *, records: bytes = b"records", magic: int = 2) -> bytes:
    """A batch as Kafka's protocol guide has it, up to the records."""
    delta = batch.last_offset - batch.base_offset
    rest = struct.pack(">ibI", batch.leader_epoch, magic, batch.crc)
    rest += struct.pack(">hiqqqhii", 0, delta, 1, 1, -1, -1, -1, delta + 1) + records
    return struct.pack(">qi", batch.base_offset, len(rest)) + rest


def test_headers_are_read_and_records_passed_over() -> None:
    data = b"".join(written(batch, records=b"r" * 100 * number) for number, batch in enumerate(BATCHES))
    assert list(batches_in(io.BytesIO(data))) == BATCHES


@pytest.mark.parametrize("missing", [1, 7, 30, 60, 68 - 1])
def test_a_torn_tail_ends_it(missing: int) -> None:
    data = b"".join(map(written, BATCHES))
    assert list(batches_in(io.BytesIO(data[:-missing]))) == BATCHES[:-1]


def test_what_is_no_batch_ends_it() -> None:
    for tail in (bytes(200), written(BATCHES[2], magic=1), struct.pack(">qi", 9, -5) + bytes(100)):
        assert list(batches_in(io.BytesIO(written(BATCHES[0]) + tail))) == BATCHES[:1]


def test_segments_are_read_in_the_order_of_offsets_and_other_files_are_not(tmp_path: Path) -> None:
    folder = tmp_path / "task-events-3"
    folder.mkdir()
    for batch in reversed(BATCHES):
        (folder / f"{batch.base_offset:020}.log").write_bytes(written(batch))
    (folder / f"{20:020}.log.deleted").write_bytes(written(ReplicaBatch(20, 20, 1, 1)))
    (folder / f"{0:020}.index").write_bytes(written(ReplicaBatch(20, 20, 1, 1)))
    assert list(read_batches(tmp_path, "task-events", 3)) == BATCHES


def test_a_partition_that_is_not_there_has_no_batch(tmp_path: Path) -> None:
    assert list(read_batches(tmp_path, "task-events", 0)) == []
