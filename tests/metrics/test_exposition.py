from __future__ import annotations

from math import inf

from ottla.metrics import exporter_metrics, group_metrics
from ottla.metrics.catalogue import CATALOGUE
from ottla.metrics.exposition import exposition
from ottla.metrics.metric import Granularity
from ottla.metrics.samples import Distribution, Sample, Series, families


def lines(*samples: Sample) -> list[str]:
    return exposition(families(samples)).decode().splitlines()


def test_a_metric_is_written_under_each_of_its_names_with_help_and_type() -> None:
    found = lines(Sample(group_metrics.GROUP_LAG_RECORDS, ("g", "t", "3"), 7))
    assert found[0].startswith("# HELP ottla_kafka_consumer_group_lag_records Offsets from")
    assert found[1:3] == [
        "# TYPE ottla_kafka_consumer_group_lag_records gauge",
        'ottla_kafka_consumer_group_lag_records{consumer_group="g",topic="t",partition="3"} 7',
    ]
    assert found[4:] == [
        "# TYPE kafka_consumergroup_lag gauge",
        'kafka_consumergroup_lag{consumergroup="g",topic="t",partition="3"} 7',
    ]


def test_labels_keep_quotes_backslashes_and_line_ends() -> None:
    found = lines(Sample(group_metrics.GROUP_INFO, ('a"b\\c\nd', "classic"), 1))
    assert found[-1] == r'ottla_kafka_consumer_group_info{consumer_group="a\"b\\c\nd",type="classic"} 1'


def test_a_percent_sign_in_a_name_is_a_percent_sign() -> None:
    assert '"100%s"' in lines(Sample(group_metrics.GROUP_INFO, ("100%s", "share"), 1))[-1]


def test_infinity_is_written_as_prometheus_reads_it() -> None:
    found = lines(Sample(group_metrics.GROUP_TOPIC_CATCH_UP_SECONDS, ("g", "t"), inf))
    assert found[-1].endswith("} +Inf")


def test_a_histogram_is_cumulated() -> None:
    counts = (1, 2, *[0] * (len(exporter_metrics.BOUNDS) - 2), 4)
    found = lines(Sample(exporter_metrics.CANARY_PRODUCE, ("1",), Distribution(counts, 9.5)))
    name = exporter_metrics.CANARY_PRODUCE.name
    assert found[2:4] == [f'{name}_bucket{{node_id="1",le="0.001"}} 1', f'{name}_bucket{{node_id="1",le="0.0025"}} 3']
    assert found[-3:] == [
        f'{name}_bucket{{node_id="1",le="+Inf"}} 7',
        f'{name}_sum{{node_id="1"}} 9.5',
        f'{name}_count{{node_id="1"}} 7',
    ]


def test_series_of_partitions_are_written_as_samples_are() -> None:
    together = [Series(group_metrics.GROUP_LAG_RECORDS, labels, [(0, 7), (10, 0)]) for labels in (("g", "t"), ('a"{b="', "u"))]
    apart = [Sample(each.metric, (*each.labels, str(partition)), value) for each in together for partition, value in each.points]
    assert exposition((), together).decode().splitlines() == lines(*apart)


def test_a_name_that_looks_like_a_series_stays_as_it_is() -> None:
    tricky = 'ottla_kafka_consumer_group_lag_records{consumer_group="'
    text = exposition((), [Series(group_metrics.GROUP_LAG_RECORDS, (tricky, "t"), [(0, 1)])]).decode()
    assert text.count(tricky.replace('"', r"\"")) == 2


def test_other_names_of_metrics_of_partitions_differ_in_no_label_but_the_first() -> None:
    for metric in CATALOGUE:
        for other in metric.also if metric.granularity is Granularity.PARTITION else ():
            assert (other.labels[1:], len(other.labels)) == (metric.labels[1:], len(metric.labels))
            assert metric.labels[-1] == "partition"
