"""The exporter as a spec wants it: what it looks at, as whom, and who may ask it."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from ottla.errors import LocalError
from ottla.local.companion import Companion
from ottla.local.processes import is_alive, is_paused
from ottla.metrics.lag import Isolation
from ottla.secrets import resolve
from ottla.telemetry.canary import Canary
from ottla.telemetry.exporter import Exporter
from ottla.telemetry.server import Certificate, Guard, Server
from ottla.telemetry.view import Names, View
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import psutil

    from ottla.kafka.connection import Connection
    from ottla.platform.access import Access
    from ottla.platform.local import LocalPlatform
    from ottla.spec import EnvironmentSpec
    from ottla.spec.exporter import CanarySpec, ExporterSpec

ISOLATION = "isolation.level"
LISTENS = "metrics: "  # what the command says once it does
START_TIMEOUT = 30.0
SHORTEST_START = 3.0  # seconds to log in
LONGEST_REQUEST = 10.0  # seconds; who is silent for so long is left out of a round


def view_of(exporter: ExporterSpec) -> View:
    """What the exporter looks at, as far as its own keys say it."""
    return View(
        interval=exporter.interval / 1000,
        families=frozenset(exporter.families),
        partitions=exporter.partitions,
        max_series=exporter.max_series,
        topics=Names(exporter.topics, exporter.except_topics),
        groups=Names(exporter.groups, exporter.except_groups),
        isolation=dict.fromkeys(exporter.read_committed or (), Isolation.READ_COMMITTED),
    )


def view_of_environment(spec: EnvironmentSpec, exporter: ExporterSpec, *, brokers: int, voters: int) -> View:
    """The same with what the spec says of groups and nodes: how many ``brokers`` and ``voters`` there should be."""
    named = exporter.read_committed
    if named is None:
        named = tuple(_groups(spec)) if spec.client.consumer.get(ISOLATION) == Isolation.READ_COMMITTED else ()
    isolation = {spec.full_name(name): Isolation.READ_COMMITTED for name in named}
    return replace(view_of(exporter), isolation=isolation, brokers=brokers, voters=voters)


def _groups(spec: EnvironmentSpec) -> Iterator[str]:
    for user in spec.users.values():
        if user.consumes is not None:
            yield user.consumes.group
        if user.streams is not None:
            yield user.streams.application_id


def make_exporter(
    reach: Callable[[], Access], view: View, said: Callable[[str], None], canary: CanarySpec | None = None
) -> Exporter:
    """The exporter of a cluster, with its ``canary`` if that is on. A node that is silent costs it at most an interval.

    ``reach`` is asked anew for each connection: while the exporter runs, a platform may be locked, or move to other ports.
    """

    @contextmanager
    def connect() -> Iterator[Connection]:
        patience = min(LONGEST_REQUEST, view.interval)
        with replace(reach(), timeout=max(SHORTEST_START, patience), request_timeout=patience).connected() as connection:
            yield connection

    access = reach()
    flying = Canary(access.settings, access.profile, canary) if canary is not None and canary.enabled else None
    return Exporter(connect, view, canary=flying, said=said)


def make_server(exporter: Exporter, spec: ExporterSpec, folder: Path) -> Server:
    """Its port, as the spec guards it; relative paths of secrets begin in ``folder``. Raises LocalError, OttlaError."""
    guard, certificate = None, None
    if spec.basic_auth is not None:
        guard = Guard(spec.basic_auth.user, resolve(spec.basic_auth.password, environ=os.environ, folder=folder))
    if spec.tls is not None:
        chain, key = (resolve(each, environ=os.environ, folder=folder) for each in (spec.tls.certificate, spec.tls.key))
        certificate = Certificate(chain, key)
    return Server(exporter, *spec.listen, guard=guard, certificate=certificate)


def keep_running(platform: LocalPlatform, file: Path) -> str | None:
    """Run the exporter beside the nodes if the spec says so, and end it if not; where it listens, if it runs.

    One that was started before the spec was last written is started anew. Raises LocalError where it does not come up.
    """
    with platform.cluster.lock():
        return _kept_running(platform, file)


def _kept_running(platform: LocalPlatform, file: Path) -> str | None:
    companion = exporter_process(platform)
    process, wanted = companion.find(), platform.spec.exporter.enabled
    if process is not None and (not wanted or is_paused(process) or process.create_time() < file.stat().st_mtime):
        companion.stop()
        process = None
    if not wanted:
        return None
    if process is None:
        started = companion.start(["--file", str(file.resolve()), "--environment", platform.environment])
        _wait_until_it_listens(companion, started)
    return where_it_listens(platform)


def exporter_process(platform: LocalPlatform) -> Companion:
    """The exporter that `up` runs beside the nodes of an environment."""
    return Companion("exporter", platform.folder)


def where_it_listens(platform: LocalPlatform) -> str:
    """The URL that Prometheus is told."""
    exporter = platform.spec.exporter
    return exporter.listen.url(tls=exporter.tls is not None)


def _wait_until_it_listens(companion: Companion, started: psutil.Process) -> None:
    def look() -> str:
        with suppress(OSError):
            return companion.output.read_text()
        return ""

    said = wait_until(
        lambda: (is_alive(started), look()),  # in this order: what it said last was said by then
        lambda seen: LISTENS in seen[1] or not seen[0],
        what="the exporter to listen",
        timeout=START_TIMEOUT,
        every=0.1,
        hint=f"see why: {companion.output}",
    )[1]
    if LISTENS not in said:
        reason = said.strip().splitlines()
        raise LocalError(
            f"the exporter does not run: {reason[0].removeprefix('ottla: ') if reason else 'it said nothing'}",
            where=str(companion.output),
            hint="the nodes do; mend it, then: ottla up",
        )
