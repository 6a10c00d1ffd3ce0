"""The Kafka resource: who can come in, by which listener, and what nodes are told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.kubernetes.sites import OPEN, documents, locked, of_kind, shipped, site_of

from ottla.spec.desired import server_properties
from ottla.spec.strimzi import is_kept, listeners
from ottla.spec.versions import METADATA_LEVELS, METADATA_VERSIONS

if TYPE_CHECKING:
    from pathlib import Path

    from ottla.kubernetes.site import Site

ENVIRONMENTS = pytest.mark.parametrize("name", ["minikube", "doks", "aks"])
ISSUER = "issuer: 'https://id.example', audience: kafka, jwks: 'https://id.example/keys'"
BY_CERTIFICATE = "robot: {authentication: certificate}"


def kafka(site: Site) -> dict[str, Any]:
    spec: dict[str, Any] = documents(site)["kafka-cluster.yaml"]["spec"]["kafka"]
    return spec


def by_name(site: Site) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in kafka(site)["listeners"]}


def ways_in(site: Site) -> list[tuple[str, int, bool, str | None]]:
    return [
        (each["name"], each["port"], each["tls"], each.get("authentication", {}).get("type")) for each in kafka(site)["listeners"]
    ]


def test_an_open_platform_has_the_two_listeners_of_000_and_no_authorizer(tmp_path: Path) -> None:
    site = site_of(OPEN, tmp_path)
    assert ways_in(site) == [("plain", 9092, False, None), ("tls", 9093, True, None)]
    assert "authorization" not in kafka(site)


def test_a_locked_platform_takes_no_byte_in_the_clear_and_nobody_who_has_not_logged_in(tmp_path: Path) -> None:
    site = site_of(locked(), tmp_path)
    assert ways_in(site) == [("tls", 9093, True, "scram-sha-512")]
    assert kafka(site)["authorization"] == {"type": "simple", "superUsers": ["admin"]}


def test_certificates_and_tokens_have_a_listener_of_their_own_where_somebody_has_them(tmp_path: Path) -> None:
    assert ways_in(site_of(locked(BY_CERTIFICATE), tmp_path))[1:] == [("mtls", 9094, True, "tls")]
    site = site_of(locked("bot: {authentication: token}", security=f"enabled: true, oauth: {{{ISSUER}}}"), tmp_path)
    assert ways_in(site)[1:] == [("oauth", 9095, True, "custom")]
    both = site_of(locked(BY_CERTIFICATE, security=f"enabled: true, oauth: {{{ISSUER}}}"), tmp_path)
    assert [name for name, *_ in ways_in(both)] == ["tls", "mtls", "oauth"]


def test_tokens_are_checked_against_the_issuer_of_the_spec_and_the_jvm_may_ask_it_for_keys(tmp_path: Path) -> None:
    site = site_of(locked(security=f"enabled: true, oauth: {{{ISSUER}, user_claim: name}}"), tmp_path)
    authentication = by_name(site)["oauth"]["authentication"]
    assert authentication["sasl"] is True
    config = authentication["listenerConfig"]
    assert config["sasl.enabled.mechanisms"] == "OAUTHBEARER"
    assert {key: value for key, value in config.items() if "sasl.oauthbearer" in key} == {
        "oauthbearer.sasl.oauthbearer.jwks.endpoint.url": "https://id.example/keys",
        "oauthbearer.sasl.oauthbearer.expected.issuer": "https://id.example",
        "oauthbearer.sasl.oauthbearer.expected.audience": "kafka",
        "oauthbearer.sasl.oauthbearer.sub.claim.name": "name",
    }
    [pool] = of_kind(site, "KafkaNodePool").values()
    assert pool["spec"]["jvmOptions"]["javaSystemProperties"] == [
        {"name": "org.apache.kafka.sasl.oauthbearer.allowed.urls", "value": "https://id.example/keys"}
    ]


@ENVIRONMENTS
def test_every_listener_lets_in_the_namespaces_that_are_named_and_no_other(name: str) -> None:
    for listener in kafka(shipped()[name])["listeners"]:
        assert listener["type"] == "internal"
        peers = [peer["namespaceSelector"]["matchLabels"] for peer in listener["networkPolicyPeers"]]
        assert peers == [{"kubernetes.io/metadata.name": each} for each in ("kafka", "todo-app-prod")]
        assert all(set(peer) == {"namespaceSelector"} for peer in listener["networkPolicyPeers"])


@ENVIRONMENTS
def test_server_properties_are_those_that_a_local_node_gets(name: str) -> None:
    site = shipped()[name]
    written = kafka(site)["config"]
    as_text = {key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in written.items()}
    assert as_text == server_properties(site.spec)
    assert not any(is_kept(key, listeners(site.spec)) for key in written)


@ENVIRONMENTS
def test_the_version_and_the_metadata_of_that_version_are_named(name: str) -> None:
    assert (kafka(shipped()[name])["version"], kafka(shipped()[name])["metadataVersion"]) == ("4.3.1", "4.3-IV0")


def test_every_version_has_a_name_of_its_metadata_and_later_ones_a_later_one() -> None:
    assert METADATA_VERSIONS.keys() == METADATA_LEVELS.keys()
    in_order = sorted(METADATA_LEVELS, key=lambda version: METADATA_LEVELS[version])
    assert [METADATA_VERSIONS[version] for version in in_order] == sorted(METADATA_VERSIONS.values())
    assert all(METADATA_VERSIONS[version].startswith(version[:3]) for version in in_order)


def test_brokers_are_told_their_racks_where_machines_have_a_label_for_it() -> None:
    assert kafka(shipped()["aks"])["rack"] == {"type": "topology-label", "topologyKey": "topology.kubernetes.io/zone"}
    assert "rack" not in kafka(shipped()["doks"])


def test_logs_are_json_where_the_spec_says_so_and_all_of_them(tmp_path: Path) -> None:
    assert "logging" not in kafka(site_of(OPEN, tmp_path))
    logging = kafka(site_of(f"{OPEN}logs: {{format: ecs}}\n", tmp_path))["logging"]
    assert logging["type"] == "inline"
    loggers = logging["loggers"]
    assert all(isinstance(value, str) for value in loggers.values())
    # Strimzi's loggers write to the appender of this name, wherever it is defined
    assert [key for key, value in loggers.items() if value == "STDOUT"] == ["appender.ecs.name"]
    assert loggers["appender.console.name"] != "STDOUT"
    keys = {value: loggers[key.replace(".key", ".value")] for key, value in loggers.items() if key.endswith(".key")}
    assert (keys["labels.cluster"], keys["labels.node"]) == ("shop", "${env:STRIMZI_BROKER_ID}")


@ENVIRONMENTS
def test_the_operators_beside_the_cluster_are_promised_what_000_says(name: str) -> None:
    operators = documents(shipped()[name])["kafka-cluster.yaml"]["spec"]["entityOperator"]
    figures = {"requests": {"cpu": "200m", "memory": "512Mi"}, "limits": {"cpu": "500m", "memory": "512Mi"}}
    assert operators["topicOperator"]["resources"] == operators["userOperator"]["resources"] == figures


@ENVIRONMENTS
def test_metrics_are_read_with_the_rules_that_are_rendered_beside_it(name: str) -> None:
    site = shipped()[name]
    reference = kafka(site)["metricsConfig"]["valueFrom"]["configMapKeyRef"]
    assert reference["key"] in of_kind(site, "ConfigMap")[reference["name"]]["data"]


def test_containers_have_what_the_restricted_standard_of_kubernetes_asks_for() -> None:
    site = shipped()["aks"]
    templates = [
        documents(site)["kafka-cluster.yaml"]["spec"]["entityOperator"]["template"],
        documents(site)["node-pool-kafka.yaml"]["spec"]["template"],
    ]
    containers = {name: template for each in templates for name, template in each.items() if name.endswith("Container")}
    assert set(containers) == {"topicOperatorContainer", "userOperatorContainer", "kafkaContainer", "initContainer"}
    for template in containers.values():
        context = template["securityContext"]
        assert (context["runAsNonRoot"], context["allowPrivilegeEscalation"]) == (True, False)
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}


def test_an_environment_in_the_cluster_of_another_one_renders_no_second_one(tmp_path: Path) -> None:
    text = OPEN.replace("k8s: {target: strimzi}", "k8s: {shares: prod, prefix: k8s.}, prod: {target: strimzi}")
    site = site_of(text, tmp_path)
    assert {each["kind"] for each in documents(site).values()} == {"KafkaTopic"}
