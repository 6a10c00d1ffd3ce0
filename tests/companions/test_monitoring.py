"""`ottla up --with monitoring`: Prometheus and Alertmanager beside a node, whatever happens to them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
from typing import TYPE_CHECKING, Any

import pytest
from tests.companions.conftest import monitored_spec, write_spec
from tests.conftest import Home, start_home
from tests.ports import free_ports

from ottla.errors import LocalError
from ottla.local.ports import listening
from ottla.local.processes import is_alive
from ottla.platform import Platform
from ottla.platform.exporter_process import exporter_process
from ottla.platform.monitoring import Monitoring, keep_monitoring, monitoring_of, watched
from ottla.platform.monitoring_files import documents
from ottla.platform.scrape_check import scrape_checks
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import psutil

pytestmark = [pytest.mark.companions, pytest.mark.kafka]
UP = ("up", "--with", "monitoring")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A platform of one node, which the tests monitor."""
    folder = tmp_path_factory.mktemp("monitored")
    write_spec(folder, monitored_spec())
    started = start_home(folder, "laptop")
    yield started
    started.platform.wipe()


@pytest.fixture
def monitored(home: Home) -> Home:
    """The same, with both servers up."""
    done = home.run(*UP)
    assert done.returncode == 0, done.stderr
    return home


def processes(home: Home) -> list[psutil.Process]:
    found = [daemon.find() for daemon in of(home).daemons]
    assert None not in found
    return [process for process in found if process is not None]


def of(home: Home) -> Monitoring:
    return monitoring_of(Platform.load(home.folder / "platform.yaml").on(home.environment))


def files_of(home: Home) -> dict[str, str]:
    return documents(watched(home.platform, wanted=True))


def pids(home: Home) -> list[int]:
    return [process.pid for process in processes(home)]


def rules(home: Home) -> set[str]:
    return {rule["name"] for rule in all_rules(home)}


def all_rules(home: Home) -> list[dict[str, Any]]:
    found = of(home).prometheus.ask("/api/v1/rules")["data"]["groups"]
    return [rule for group in found for rule in group["rules"]]


def changed(home: Home, change: dict[str, Any]) -> str:
    """The spec with other monitoring, beside the first one."""
    spec = json.loads((home.folder / "platform.yaml").read_text())
    spec["monitoring"] = {**spec["monitoring"], **change}
    (home.folder / "changed.yaml").write_text(json.dumps(spec))
    return "changed.yaml"


def test_up_runs_both_once_and_every_target_answers(monitored: Home) -> None:
    first = pids(monitored)
    again = monitored.run(*UP)
    assert (again.returncode, pids(monitored)) == (0, first)
    assert f"prometheus 2.42.0: {of(monitored).prometheus.url}\n" in again.stdout
    status = wait_until(
        of(monitored).status, lambda seen: seen is not None and seen.up == seen.targets != 0, what="targets", timeout=20
    )
    assert status is not None
    assert status.targets == 2  # the exporter, which the spec does not turn on, and the node's JMX agent
    assert "2 of 2 targets healthy, no alert fires" in monitored.run("status").stdout
    ports = [{port for _, port in listening(process)} for process in processes(monitored)]
    assert ports == [{daemon.listen.port} for daemon in of(monitored).daemons]  # and no port to find others


def test_verify_asks_a_prometheus_that_somebody_else_runs_whether_it_scrapes_and_has_the_rules(monitored: Home) -> None:
    elsewhere = ("verify", "-b", ",".join(monitored.bootstrap_servers), "--prometheus")
    found = monitored.run(*elsewhere, of(monitored).prometheus.url)
    assert found.returncode == 0, found.stdout + found.stderr
    assert "ok  prometheus: kafka targets 1/1, rules read\n" in found.stdout


def test_verify_says_what_prometheus_does_not_scrape(monitored: Home) -> None:
    prometheus = of(monitored).prometheus
    spec = Platform.load(monitored.folder / "platform.yaml").spec.environments[monitored.environment]
    whole = spec.model_copy(update={"exporter": spec.exporter.model_copy(update={"enabled": True})})
    other = whole.model_copy(update={"cluster": whole.cluster.model_copy(update={"name": "another"})})
    wanting = {check.name: check.wanting for check in scrape_checks(other, prometheus.url, patience=0.1)}
    assert (wanting["kafka targets"] or "").startswith("it knows 0 of 1: does it select the monitors?")
    assert (wanting["ottla-exporter targets"] or "").startswith("it knows 0 of 1")
    assert (wanting["rules"] or "").startswith("our rules are not there")
    more = whole.model_copy(update={"cluster": whole.cluster.model_copy(update={"nodes": 3})})
    assert [check.seen for check in scrape_checks(more, prometheus.url, patience=0.1)] == ["1/3", "1/1", "read"]
    nobody = scrape_checks(whole, "http://127.0.0.1:1", patience=0.1)
    assert [(check.name, "does not answer" in (check.wanting or "")) for check in nobody] == [("answers", True)]


def test_up_alone_keeps_it_and_its_exporter(monitored: Home) -> None:
    first, exporter = pids(monitored), exporter_process(monitored.platform).find()
    done = monitored.run("up")
    assert (done.returncode, pids(monitored)) == (0, first), done.stderr
    assert exporter_process(monitored.platform).find() == exporter is not None


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_one_that_was_killed_or_paused_comes_back(monitored: Home, number: signal.Signals) -> None:
    alertmanager, prometheus = processes(monitored)
    prometheus.send_signal(number)
    wait_until(lambda: of(monitored).prometheus.ask("/api/v1/targets"), lambda seen: seen is None, what="silence", timeout=30)
    assert monitored.run("up").returncode == 0
    now = processes(monitored)
    assert (now[0], now[1] != prometheus, is_alive(prometheus)) == (alertmanager, True, False)


def test_after_the_machine_went_down_up_alone_brings_it_back(monitored: Home) -> None:
    before = [*processes(monitored), exporter_process(monitored.platform).find(), *monitored.platform.cluster.running().values()]
    for process in before:
        assert process is not None
        process.kill()
    status = of(monitored).status()
    assert status is not None
    assert ([server.pid for server in status.servers], status.runs) == ([None, None], False)
    done = monitored.run("up")
    assert done.returncode == 0, done.stderr
    assert (len(processes(monitored)), exporter_process(monitored.platform).find() is not None) == (2, True)


def test_other_rules_are_read_without_a_restart(monitored: Home) -> None:
    first, files = pids(monitored), files_of(monitored)
    more = "groups: [{name: more, rules: [{alert: MoreOfIt, expr: vector(0) > 1}]}]"
    keep_monitoring(monitored.platform, wanted=True, documents={**files, "rules.yml": more})
    assert (rules(monitored), pids(monitored)) == ({"MoreOfIt"}, first)
    assert monitored.run("apply").stderr.count("the monitoring of laptop has the rules of the spec") == 1
    assert ("Watchdog" in rules(monitored), pids(monitored)) == (True, first)


def test_apply_brings_the_limits_of_the_spec_as_it_is_now(monitored: Home) -> None:
    first = pids(monitored)
    done = monitored.run("apply", spec=changed(monitored, {"lag": {"records": 4321}}))
    assert (done.returncode, "the monitoring of laptop has the rules" in done.stderr) == (0, True), done.stderr
    (query,) = [rule["query"] for rule in all_rules(monitored) if rule["name"] == "LagRecords"]
    assert ("4321" in query, pids(monitored)) == (True, first)
    assert monitored.run("apply").returncode == 0


def test_a_password_in_a_variable_reaches_prometheus_in_a_private_file(monitored: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPORTER_PASSWORD", "correct horse")
    spec = json.loads((monitored.folder / "platform.yaml").read_text())
    spec["exporter"]["basic_auth"] = {"user": "prometheus", "password": "${env:EXPORTER_PASSWORD}"}
    (monitored.folder / "changed.yaml").write_text(json.dumps(spec))
    done = monitored.run(*UP, spec="changed.yaml")
    assert done.returncode == 0, done.stderr
    file = of(monitored).folder / "exporter-password"
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("correct horse", 0o600)
    assert "correct horse" not in (of(monitored).folder / "prometheus.yml").read_text()
    assert all("EXPORTER_PASSWORD" not in process.environ() for process in processes(monitored))
    wait_until(of(monitored).status, lambda seen: seen is not None and seen.up == 2, what="both targets", timeout=30)
    assert (monitored.run("up").returncode, file.exists()) == (0, False)


def test_files_that_a_run_wrote_before_it_was_killed_are_read(monitored: Home) -> None:
    first, path = pids(monitored), of(monitored).folder / "rules.yml"
    text = path.read_text()
    keep_monitoring(monitored.platform, wanted=True, documents={**files_of(monitored), "rules.yml": "groups: []"})
    assert rules(monitored) == set()
    path.write_text(text)  # and nobody tells Prometheus
    (of(monitored).folder / ".new-killed").mkdir()
    assert monitored.run("up").returncode == 0
    assert ("Watchdog" in rules(monitored), pids(monitored)) == (True, first)
    assert list(of(monitored).folder.glob(".new-*")) == []


@pytest.mark.parametrize("file", ["rules.yml", "prometheus.yml", "alertmanager.yml"])
def test_files_that_do_not_parse_never_replace_good_ones(monitored: Home, file: str) -> None:
    folder = of(monitored).folder
    before = {path: path.read_bytes() for path in folder.glob("*.yml")}
    wrong = {**files_of(monitored), file: "groups: [{name: x, rules: [{alert: A, expr: 'up =='}]}]"}
    with pytest.raises(LocalError, match="and the files that were there stay") as refused:
        keep_monitoring(monitored.platform, wanted=True, documents=wrong)
    assert str(folder / file) in str(refused.value)
    assert {path: path.read_bytes() for path in folder.glob("*.yml")} == before


def test_another_port_in_the_spec_starts_it_anew(monitored: Home) -> None:
    before, (port,) = processes(monitored), free_ports(1)
    spec = changed(monitored, {"prometheus": {"listen": f"127.0.0.1:{port}", "scrape_interval": "1s"}})
    done = monitored.run("up", spec=spec)
    assert (done.returncode, f"http://127.0.0.1:{port}\n" in done.stdout) == (0, True), done.stderr
    assert [is_alive(process) for process in before] == [True, False]
    assert monitored.run("up").returncode == 0


def test_a_port_that_is_taken_is_told_with_who_has_it_and_the_key(monitored: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        spec = changed(monitored, {"alertmanager": {"listen": f"127.0.0.1:{port}"}})
        done = monitored.run("up", spec=spec)
        assert f"alertmanager cannot listen on 127.0.0.1:{port}: there listens " in done.stderr
        assert (done.returncode, f"(pid {os.getpid()})" in done.stderr) == (1, True)
        assert "give monitoring.alertmanager.listen another port" in done.stderr
    assert monitored.run("up").returncode == 0


def test_a_port_of_a_node_is_not_taken_from_it(monitored: Home) -> None:
    (node,) = monitored.platform.cluster.made().nodes
    spec = changed(monitored, {"prometheus": {"listen": f"127.0.0.1:{node.ports[0]}"}})
    done = monitored.run("up", spec=spec)
    assert (done.returncode, "there listens node 1" in done.stderr) == (1, True), done.stderr


def test_a_missing_program_is_told_with_how_to_install_it(home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    done = home.run(*UP)
    assert (done.returncode, "is not installed (it is not on PATH)" in done.stderr) == (1, True)
    assert "apt-get install --yes --no-install-recommends prometheus prometheus-alertmanager" in done.stderr


def test_two_at_once_start_one_of_each(home: Home) -> None:
    of(home).stop()
    command = [*home.command(*UP), "--file", str(home.folder / "platform.yaml"), "-e", home.environment]
    runs = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(2)]
    said = [run.communicate(timeout=100)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], said
    assert len(processes(home)) == 2


@pytest.mark.parametrize("after", ["alertmanager.yml", "alertmanager.log", "prometheus.log"])
def test_an_up_that_is_cut_off_is_gone_on_with(home: Home, after: str) -> None:
    folder = of(home).folder
    of(home).stop()
    for path in (folder / "alertmanager.yml", *folder.glob("*.log")):
        path.unlink(missing_ok=True)
    command = [*home.command(*UP), "--file", str(home.folder / "platform.yaml"), "-e", home.environment]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as run:
        wait_until((folder / after).exists, bool, what=after, timeout=60, every=0.001)
        run.send_signal(signal.SIGINT)
        said = run.communicate(timeout=60)[1]
    assert (run.returncode, "Traceback" in said) in {(130, False), (0, False)}, said
    assert home.run(*UP).returncode == 0
    assert len(processes(home)) == 2


def test_down_ends_both_and_wipe_removes_what_they_kept(monitored: Home) -> None:
    before, folder = processes(monitored), of(monitored).folder
    assert (folder / "prometheus").is_dir()
    assert monitored.run("down").returncode == 0
    assert ([is_alive(process) for process in before], folder.exists()) == ([False, False], True)
    assert monitored.run("up").returncode == 0  # and `up` alone does not start them again
    assert [daemon.find() for daemon in of(monitored).daemons] == [None, None]
    assert exporter_process(monitored.platform).find() is None
    again = monitored.run(*UP)
    assert again.returncode == 0, again.stderr
    last = processes(monitored)
    assert monitored.run("down", "--wipe", "--yes").returncode == 0
    assert ([is_alive(process) for process in last], folder.exists()) == ([False, False], False)
    assert not [thread for thread in threading.enumerate() if thread.name == "webhook"]
