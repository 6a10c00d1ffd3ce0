"""Logs in JSON of a real node and of the exporter beside it: every line an event, and what ships them finds every file."""

from __future__ import annotations

import glob
import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML
from tests.conftest import Home, local_spec, start_home
from tests.kafka.clients import LET_IN, entrance, of_librdkafka
from tests.ports import free_port

from ottla.kafka.settings import login_settings
from ottla.local.jvm import aot_cache_of, aot_refused
from ottla.local.processes import command_line
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]
REQUIRED = {
    "@timestamp",
    "ecs.version",
    "log.level",
    "message",
    "log.logger",
    "service.name",
    "service.version",
    "event.dataset",
    "labels.cluster",
}
LEVELS = {"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"}
TEXT = "text.yaml"


@pytest.fixture(scope="module")
def ecs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """One node that is locked, and an exporter, with logs in JSON; beside its spec one with logs for people."""
    folder = tmp_path_factory.mktemp("ecs")
    spec: dict[str, Any] = local_spec()
    laptop = spec["environments"]["laptop"]
    laptop["security"] = {"enabled": True}
    laptop["users"] = {"nobody": {}}
    spec["exporter"] = {"enabled": True, "listen": f"127.0.0.1:{free_port()}", "interval": "1s"}
    (folder / TEXT).write_text(json.dumps(spec))
    (folder / "platform.yaml").write_text(json.dumps({**spec, "logs": {"format": "ecs"}}))
    home = start_home(folder, "laptop")
    try:
        done = home.run("up")
        assert done.returncode == 0, done.stderr
        refused(home)
        yield home
    finally:
        home.end()


def refused(home: Home) -> None:
    """Make the authorizer write down that it refused somebody."""
    assert entrance(of_librdkafka(login_settings(home.platform.login("nobody")))) == LET_IN
    home.pipe("produce", "task-events", "--as", "nobody", given=b"x\n")
    log = home.platform.cluster.layout.node(1).audit_log
    wait_until(log.exists, bool, what="the audit log", timeout=10)


def events(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_line_of_every_log_is_an_event_with_its_fields(ecs: Home) -> None:
    files = ecs.platform.cluster.layout.node(1)
    exporter = ecs.platform.folder / "exporter.log"
    for path, data_set in ((files.server_log, "kafka.log"), (files.audit_log, "kafka.audit"), (exporter, "ottla.exporter")):
        found = events(path)
        assert found, path
        for each in found:
            assert each.keys() >= REQUIRED
            assert (each["event.dataset"], each["labels.cluster"]) == (data_set, "todo-kafka")
            assert each["log.level"] in LEVELS
            assert datetime.fromisoformat(each["@timestamp"]).tzinfo is not None
    node = events(files.server_log)[0]
    assert (node["service.name"], node["service.version"], node["labels.node"]) == ("kafka", "4.3.1", "1")
    assert any("Principal = User:nobody is Denied" in each["message"] for each in events(files.audit_log))


def test_nothing_secret_is_in_them(ecs: Home) -> None:
    secrets = [ecs.platform.login(user).proof for user in ("admin", "nobody")]
    files = ecs.platform.cluster.layout.node(1)
    text = "".join(path.read_text() for path in (files.server_log, files.audit_log, ecs.platform.folder / "exporter.log"))
    for proof in secrets:
        assert proof.password.reveal() not in text  # type: ignore[union-attr]


def test_the_node_starts_with_a_cache_of_its_own(ecs: Home) -> None:
    command = command_line(ecs.platform.cluster.running()[1])
    assert aot_cache_of(command) is not None
    assert not aot_refused(ecs.platform.cluster.layout.node(1))


def test_ottla_logs_shows_them_as_text(ecs: Home) -> None:
    shown = ecs.run("logs", "-n", "5").stdout.splitlines()
    assert len(shown) >= 5
    assert all(re.match(r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}\] [A-Z]+ ", line) for line in shown[:1])
    assert not any(line.startswith("{") for line in shown)


@pytest.mark.parametrize("shipper", ["filebeat", "fluent-bit"])
def test_every_path_that_a_shipper_is_told_is_that_of_a_file(ecs: Home, tmp_path: Path, shipper: str) -> None:
    printed = ecs.run("logs", "--shipper", shipper)
    assert printed.returncode == 0, printed.stderr
    assert ecs.run("logs", "--shipper", shipper, "-d", str(tmp_path / "new")).returncode == 0
    (written,) = (tmp_path / "new").iterdir()
    assert written.read_text() == printed.stdout
    document = YAML(typ="safe").load(printed.stdout)
    if shipper == "filebeat":
        paths = [path for each in document["filebeat.inputs"] for path in each["paths"]]
    else:
        paths = [each["path"] for each in document["pipeline"]["inputs"]]
    assert len(paths) == 3
    assert all(glob.glob(path) for path in paths)  # noqa: PTH207  (as the shipper does)


def test_a_change_of_the_form_is_planned_and_the_node_writes_text_again(ecs: Home) -> None:
    """The last one: it restarts the node, and the exporter."""
    assert "    logs.format: ecs -> text" in ecs.run("plan", spec=TEXT).stdout.splitlines()
    done = ecs.run("apply", "--yes", spec=TEXT)
    assert done.returncode == 0, done.stderr
    log = ecs.platform.cluster.layout.node(1).server_log
    assert log.read_text().splitlines()[-1].startswith("[")
    shown = ecs.run("logs", "-n", "100000", spec=TEXT).stdout.splitlines()
    assert not any(line.startswith("{") for line in shown)
    assert ecs.run("plan", "--exit-code", spec=TEXT).returncode == 0
    assert ecs.run("up", spec=TEXT).returncode == 0
    assert (ecs.platform.folder / "exporter.log").read_text().startswith("metrics: ")
