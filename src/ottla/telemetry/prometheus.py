"""Debian's Prometheus: how it is found, checked and started."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.telemetry.daemon import Daemon, Program

if TYPE_CHECKING:
    from pathlib import Path

    from ottla.spec.exporter import Listen

NAME = "prometheus"
CONFIG, RULES = "prometheus.yml", "rules.yml"
RETENTION = "7d"


def prometheus(folder: Path, listen: Listen) -> Daemon:
    """The Prometheus with its files and its store in ``folder``."""
    host = f"[{listen.host}]" if ":" in listen.host else listen.host
    return Daemon(
        name=NAME,
        program=Program((NAME,)),
        checker=Program(("promtool",)),
        check=("check", "config"),
        folder=folder,
        config=CONFIG,
        files=(CONFIG, RULES),
        listen=listen,
        key="monitoring.prometheus.listen",
        arguments=(
            f"--web.listen-address={host}:{listen.port}",
            f"--storage.tsdb.path={folder.resolve() / NAME}",
            f"--storage.tsdb.retention.time={RETENTION}",
            # It forgets its Alertmanager for seconds when it reads new files, and tells what fired meanwhile this much later.
            "--rules.alert.resend-delay=10s",
        ),
        prefix=NAME,
    )
