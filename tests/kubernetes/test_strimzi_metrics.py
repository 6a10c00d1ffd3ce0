"""The rules of the JMX agent, as Strimzi takes them."""

from __future__ import annotations

from ruamel.yaml import YAML
from tests.kubernetes.sites import documents, shipped

from ottla.metrics.catalogue import CATALOGUE
from ottla.metrics.metric import MBean


def test_the_rules_are_yaml_under_the_key_of_000_and_give_every_metric_of_a_node() -> None:
    config_map = documents(shipped()["doks"])["kafka-metrics-config.yaml"]
    assert config_map["metadata"]["name"] == "kafka-metrics"
    [(key, text)] = config_map["data"].items()
    assert key == "kafka-metrics-config.yml"
    rules = YAML(typ="safe", pure=True).load(text)
    from_nodes = {metric.name for metric in CATALOGUE if isinstance(metric.source, MBean)}
    assert {rule["name"] for rule in rules["rules"]} == from_nodes
    assert rules["includeObjectNames"]
