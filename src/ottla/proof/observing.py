"""What is seen of a cluster from outside during a drill: replicas in sync, leaders, committed offsets; and its diary."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Self

from ottla.errors import OttlaError
from ottla.kafka.groups import read_committed_offsets
from ottla.kafka.topics import read_metadata
from ottla.proof.history.writing import Timeline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from ottla.kafka.connection import Connection
    from ottla.model.topic import Partition

EVERY = 0.5
NOTE_EVERY = 5_000_000_000  # ns
FRESH = 3_000_000_000  # ns
ENDED = 20.0  # a look that is under way may wait for a node that does not answer


class Diary:
    """The timeline of a run; several threads may write it."""

    def __init__(self, folder: Path) -> None:
        self._timeline = Timeline(folder)
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._timeline.close()

    def note(self, what: str, at: int | None = None, **facts: Any) -> None:
        """Something happened, at that time (monotonic ns; None: now)."""
        with self._lock:
            self._timeline.append(time.monotonic_ns() if at is None else at, what, **facts)


class Observer:
    """Looks twice a second, in a thread of its own, because a node that is paused keeps whoever asks it waiting."""

    def __init__(
        self, connected: Callable[[], AbstractContextManager[Connection]], *, topic: str, group: str, diary: Diary
    ) -> None:
        self._in_sync = 0, 0  # replicas in sync, and all
        self._looked = self._noted = 0  # when that was seen, and written down (monotonic ns)
        self._connected, self._topic, self._group, self._diary = connected, topic, group, diary
        self._leaders: dict[int, int | None] = {}
        self._problem: str | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ottla-drill-observer", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(ENDED)

    @property
    def whole(self) -> bool:
        """Whether every replica is in sync, as was seen just now."""
        fresh = time.monotonic_ns() - self._looked < FRESH
        return fresh and self._in_sync[0] == self._in_sync[1] > 0

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with self._connected() as connection:
                    self._watch(connection)
            except OttlaError as error:
                self._say(str(error))
                self._stop.wait(EVERY)

    def _watch(self, connection: Connection) -> None:
        while not self._stop.is_set():
            self._see(read_metadata(connection).partitions.get(self._topic, ()))
            committed = read_committed_offsets(connection, [self._group]).get(self._group, {})
            offsets = {str(partition): offset for (topic, partition), offset in sorted(committed.items()) if topic == self._topic}
            if offsets:
                self._diary.note("group", offsets=offsets)
            self._say(None)
            self._stop.wait(EVERY)

    def _see(self, partitions: Iterable[Partition]) -> None:
        there = tuple(partitions)
        in_sync = sum(len(each.isr) for each in there), sum(len(each.replicas) for each in there)
        self._looked = now = time.monotonic_ns()
        if in_sync != self._in_sync or now - self._noted > NOTE_EVERY:  # that it was looked at is worth a line as well
            self._diary.note("isr", now, in_sync=in_sync[0], of=in_sync[1])
            self._in_sync, self._noted = in_sync, now
        for each in there:
            if self._leaders.get(each.partition, -1) != each.leader:
                self._diary.note("leader", partition=each.partition, leader=each.leader)
                self._leaders[each.partition] = each.leader

    def _say(self, problem: str | None) -> None:
        """Note what keeps it from looking, when that changes."""
        if problem != self._problem and problem is not None:
            self._diary.note("note", text=f"the observer: {problem}")
        self._problem = problem
