"""`ottla exporter`: what Prometheus asks."""

from __future__ import annotations

import sys
import threading
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
from ottla.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ottla.platform import LocalPlatform
    from ottla.spec.exporter import ExporterSpec
    from ottla.telemetry.exporter import Exporter

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
) -> int:
    """Give metrics of the cluster to Prometheus, lag in seconds among them, until Ctrl-C.

    The cluster is looked at in the background; a scrape gets what was seen last, and how old it is. A user with
    `monitor: true` may see all that it gives.
    """
    from ottla.platform.exporting import make_exporter, refuse_stopped, view_of
    from ottla.spec.exporter import ExporterSpec, parse_interval, parse_listen
    from ottla.spec.exporter_checks import shown_password

    changes = {
        **({"listen": _parsed("--listen", listen, parse_listen)} if listen else {}),
        **({"interval": _parsed("--interval", interval, parse_interval)} if interval else {}),
    }
    if bootstrap_server is None and command_config is None:
        platform = open_platform(file, environment)
        spec = platform.spec.exporter.model_copy(update=changes)
        shown = shown_password(spec)
        if shown is not None:
            raise UsageError(f"--listen {listen}: {shown}")
        if once:
            refuse_stopped(platform)
        as_user, view, folder = as_user or spec.user, platform.view(spec), file.resolve().parent
    else:
        spec = ExporterSpec().model_copy(update=changes)
        view, folder = view_of(spec), Path()
    reach = partial(open_access, file, environment, bootstrap_server, command_config, properties, as_user)
    exporter = make_exporter(reach, view, _say, None if once else spec.canary)
    return _print_once(exporter) if once else _serve(exporter, spec, folder)


def renew_exporters(file: Path, platform: LocalPlatform) -> None:
    """Start exporters anew that `up` runs, and that a change leaves with what holds no more.

    They are that of the environment, and those in its cluster: they may log in as its administrator. Raises LocalError where
    one does not come up.
    """
    from ottla.platform import Platform
    from ottla.platform.exporter_process import renew
    from ottla.platform.monitoring import keep_monitoring, watched

    loaded = Platform.load(file)
    for name in (platform.environment, *platform.neighbours):
        there = loaded.on(name)
        if renew(there):
            _say(f"the exporter of {name} was started anew, with what is new")
        kept = keep_monitoring(watched(there, wanted=False), wanted=False)
        if kept is not None and kept[1]:
            _say(f"the monitoring of {name} has the rules of the spec as it is now")


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


def _serve(exporter: Exporter, spec: ExporterSpec, folder: Path) -> int:
    from ottla.platform.exporting import LISTENS, make_server

    server = make_server(exporter, spec, folder)
    exporter.start()
    exporter.wait_first(FIRST_ROUND)
    server.start()
    _print(f"{LISTENS}{server.url}\n")
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
