"""What every alert must be, whatever it is about. That each fires is shown by promtool (test_alert_rules_promtool.py)."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from tests.metrics.alert_cases import CASES, EVERYTHING, IN_KUBERNETES, KINDS, NO_AGENT, promtool_tests

from ottla.metrics import group_metrics
from ottla.metrics.alert import Alert, LeftOut, Pace, Severity, prometheus_time
from ottla.metrics.alert_reference import EXAMPLE, alerts_reference
from ottla.metrics.alert_rules import rules_document
from ottla.metrics.alertmanager import alertmanager_document
from ottla.metrics.alerts import alerts_of
from ottla.metrics.catalogue import CATALOGUE
from ottla.metrics.metric import Type
from ottla.metrics.promql import node_metric, of
from ottla.metrics.scrape import ExporterTarget, NodeTarget, prometheus_document
from ottla.metrics.watched import LagLimit

DOCS = Path(__file__).parent.parent.parent / "docs"
RUNBOOKS = (DOCS / "how-to" / "runbooks.md").read_text()
ALERTS = alerts_of(EVERYTHING).alerts
EACH = [*ALERTS, *alerts_of(NO_AGENT).alerts]
NAMES = {metric.name: metric for metric in CATALOGUE}
ON_ALL = {"cluster", "job", "node", "role"}
AT_ONCE = {"UncleanElection", "Watchdog"}
SELECTOR = re.compile(r'([a-z_]+)\{((?:[a-z_]+(?:=|!=|=~)"(?:[^"\\]|\\.)*",?)+)\}')

every_alert = pytest.mark.parametrize("alert", EACH, ids=[f"{index}-{alert.name}" for index, alert in enumerate(EACH)])


@every_alert
def test_an_alert_has_its_runbook(alert: Alert) -> None:
    assert f"\n## {alert.name}\n" in RUNBOOKS
    assert alert.anchor == f"runbooks.md#{alert.name.lower()}"


def test_every_runbook_has_its_alert() -> None:
    assert set(re.findall(r"^## (.+)$", RUNBOOKS, re.MULTILINE)) == {alert.name for alert in alerts_of(IN_KUBERNETES).alerts}


@every_alert
def test_an_alert_reads_metrics_and_labels_that_there_are(alert: Alert) -> None:
    selectors = SELECTOR.findall(alert.expression)
    assert selectors or alert.name == "Watchdog"
    for name, matchers in selectors:
        labels = set(re.findall(r'([a-z_]+)(?:=|!=)~?"', matchers))
        assert name == "up" or name in NAMES
        assert labels <= {*ON_ALL, *(NAMES[name].labels if name in NAMES else ())}
        assert 'cluster="shop"' in matchers


@every_alert
def test_the_texts_of_an_alert_name_labels_that_it_has(alert: Alert) -> None:
    named = set(re.findall(r"\$labels\.([a-z_]+)", alert.summary + alert.description))
    cases = [case for case in CASES if case.alert == alert.name]
    if cases:
        assert named <= {"cluster", *(label for case in cases for label in case.labels)}


@every_alert
@pytest.mark.parametrize("scale", [1, 10, 1000])
@pytest.mark.parametrize("scrape", [1_000, 10_000, 60_000])
def test_an_alert_takes_two_looks_and_its_ranges_have_four(alert: Alert, scale: float, scrape: int) -> None:
    watched = replace(NO_AGENT if alert not in ALERTS else EVERYTHING, scrape=scrape, interval=scrape)
    paced = next(each for each in alerts_of(watched).alerts if each.name == alert.name)
    pace = Pace(scale)
    assert paced.step >= scrape
    assert pace.lasting(paced) >= 2 * paced.step or (alert.name in AT_ONCE and pace.lasting(paced) == 0)
    assert pace.keep(paced) == 0 or pace.keep(paced) >= 2 * paced.step
    ranges = re.findall(r"\[(\d+)(ms|s|m|h)\]", pace.expression(paced))
    assert all(int(count) * {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}[unit] >= 4 * scrape for count, unit in ranges)
    assert "<" + "0ms>" not in pace.expression(paced)
    assert not re.search(r"<\d+ms>", pace.expression(paced))


@every_alert
def test_nothing_that_may_be_empty_is_compared_with_0(alert: Alert) -> None:
    """An aggregation of no series is no 0: such an alert never fires."""
    assert not re.search(r"\b(count|sum|min|max|avg)\b[^<>=]*==\s*0", alert.expression)
    assert alert.expression.count("count(") <= alert.expression.count(" or ")


@every_alert
def test_counters_are_read_as_rates_and_gauges_are_not(alert: Alert) -> None:
    for name in re.findall(r"(?:rate|increase)\(([a-z_]+)\{", alert.expression):
        assert NAMES[name].type is Type.COUNTER
    for name in re.findall(r"(?:predict_linear|changes)\(([a-z_]+)\{", alert.expression):
        assert NAMES[name].type is Type.GAUGE


@every_alert
def test_an_alert_is_for_somebody(alert: Alert) -> None:
    assert (alert.severity is Severity.NONE) == (alert.name == "Watchdog")
    assert alert.summary
    assert alert.description.endswith(".")


def test_every_alert_is_tried_in_every_kind() -> None:
    tried = {case.alert for case in CASES if case.watched is EVERYTHING}
    assert tried == {alert.name for alert in ALERTS} - {"Watchdog"}
    other = {alert.name for alert in alerts_of(NO_AGENT).alerts if alert not in ALERTS}
    assert other - {"ExporterStale"} == {case.alert for case in CASES if case.watched is NO_AGENT}
    for case in CASES:
        tests = promtool_tests(case)
        assert set(tests) == set(KINDS)
        looks = [look for test in tests["firing"] for look in test["promql_expr_test"]]
        assert all(look["exp_samples"] for look in looks)


def test_what_an_alert_silences_is_an_alert_and_never_in_a_circle() -> None:
    silences = {alert.name: set(alert.silences) for alert in ALERTS}
    assert set().union(*silences.values()) <= set(silences) | {"CollectorFailed"}
    assert [(name, other) for name, others in silences.items() for other in others if name in silences[other]] == []


def test_without_the_agent_missing_brokers_silence_the_exporter_that_loses_them_and_not_the_other_way_round() -> None:
    silences = {alert.name: set(alert.silences) for alert in alerts_of(NO_AGENT).alerts}
    assert "ExporterStale" in silences["BrokersMissing"]
    assert "BrokersMissing" not in silences["ExporterStale"]
    assert [
        (name, other) for name, others in silences.items() for other in others & set(silences) if name in silences[other]
    ] == []


def test_a_blind_exporter_does_not_hide_the_certificate_that_blinds_it() -> None:
    for alerts in (ALERTS, alerts_of(NO_AGENT).alerts):
        [stale] = [alert for alert in alerts if alert.name == "ExporterStale"]
        assert not {"CertificateExpired", "CertificateExpiring"} & set(stale.silences)


def test_what_nodes_count_of_different_partitions_silences_nothing() -> None:
    [by_nodes] = [alert for alert in alerts_of(replace(EVERYTHING, exporter=False)).alerts if alert.name == "AtMinIsr"]
    [by_exporter] = [alert for alert in ALERTS if alert.name == "AtMinIsr"]
    assert (by_nodes.silences, by_exporter.silences) == ((), ("UnderReplicated",))
    assert not any(re.search(r"sum\b.* and .*sum\b", alert.expression) for alert in (by_nodes, by_exporter))


def test_a_dead_broker_is_one_page() -> None:
    """Those that fire with it, where three replicas are asked for and two are enough."""
    [down] = [alert for alert in ALERTS if alert.name == "BrokerDown"]
    assert {"BrokersMissing", "BrokerFenced", "UnderReplicated", "AtMinIsr", "QuorumNoSpare"} <= set(down.silences)
    assert not {"UnderMinIsr", "OfflinePartitions"} & set(down.silences)  # people notice those


def test_what_has_no_source_is_left_out_and_said() -> None:
    nothing = alerts_of(replace(EVERYTHING, agent=False, exporter=False, canary=False, tls=False))
    assert [alert.name for alert in nothing.alerts] == ["Watchdog"]
    assert {each.name for each in nothing.left_out} == {alert.name for alert in ALERTS} - {"Watchdog"}
    assert all(": " in each.why for each in nothing.left_out)


def test_a_quorum_of_one_has_no_alert_about_a_spare() -> None:
    assert LeftOut in {type(each) for each in alerts_of(replace(EVERYTHING, voters=1)).left_out}
    assert "QuorumNoSpare" not in {alert.name for alert in alerts_of(replace(EVERYTHING, voters=1)).alerts}


def test_an_environment_that_shares_a_cluster_has_alerts_about_its_groups_only() -> None:
    shared = alerts_of(replace(EVERYTHING, shared=True, prefix="dev."))
    names = {alert.name for alert in shared.alerts}
    assert names == {
        *("LagRecords", "LagSeconds", "LagStalled", "NearRetention", "RecordsLost"),
        *("ExporterStale", "CollectorFailed", "CanaryFailing", "Watchdog"),
    }
    [lost] = [alert for alert in shared.alerts if alert.name == "RecordsLost"]
    assert 'consumer_group=~"dev\\\\..*"' in lost.expression


def test_a_limit_that_is_unlimited_makes_no_alert() -> None:
    ages = replace(EVERYTHING, lag=LagLimit(-1, 60_000), groups={})
    assert "LagRecords" in {each.name for each in alerts_of(ages).left_out}
    one = replace(EVERYTHING, lag=LagLimit(-1, -1), groups={'a"b\\c': LagLimit(5, -1)})
    [records] = [alert for alert in alerts_of(one).alerts if alert.name == "LagRecords"]
    assert records.expression == 'ottla_kafka_consumer_group_topic_lag_records{cluster="shop",consumer_group="a\\"b\\\\c"} > 5'


def test_a_metric_or_a_label_that_is_not_there_is_found_when_the_table_is_made() -> None:
    with pytest.raises(KeyError):
        node_metric("kafka_server_replicamanager_leadercounts")
    with pytest.raises(ValueError, match="has no label group"):
        of(group_metrics.GROUP_TOPIC_LAG_RECORDS, "shop", ("group", "=", "x"))


def test_rules_say_the_cluster_in_words_as_an_aggregation_may_have_lost_the_label() -> None:
    document = rules_document(ALERTS, cluster="shop", runbooks="https://example.com/docs")
    rules = [rule for group in document["groups"] for rule in group["rules"]]
    assert [rule for rule in rules if "$labels.cluster" in str(rule["annotations"])] == []
    assert {rule["labels"]["cluster"] for rule in rules} == {"shop"}
    assert all(rule["annotations"]["runbook_url"].startswith("https://example.com/docs/runbooks.md#") for rule in rules)


def test_a_quicker_profile_has_the_same_rules_with_the_same_limits() -> None:
    real, quick = (rules_document(ALERTS, cluster="shop", runbooks="x", scale=scale) for scale in (1, 10))
    plain = [re.sub(r"\[\w+\]|offset \w+", "", rule["expr"]) for group in real["groups"] for rule in group["rules"]]
    assert plain == [re.sub(r"\[\w+\]|offset \w+", "", rule["expr"]) for group in quick["groups"] for rule in group["rules"]]
    assert real != quick


def test_alertmanager_tells_a_webhook_or_nobody_and_the_watchdog_has_its_own_route() -> None:
    told = alertmanager_document(ALERTS, webhook="http://127.0.0.1:1/")
    assert {len(receiver.get("webhook_configs", [])) for receiver in told["receivers"]} == {1}
    silent = alertmanager_document(ALERTS, webhook=None)
    assert [receiver for receiver in silent["receivers"] if "webhook_configs" in receiver] == []
    assert told["route"]["routes"][0]["matchers"] == ['alertname="Watchdog"']
    targets = [matcher for rule in told["inhibit_rules"] for matcher in rule["target_matchers"]]
    assert not any("Watchdog" in matcher for matcher in targets)


def test_prometheus_is_told_of_files_and_of_no_secret() -> None:
    exporter = ExporterTarget("127.0.0.1:9308", tls=True, ca_file="/ca.pem", user="prometheus", password_file="/password")  # noqa: S106
    document = prometheus_document(
        cluster="shop",
        nodes=[NodeTarget(101, "controller", "127.0.0.1:1")],
        exporter=exporter,
        alertmanager="127.0.0.1:9099",
        interval=15_000,
        rules="rules.yml",
    )
    nodes, own = document["scrape_configs"]
    assert nodes["static_configs"][0]["labels"] == {"cluster": "shop", "node": "101", "role": "controller"}
    assert own["basic_auth"] == {"username": "prometheus", "password_file": "/password"}
    assert own["tls_config"] == {"ca_file": "/ca.pem"}
    assert document["global"] == {"scrape_interval": "15s", "scrape_timeout": "10s", "evaluation_interval": "15s"}


@pytest.mark.parametrize(("milliseconds", "text"), [(90_000, "90s"), (300_000, "5m"), (3_600_000, "1h"), (1500, "1500ms")])
def test_times_are_written_as_prometheus_reads_them(milliseconds: int, text: str) -> None:
    assert prometheus_time(milliseconds) == text


def test_the_reference_has_every_alert() -> None:
    page = alerts_reference()
    assert [alert.name for alert in alerts_of(EXAMPLE).alerts if f"| [{alert.name}](../how-to/" not in page] == []
    assert page == (DOCS / "reference" / "alerts.md").read_text()


def test_only_in_kubernetes_there_are_alerts_about_claims() -> None:
    more = {alert.name for alert in alerts_of(IN_KUBERNETES).alerts} - {alert.name for alert in ALERTS}
    assert more == {"VolumeAlmostFull"}
    assert [alert.name for alert in alerts_of(replace(IN_KUBERNETES, shared=True)).alerts if alert.name in more] == []


def test_one_disk_that_is_full_is_one_ticket() -> None:
    """The exporter and kubelets see the same volume: where the exporter tells of it, the claim is silent."""
    by_name = {alert.name: alert for alert in alerts_of(IN_KUBERNETES).alerts}
    assert "VolumeAlmostFull" in by_name["DiskAlmostFull"].silences
    assert set(by_name["DiskAlmostFull"].equal) <= {
        "cluster",
        *re.findall(r'"(node_id)"', by_name["VolumeAlmostFull"].expression),
    }
