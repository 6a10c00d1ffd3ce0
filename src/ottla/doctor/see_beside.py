"""What should run beside the nodes, and whether it does: the exporter, Prometheus, Alertmanager."""

from __future__ import annotations

import ssl
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING

from ottla.doctor.evidence import BesideSeen
from ottla.local.ports import EVERY_ADDRESS, LOOPBACK
from ottla.platform.exporter_process import exporter_process
from ottla.platform.monitoring import monitoring_of, watched

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.platform import LocalPlatform
    from ottla.spec.exporter import Listen

PATIENCE = 3.0  # seconds
HEALTH = "/healthz"  # needs no password; whatever is answered, somebody does


def see_beside(platform: LocalPlatform) -> Iterator[BesideSeen]:
    """What is wanted: by the spec, or because it ran before and nobody ended it."""
    monitoring = monitoring_of(platform)
    exporter = watched(platform, wanted=False).spec.exporter
    if exporter.enabled:
        companion = exporter_process(platform)
        process = companion.find()
        answers = process is not None and _answers(exporter.listen, tls=exporter.tls is not None)
        yield BesideSeen("exporter", process and process.pid, answers, _where(exporter.listen), str(companion.output))
    if monitoring.is_wanted():
        for daemon in reversed(monitoring.daemons):
            process = daemon.find()
            answers = process is not None and _answers(daemon.listen, tls=False)
            yield BesideSeen(daemon.name, process and process.pid, answers, _where(daemon.listen), str(daemon.companion.output))


def _where(listen: Listen) -> str:
    return f"{listen.host}:{listen.port}"


def _answers(listen: Listen, *, tls: bool) -> bool:
    """Whether it says anything: the kernel takes connections for a process that hangs, too."""
    host = LOOPBACK if listen.host in EVERY_ADDRESS else listen.host
    if tls:
        unverified = ssl.create_default_context()
        unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE  # it is asked whether it lives, and nothing else
        client: HTTPConnection = HTTPSConnection(host, listen.port, timeout=PATIENCE, context=unverified)
    else:
        client = HTTPConnection(host, listen.port, timeout=PATIENCE)
    try:
        with closing(client):
            client.request("GET", HEALTH)
            client.getresponse().read()
    except (OSError, HTTPException):
        return False
    return True
