"""The exporter as a spec wants it: what it looks at, as whom, and who may ask it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from ottla.errors import LocalError
from ottla.local.guards import not_running
from ottla.metrics.lag import Isolation
from ottla.platform.restart import is_paused_or_gone
from ottla.secrets import resolve
from ottla.spec import client_profile
from ottla.telemetry.canary import Canary
from ottla.telemetry.exporter import Exporter
from ottla.telemetry.server import Certificate, Guard, Server
from ottla.telemetry.view import Names, View
from ottla.telemetry.watching import counted_nodes, read_committed_groups

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from opentelemetry.trace import Tracer

    from ottla.kafka.connection import Connection
    from ottla.platform.access import Access
    from ottla.platform.local import LocalPlatform
    from ottla.spec import EnvironmentSpec
    from ottla.spec.exporter import CanarySpec, ExporterSpec

LISTENS = "metrics: "  # what the command says once it does
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


def view_of_environment(spec: EnvironmentSpec, exporter: ExporterSpec) -> View:
    """The same with what the spec says of groups and nodes: how many brokers and voters there should be."""
    nodes = counted_nodes(spec)
    isolation = dict.fromkeys(read_committed_groups(spec, exporter), Isolation.READ_COMMITTED)
    return replace(view_of(exporter), isolation=isolation, brokers=nodes.brokers, voters=nodes.voters)


def as_described(spec: EnvironmentSpec, reach: Callable[[], Access]) -> Access:
    """The cluster of an environment as it is reached from where this runs: its clients are as the spec has them."""
    return replace(reach(), name=spec.cluster.name, profile=client_profile(spec))


def make_exporter(
    reach: Callable[[], Access],
    view: View,
    said: Callable[[str], None],
    canary: CanarySpec | None = None,
    *,
    tracer: Tracer | None = None,
) -> Exporter:
    """The exporter of a cluster, with its ``canary`` (traced by ``tracer``) if that is on.

    A node that is silent is given up after an interval, or ten seconds: so long may each try to reach one take.

    ``reach`` is asked anew for each connection: while the exporter runs, a platform may be locked, or move to other ports.
    """

    @contextmanager
    def connect() -> Iterator[Connection]:
        patience = min(LONGEST_REQUEST, view.interval)
        with replace(reach(), timeout=max(SHORTEST_START, patience), request_timeout=patience).connected() as connection:
            yield connection

    access = reach()
    flying = Canary(access.settings, access.profile, canary, tracer=tracer) if canary is not None and canary.enabled else None
    return Exporter(connect, view, canary=flying, said=said)


def refuse_stopped(platform: LocalPlatform) -> None:
    """Raise LocalError at once where no broker runs: to be told by their silence takes a quarter of a minute."""
    running = platform.cluster.running()
    brokers = [node.node_id for node in platform.cluster.made().nodes if node.is_broker]
    if all(is_paused_or_gone(running.get(node_id)) for node_id in brokers):
        raise LocalError(not_running(brokers), hint="see what runs: ottla status; start it: ottla up")


def make_server(exporter: Exporter, spec: ExporterSpec, folder: Path) -> Server:
    """Its port, as the spec guards it; relative paths of secrets begin in ``folder``. Raises LocalError, OttlaError."""
    guard, certificate = None, None
    if spec.basic_auth is not None:
        guard = Guard(spec.basic_auth.user, resolve(spec.basic_auth.password, environ=os.environ, folder=folder))
    if spec.tls is not None:
        chain, key = (resolve(each, environ=os.environ, folder=folder) for each in (spec.tls.certificate, spec.tls.key))
        certificate = Certificate(chain, key)
    return Server(exporter, *spec.listen, guard=guard, certificate=certificate)
