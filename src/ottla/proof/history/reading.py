"""Reading a history: strict about what is damaged, open about what is missing or torn.

Raises HistoryError for a folder that is no history, that a newer Ottla wrote, or whose files are damaged in the middle.
"""

from __future__ import annotations

import json
from array import array
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from ottla.errors import HistoryError
from ottla.files import explained
from ottla.proof.history import layout
from ottla.proof.history.columns import NOWHERE, Attempts, Batches, Event, Final, History, Kind, Member, Reads, Replica, Run

if TYPE_CHECKING:
    from pathlib import Path

    from ottla.proof.history.layout import Entry

ANOTHER = "ottla drill list shows the histories that there are"
T = TypeVar("T")
UNDAMAGED = "check it from a copy that is whole, or run the drill again"


@dataclass(frozen=True)
class _Bounds:
    """``final.json``."""

    starts: dict[int, int]
    ends: dict[int, int]
    complete: bool


@dataclass(frozen=True)
class _Span:
    start: int
    end: int


class _Folder:
    """The files of a history. What is missing or torn is collected, and said in the end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.missing: list[str] = []
        self.torn: list[str] = []

    def bytes_of(self, name: str) -> bytes | None:
        path = self.path / name
        with explained("read", path):
            if path.is_file():
                return path.read_bytes()
        self.missing.append(name)
        return None

    def columns_of(self, name: str, entry: Entry) -> list[array[int]] | None:
        """The whole entries of a file; a torn last one is cut off."""
        data = self.bytes_of(name)
        if data is None:
            return None
        size = entry.packed.size
        left = len(data) % size
        if left:
            self.torn.append(f"{name}: {left} bytes after entry {len(data) // size:,} were cut off")
        return entry.columns(data[: len(data) - left])

    def lines_of(self, name: str) -> list[Event] | None:
        """The events of a file of lines; a last line without an end is cut off."""
        data = self.bytes_of(name)
        if data is None:
            return None
        *lines, rest = data.split(b"\n")
        if rest:
            self.torn.append(f"{name}: {len(rest)} bytes after line {len(lines):,} were cut off")
        return [_event(line, f"{self.path / name}:{number}") for number, line in enumerate(lines, start=1)]

    def document(self, name: str, shape: TypeAdapter[T]) -> T | None:
        """A JSON file of that shape."""
        data = self.bytes_of(name)
        return None if data is None else _shaped(data, shape, self.path / name)


def read_history(folder: Path) -> History:
    """All that is known of a run."""
    files = _Folder(folder)
    run = _run(files)
    timeline = files.lines_of(layout.TIMELINE) or []
    attempts = [_attempts(files, producer) for producer in range(run.producers)]
    members = [_member(files, number) for number in range(run.readers)]
    final = _final(files)
    replicas = _replicas(files, run)
    return History(
        run=run,
        timeline=tuple(timeline),
        attempts=tuple(attempt for attempt in attempts if attempt is not None),
        members=tuple(member for member in members if member is not None),
        final=final,
        replicas=replicas,
        missing=tuple(files.missing),
        torn=tuple(files.torn),
    )


def _run(files: _Folder) -> Run:
    path = files.path / layout.RUN
    data = files.bytes_of(layout.RUN)
    if data is None:
        raise HistoryError(f"is no history: it has no {layout.RUN}", where=str(files.path), hint=ANOTHER)
    document = _shaped(data, TypeAdapter(dict[str, Any]), path)
    written = document.pop("format", None)
    if not isinstance(written, int):
        raise HistoryError("is not the run of a history: it has no format", where=str(path), hint=ANOTHER)
    if written > layout.FORMAT:
        who = document.get("ottla_version", "a newer version")
        told = f"this history has format {written}; this Ottla reads up to {layout.FORMAT}"
        raise HistoryError(told, where=str(path), hint=f"check it with the Ottla that wrote it: {who}")
    return _shaped(json.dumps(document).encode(), TypeAdapter(Run), path)


def _attempts(files: _Folder, producer: int) -> Attempts | None:
    intents = files.columns_of(layout.intents(producer), layout.INTENT)
    outcomes = files.columns_of(layout.outcomes(producer), layout.OUTCOME)
    if intents is None:
        return None
    intended, checksum, key = intents
    count = len(intended)
    attempts = Attempts(
        producer,
        intended,
        checksum,
        key,
        kind=bytearray(count),
        code=array("h", bytes(2 * count)),
        partition=array("i", [NOWHERE]) * count,
        offset=array("q", [NOWHERE]) * count,
        at=array("q", bytes(8 * count)),
    )
    _settle(attempts, outcomes or [], files)
    return attempts


def _settle(attempts: Attempts, outcomes: list[array[int]], files: _Folder) -> None:
    """Put each outcome to its attempt. The first one holds; an outcome of no attempt is damage."""
    kinds, codes, partitions, offsets, times = attempts.kind, attempts.code, attempts.partition, attempts.offset, attempts.at
    count, least, most = len(attempts), int(Kind.ACKED), int(Kind.UNKNOWN)
    for seq, kind, code, partition, offset, at in zip(*outcomes, strict=True):
        if not 0 <= seq < count or not least <= kind <= most:
            name = layout.outcomes(attempts.producer)
            told = f"an outcome of kind {kind} for seq {seq:,}, where {count:,} attempts were meant"
            raise HistoryError(told, where=str(files.path / name), hint=UNDAMAGED)
        if not kinds[seq]:
            kinds[seq], codes[seq], partitions[seq], offsets[seq], times[seq] = kind, code, partition, offset, at


def _member(files: _Folder, number: int) -> Member | None:
    reads = files.columns_of(layout.reads(number), layout.READ)
    events = files.lines_of(layout.member_events(number))
    if reads is None or events is None:
        return None
    return Member(number, Reads(*reads), tuple(events))


def _final(files: _Folder) -> Final | None:
    reads = files.columns_of(layout.FINAL_READS, layout.READ)
    bounds = files.document(layout.FINAL, TypeAdapter(_Bounds))
    if reads is None or bounds is None:
        return None
    return Final(Reads(*reads), bounds.starts, bounds.ends, bounds.complete)


def _replicas(files: _Folder, run: Run) -> tuple[Replica, ...]:
    spans = files.document(layout.REPLICAS, TypeAdapter(dict[int, dict[int, _Span]]))
    found = []
    for node in run.nodes:
        columns = files.columns_of(layout.batches(node), layout.BATCH)
        if columns is None or spans is None:
            continue
        bounds = {partition: (span.start, span.end) for partition, span in spans.get(node, {}).items()}
        found.append(Replica(node, Batches(*columns), bounds))
    return tuple(found)


def _event(line: bytes, where: str) -> Event:
    try:
        document = json.loads(line)
        at, what = int(document.pop("at")), str(document.pop("what"))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise HistoryError('is damaged: not a JSON object with "at" and "what"', where=where, hint=UNDAMAGED) from error
    for key in ("partitions", "offsets"):
        if key in document:
            document[key] = _numbered(document[key], where)
    return Event(at, what, document)


def _numbered(offsets: Any, where: str) -> dict[int, int | None]:
    """Offsets by partition; keys are text in JSON."""
    try:
        return {int(partition): None if offset is None else int(offset) for partition, offset in offsets.items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise HistoryError("is damaged: not an object of offsets by partition", where=where, hint=UNDAMAGED) from error


def _shaped(data: bytes, shape: TypeAdapter[T], path: Path) -> T:
    try:
        return shape.validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        at = ".".join(str(step) for step in first["loc"])
        told = f"is damaged: {at + ': ' if at else ''}{first['msg']}"
        raise HistoryError(told, where=str(path), hint=UNDAMAGED) from error
