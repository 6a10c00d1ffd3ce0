"""Whether the exporter beside the nodes runs as the spec says, and sees the cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.errors import OttlaError
from ottla.local.processes import environment_of, is_paused
from ottla.platform.exporter_process import STARTED_WITH, exporter_process, started_with, variables_for, where_it_listens
from ottla.reconcile import Check
from ottla.secrets import resolve
from ottla.telemetry.probe import is_healthy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ottla.platform.local import LocalPlatform


def exporter_checks(platform: LocalPlatform) -> tuple[Check, ...]:
    """One check where the spec has `up` run the exporter, else none."""
    if not platform.spec.exporter.enabled:
        return ()
    return (Check("exporter", "fresh", where_it_listens(platform), _wanting(platform)),)


def _wanting(platform: LocalPlatform) -> str | None:
    companion = exporter_process(platform)
    process = companion.find()
    if process is None:
        return "it does not run; start it: ottla up"
    if is_paused(process):
        return "it is paused (SIGSTOP); start it anew: ottla up"
    environ = variables_for(process)
    try:
        if environment_of(process).get(STARTED_WITH) != started_with(platform, environ):
            return "it was started with what holds no more; start it anew: ottla up"
        healthy = _is_healthy(platform, environ)
    except OttlaError as error:
        return error.message
    return None if healthy else f"it does not see the cluster; see why: {companion.output}"


def _is_healthy(platform: LocalPlatform, environ: Mapping[str, str]) -> bool:
    spec, folder = platform.spec.exporter, platform.identity.folder
    chain = None if spec.tls is None else resolve(spec.tls.certificate, environ=environ, folder=folder)
    return is_healthy(spec.listen, chain)
