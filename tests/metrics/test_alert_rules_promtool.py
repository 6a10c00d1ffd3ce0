"""Every alert tried by Prometheus' own tool: well, pending, firing, resolved, its source dead, its series missing."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from ruamel.yaml import YAML
from tests.metrics.alert_cases import (
    ACTIVE,
    CASES,
    EVERYTHING,
    EXPORTER,
    FOLLOWING,
    LEADER,
    NO_AGENT,
    NODES,
    PRESENT,
    TICK,
    exported,
    jmx,
    promtool_tests,
    rules_of,
)

from ottla.metrics.alert_rules import rules_document
from ottla.metrics.alertmanager import alertmanager_document
from ottla.metrics.alerts import alerts_of
from ottla.metrics.scrape import ExporterTarget, NodeTarget, prometheus_document

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from tests.metrics.alert_cases import Case

    from ottla.metrics.watched import Watched

pytestmark = pytest.mark.companions


def tool(name: str, *arguments: str, folder: Path) -> None:
    """Run one of Prometheus' tools. It must be there: a test that is skipped proves nothing."""
    path = shutil.which(name)
    assert path is not None, f"{name} is missing: apt-get install prometheus prometheus-alertmanager, or make test-companions"
    done = subprocess.run([path, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def write(path: Path, document: dict[str, Any]) -> None:
    with path.open("w") as file:
        YAML(typ="safe", pure=True).dump(document, file)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_alert_fires_when_it_must_and_only_then(case: Case, tmp_path: Path) -> None:
    tests = [test for of_kind in promtool_tests(case).values() for test in of_kind]
    write(tmp_path / "rules.yml", rules_of(case.watched, case.alert))
    write(tmp_path / "tests.yml", {"rule_files": ["rules.yml"], "evaluation_interval": f"{TICK}s", "tests": tests})
    tool("promtool", "test", "rules", "tests.yml", folder=tmp_path)


def test_the_watchdog_fires_at_once_and_always(tmp_path: Path) -> None:
    looks = [
        {
            "expr": 'ALERTS{alertname="Watchdog"}',
            "eval_time": time,
            "exp_samples": [
                {"labels": 'ALERTS{alertname="Watchdog",alertstate="firing",cluster="shop",severity="none"}', "value": 1}
            ],
        }
        for time in ("0s", "1h")
    ]
    write(tmp_path / "rules.yml", rules_of(EVERYTHING, "Watchdog"))
    test = {"interval": "10s", "input_series": [], "promql_expr_test": looks}
    write(tmp_path / "tests.yml", {"rule_files": ["rules.yml"], "evaluation_interval": "10s", "tests": [test]})
    tool("promtool", "test", "rules", "tests.yml", folder=tmp_path)


QUIET = 30  # minutes
UNREAD = ("brokers", "topics", "log_dirs", "quorum", "consumer_groups")


def fading(name: str, good: float) -> dict[str, str]:
    """A series that is well for five minutes, and then not given any more."""
    return {"series": name, "values": f"{good:g}x30 stale"}


def failing(name: str) -> dict[str, str]:
    return {"series": name, "values": f"1x30 0x{QUIET * 6}"}


def an_exporter_that_sees_nothing() -> list[dict[str, str]]:
    """It answers, none of its collectors reads anything, and what it had grows old: its login is refused, or all is dead."""
    return [
        {"series": EXPORTER, "values": f"1x{QUIET * 7}"},
        {"series": exported("ottla_exporter_snapshot_age_seconds"), "values": f"4x30 14+10x{QUIET * 6}"},
        *(failing(exported("ottla_exporter_collector_success", collector=name)) for name in UNREAD),
        *(fading(name, good) for name, good in ((PRESENT, 3), (LEADER, 1), *((name, 0.1) for name in FOLLOWING))),
    ]


def firing_names(watched: Watched, series: list[dict[str, str]], names: set[str], folder: Path) -> None:
    """Which alerts fire a while after the fault, each by its name, and no other."""
    expected = [{"labels": f'{{alertname="{name}"}}', "value": 1} for name in sorted(names)]
    look = {
        "expr": 'group by (alertname) (ALERTS{alertstate="firing"})',
        "eval_time": f"{QUIET}m",
        "exp_samples": expected,
    }
    write(folder / "rules.yml", rules_of(watched))
    test = {"interval": f"{TICK}s", "input_series": series, "promql_expr_test": [look]}
    write(folder / "tests.yml", {"rule_files": ["rules.yml"], "evaluation_interval": f"{TICK}s", "tests": [test]})
    tool("promtool", "test", "rules", "tests.yml", folder=folder)


def test_a_blind_exporter_is_no_dead_cluster_and_without_the_agent_nobody_can_tell_them_apart(tmp_path: Path) -> None:
    seen = an_exporter_that_sees_nothing()
    firing_names(NO_AGENT, seen, {"ExporterStale", "CollectorFailed", "Watchdog"}, tmp_path)


def test_with_the_agent_a_dead_cluster_is_told_as_what_it_is(tmp_path: Path) -> None:
    nodes = [failing(name) for name in NODES]
    dead = {"BrokerDown", "BrokersMissing", "NoActiveController", "QuorumNoSpare"}
    seen = [*nodes, *an_exporter_that_sees_nothing()]
    firing_names(EVERYTHING, seen, {*dead, "ExporterStale", "CollectorFailed", "Watchdog"}, tmp_path)


def test_with_the_agent_a_blind_exporter_is_told_alone(tmp_path: Path) -> None:
    nodes = [{"series": name, "values": f"1x{QUIET * 7}"} for name in (*NODES, jmx(ACTIVE))]
    seen = [*nodes, *an_exporter_that_sees_nothing()]
    firing_names(EVERYTHING, seen, {"ExporterStale", "CollectorFailed", "Watchdog"}, tmp_path)


@pytest.mark.parametrize("scale", [1.0, 10.0])
@pytest.mark.parametrize(
    "watched",
    [EVERYTHING, NO_AGENT, replace(EVERYTHING, exporter=False), replace(EVERYTHING, cluster='a"\\b', disk=None)],
    ids=["everything", "no agent", "no exporter", "odd name"],
)
def test_prometheus_takes_every_rule_with_its_texts(watched: Watched, scale: float, tmp_path: Path) -> None:
    document = rules_document(alerts_of(watched).alerts, cluster=watched.cluster, runbooks="https://example.com", scale=scale)
    write(tmp_path / "rules.yml", document)
    tool("promtool", "check", "rules", "rules.yml", folder=tmp_path)


@pytest.mark.parametrize("webhook", [None, "http://127.0.0.1:9/alerts"])
def test_prometheus_and_alertmanager_take_their_configurations(webhook: str | None, tmp_path: Path) -> None:
    password = str(tmp_path / "password")
    exporter = ExporterTarget("127.0.0.1:9308", tls=True, ca_file="ca.pem", user="prometheus", password_file=password)
    nodes = [NodeTarget(1, "combined", "127.0.0.1:21001")]
    prometheus = prometheus_document(
        cluster="shop", nodes=nodes, exporter=exporter, alertmanager="127.0.0.1:9099", interval=10_000, rules="rules.yml"
    )
    write(tmp_path / "rules.yml", rules_of(EVERYTHING))
    write(tmp_path / "prometheus.yml", prometheus)
    write(tmp_path / "alertmanager.yml", alertmanager_document(alerts_of(EVERYTHING).alerts, webhook=webhook))
    (tmp_path / "ca.pem").touch()
    (tmp_path / "password").touch()
    tool("promtool", "check", "config", "prometheus.yml", folder=tmp_path)
    tool("amtool", "check-config", "alertmanager.yml", folder=tmp_path)
