"""Prometheus and Alertmanager beside the nodes of an environment: kept running with files made of the spec, and looked at."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ottla.files import PRIVATE_FILE, PUBLIC_FILE, explained, private_folder, write_atomic
from ottla.metrics.alertmanager import WATCHDOG
from ottla.platform.exporter_process import exporter_process, node_on
from ottla.platform.monitoring_files import CA_FILE, PASSWORD_FILE, needed_files
from ottla.platform.monitoring_files import documents as documents_of
from ottla.secrets import resolve
from ottla.telemetry.alertmanager import alertmanager
from ottla.telemetry.prometheus import prometheus

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from ottla.model.secret import Secret
    from ottla.platform.local import LocalPlatform
    from ottla.telemetry.daemon import Daemon

FOLDER = "monitoring"
STAGED = ".new-"  # how the name of a folder begins that files are checked in


@dataclass(frozen=True, slots=True)
class Server:
    """One of the two, as it is seen now. ``pid`` and ``uptime`` (seconds) are None where it does not run."""

    name: str
    url: str
    pid: int | None
    uptime: float | None


@dataclass(frozen=True, slots=True)
class MonitoringStatus:
    """What monitors an environment. ``targets`` are those that Prometheus asks and ``up`` those that answered it last.

    ``firing`` are the names of alerts; both are None where Prometheus does not answer.
    """

    servers: tuple[Server, ...]
    up: int | None
    targets: int | None
    firing: tuple[str, ...] | None

    @property
    def runs(self) -> bool:
        """Whether both run, and Prometheus answers."""
        return all(server.pid is not None for server in self.servers) and self.targets is not None


@dataclass(frozen=True, slots=True)
class Monitoring:
    """The two servers of an environment, and where their files are."""

    folder: Path
    prometheus: Daemon
    alertmanager: Daemon

    @property
    def daemons(self) -> tuple[Daemon, Daemon]:
        """Both; the one that is told of alerts first."""
        return self.alertmanager, self.prometheus

    def is_wanted(self) -> bool:
        """Whether both should run: one does, or nothing but the end of the machine ended them (`stop` takes the file away)."""
        return (self.folder / self.prometheus.config).exists() or any(daemon.find() is not None for daemon in self.daemons)

    def require_programs(self) -> None:
        """Raise LocalError, with how to install them, where one of the programs is missing."""
        for daemon in self.daemons:
            daemon.program.path()
            daemon.checker.path()

    def install(self, documents: Mapping[str, str], secrets: Mapping[str, Secret]) -> bool:
        """Put the files in their places; whether one changed. Those that a checker refuses replace none (LocalError).

        ``secrets`` are files that only Prometheus reads, and their owner; those that are needed no more are removed.
        """
        private_folder(self.folder)
        private = {name: secret.reveal() for name, secret in secrets.items()}
        texts = {**private, **documents}
        self._check(texts)
        changed = [name for name, text in texts.items() if _text_of(self.folder / name) != text]
        for name in changed:
            write_atomic(self.folder / name, texts[name], mode=PRIVATE_FILE if name in private else PUBLIC_FILE)
        self._remove_secrets(kept=secrets.keys())
        return bool(changed)

    def _check(self, texts: Mapping[str, str]) -> None:
        """Raise LocalError where a checker refuses the files, before they replace any."""
        for left in self.folder.glob(f"{STAGED}*"):  # by a run that was cut off; the cluster's lock keeps others out
            shutil.rmtree(left)
        with explained("write", self.folder), tempfile.TemporaryDirectory(prefix=STAGED, dir=self.folder) as name:
            staged = Path(name)
            for file, text in texts.items():
                write_atomic(staged / file, text, mode=PRIVATE_FILE)
            for daemon in self.daemons:
                daemon.refuse_wrong(staged)

    def stop(self) -> bool:
        """End both, and remove what only Prometheus was to read, and what it is told of; whether one ran."""
        stopped = [daemon.stop() for daemon in reversed(self.daemons)]
        self._remove_secrets()
        _remove(self.folder / self.prometheus.config)
        return any(stopped)

    def _remove_secrets(self, kept: Collection[str] = ()) -> None:
        for name in (PASSWORD_FILE, CA_FILE):
            if name not in kept:
                _remove(self.folder / name)

    def status(self) -> MonitoringStatus | None:
        """How they are; None where neither is wanted."""
        if not self.is_wanted():
            return None
        targets = _data(self.prometheus, "/api/v1/targets?state=active").get("activeTargets")
        alerts = _data(self.prometheus, "/api/v1/alerts").get("alerts")
        return MonitoringStatus(
            servers=tuple(_seen(daemon) for daemon in reversed(self.daemons)),
            up=None if targets is None else sum(target["health"] == "up" for target in targets),
            targets=None if targets is None else len(targets),
            firing=None if alerts is None else _firing(alerts),
        )


def monitoring_of(platform: LocalPlatform) -> Monitoring:
    """What monitors an environment, whether it runs or not."""
    folder, spec = platform.folder / FOLDER, platform.spec.monitoring
    return Monitoring(folder, prometheus(folder, spec.prometheus.listen), alertmanager(folder, spec.alertmanager.listen))


def watched(platform: LocalPlatform, *, wanted: bool) -> LocalPlatform:
    """The platform as it is while it is monitored (``wanted``, or it was before): its exporter runs, whatever the spec says."""
    if platform.spec.exporter.enabled or not (wanted or monitoring_of(platform).is_wanted()):
        return platform
    exporter = platform.spec.exporter.model_copy(update={"enabled": True})
    return replace(platform, spec=platform.spec.model_copy(update={"exporter": exporter}))


def keep_monitoring(
    platform: LocalPlatform, *, wanted: bool, documents: Mapping[str, str] | None = None
) -> tuple[Monitoring, bool] | None:
    """Run both with files made of the spec, if that is ``wanted`` or was before; and whether anything had to be done.

    ``documents`` are other files than those of the spec. Raises LocalError where one does not come up, or refuses its files.
    """
    with platform.cluster.lock():
        monitoring = monitoring_of(platform)
        if not (wanted or monitoring.is_wanted()):
            return None
        monitoring.require_programs()
        references, folder = needed_files(platform), platform.identity.folder
        secrets = {name: resolve(each, environ=os.environ, folder=folder) for name, each in references.items()}
        changed = monitoring.install(documents_of(platform) if documents is None else documents, secrets)
        _refuse_ports_of_nodes(platform, monitoring)
        done = [daemon.keep_running() for daemon in monitoring.daemons]
        return monitoring, changed or any(done)


def stop_beside(platform: LocalPlatform) -> None:
    """End what runs beside the nodes."""
    monitoring_of(platform).stop()
    exporter_process(platform).stop()


def without_agent(platform: LocalPlatform) -> list[int]:
    """The nodes that do not run the JMX agent, which Prometheus asks about nodes."""
    record = platform.cluster.made()
    return [node.node_id for node in record.nodes if node.node_id not in record.with_jmx_agent]


def _refuse_ports_of_nodes(platform: LocalPlatform, monitoring: Monitoring) -> None:
    """A node that does not run now still has its ports."""
    from ottla.errors import LocalError

    for daemon in monitoring.daemons:
        by = node_on(daemon.listen, platform.cluster.made())
        if by is not None:
            raise LocalError(
                f"{daemon.key} of {platform.environment} is {daemon.listen.host}:{daemon.listen.port}, and there listens {by}",
                hint="the nodes run; give it another port in the spec, then: ottla up --with monitoring",
            )


def _remove(path: Path) -> None:
    with explained("remove", path):
        path.unlink(missing_ok=True)


def _text_of(path: Path) -> str | None:
    with explained("read", path):
        return path.read_text() if path.exists() else None


def _data(daemon: Daemon, path: str) -> dict[str, Any]:
    answer = daemon.ask(path)
    return answer["data"] if isinstance(answer, dict) and answer.get("status") == "success" else {}


def _firing(alerts: list[dict[str, Any]]) -> tuple[str, ...]:
    """Each by its name, once, and without the one that always fires."""
    names = {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}
    return tuple(sorted(names - {WATCHDOG}))


def _seen(daemon: Daemon) -> Server:
    process = daemon.find()
    if process is None:
        return Server(daemon.name, daemon.url, None, None)
    return Server(daemon.name, daemon.url, process.pid, max(0.0, time.time() - process.create_time()))
