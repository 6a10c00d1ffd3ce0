"""Debian's Alertmanager: how it is found, checked and started."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.telemetry.daemon import Daemon, Program

if TYPE_CHECKING:
    from pathlib import Path

    from ottla.spec.exporter import Listen

NAME = "alertmanager"
CONFIG = "alertmanager.yml"


def alertmanager(folder: Path, listen: Listen) -> Daemon:
    """The Alertmanager with its file and its silences in ``folder``. It is alone: it opens no port to find others."""
    host = f"[{listen.host}]" if ":" in listen.host else listen.host
    return Daemon(
        name=NAME,
        program=Program(("prometheus-alertmanager", NAME)),  # the first is Debian's
        checker=Program(("amtool",)),
        check=("check-config",),
        folder=folder,
        config=CONFIG,
        files=(CONFIG,),
        listen=listen,
        key="monitoring.alertmanager.listen",
        arguments=(
            f"--web.listen-address={host}:{listen.port}",
            f"--storage.path={folder.resolve() / NAME}",
            "--cluster.listen-address=",
        ),
        prefix=NAME,
    )
