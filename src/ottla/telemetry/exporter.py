"""The exporter: a thread of its own looks at the cluster again and again, and keeps what it last saw for whoever asks."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from importlib.metadata import version
from typing import TYPE_CHECKING

from ottla.errors import OttlaError
from ottla.metrics import exporter_metrics as of
from ottla.metrics.samples import Sample, Series
from ottla.telemetry.collection import Collection
from ottla.telemetry.outcomes import Outcome
from ottla.telemetry.snapshot import Snapshot, take_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from ottla.kafka.connection import Connection
    from ottla.telemetry.canary import Canary
    from ottla.telemetry.view import View

STALE_AFTER = 3  # intervals
CLOSE_TIMEOUT = 1.0
RETRY = 1.0
WHO_SAID_IT = re.compile(r"\w+://\S+: ")  # as librdkafka puts it before a reason: of several nodes, one that it asked by chance


class Exporter:
    """Collects in the background. ``connect`` opens the cluster; a ``canary`` lives as long as the exporter does."""

    def __init__(
        self,
        connect: Callable[[], AbstractContextManager[Connection]],
        view: View,
        *,
        canary: Canary | None = None,
        said: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.view = view
        self.snapshot: Snapshot | None = None
        self.has_seen = False  # the cluster, since this began
        self.compresses = False  # once somebody asks for gzip, so that no scrape waits for it
        self._connect = connect
        self._canary = canary
        self._said = said
        self._collection = Collection(view)
        self._requests: Counter[str] = Counter()
        self._version = version("ottla")
        self._seen_at = time.monotonic()  # since then nothing was seen, if nothing was
        self._told: dict[str, str] = {}
        self._ended = threading.Event()
        self._first = threading.Event()
        self._thread = threading.Thread(target=self._run, name="exporter", daemon=True)

    def start(self) -> None:
        """Begin to collect. Raises ClusterError where the canary's clients cannot be made."""
        if self._canary is not None:
            self._canary.start()
        self._thread.start()

    def close(self) -> None:
        """End it. A round that waits for an answer is left to itself: nothing of it is written anywhere."""
        self._ended.set()
        if self._canary is not None:
            self._canary.close()
        if self._thread.is_alive():
            self._thread.join(CLOSE_TIMEOUT)

    def wait_first(self, timeout: float) -> Snapshot | None:
        """The first snapshot, or None if there is none after ``timeout`` seconds."""
        self._first.wait(timeout)
        return self.snapshot

    @property
    def is_fresh(self) -> bool:
        """Whether it saw the cluster, and not longer than three intervals ago.

        The age alone does not tell: until something was seen it counts from the start.
        """
        return self.has_seen and self.snapshot is not None and self.snapshot.age <= STALE_AFTER * self.view.interval

    def collect_once(self) -> Snapshot:
        """Look at the cluster once, here and now. Raises ClusterError where it cannot be reached."""
        with self._connect() as connection:
            self.round(connection)
        assert self.snapshot is not None  # noqa: S101  (a round makes one)
        return self.snapshot

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                with self._connect() as connection:
                    self._rounds(connection)
            except OttlaError as error:
                self._fail(error.message, hint=error.hint)
            except Exception as error:  # noqa: BLE001  (a bug must not look like a cluster that stands still)
                self._fail(f"a bug in Ottla: {type(error).__name__}: {error}")
            self._ended.wait(min(RETRY, self.view.interval))

    def _rounds(self, connection: Connection) -> None:
        """Look again and again over one connection, as long as it is of use."""
        while not self._ended.is_set():
            started = time.monotonic()
            self.round(connection)
            self._tell()
            if self._collection.outcomes.of["brokers"].failures:
                return  # nobody answers there: a new connection finds nodes that moved
            self._ended.wait(max(0.0, started + self.view.interval - time.monotonic()))

    def round(self, connection: Connection) -> None:
        """Look at the cluster once over an open connection, and publish what was seen."""
        before = connection.requests.copy()
        samples = self._collection.collect(connection)
        if not self._collection.outcomes.of["brokers"].failures:
            self._seen_at, self.has_seen = time.monotonic(), True
        self._requests.update(connection.requests - before)
        self._publish(samples)

    def _fail(self, reason: str, *, hint: str | None = None) -> None:
        """Nobody can be reached: what is not known has no series, and the snapshot says so."""
        self._publish(self._collection.nothing_seen(reason, hint=hint))
        self._tell()

    def _publish(self, samples: list[Sample | Series]) -> None:
        if self._canary is not None:
            problem = self._canary.problem
            self._collection.outcomes.of["canary"] = Outcome(failures=[problem] if problem else [])
            samples = [*samples, *self._canary.samples()]
        parts = [*samples, *self._own_samples()]
        snapshot = take_snapshot(parts, self.view.max_series, self._collection.outcomes.failures, at=self._seen_at)
        if self.compresses:
            snapshot.compressed.begin()
        self.snapshot = snapshot
        self._first.set()

    def _own_samples(self) -> Iterator[Sample]:
        yield Sample(of.EXPORTER_INFO, (self._version,), 1)
        yield from self._collection.outcomes.samples()
        for request, count in self._requests.items():
            yield Sample(of.REQUESTS, (request,), count)

    def _tell(self) -> None:
        """Say what a collector cannot read, again only where that changes, and once that all read all again."""
        failing = {name: each.told for name, each in self._collection.outcomes.of.items() if each.failures}
        reasons = {name: WHO_SAID_IT.sub("", told) for name, told in failing.items()}
        for name in sorted(failing):
            if reasons[name] != self._told.get(name):
                self._said(f"{name}: {failing[name]}")
        if self._told and not failing:
            self._said("all collectors read all again")
        self._told = reasons
