"""`ottla monitoring`, where nothing runs: the table, and the files for a cluster as it was made."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from ruamel.yaml import YAML

from ottla.local.certificates import make_authority, make_own_certificate
from ottla.local.layout import Layout
from ottla.local.record import ClusterRecord, NodeAddress, new_cluster_id, write_record
from ottla.platform import Platform
from ottla.platform.monitoring import monitoring_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

    from tests.cli.conftest import Ottla

ON = "exporter: {enabled: true, canary: {enabled: true}, basic_auth: {user: p, password: '${env:P}'}}\n"


@pytest.fixture
def watched(folder: Path) -> Path:
    """A folder whose spec has all that measures switched on, and whose cluster was made."""
    spec = folder / "platform.yaml"
    here = spec.read_text().partition("\n  minikube:")[0]  # a Kubernetes has no password for the exporter
    spec.write_text(here.replace("  controllers: combined", "  jmx_agent: true\n  controllers: combined") + ON)
    made(spec, 21000)
    return folder


def made(spec: Path, jmx: int | None) -> None:
    nodes = [NodeAddress.in_block(node, "127.0.0.1", 9092 + 10 * node) for node in (1, 2, 3)]
    with_agent = tuple(replace(node, jmx_port=jmx and jmx + node.node_id) for node in nodes)
    layout = Platform.load(spec).on().cluster.layout
    write_record(layout.record, ClusterRecord(new_cluster_id(), "4.3.1", with_agent))


@contextmanager
def monitored(spec: Path) -> Iterator[None]:
    """A process that the process table has as the environment's Prometheus: `echo`, which waits for a pipe that nobody reads."""
    monitoring = monitoring_of(Platform.load(spec).on())
    monitoring.folder.mkdir(parents=True)
    taken, full = os.pipe()
    os.set_blocking(full, False)
    with suppress(BlockingIOError):
        while True:
            os.write(full, b"." * 4096)
    os.set_blocking(full, True)
    companion = monitoring.prometheus.companion
    words = [companion.program, *(companion.marks or ())]
    process = subprocess.Popen(words, executable=shutil.which("echo"), stdout=full, cwd=monitoring.folder)
    try:
        assert monitoring.is_wanted()
        yield
    finally:
        process.kill()
        process.wait()
        os.close(taken)
        os.close(full)


def read(path: Path) -> Any:
    return YAML(typ="safe").load(path)


def test_the_table_needs_no_cluster_and_says_what_is_left_out(ottla: Ottla) -> None:
    shown = ottla("monitoring")
    assert shown.exit_code == 0
    assert shown.stdout.splitlines()[0].split() == ["ALERT", "SEVERITY", "FOR", "WHEN"]
    assert [line.split()[0] for line in shown.stdout.splitlines()[1:]] == ["Watchdog"]
    assert "left out: BrokerDown: nodes run without the JMX agent: set cluster.jmx_agent: true" in shown.stderr


def test_where_nothing_is_monitored_the_way_to_the_exporters_alerts_is_said(ottla: Ottla, folder: Path) -> None:
    way = "`ottla up --with monitoring` switches the exporter on"
    assert way in ottla("monitoring").stderr
    spec = folder / "platform.yaml"
    spec.write_text(spec.read_text() + ON)
    assert way not in ottla("monitoring").stderr


def test_while_it_is_monitored_the_alerts_are_those_that_run(ottla: Ottla, folder: Path) -> None:
    spec = folder / "platform.yaml"
    made(spec, None)
    assert "ExporterStale" not in ottla("monitoring").stdout
    with monitored(spec):
        shown = ottla("monitoring")
        assert "ExporterStale" in shown.stdout
        assert "--with monitoring" not in shown.stderr
        assert ottla("monitoring", "-d", "out").exit_code == 0
    assert [job["job_name"] for job in read(folder / "out" / "prometheus.yml")["scrape_configs"]] == ["ottla-exporter"]
    assert "ExporterStale" in (folder / "out" / "rules.yml").read_text()


def test_machines_get_the_same(ottla: Ottla, watched: Path) -> None:
    assert watched.is_dir()
    document = json.loads(ottla("monitoring", "-o", "json").stdout)
    assert document["kind"] == "alerts"
    data = document["data"]
    assert "0ms" not in json.dumps(data)
    alerts = {each["alert"]: each for each in data["alerts"]}
    assert (alerts["BrokerDown"]["for"], alerts["BrokerDown"]["severity"]) == ("30s", "page")
    assert {each["name"] for each in data["left_out"]} == {"CertificateExpiring", "CertificateExpired"}


def test_the_files_are_the_same_for_the_same_spec(ottla: Ottla, watched: Path) -> None:
    first = ottla("monitoring", "-d", "out")
    assert first.exit_code == 0, first.stderr
    assert first.stdout.split()[:3] == ["out/prometheus.yml", "out/rules.yml", "out/alertmanager.yml"]
    assert {line.rpartition("/")[0] for line in first.stdout.split()[3:]} == {"out/dashboards"}
    before = {path.name: path.read_bytes() for path in (watched / "out").rglob("*.*")}
    assert ottla("monitoring", "-d", "out").exit_code == 0
    assert {path.name: path.read_bytes() for path in (watched / "out").rglob("*.*")} == before
    nodes, exporter = read(watched / "out" / "prometheus.yml")["scrape_configs"]
    assert [each["targets"] for each in nodes["static_configs"]] == [[f"127.0.0.1:2100{node}"] for node in (1, 2, 3)]
    assert {each["labels"]["role"] for each in nodes["static_configs"]} == {"combined"}
    assert exporter["static_configs"] == [{"targets": ["127.0.0.1:9308"], "labels": {"cluster": "todo-kafka"}}]


def test_a_password_is_in_no_file_and_it_is_said_where_it_must_be(
    ottla: Ottla, watched: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("P", "hush")
    written = ottla("monitoring", "-d", "out")
    assert "put what is in ${env:P} into out/exporter-password" in written.stderr
    assert read(watched / "out" / "prometheus.yml")["scrape_configs"][1]["basic_auth"] == {
        "username": "p",
        "password_file": "exporter-password",
    }
    assert [path for path in (watched / "out").rglob("*.*") if "hush" in path.read_text()] == []


def test_what_only_prometheus_was_to_read_ends_with_it_and_so_does_the_wish_to_have_it(watched: Path) -> None:
    monitoring = monitoring_of(Platform.load(watched / "platform.yaml").on())
    monitoring.folder.mkdir(parents=True)
    for name in ("prometheus.yml", "rules.yml", "exporter-password", "exporter-ca.pem"):
        (monitoring.folder / name).touch()
    assert monitoring.is_wanted()
    assert not monitoring.stop()
    assert ([path.name for path in monitoring.folder.iterdir()], monitoring.is_wanted()) == (["rules.yml"], False)


def test_prometheus_is_told_what_the_exporters_certificate_calls_it(ottla: Ottla, watched: Path) -> None:
    layout = Layout(watched / "pki")
    make_authority(layout, "shop")
    make_own_certificate(layout)
    spec, store = watched / "platform.yaml", layout.own_store
    spec.write_text(
        spec.read_text().replace(ON, f"{ON[:-2]}, tls: {{certificate: '${{file:{store}}}', key: '${{file:{store}}}'}}}}\n")
    )
    written = ottla("monitoring", "-d", "out")
    assert written.exit_code == 0, written.stderr
    asked = read(watched / "out" / "prometheus.yml")["scrape_configs"][1]["tls_config"]
    assert asked == {"ca_file": str(store), "server_name": "operator"}


def test_a_file_that_is_not_ottlas_is_left_alone(ottla: Ottla, watched: Path) -> None:
    (watched / "out").mkdir()
    (watched / "out" / "rules.yml").write_text("groups: []\n")
    refused = ottla("monitoring", "-d", "out")
    assert refused.exit_code == 1
    assert "Ottla did not write it; nothing was written" in refused.stderr
    assert [path.name for path in (watched / "out").iterdir()] == ["rules.yml"]
    assert ottla("monitoring", "-d", "out", "--force").exit_code == 0


def test_without_a_cluster_it_says_what_to_do(ottla: Ottla) -> None:
    refused = ottla("monitoring", "-d", "out")
    assert refused.exit_code == 1
    assert "ottla up" in refused.stderr


def test_nodes_without_the_agent_that_the_spec_asks_for_are_named(ottla: Ottla, watched: Path) -> None:
    made(watched / "platform.yaml", None)
    refused = ottla("monitoring", "-d", "out")
    assert refused.exit_code == 1
    assert "nodes 1, 2, 3 run without the JMX agent" in refused.stderr
    assert "ottla apply" in refused.stderr


@pytest.mark.parametrize("scale", ["0", "0.5", "nan", "inf"])
def test_a_scale_is_1_or_more(ottla: Ottla, scale: str) -> None:
    assert ottla("monitoring", "--scale", scale).exit_code == 2
