"""`ottla monitoring`: the alerts of an environment, and the files of Prometheus, Alertmanager and Grafana."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path  # noqa: TC003  (typer reads the annotations)
from typing import TYPE_CHECKING, Annotated

import typer

from ottla.cli.output import Output, OutputOption, note, print_document, print_table
from ottla.cli.running import DEFAULT_FILE, Environment, SpecFile, explained, open_platform, with_options
from ottla.errors import LocalError, OttlaError, UsageError

if TYPE_CHECKING:
    from ottla.metrics.alert import Alert, Pace
    from ottla.metrics.alerts import Alerting
    from ottla.platform import LocalPlatform


@explained
def command(
    file: SpecFile = DEFAULT_FILE,
    environment: Environment = None,
    folder: Annotated[
        Path | None, typer.Option("--directory", "-d", help="Write the files into this folder.", metavar="DIR")
    ] = None,
    scale: Annotated[
        float, typer.Option("--scale", help="For tests: alerts fire so many times as quickly.", metavar="NUMBER")
    ] = 1.0,
    force: Annotated[bool, typer.Option("--force", help="Also over files that Ottla did not write.")] = False,
    output: OutputOption = Output.TABLE,
) -> int:
    """Show the alerts of an environment, or write prometheus.yml, rules.yml, alertmanager.yml and dashboards for it.

    Numbers in them (brokers, voters, limits of groups) are those of the spec; where to ask is as the cluster runs here. While the
    environment is monitored its exporter runs, whatever the spec says: alerts are those of both.
    """
    from ottla.platform.monitoring import watched
    from ottla.platform.monitoring_files import alerts

    if not 1 <= scale < float("inf"):
        raise UsageError(f"--scale {scale:g}: expected 1 or more")
    platform = watched(open_platform(file, environment), wanted=False)
    alerting = alerts(platform)
    if folder is not None:
        _write(platform, folder, scale, force=force)
    elif output is Output.TABLE:
        _show(alerting, scale)
    else:
        print_document("alerts", _data(alerting, scale), output)
        return 0
    for each in alerting.left_out:
        note(with_options(f"  left out: {each.name}: {each.why}"))
    if alerting.left_out and not platform.spec.exporter.enabled:
        note(with_options("  `ottla up --with monitoring` switches the exporter on, and the alerts that read it"))
    return 0


def _write(platform: LocalPlatform, folder: Path, scale: float, *, force: bool) -> None:
    from ottla.files import write_atomic
    from ottla.platform.monitoring_files import documents, needed_files

    files = documents(platform, scale=scale) | _dashboards(platform)
    for path in (folder / name for name in files):
        if _is_foreign(path) and not force:
            raise LocalError(
                "is there, and Ottla did not write it; nothing was written",
                where=str(path),
                hint="choose another folder, or write over it: --force",
            )
    for name, text in files.items():
        write_atomic(folder / name, text)
        typer.echo(str(folder / name))
    for name, reference in needed_files(platform).items():
        note(f"  put what is in {reference} into {folder / name}, readable for Prometheus alone: it reads no variables")


def _dashboards(platform: LocalPlatform) -> dict[str, str]:
    """Without what writes them the other files are of use too."""
    from ottla.platform.dashboards import FOLDER, dashboard_documents

    try:
        return {f"{FOLDER}/{name}": text for name, text in dashboard_documents(platform).items()}
    except OttlaError as missing:
        note(f"  left out: {missing.message}; {missing.hint}")
        return {}


def _is_foreign(path: Path) -> bool:
    """Whether there is a file that Ottla did not write."""
    from ottla import files
    from ottla.platform.monitoring_files import is_ours

    with files.explained("read", path):
        return path.exists() and not is_ours(path.name, path.read_text(encoding="utf-8", errors="replace"))


def _show(alerting: Alerting, scale: float) -> None:
    from ottla.metrics.alert import Pace

    pace = Pace(scale)
    rows = [(alert.name, str(alert.severity), _for(alert, pace), pace.expression(alert)) for alert in alerting.alerts]
    print_table(("ALERT", "SEVERITY", "FOR", "WHEN"), rows)


def _for(alert: Alert, pace: Pace) -> str:
    from ottla.metrics.alert import prometheus_time

    lasting = pace.lasting(alert)
    return prometheus_time(lasting) if lasting else "at once"


def _times(alert: Alert, pace: Pace) -> dict[str, str]:
    """As in a rule: what is 0 is not said."""
    from ottla.metrics.alert import prometheus_time

    times = {"for": pace.lasting(alert), "keep_firing_for": pace.keep(alert)}
    return {name: prometheus_time(time) for name, time in times.items() if time}


def _data(alerting: Alerting, scale: float) -> dict[str, object]:
    from ottla.metrics.alert import Pace

    pace = Pace(scale)
    return {
        "alerts": [
            {
                "alert": alert.name,
                "severity": str(alert.severity),
                "about": str(alert.about),
                "expression": pace.expression(alert),
                **_times(alert, pace),
                "summary": alert.summary,
                "description": alert.description,
                "runbook": alert.anchor,
                "silences": list(alert.silences),
            }
            for alert in alerting.alerts
        ],
        "left_out": [asdict(each) for each in alerting.left_out],
    }
