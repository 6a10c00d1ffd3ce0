"""Each panel of each dashboard asks a Prometheus that watches a cluster which works: nothing may come back empty."""

from __future__ import annotations

import json
import re
import threading
import urllib.error
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import Consumer, KafkaException, TopicPartition
from tests.conftest import Home, local_spec, start_home
from tests.kafka.load import Load
from tests.kafka.prometheus import Prometheus, prometheus
from tests.kafka.scrape import jmx_ports
from tests.ports import free_port

from ottla.kafka.profile import consumer_config
from ottla.local.processes import end_processes
from ottla.platform.exporter_process import exporter_process
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.kafka, pytest.mark.companions]
CLUSTER, TOPIC, READER, STOPPED = "todo-kafka", "reminder-events", "panels-reader", "panels-stopped"
CHOSEN = {"cluster": CLUSTER, "node": ".*", "topic": ".*", "group": ".*", "__rate_interval": "10s"}
PATIENCE = 60
# What only an event gives, and no event of this test: each is asked, has to parse, and says in its description what it waits for.
AFTER_EVENT = {
    "a partition lacks a replica or a leader": "nothing is broken here",
    "a leader of the quorum is elected; a minute later it is empty again": "may be over when Prometheus begins",
    "brokers have listeners with TLS": "the platform is open",
    "a volume has become fuller over 30m": "the machine's disk may shrink or grow",
}


def spec(exporter: int) -> str:
    """The shipped platform, watched in every way."""
    found: dict[str, Any] = local_spec()
    found["cluster"]["jmx_agent"] = True
    canary = {"enabled": True, "interval": "200ms"}
    found["exporter"] = {"enabled": True, "listen": f"127.0.0.1:{exporter}", "interval": "1s", "canary": canary}
    return json.dumps(found)


@dataclass(frozen=True)
class Watched:
    """A cluster with traffic, the Prometheus that watches it, and the dashboards as they are written."""

    prometheus: Prometheus
    dashboards: dict[str, dict[str, Any]]

    @property
    def targets(self) -> Iterator[tuple[str, dict[str, Any], str]]:
        """Each dashboard and panel with each of its questions."""
        for name, dashboard in self.dashboards.items():
            for panel in dashboard["panels"]:
                for target in panel.get("targets", ()):
                    yield name, panel, target["expr"]


def filled(expression: str) -> str:
    return re.sub(r"\$(\w+)", lambda found: CHOSEN[found[1]], expression)


def commit_and_leave(home: Home) -> None:
    """A group that has read nothing, and is gone. A cluster this new may look for the group's coordinator yet."""
    consumer = Consumer(dict(consumer_config(home.platform.profile, home.settings, group=STOPPED)))

    def refused() -> str:
        try:
            consumer.commit(offsets=[TopicPartition(TOPIC, partition, 0) for partition in range(3)], asynchronous=False)
        except KafkaException as error:
            return str(error)
        return ""

    try:
        wait_until(refused, lambda reason: not reason, what="a commit", timeout=30)
    finally:
        consumer.close()


class Reader:
    """A member of a group that reads and commits all the time."""

    def __init__(self, home: Home) -> None:
        self._consumer = Consumer(dict(consumer_config(home.platform.profile, home.settings, group=READER)))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read)

    def __enter__(self) -> None:
        self._consumer.subscribe([TOPIC])
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._consumer.close()

    def _read(self) -> None:
        while not self._stop.is_set():
            if self._consumer.consume(200, 0.5):
                self._consumer.commit(asynchronous=False)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("panels")
    port = free_port()
    (folder / "platform.yaml").write_text(spec(port))
    home = start_home(folder, "local")
    try:
        done = home.run("up")
        assert done.returncode == 0, done.stderr
        commit_and_leave(home)
        for _ in range(2):  # what Ottla wrote it may write again
            written = home.run("monitoring", "--directory", str(folder / "monitoring"))
            assert (written.returncode, "left out: dashboards" in written.stderr) == (0, False), written.stderr
        files = sorted((folder / "monitoring" / "dashboards").iterdir())
        documents = {file.name: json.loads(file.read_text()) for file in files}
        assert len(documents) == 6
        with Load(home, TOPIC), Reader(home), prometheus(folder, CLUSTER, jmx_ports(home), port) as running:
            yield Watched(running, documents)
    finally:
        exporter_process(home.platform).stop()
        end_processes(home.platform.cluster.running())
        home.end()


def empty_panels(watched: Watched) -> list[str]:
    """Each question that nothing answers, by dashboard and panel; a panel that waits for an event may be silent."""
    return [
        f"{name}: {panel['title']}: {expression}"
        for name, panel, expression in watched.targets
        if not any(f"Empty until {event}." in panel["description"] for event in AFTER_EVENT)
        and not watched.prometheus.query(filled(expression))
    ]


def test_every_panel_has_data(watched: Watched) -> None:
    wait_until(lambda: empty_panels(watched), lambda empty: not empty, what="data in every panel", timeout=PATIENCE)


def test_only_panels_that_say_so_may_be_silent_and_each_reason_is_some_panels(watched: Watched) -> None:
    said = [panel["description"] for _, panel, _ in watched.targets]
    assert [event for event in AFTER_EVENT if not any(f"Empty until {event}." in each for each in said)] == []


def test_every_question_parses(watched: Watched) -> None:
    for name, panel, expression in watched.targets:
        try:
            watched.prometheus.query(filled(expression))
        except urllib.error.HTTPError as error:
            pytest.fail(f"{name}: {panel['title']}: {error.read().decode()}")


def test_every_variable_has_something_to_choose(watched: Watched) -> None:
    wanted = {"cluster": {CLUSTER}, "node": {"1", "2", "3"}, "topic": {TOPIC, "task-events"}, "group": {READER, STOPPED}}
    for name, dashboard in watched.dashboards.items():
        for variable in dashboard["templating"]["list"]:
            if variable["type"] == "query":
                asked = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"])
                assert asked, variable
                found = set(watched.prometheus.ask(f"label/{asked[2]}/values", **{"match[]": filled(asked[1])}))
                assert wanted[variable["name"]] <= found, name


def test_alerts_that_fire_are_marked(watched: Watched) -> None:
    for dashboard in watched.dashboards.values():
        (mark,) = dashboard["annotations"]["list"]
        assert watched.prometheus.query(filled(mark["expr"]))


def test_figures_are_those_of_the_cluster(watched: Watched) -> None:
    """What no query that is merely not empty would show: that it is about this cluster, and adds up once."""
    said = {
        f"{name}: {panel['title']}": watched.prometheus.query(filled(panel["targets"][0]["expr"]))[0]["value"][1]
        for name, panel, _ in watched.targets
        if panel["type"] == "stat" and not panel["fieldConfig"]["defaults"].get("noValue")
    }
    assert said["ottla-overview.json: Brokers present"] == "3"
    assert said["ottla-overview.json: Active controllers"] == "1"
    assert said["ottla-overview.json: Partitions offline"] == "0"
    assert said["ottla-overview.json: Alerts that fire"] == "1"
    assert said["ottla-brokers.json: Nodes up"] == "3"
    assert said["ottla-quorum.json: Voters"] == "3"
    assert said["ottla-groups.json: Groups"] == "2"
    assert said["ottla-groups.json: Members"] == "1"
    assert float(said["ottla-groups.json: Lag"]) > 0
    assert said["ottla-clients.json: Collectors that fail"] == "0"
