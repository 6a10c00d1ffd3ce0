from __future__ import annotations

import re
from collections import Counter

import pytest

from ottla.metrics.catalogue import CATALOGUE
from ottla.metrics.metric import Collected, Granularity, MBean, Metric, Presence, Role, Type

# "Key Metrics" of source document [000], and the labels that dashboards for them have.
KEY_METRICS = {
    "kafka_server_replicamanager_underreplicatedpartitions": (),
    "kafka_server_brokertopicmetrics_messagesinpersec": (),
    "kafka_server_brokertopicmetrics_bytesinpersec": (),
    "kafka_controller_kafkacontroller_activecontrollercount": (),
    "kafka_topic_partition_current_offset": ("topic", "partition"),
    "kafka_topic_partition_oldest_offset": ("topic", "partition"),
    "kafka_topic_partition_replicas": ("topic", "partition"),
    "kafka_consumergroup_lag": ("consumergroup", "topic", "partition"),
    "kafka_consumergroup_current_offset": ("consumergroup", "topic", "partition"),
    "kafka_consumergroup_lag_seconds": ("consumergroup", "topic", "partition"),
}
IN_AN_ALERT_OF_000 = "kafka_server_replicamanager_leadercount"
# promtool's: not base units, abbreviated units, and what belongs to parts of a histogram or to a type.
PREFIXES = ("pico", "nano", "micro", "milli", "centi", "deci", "kilo", "mega", "giga", "tera")
NOT_BASE = {"minutes", "hours", "days", "weeks", "percent", "bits"} | {
    prefix + unit for prefix in PREFIXES for unit in ("seconds", "bytes", "meters", "grams")
}
ABBREVIATED = {"s", "ms", "us", "ns", "sec", "b", "kb", "mb", "gb", "tb", "pb", "m", "h", "d"}
RESERVED = ("_count", "_sum", "_bucket", "_created")
KEPT_BY_THE_AGENT = ("_info", "_total", "_created", "_bucket")  # the agent's library cuts these off the name of a gauge

by_name = pytest.mark.parametrize("metric", CATALOGUE, ids=lambda metric: metric.name)


def names() -> dict[str, tuple[str, ...]]:
    """Every name that can be seen, with its labels."""
    return {metric.name: metric.labels for metric in CATALOGUE} | {
        other.name: other.labels for metric in CATALOGUE for other in metric.also
    }


def test_every_name_stands_once() -> None:
    seen = Counter([metric.name for metric in CATALOGUE] + [other.name for metric in CATALOGUE for other in metric.also])
    assert [name for name, count in seen.items() if count > 1] == []


@pytest.mark.parametrize("name", KEY_METRICS)
def test_every_key_metric_of_the_source_document_is_there_with_its_labels(name: str) -> None:
    assert names()[name] == KEY_METRICS[name]


def test_what_the_source_document_alerts_on_is_there() -> None:
    assert IN_AN_ALERT_OF_000 in names()


def test_what_says_it_is_of_the_source_document_is() -> None:
    said = {other.name for metric in CATALOGUE for other in metric.also if other.origin == "[000]"}
    assert said == {name for name in KEY_METRICS if not name.startswith(("kafka_server", "kafka_controller"))}


@by_name
def test_a_name_is_one_that_prometheus_takes(metric: Metric) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", metric.name)


@by_name
def test_a_name_ends_in_total_if_and_only_if_it_is_a_counter(metric: Metric) -> None:
    assert metric.name.endswith("_total") == (metric.type is Type.COUNTER)
    assert not any(other.name.endswith("_total") for other in metric.also) or metric.type is Type.COUNTER


@by_name
def test_a_name_ends_as_no_part_of_a_histogram_does(metric: Metric) -> None:
    assert not metric.name.endswith(RESERVED)
    assert not {str(kind) for kind in Type} & set(metric.name.split("_"))


@by_name
def test_a_name_has_base_units_written_out(metric: Metric) -> None:
    assert not (NOT_BASE | ABBREVIATED) & set(metric.name.split("_"))


@by_name
def test_the_unit_is_the_end_of_the_name(metric: Metric) -> None:
    for unit in ("seconds", "bytes", "ratio", "info"):
        of_kafka = isinstance(metric.source, MBean) and unit == "bytes"  # Kafka's own names end in bytesin
        assert (metric.unit == unit) == metric.name.removesuffix("_total").endswith(f"_{unit}") or of_kafka


@by_name
def test_labels_are_legal_and_name_no_member(metric: Metric) -> None:
    for labels in (metric.labels, *(other.labels for other in metric.also)):
        assert len(set(labels)) == len(labels)
        assert all(
            re.fullmatch(r"[a-z][a-z_]*", label) and label not in {"le", "quantile", "job", "instance"} for label in labels
        )
        assert not {"member", "member_id", "client_id", "host", "consumer_id"} & set(labels)


@by_name
def test_another_name_has_as_many_labels(metric: Metric) -> None:
    assert all(len(other.labels) == len(metric.labels) for other in metric.also)


@by_name
def test_granularity_is_the_finest_label(metric: Metric) -> None:
    expected = {
        Granularity.PARTITION: "partition",
        Granularity.TOPIC: "topic",
        Granularity.CONSUMER_GROUP: "consumer_group",
    }.get(metric.granularity)
    finest = next((label for label in ("partition", "topic", "consumer_group") if label in metric.labels), None)
    assert finest == expected


@by_name
def test_the_meaning_is_a_sentence_of_one_line(metric: Metric) -> None:
    assert metric.meaning.endswith(".")
    assert "\n" not in metric.meaning


@by_name
def test_what_is_not_always_there_says_when(metric: Metric) -> None:
    assert bool(metric.when) == (metric.presence is not Presence.ALWAYS)


@by_name
def test_bounds_belong_to_histograms_and_grow(metric: Metric) -> None:
    assert bool(metric.bounds) == (metric.type is Type.HISTOGRAM)
    assert list(metric.bounds) == sorted(set(metric.bounds))


@by_name
def test_what_the_agent_reads_has_a_name_that_it_keeps(metric: Metric) -> None:
    if isinstance(metric.source, MBean) and metric.type is Type.GAUGE:
        assert not metric.name.endswith(KEPT_BY_THE_AGENT)


@by_name
def test_only_what_every_node_has_is_always_there(metric: Metric) -> None:
    if isinstance(metric.source, MBean):
        assert metric.source.roles == frozenset(Role) or metric.presence is not Presence.ALWAYS


def test_what_the_exporter_gives_is_named_after_it() -> None:
    own = [metric.name for metric in CATALOGUE if isinstance(metric.source, Collected)]
    assert [name for name in own if not name.startswith("ottla_")] == []
    assert [metric.name for metric in CATALOGUE if isinstance(metric.source, MBean) and metric.name.startswith("ottla_")] == []
