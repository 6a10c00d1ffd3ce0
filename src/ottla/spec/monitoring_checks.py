"""Faults between the keys of monitoring and the rest of an environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.model.units import format_duration
from ottla.spec.faults import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.spec.document import Path
    from ottla.spec.schema import EnvironmentSpec

LEAST_SCRAPES = 2  # one bad sample is no alert


def monitoring_problems(spec: EnvironmentSpec) -> Iterator[tuple[Path, str]]:
    """What the keys of monitoring say against one another, or against the spec."""
    monitoring = spec.monitoring
    known = spec.consumer_groups
    for name in monitoring.lag.groups:
        if known and name not in known:
            message = f"no user of the spec reads as the group {name}; {did_you_mean(name, known)}"
            yield ("monitoring", "lag", "groups", name), message
    interval = max(monitoring.prometheus.scrape_interval, spec.exporter.interval)
    if monitoring.lag.lasting < LEAST_SCRAPES * interval:
        key = "exporter.interval" if spec.exporter.interval == interval else "monitoring.prometheus.scrape_interval"
        least = format_duration(LEAST_SCRAPES * interval)
        yield ("monitoring", "lag", "for"), f"is less than two of {key}: one look decides nothing, {least} is the least"
    yield from _taken_ports(spec)


def _taken_ports(spec: EnvironmentSpec) -> Iterator[tuple[Path, str]]:
    """One port has one server; the default of the exporter is looked at too, as it may be switched on."""
    listens: list[tuple[Path, int]] = [
        (("exporter", "listen"), spec.exporter.listen.port),
        (("monitoring", "prometheus", "listen"), spec.monitoring.prometheus.listen.port),
        (("monitoring", "alertmanager", "listen"), spec.monitoring.alertmanager.listen.port),
    ]
    for index, (path, port) in enumerate(listens):
        for other, taken in listens[:index]:
            if port == taken:
                yield path, f"{'.'.join(map(str, other))} has the port {port} already"
