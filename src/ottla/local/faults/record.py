"""Faults written down before they are done, so that one whose drill was killed is found, named and healed.

``faults/ID.json`` in the folder of the cluster says what was done to which nodes, and by which process. Nodes are never told
by it (the process table does that); the process is, and by its start as well, because a pid is given to another one later.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import uuid
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import psutil

from ottla.errors import LocalError, PlanRefused
from ottla.files import PRIVATE_FILE, explained, private_folder, write_atomic
from ottla.local.guards import named

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ottla.local.layout import Layout

START_TOLERANCE = 2.0  # seconds; the kernel says in whole ones when the machine was started


@dataclass(frozen=True, slots=True)
class FaultRecord:
    """A fault that is on: ``what`` was done to ``node_ids``, ``since`` when (UTC), by the process ``pid``.

    ``started`` is when that process was started, in seconds after the machine was: a clock that is moved changes nothing.
    """

    fault_id: str
    what: str
    node_ids: tuple[int, ...]
    pid: int
    started: float
    since: str

    @property
    def drill_lives(self) -> bool:
        """Whether the process that did it still runs."""
        try:
            return abs(_started(psutil.Process(self.pid)) - self.started) < START_TOLERANCE
        except psutil.NoSuchProcess:
            return False

    @property
    def target(self) -> str:
        """To whom it was done."""
        return named(self.node_ids) if self.node_ids else "the cluster"

    def __str__(self) -> str:
        return f"{self.what} of {self.target}, by a drill (pid {self.pid}) at {self.since}"


def remember(layout: Layout, what: str, node_ids: Sequence[int]) -> str:
    """Write down a fault that this process is about to do; the id by which it is forgotten. Raises LocalError."""
    since = dt.datetime.now(dt.UTC).isoformat(sep=" ", timespec="seconds")
    record = FaultRecord(uuid.uuid4().hex[:12], what, tuple(node_ids), os.getpid(), _started(psutil.Process()), since)
    private_folder(layout.faults)
    write_atomic(_path(layout, record.fault_id), json.dumps(asdict(record), indent=1) + "\n", mode=PRIVATE_FILE)
    return record.fault_id


def forget(layout: Layout, fault_id: str) -> None:
    """Remove what was written down of a fault that was seen healed."""
    path = _path(layout, fault_id)
    with explained("remove", path):
        path.unlink(missing_ok=True)


def recorded(layout: Layout) -> tuple[FaultRecord, ...]:
    """Every fault that is written down, the oldest first. Raises LocalError for a record that cannot be read."""
    paths = layout.faults.glob("*.json") if layout.faults.is_dir() else ()
    found = [_read(path) for path in paths if not path.name.startswith(".")]
    return tuple(sorted((each for each in found if each is not None), key=lambda each: (each.since, each.fault_id)))


def left_behind(layout: Layout) -> tuple[FaultRecord, ...]:
    """The faults that nobody will heal by itself: their drills have ended, or are this very process, which asks."""
    return tuple(each for each in recorded(layout) if each.pid == os.getpid() or not each.drill_lives)


def still_drilled(layout: Layout) -> tuple[FaultRecord, ...]:
    """The faults of drills that run in other processes: they heal them themselves."""
    return tuple(each for each in recorded(layout) if each.pid != os.getpid() and each.drill_lives)


def refuse_drilled(layout: Layout) -> None:
    """Raise PlanRefused while a drill of another process has a fault on: it would be healed under its hands."""
    faults = still_drilled(layout)
    if faults:
        pids = " ".join(str(pid) for pid in sorted({fault.pid for fault in faults}))
        reasons = [f"{fault}; it runs, and heals that itself" for fault in faults]
        raise PlanRefused(reasons, hint=f"wait until it ends, or end it (kill {pids}), then: ottla up")


def _path(layout: Layout, fault_id: str) -> Path:
    return layout.faults / f"{fault_id}.json"


def _started(process: psutil.Process) -> float:
    return float(process.create_time() - psutil.boot_time())


def _read(path: Path) -> FaultRecord | None:
    """A record; None if it was removed this moment."""
    with explained("read", path):
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
    try:
        return _record(json.loads(text))
    except (ValueError, KeyError, TypeError) as error:
        hint = "remove it, then: ottla up starts and resumes whatever does not answer"
        raise LocalError("damaged: not the fault that a drill wrote down", where=str(path), hint=hint) from error


def _record(data: Mapping[str, Any]) -> FaultRecord:
    node_ids = tuple(int(node_id) for node_id in data["node_ids"])
    return FaultRecord(
        str(data["fault_id"]), str(data["what"]), node_ids, int(data["pid"]), float(data["started"]), str(data["since"])
    )
