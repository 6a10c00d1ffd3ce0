"""Debian's Prometheus beside a cluster, with the jobs and labels that Ottla's alerts and dashboards ask by."""

from __future__ import annotations

import json
import shutil
import subprocess
import urllib.parse
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.ports import free_port

from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

INTERVAL = "2s"
RULES = """groups:
- {name: test, rules: [{alert: AlwaysFires, expr: 'max(up) >= 0', labels: {severity: ticket, cluster: NAME}}]}\n"""


@dataclass(frozen=True)
class Prometheus:
    """One that runs."""

    url: str

    def ask(self, path: str, **parameters: str) -> Any:
        """What its API answers. Raises HTTPError for a question that does not parse."""
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}", timeout=10) as answer:  # noqa: S310
            return json.load(answer)["data"]

    def query(self, promql: str) -> list[dict[str, Any]]:
        """The series of an expression, now."""
        found: list[dict[str, Any]] = self.ask("query", query=promql)["result"]
        return found

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=2) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except OSError:
            return False


@contextmanager
def prometheus(folder: Path, cluster: str, nodes: Mapping[int, int], exporter: int) -> Iterator[Prometheus]:
    """Scrape the JMX agents of ``nodes`` (combined ones) and the ``exporter``, by their ports, until the block ends."""
    program = shutil.which("prometheus")
    assert program, "prometheus is not there: make test-companions"
    port = free_port()
    node_targets = [
        {"targets": [f"127.0.0.1:{at}"], "labels": {"cluster": cluster, "node": str(node_id), "role": "combined"}}
        for node_id, at in nodes.items()
    ]
    config = {
        "global": {"scrape_interval": INTERVAL, "evaluation_interval": INTERVAL},
        "rule_files": [str(folder / "rules.yml")],
        "scrape_configs": [
            {"job_name": "kafka", "static_configs": node_targets},
            {
                "job_name": "ottla-exporter",
                "static_configs": [{"targets": [f"127.0.0.1:{exporter}"], "labels": {"cluster": cluster}}],
            },
        ],
    }
    (folder / "prometheus.yml").write_text(json.dumps(config))
    (folder / "rules.yml").write_text(RULES.replace("NAME", cluster))
    files = [f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'prometheus'}"]
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            [program, *files, f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log, start_new_session=True
        )
    try:
        running = Prometheus(f"http://127.0.0.1:{port}")
        wait_until(running.is_ready, bool, what="prometheus", timeout=30)
        yield running
    finally:
        process.terminate()
        process.wait(20)
