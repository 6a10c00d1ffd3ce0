from __future__ import annotations

import re
from functools import cache
from typing import Any

import pytest
from ruamel.yaml import YAML

from ottla.metrics.catalogue import CATALOGUE
from ottla.metrics.jmx_rules import jmx_config, object_names
from ottla.metrics.metric import MBean, Metric, Role

BEANS = [metric for metric in CATALOGUE if isinstance(metric.source, MBean)]
BROKER, CONTROLLER, COMBINED = {Role.BROKER}, {Role.CONTROLLER}, set(Role)
TOPIC = "task.created"


@cache
def parsed(roles: frozenset[Role]) -> dict[str, Any]:
    return dict(YAML(typ="safe").load(jmx_config(roles)))


def config(roles: set[Role]) -> dict[str, Any]:
    return parsed(frozenset(roles))


def bean_of(metric: Metric) -> MBean:
    assert isinstance(metric.source, MBean)
    return metric.source


def as_the_agent_sees(bean: MBean, value: str) -> str:
    """``domain<key=value, ...><>attribute: value``, as javaagent 1.0.1 builds it."""
    domain, _, properties = object_names(bean)[0].replace("*", TOPIC).partition(":")
    return f"{domain}<{properties.replace(',', ', ')}><>{bean.attribute}: {value}"


def matching(rules: list[dict[str, Any]], text: str) -> dict[str, Any] | None:
    """The first rule that matches, wrapped as the agent wraps it (JmxCollector: ``^.*(?:pattern).*$``)."""
    return next((rule for rule in rules if re.search(f"^.*(?:{rule['pattern']}).*$", text)), None)


@pytest.mark.parametrize("metric", BEANS, ids=lambda metric: metric.name)
def test_an_attribute_is_matched_by_its_own_rule_first(metric: Metric) -> None:
    bean = bean_of(metric)
    rule = matching(config(COMBINED)["rules"], as_the_agent_sees(bean, "follower" if bean.text else "12.5"))
    assert rule is not None
    assert (rule["name"], rule["type"].lower(), rule["help"]) == (metric.name, metric.type, metric.meaning)
    assert rule.get("valueFactor", 1) == bean.factor
    assert tuple(rule.get("labels", {})) == metric.labels


@pytest.mark.parametrize("metric", [each for each in BEANS if each.labels], ids=lambda metric: metric.name)
def test_a_label_gets_its_value(metric: Metric) -> None:
    bean = bean_of(metric)
    text = as_the_agent_sees(bean, "follower")
    rule = matching(config(COMBINED)["rules"], text if bean.text else text.replace("follower", "1.0"))
    assert rule is not None
    found = re.search(rule["pattern"], text if bean.text else text.replace("follower", "1.0"))
    assert found is not None
    assert found[1] == ("follower" if bean.text else bean.values[0] if bean.values else TOPIC)
    assert list(rule["labels"].values()) == ["$1"]


def test_a_name_in_quotes_loses_them() -> None:
    text = 'kafka.server<type=BrokerTopicMetrics, name=BytesInPerSec, topic="a.b"><>Count: 3'
    rule = matching(config(BROKER)["rules"], text)
    assert rule is not None
    assert rule["name"] == "kafka_server_brokertopicmetrics_topic_bytesin_total"
    found = re.search(rule["pattern"], text)
    assert found is not None
    assert found[1] == "a.b"


@pytest.mark.parametrize("value", ["NaN", "-1", "-1.0", "Infinity"])
def test_what_is_not_known_gives_no_sample(value: str) -> None:
    figures = [bean_of(metric) for metric in BEANS if not bean_of(metric).text]
    assert [bean for bean in figures if matching(config(COMBINED)["rules"], as_the_agent_sees(bean, value))] == []


def test_no_rule_matches_a_longer_attribute_or_another_domain() -> None:
    seen = [as_the_agent_sees(bean_of(metric), "1") for metric in BEANS]
    assert [text for text in seen if matching(config(COMBINED)["rules"], text.replace("><>", "><>x"))] == []
    assert [text for text in seen if matching(config(COMBINED)["rules"], "x" + text)] == []


@pytest.mark.parametrize("roles", [BROKER, CONTROLLER, COMBINED], ids=["broker", "controller", "combined"])
def test_every_object_that_a_rule_reads_is_asked_for_once(roles: set[Role]) -> None:
    written = config(roles)
    wanted = {name for metric in BEANS if bean_of(metric).roles & roles for name in object_names(bean_of(metric))}
    assert sorted(written["includeObjectNames"]) == sorted(wanted)
    assert len(written["rules"]) == sum(bool(bean_of(metric).roles & roles) for metric in BEANS)


def test_a_node_is_asked_only_for_what_its_role_has() -> None:
    assert not any("ReplicaManager" in name for name in config(CONTROLLER)["includeObjectNames"])
    assert not any("KafkaController" in name for name in config(BROKER)["includeObjectNames"])
    everywhere = "kafka.server:type=raft-metrics"
    assert all(everywhere in config(roles)["includeObjectNames"] for roles in (BROKER, CONTROLLER, COMBINED))


def test_the_pattern_of_the_source_document_would_have_matched_nothing() -> None:
    seed = "kafka.server<type=(.+), name=(.+), clientId=(.+), topic=(.+), partition=(.*)><>Value"
    assert not any(re.search(seed, as_the_agent_sees(bean_of(metric), "1")) for metric in BEANS)


def test_each_rule_says_when_it_has_something_to_match() -> None:
    text = jmx_config(COMBINED)
    assert text.count("  # ") == len(BEANS)
    assert "  # always\n" in text
    assert "  # role: the node is a controller\n" in text
    assert "  # after-event: the topic had traffic on this broker\n" in text
