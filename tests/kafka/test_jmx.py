"""The JMX agent in nodes that run: what the catalogue promises is there, and nothing else, and it costs little.

Three combined nodes with more than 1,000 partitions, each with a replica of every one.
"""

from __future__ import annotations

import json
import math
import re
import statistics
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from tests.conftest import ROOT, Home, local_spec, start_home
from tests.kafka.scrape import NODE_METRICS, Scrape, jmx_ports, names_of, promised, scrape, scrape_all

from ottla.kafka.events import Event, read_back, send_events
from ottla.kafka.topics import read_metadata
from ottla.local.processes import end_processes
from ottla.metrics.metric import Presence, Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

pytestmark = [pytest.mark.kafka, pytest.mark.long]
TOPICS, PARTITIONS = 50, 20
WRITTEN = {f"many-{number:02}": number % 7 + 1 for number in range(TOPICS)}  # how many events each topic gets
SLOWEST_SECONDS = 1.0  # of a scrape: the bound that was asked for
OF_THE_SOURCE_DOCUMENT = {  # [000], "Key Metrics"
    "kafka_server_replicamanager_underreplicatedpartitions",
    "kafka_server_brokertopicmetrics_messagesinpersec",
    "kafka_server_brokertopicmetrics_bytesinpersec",
    "kafka_controller_kafkacontroller_activecontrollercount",
}


@dataclass(frozen=True)
class Measured:
    """A cluster, and what its nodes said: just started, with all its topics, and when every one had been written to and read."""

    home: Home
    started: dict[int, Scrape]
    new: dict[int, Scrape]
    used: dict[int, Scrape]

    @property
    def all(self) -> list[Scrape]:
        return [*self.started.values(), *self.new.values(), *self.used.values()]


def spec(topics: Iterable[str] = WRITTEN) -> str:
    """The shipped platform with these topics more."""
    found: dict[str, Any] = local_spec()
    found["cluster"]["jmx_agent"] = True
    found["topics"] |= {name: {"partitions": PARTITIONS} for name in topics}
    return json.dumps(found)


def use(home: Home) -> None:
    """Write to every topic, and read it all back."""
    events = [Event(topic, b"key", b"value") for topic, count in WRITTEN.items() for _ in range(count)]
    sent = send_events(home.settings, home.platform.profile, events, timeout=60)
    assert [each.error for each in sent if each.error] == []
    places: dict[tuple[str, int], int] = {}
    for each in sent:
        place = (each.event.topic, each.partition)
        places[place] = min(each.offset, places.get(place, each.offset))
    wanted = {(each.event.topic, each.partition, each.offset) for each in sent}
    assert read_back(home.settings, home.platform.profile, places, wanted, timeout=60).keys() == wanted


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Measured]:
    folder = tmp_path_factory.mktemp("jmx")
    (folder / "platform.yaml").write_text(spec(topics=[]))
    home = start_home(folder, "local")
    try:
        started = scrape_all(home)  # at once: what Kafka knows of the last election it forgets within a minute
        (folder / "platform.yaml").write_text(spec())
        done = home.run("up")
        assert done.returncode == 0, done.stderr
        new = scrape_all(home)
        use(home)
        yield Measured(home, started, new, scrape_all(home))
    finally:
        end_processes(home.platform.cluster.running())  # asked to stop, they would flush every partition
        home.end()


def test_every_rule_has_a_hit_and_nothing_comes_that_no_rule_is_for(measured: Measured) -> None:
    """The agent gives a name only where a rule of that name matched."""
    assert names_of(measured.all) == NODE_METRICS.keys()


def test_what_is_promised_of_each_node_is_there_on_each_node(measured: Measured) -> None:
    wanted = promised(set(Role), Presence.ALWAYS, Presence.ROLE)
    for seen in (measured.started, measured.new, measured.used):
        assert {node_id: wanted - each.names for node_id, each in seen.items()} == {1: set(), 2: set(), 3: set()}


def test_what_comes_after_traffic_comes_after_traffic(measured: Measured) -> None:
    by_topic = {name for name in NODE_METRICS if "_topic_" in name}
    written = names_of(measured.used.values())
    assert len(by_topic) == 3
    assert by_topic <= written
    many = [sample for each in measured.new.values() for sample in each.samples if sample.labels.get("topic") in WRITTEN]
    assert many == []


def test_names_types_and_meanings_are_those_of_the_catalogue_and_each_is_said_once(measured: Measured) -> None:
    for each in measured.used.values():
        assert each.said("TYPE") == sorted((name, NODE_METRICS[name].type.value) for name in each.names)
        assert each.said("HELP") == sorted((name, NODE_METRICS[name].meaning) for name in each.names)


def test_no_series_comes_twice_and_each_has_the_labels_of_the_catalogue(measured: Measured) -> None:
    for each in measured.used.values():
        assert [series for series, count in Counter(sample.series for sample in each.samples).items() if count > 1] == []
        of_kafka = [sample for sample in each.samples if sample.name in NODE_METRICS]
        assert [s for s in of_kafka if set(s.labels) != set(NODE_METRICS[s.name].labels)] == []


def test_what_is_not_known_has_no_sample(measured: Measured) -> None:
    for each in measured.all:
        of_kafka = [sample for sample in each.samples if sample.name in NODE_METRICS]
        assert [sample for sample in of_kafka if not math.isfinite(sample.value) or sample.value < 0] == []


def test_every_name_of_the_reference_page_is_found(measured: Measured) -> None:
    section = (ROOT / "docs/reference/metrics.md").read_text().split("## Inside a node", 1)[1].split("\n## ", 1)[0]
    documented = set(re.findall(r"^\| `(kafka_\w+)`", section, re.MULTILINE))
    assert documented == names_of(measured.all)


def test_the_names_that_the_source_document_alerts_on_are_there(measured: Measured) -> None:
    assert OF_THE_SOURCE_DOCUMENT - measured.used[1].names == set()


def test_figures_are_those_of_the_cluster(measured: Measured) -> None:
    with measured.home.platform.connected() as connection:
        partitions = read_metadata(connection).partitions
    count = sum(map(len, partitions.values()))
    leaders = Counter(partition.leader for each in partitions.values() for partition in each)
    used = measured.used
    assert {each.value("kafka_controller_kafkacontroller_globalpartitioncount") for each in used.values()} == {count}
    assert {each.value("kafka_controller_kafkacontroller_activebrokercount") for each in used.values()} == {3}
    assert sum(each.value("kafka_controller_kafkacontroller_activecontrollercount") for each in used.values()) == 1
    assert sum(each.value("kafka_server_replicamanager_leadercount") for each in used.values()) == sum(leaders.values())
    written: Counter[str] = Counter()
    for each in used.values():
        for topic, records in each.by_label("kafka_server_brokertopicmetrics_topic_messagesin_total", "topic").items():
            written[topic] += int(records)
    assert {topic: written[topic] for topic in WRITTEN} == WRITTEN


def test_a_scrape_of_a_node_with_a_thousand_partitions_takes_less_than_a_second(measured: Measured) -> None:
    port = jmx_ports(measured.home)[1]
    taken = [scrape(port) for _ in range(5)]
    assert taken[0].value("kafka_server_replicamanager_partitioncount") >= TOPICS * PARTITIONS >= 1000
    assert statistics.median(each.seconds for each in taken) < SLOWEST_SECONDS
