from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from ottla.metrics.catalogue import CATALOGUE
from ottla.metrics.metric import Collected, Granularity, MBean, Metric, Presence, Role, Type

if TYPE_CHECKING:
    from collections.abc import Callable

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


def breaking(law: Callable[[Metric], bool]) -> list[str]:
    """The metrics that break a law."""
    return [metric.name for metric in CATALOGUE if not law(metric)]


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


def test_a_name_is_one_that_prometheus_takes() -> None:
    assert breaking(lambda metric: re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", metric.name) is not None) == []


def test_a_name_ends_in_total_if_and_only_if_it_is_a_counter() -> None:
    assert breaking(lambda metric: metric.name.endswith("_total") == (metric.type is Type.COUNTER)) == []
    assert breaking(lambda metric: not any(other.name.endswith("_total") for other in metric.also)) == []


def test_a_name_ends_as_no_part_of_a_histogram_does_and_names_no_type() -> None:
    assert breaking(lambda metric: not metric.name.endswith(RESERVED)) == []
    assert breaking(lambda metric: not {str(kind) for kind in Type} & set(metric.name.split("_"))) == []


def test_a_name_has_base_units_written_out() -> None:
    assert breaking(lambda metric: not (NOT_BASE | ABBREVIATED) & set(metric.name.split("_"))) == []


@pytest.mark.parametrize("unit", ["seconds", "bytes", "ratio", "info"])
def test_a_name_ends_in_its_unit(unit: str) -> None:
    def law(metric: Metric) -> bool:
        of_kafka = isinstance(metric.source, MBean) and unit == "bytes"  # Kafka's own names end in bytesin
        return (metric.unit == unit) == metric.name.removesuffix("_total").endswith(f"_{unit}") or of_kafka

    assert breaking(law) == []


def test_labels_are_legal_and_name_no_member() -> None:
    refused = {"le", "quantile", "job", "instance", "member", "member_id", "client_id", "host", "consumer_id"}
    for labels in (labels for metric in CATALOGUE for labels in (metric.labels, *(other.labels for other in metric.also))):
        assert len(set(labels)) == len(labels)
        assert all(re.fullmatch(r"[a-z][a-z_]*", label) for label in labels)
        assert not refused & set(labels)


def test_another_name_has_as_many_labels() -> None:
    assert breaking(lambda metric: all(len(other.labels) == len(metric.labels) for other in metric.also)) == []


def test_granularity_is_the_finest_label() -> None:
    fine = {"partition": Granularity.PARTITION, "topic": Granularity.TOPIC, "consumer_group": Granularity.CONSUMER_GROUP}

    def law(metric: Metric) -> bool:
        finest = next((granularity for label, granularity in fine.items() if label in metric.labels), None)
        return finest == (metric.granularity if metric.granularity in fine.values() else None)

    assert breaking(law) == []


def test_a_meaning_is_of_one_line() -> None:
    assert (
        breaking(lambda metric: metric.meaning.endswith(".") and "\n" not in metric.meaning and "|" not in metric.meaning) == []
    )


def test_what_is_not_always_there_says_when() -> None:
    assert breaking(lambda metric: bool(metric.when) == (metric.presence is not Presence.ALWAYS)) == []


def test_bounds_belong_to_histograms_and_grow() -> None:
    assert breaking(lambda metric: bool(metric.bounds) == (metric.type is Type.HISTOGRAM)) == []
    assert breaking(lambda metric: list(metric.bounds) == sorted(set(metric.bounds))) == []


def test_the_agent_keeps_the_name_of_a_gauge() -> None:
    gauges = [each.name for each in CATALOGUE if isinstance(each.source, MBean) and each.type is Type.GAUGE]
    assert gauges
    assert [name for name in gauges if name.endswith(KEPT_BY_THE_AGENT)] == []


def test_only_what_every_node_has_is_always_there() -> None:
    beans = [(each, each.source) for each in CATALOGUE if isinstance(each.source, MBean)]
    assert [each.name for each, bean in beans if bean.roles != frozenset(Role) and each.presence is Presence.ALWAYS] == []


def test_a_meter_is_counted_as_a_counter() -> None:
    beans = [(each, each.source) for each in CATALOGUE if isinstance(each.source, MBean)]
    assert [each.name for each, bean in beans if bean.attribute == "Count" and each.type is not Type.COUNTER] == []


def test_what_the_exporter_gives_is_named_after_it() -> None:
    own = [metric.name for metric in CATALOGUE if isinstance(metric.source, Collected)]
    assert [name for name in own if not name.startswith("ottla_")] == []
    assert [metric.name for metric in CATALOGUE if isinstance(metric.source, MBean) and metric.name.startswith("ottla_")] == []
