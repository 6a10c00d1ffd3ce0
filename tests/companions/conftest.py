"""Homes that are monitored: their ports are free ones, so that nothing of this machine is in the way."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.companions.timings import TIMINGS
from tests.conftest import local_spec
from tests.ports import free_ports

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def monitored_spec(**monitoring: Any) -> dict[str, Any]:
    """The shipped spec with the JMX agent, and with an exporter that looks every second."""
    spec: dict[str, Any] = local_spec()
    prometheus, alertmanager, exporter = (f"127.0.0.1:{port}" for port in free_ports(3))
    spec["cluster"]["jmx_agent"] = True
    spec["exporter"] = {"listen": exporter, "interval": "1s"}
    spec["monitoring"] = {
        **monitoring,
        "prometheus": {"listen": prometheus, "scrape_interval": "1s"},
        "alertmanager": {"listen": alertmanager},
    }
    return spec


def write_spec(folder: Path, spec: dict[str, Any]) -> None:
    """As `platform.yaml` (JSON is YAML)."""
    (folder / "platform.yaml").write_text(json.dumps(spec))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How long each alert took to fire, and to be over."""
    if TIMINGS:
        terminalreporter.section("alerts fired for real; seconds, with rules ten times as quick")
        terminalreporter.write_line(f"{'ALERT':22} {'FAULT':44} {'FIRED':>6} {'RESOLVED':>8}")
        for timing in TIMINGS:
            terminalreporter.write_line(str(timing))
