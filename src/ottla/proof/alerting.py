"""The alerts of a drill: the platform's own rules, some times as quick, in a Prometheus of its own, and what of them fires."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any, Self

from ottla.errors import OttlaError
from ottla.metrics.alert import Pace
from ottla.metrics.alertmanager import WATCHDOG
from ottla.platform.exporting import make_exporter, make_server
from ottla.platform.monitoring import keep_monitoring, monitoring_of
from ottla.platform.monitoring_files import alerts, documents
from ottla.proof.checker.alerts import ALERT, FIRING, RESOLVED, UNSEEN, WATCHED
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ottla.metrics.alert import Alert
    from ottla.platform import LocalPlatform
    from ottla.proof.observing import Diary
    from ottla.telemetry.daemon import Daemon

SCALE = 10.0
EVERY = 0.5
CALM_TIMEOUT = 120.0
LOOKS = 4  # a scrape, a round of the exporter, an evaluation, and one of them late
SLACK = 5_000  # ms, on a machine that has a load and a fault to bear
UNSEEN_AFTER = 5.0  # seconds without an answer
ENDED = 10.0

Key = tuple[str, tuple[tuple[str, str], ...]]


class Alerts:
    """What fires in the Prometheus of a cluster. ``within``: in how many ms after its condition each alert must."""

    def __init__(self, prometheus: Daemon, within: dict[str, int]) -> None:
        self.within = within
        self._prometheus = prometheus

    def seen(self) -> frozenset[Key] | None:
        """Those that fire now, with their labels, but the Watchdog; None where Prometheus does not answer."""
        found = self._ask("firing")
        return None if found is None else frozenset(key for key in found if key[0] != WATCHDOG)

    def stirring(self) -> list[str] | None:
        """The names of those that fire, or are about to; the Watchdog has to. None where Prometheus does not answer."""
        found = self._ask("firing", "pending")
        return None if found is None else sorted({name for name, _ in found})

    def _ask(self, *states: str) -> list[Key] | None:
        answer: Any = self._prometheus.ask("/api/v1/alerts")
        if answer is None:
            return None
        return [_key(alert["labels"]) for alert in answer["data"]["alerts"] if alert["state"] in states]


def _key(labels: dict[str, str]) -> Key:
    told = {name: value for name, value in labels.items() if name not in ("alertname", "severity", "cluster")}
    return labels["alertname"], tuple(sorted(told.items()))


@contextmanager
def monitored(platform: LocalPlatform, said: Callable[[str], None]) -> Iterator[Alerts]:
    """Watch a cluster made for a drill; on entering, every alert is calm. Raises LocalError, WaitTimeout where that cannot be."""
    spec = platform.spec.exporter
    with ExitStack() as stack:
        exporter = make_exporter(platform.access, platform.view(spec), said)
        server = make_server(exporter, spec, platform.identity.folder)
        stack.callback(server.close)
        stack.callback(exporter.close)
        exporter.start()
        server.start()
        monitoring = monitoring_of(platform)
        stack.callback(monitoring.stop)
        said(f"starting Prometheus, with rules {SCALE:g} times as quick")
        keep_monitoring(platform, wanted=True, documents=documents(platform, scale=SCALE))
        pace = Pace(SCALE)
        within = {each.name: _within(each, pace) for each in alerts(platform).alerts}
        watched = Alerts(monitoring.prometheus, within)
        wait_until(
            watched.stirring,
            lambda names: names == [WATCHDOG],
            what="no alert to fire before anything is done",
            timeout=CALM_TIMEOUT,
            every=EVERY,
            hint="what each means: docs/how-to/runbooks.md; its limits: ottla explain monitoring",
        )
        yield watched


def _within(alert: Alert, pace: Pace) -> int:
    return pace.lasting(alert) + LOOKS * alert.step + SLACK


class AlertWatch:
    """Writes down what fires and what is resolved, in a thread of its own."""

    def __init__(self, alerts: Alerts, diary: Diary) -> None:
        self._alerts, self._diary = alerts, diary
        self._firing: frozenset[Key] = frozenset()
        self._answered = time.monotonic()
        self._trouble: str | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ottla-drill-alerts", daemon=True)

    def __enter__(self) -> Self:
        self._diary.note(WATCHED, within=self._alerts.within)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        died = not self._thread.is_alive()
        self._stop.set()
        self._thread.join(ENDED)
        silent = time.monotonic() - self._answered
        if died or silent > UNSEEN_AFTER:
            text = self._trouble or f"nobody looked at the alerts for the last {silent:.0f} s"
            with suppress(OttlaError, OSError, ValueError):  # a disk that is full, a diary that is closed
                self._diary.note(UNSEEN, text=text)

    def wait_until_calm(self) -> None:
        """Wait until nothing fires, and no longer than alerts may take; one that does not end is in the diary."""
        deadline = time.monotonic() + CALM_TIMEOUT
        while self._firing and time.monotonic() < deadline and not self._stop.wait(EVERY):
            pass

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._look()
                self._stop.wait(EVERY)
        except Exception as error:  # noqa: BLE001  (a full disk, an answer that is none: the verdict says that nobody watched)
            self._trouble = f"{type(error).__name__}: {error}"

    def _look(self) -> None:
        seen, now = self._alerts.seen(), time.monotonic()
        if seen is None:
            silent = now - self._answered
            if silent > UNSEEN_AFTER:
                self._diary.note(UNSEEN, text=f"Prometheus did not answer for {silent:.0f} s")
                self._answered = now
            return
        self._answered = now
        for state, keys in ((FIRING, seen - self._firing), (RESOLVED, self._firing - seen)):
            for name, labels in sorted(keys):
                self._diary.note(ALERT, name=name, labels=dict(labels), state=state)
        self._firing = seen
