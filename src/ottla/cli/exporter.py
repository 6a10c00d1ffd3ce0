"""`ottla exporter`: what Prometheus asks."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ottla.cli.on_cluster import AsUser, BootstrapServer, CommandConfig, Properties, open_access
from ottla.cli.output import note
from ottla.cli.running import (
    DEFAULT_FILE,
    INTERRUPTED,
    WANTING,
    Environment,
    SpecFile,
    explained,
    open_platform,
    with_options,
    write_no_more,
)
from ottla.errors import OttlaError, UsageError
from ottla.model.log_format import LogFormat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ottla.cli.on_cluster import Reach
    from ottla.platform import LocalPlatform
    from ottla.spec import EnvironmentSpec
    from ottla.spec.exporter import ExporterSpec
    from ottla.telemetry.exporter import Exporter
    from ottla.telemetry.view import View

MOST_TOLD = 10
LOOK_UP = 0.5  # seconds
FIRST_ROUND = 10.0  # seconds; a cluster that cannot be reached by then is told in the metrics


@explained
def command(
    file: SpecFile = DEFAULT_FILE,
    environment: Environment = None,
    bootstrap_server: BootstrapServer = None,
    command_config: CommandConfig = None,
    properties: Properties = None,
    as_user: AsUser = None,
    listen: Annotated[
        str | None,
        typer.Option("--listen", help="Where to listen; else as `exporter.listen` says.", metavar="HOST:PORT"),
    ] = None,
    interval: Annotated[
        str | None, typer.Option("--interval", help="How often to look; else as `exporter.interval` says.", metavar="DURATION")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Look once, print what a scrape would get, and end.")] = False,
    log_format: Annotated[
        LogFormat, typer.Option("--log-format", help="Say what happens in lines, or in JSON (Elastic Common Schema).")
    ] = LogFormat.TEXT,
) -> int:
    """Give metrics of the cluster to Prometheus, lag in seconds among them, until Ctrl-C.

    The cluster is looked at in the background; a scrape gets what was seen last, and how old it is. A user with
    `monitor: true` may see all that it gives. With -e beside --bootstrap-server or --command-config, what is looked at is as the
    spec says, and the cluster is reached as those say: so it runs in Kubernetes.
    """
    from ottla.platform.exporting import make_exporter
    from ottla.telemetry.tracing import tracing

    changes = _changes(listen, interval)
    if bootstrap_server is None and command_config is None:
        looked = _here(file, environment, properties, as_user, changes, once=once)
    else:
        reach = partial(open_access, file, None, bootstrap_server, command_config, properties, as_user)
        looked = _elsewhere(file, environment, reach, changes)
    if once:
        return _print_once(make_exporter(looked.reach, looked.view, _say))
    with _telling(log_format, looked.labels) as (told, warned), tracing(os.environ, warned) as tracer:
        exporter = make_exporter(looked.reach, looked.view, warned, looked.spec.canary, tracer=tracer)
        return _serve(exporter, looked.spec, looked.folder, told)


@dataclass(frozen=True, slots=True)
class _Looked:
    """What an exporter looks at, and how it gets there. Relative paths of the secrets that ``spec`` names begin in ``folder``."""

    spec: ExporterSpec
    view: View
    reach: Reach
    folder: Path
    labels: Mapping[str, str]


def _here(
    file: Path,
    environment: str | None,
    properties: list[str] | None,
    as_user: str | None,
    changes: Mapping[str, object],
    *,
    once: bool,
) -> _Looked:
    """A platform on this machine. Where it is looked at ``once``, and does not run, that is said at once."""
    from ottla.platform.exporting import refuse_stopped

    platform = open_platform(file, environment)
    spec = _changed(platform.spec.exporter, changes)
    if once:
        refuse_stopped(platform)
    reach = partial(open_access, file, environment, None, None, properties, as_user or spec.user)
    return _Looked(spec, platform.view(spec), reach, file.resolve().parent, _labels(platform.environment, platform.spec))


def _elsewhere(file: Path, environment: str | None, reach: Reach, changes: Mapping[str, object]) -> _Looked:
    """Any cluster that can be reached; if it is that of an environment, as its spec says, wherever it lies."""
    from ottla.platform import Platform
    from ottla.platform.exporting import as_described, view_of, view_of_environment
    from ottla.spec.exporter import ExporterSpec

    if environment is None:
        spec = _changed(ExporterSpec(), changes)
        return _Looked(spec, view_of(spec), reach, Path(), {})
    name, whole = Platform.load(file).spec.environment(environment)
    spec = _changed(whole.exporter, changes)
    described = partial(as_described, whole, reach)
    return _Looked(spec, view_of_environment(whole, spec), described, file.resolve().parent, _labels(name, whole))


def _changed(exporter: ExporterSpec, changes: Mapping[str, object]) -> ExporterSpec:
    """The exporter as its options say it. Raises UsageError where they would show its password."""
    from ottla.spec.exporter_checks import shown_password

    spec = exporter.model_copy(update=dict(changes))
    shown = shown_password(spec)
    if shown is not None:
        raise UsageError(f"--listen {spec.listen.host}:{spec.listen.port}: {shown}")
    return spec


def _labels(environment: str, spec: EnvironmentSpec) -> dict[str, str]:
    """What is said of the cluster in each event of the log."""
    return {"cluster": spec.cluster.name, "environment": environment}


@contextmanager
def _telling(log_format: LogFormat, labels: Mapping[str, str]) -> Iterator[tuple[Callable[[str], None], Callable[[str], None]]]:
    """How what happens is told, and what goes wrong. In JSON that is also how this process ends, if it does not end well."""
    if log_format is LogFormat.TEXT:
        yield (lambda text: _print(f"{text}\n")), _say
        return
    from ottla.telemetry.ecs import EcsLog

    log = EcsLog(sys.stdout, logger="ottla.exporter", labels=labels)
    try:
        yield log.info, lambda text: log.warning(with_options(text))
    except OttlaError as error:
        log.failed(with_options(str(error)), error)
        raise typer.Exit(error.exit_code) from None
    except Exception as bug:  # noqa: BLE001  (whoever reads this log gets it in one event)
        log.failed(str(bug), bug)
        raise typer.Exit(OttlaError.exit_code) from None


def renew_exporters(file: Path, platform: LocalPlatform) -> None:
    """Start exporters anew that `up` runs, and that a change leaves with what holds no more.

    They are that of the environment, and those in its cluster: they may log in as its administrator. One that does not come up
    is told: what was changed is changed, and the others are started all the same.
    """
    from ottla.platform import Platform
    from ottla.platform.exporter_process import renew
    from ottla.platform.monitoring import keep_monitoring, watched

    loaded = Platform.load(file)
    for name in (platform.environment, *platform.neighbours):
        with _noting(f"the exporter of {name} was not started anew"):
            if renew(loaded.on(name)):
                _say(f"the exporter of {name} was started anew, with what is new")
        with _noting(f"the monitoring of {name} is as it was"):
            kept = keep_monitoring(watched(loaded.on(name), wanted=False), wanted=False)
            if kept is not None and kept[1]:
                _say(f"the monitoring of {name} has the rules of the spec as it is now")


@contextmanager
def _noting(what: str) -> Iterator[None]:
    """Tell of an error, and go on."""
    try:
        yield
    except OttlaError as error:
        _say(f"{what}: {error}")


def _changes(listen: str | None, interval: str | None) -> dict[str, object]:
    """The keys of the spec that the options say otherwise."""
    from ottla.spec.exporter import parse_interval, parse_listen

    return {
        **({"listen": _parsed("--listen", listen, parse_listen)} if listen else {}),
        **({"interval": _parsed("--interval", interval, parse_interval)} if interval else {}),
    }


def _parsed(option: str, text: str, parse: Callable[[str], object]) -> object:
    try:
        return parse(text)
    except ValueError as error:
        raise UsageError(f"{option} {text}: {error}") from None


def _print_once(exporter: Exporter) -> int:
    snapshot = exporter.collect_once()
    _print(snapshot.scrape().decode())
    for failure in snapshot.failures[:MOST_TOLD]:
        _say(failure)
    if len(snapshot.failures) > MOST_TOLD:
        _say(f"and {len(snapshot.failures) - MOST_TOLD} more")
    return WANTING if snapshot.failures else 0


def _serve(exporter: Exporter, spec: ExporterSpec, folder: Path, told: Callable[[str], None]) -> int:
    from ottla.platform.exporting import LISTENS, make_server

    server = make_server(exporter, spec, folder)
    exporter.start()
    exporter.wait_first(FIRST_ROUND)
    server.start()
    told(f"{LISTENS}{server.url}")
    try:
        while not threading.Event().wait(LOOK_UP):
            pass  # a signal that another thread was given wakes nobody, and is seen now
    except KeyboardInterrupt:
        return INTERRUPTED  # how it ends: nothing to explain
    finally:
        server.close()
        exporter.close()
    return 0


def _print(text: str) -> None:
    """Write to stdout; a reader that went away changes neither what was found nor who is served."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        write_no_more()


def _say(failure: str) -> None:
    note(with_options(f"  {failure}"))
