"""The exporter that `up` runs beside the nodes: started, started anew where it was started with what holds no more, ended.

A digest of what it was started with is among the variables of its process, so that nothing stale is left behind by one that
was killed.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ottla.errors import LocalError
from ottla.files import explained
from ottla.kafka.settings import SECRETS
from ottla.local.companion import Companion
from ottla.local.log_lines import level_of, message_of
from ottla.local.ports import EVERY_ADDRESS, LOOPBACK, listening
from ottla.local.processes import environment_of, is_alive, is_paused
from ottla.model.log_format import LogFormat
from ottla.model.secret import Secret
from ottla.platform.exporting import LISTENS
from ottla.secrets import resolve
from ottla.telemetry.ecs import ERROR
from ottla.telemetry.tracing import PREFIX as OPENTELEMETRY
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import psutil

    from ottla.kafka.settings import ClientSettings
    from ottla.local.record import ClusterRecord
    from ottla.model.secret import SecretReference
    from ottla.platform.local import LocalPlatform
    from ottla.spec.exporter import ExporterSpec, Listen

STARTED_WITH = "OTTLA_EXPORTER_STARTED_WITH"  # the variable that holds the digest
START_TIMEOUT = 30.0
DIGITS = 32
OWN_ERROR = "ottla: "  # how a command begins to say why it ends


class _Call(NamedTuple):
    """How the exporter is started."""

    arguments: Sequence[str]
    environment: Mapping[str, str]

    def started(self, companion: Companion, process: psutil.Process) -> bool:
        """Whether a process was started in this way, and hears what it is asked."""
        same = environment_of(process).get(STARTED_WITH) == self.environment[STARTED_WITH]
        return same and companion.arguments_of(process) == list(self.arguments) and not is_paused(process)


def exporter_process(platform: LocalPlatform) -> Companion:
    """The exporter that `up` runs beside the nodes of an environment."""
    return Companion("exporter", platform.folder)


def where_it_listens(platform: LocalPlatform) -> str:
    """The URL that Prometheus is told."""
    exporter = platform.spec.exporter
    return exporter.listen.url(tls=exporter.tls is not None)


def keep_running(platform: LocalPlatform, file: Path) -> str | None:
    """Run the exporter beside the nodes if the spec says so, and end it if not; where it listens, if it runs.

    One that was started with something else than what holds now is started anew. Raises LocalError where it does not come up.
    """
    with platform.cluster.lock():
        companion = exporter_process(platform)
        if not platform.spec.exporter.enabled:
            companion.stop()
            return None
        process = companion.find()
        written = ["--log-format", LogFormat.ECS.value] if platform.spec.logs.format is LogFormat.ECS else []
        arguments = ["--file", str(file.resolve()), "--environment", platform.environment, *written]
        call = _call(platform, arguments, variables_for(process, traces=False))
        if process is None or not call.started(companion, process):
            companion.stop()
            _start(platform, call)
        return where_it_listens(platform)


def refuse_taken_port(platform: LocalPlatform) -> None:
    """Raise LocalError, naming both, where a node of the environment or another environment's exporter has the port."""
    listen = platform.spec.exporter.listen
    by = node_on(listen, platform.cluster.made()) or _exporter_on(listen, platform.folder)
    if by is not None:
        raise LocalError(
            f"exporter.listen of {platform.environment} is {listen.host}:{listen.port}, and there listens {by}",
            hint="the nodes run; give the exporter another port in the spec, then: ottla up",
        )


def node_on(listen: Listen, record: ClusterRecord) -> str | None:
    """The node, or its JMX agent, that has that port, whether it runs or not; None where none has."""
    for node in record.nodes:
        if listen.port in node.ports and _meet(listen.host, node.host):
            return f"node {node.node_id}"
        if listen.port == node.jmx_port and _meet(listen.host, LOOPBACK):
            return f"the JMX agent of node {node.node_id}"
    return None


def _exporter_on(listen: Listen, folder: Path) -> str | None:
    for other in sorted(folder.parent.iterdir()):
        process = Companion("exporter", other).find() if other.is_dir() and other != folder else None
        if process is not None and any(port == listen.port and _meet(listen.host, host) for host, port in listening(process)):
            return f"the exporter of {other.name}"
    return None


def _meet(one: str, other: str) -> bool:
    """Whether two servers cannot have the same port on these addresses."""
    return one == other or bool({one, other} & set(EVERY_ADDRESS)) or {one, other} <= {LOOPBACK, "localhost"}


def renew(platform: LocalPlatform) -> bool:
    """Start the exporter anew if it runs, and with what holds no more, as after a change of its password; whether it did.

    Raises LocalError where it does not come up.
    """
    with platform.cluster.lock():
        companion = exporter_process(platform)
        process = companion.find()
        if process is None:
            return False
        call = _call(platform, companion.arguments_of(process), variables_for(process))
        if call.started(companion, process):
            return False
        companion.stop()
        _start(platform, call)
        return True


def _call(platform: LocalPlatform, arguments: Sequence[str], environment: Mapping[str, str]) -> _Call:
    if platform.spec.exporter.basic_auth or platform.spec.exporter.tls or platform.cluster.made().any_secured:
        platform.identity.store.ensure_key()  # or versions of secrets would be other ones in each call
    return _Call(arguments, {**environment, STARTED_WITH: started_with(platform, environment)})


def variables_for(process: psutil.Process | None, *, traces: bool = True) -> dict[str, str]:
    """The variables of an exporter: those of this process, and what is not set here as the one that runs was given it.

    Without ``traces`` where they are sent is not taken from that one: what is not set here holds no more.
    """
    given = {} if process is None else environment_of(process)
    kept = given if traces else {name: value for name, value in given.items() if not name.startswith(OPENTELEMETRY)}
    return {**kept, **os.environ}


def started_with(platform: LocalPlatform, environ: Mapping[str, str]) -> str:
    """A digest of all that an exporter takes up when it starts: it is the same while another start would change nothing.

    Secrets are in it by their versions. Raises LocalError where one leads nowhere, UsageError for a user that is not there.
    """
    spec, version_of = platform.spec.exporter, platform.identity.store.version_of
    access, view = platform.working_as(None).access(spec.user), platform.view(spec)
    taken_up = {
        "ottla": version("ottla"),
        "exporter": spec.model_dump(mode="json", exclude={"enabled"}),
        "expected": [view.brokers, view.voters],
        "isolation": view.isolation,
        "cluster": [access.cluster_id, *access.settings.bootstrap_servers],
        "profile": asdict(access.profile),
        "login": dict(_without_secrets(access.settings, version_of)),
        "traces": sorted((name, value) for name, value in environ.items() if name.startswith(OPENTELEMETRY)),
        "secrets": [version_of(resolve(each, environ=environ, folder=platform.identity.folder)) for each in _references(spec)],
    }
    return hashlib.sha256(json.dumps(taken_up, sort_keys=True).encode()).hexdigest()[:DIGITS]


def _references(spec: ExporterSpec) -> Iterator[SecretReference]:
    if spec.basic_auth is not None:
        yield spec.basic_auth.password
    if spec.tls is not None:
        yield from (spec.tls.certificate, spec.tls.key)


def _without_secrets(settings: ClientSettings, version_of: Callable[[Secret], str]) -> Iterator[tuple[str, list[str]]]:
    """The settings of a client; a secret, and what is in a file, by its version."""
    for key, value in settings.connection.items():
        if key in SECRETS:
            yield key, [version_of(Secret(value))]
        elif key.endswith(".location"):
            with explained("read", Path(value)):
                yield key, [value, version_of(Secret(Path(value).read_text()))]
        else:
            yield key, [value]


def _start(platform: LocalPlatform, call: _Call) -> None:
    refuse_taken_port(platform)
    companion = exporter_process(platform)
    started = companion.start(call.arguments, call.environment)

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
        raise LocalError(
            f"the exporter does not run: {why_ended(said)}",
            where=str(companion.output),
            hint="the nodes do; mend it, then: ottla up",
        )


def why_ended(said: str) -> str:
    """Why an exporter ended: the last error that it said, or else the last line, and not a note from before."""
    lines = said.strip().splitlines()
    errors = [line for line in lines if line.startswith(OWN_ERROR) or level_of(line) == ERROR]
    if not lines:
        return "it said nothing"
    return message_of((errors or lines)[-1]).removeprefix(OWN_ERROR)
