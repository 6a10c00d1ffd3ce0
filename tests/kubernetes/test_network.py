"""Who reaches whom in Kafka's namespace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.kubernetes.around import FULL, OPEN, SHARED, all_shipped, documents, of_kind, pods
from tests.kubernetes.sites import site_of, sites_of

if TYPE_CHECKING:
    from pathlib import Path

    from ottla.kubernetes.site import Site

IN_MONITORING = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]


def policies(site: Site) -> dict[str, dict[str, Any]]:
    return {name: each["spec"] for name, each in of_kind(site, "NetworkPolicy").items()}


def selecting(site: Site, labels: dict[str, str]) -> list[dict[str, Any]]:
    """The policies, but for the one of all pods, that are about a pod."""
    chosen = [(each, each["podSelector"].get("matchLabels", {})) for each in policies(site).values()]
    return [each for each, wanted in chosen if wanted and wanted.items() <= labels.items()]


def test_every_pod_of_ours_has_a_policy_and_reaches_kafka_and_names_alone() -> None:
    for site in all_shipped():
        for _, pod in pods(site):
            [policy] = selecting(site, pod["metadata"]["labels"])
            assert policy["policyTypes"] == ["Ingress", "Egress"]
            [to_kafka, to_names] = policy["egress"]
            [kafka] = to_kafka["to"]
            assert kafka["podSelector"]["matchLabels"]["strimzi.io/name"] == "todo-kafka-kafka"
            assert [port["port"] for port in to_kafka["ports"]] == [9093 if site.secured else 9092]
            assert {port["port"] for port in to_names["ports"]} == {53}


def test_only_prometheus_asks_the_exporter(tmp_path: Path) -> None:
    site = site_of(FULL, tmp_path)
    [rule] = policies(site)["kafka-exporter"]["ingress"]
    [port] = documents(site)["kafka-exporter.yaml"]["spec"]["template"]["spec"]["containers"][0]["ports"]
    assert rule == {"from": IN_MONITORING, "ports": [{"protocol": "TCP", "port": port["containerPort"]}]}


def test_where_prometheus_runs_is_for_the_spec_to_say(tmp_path: Path) -> None:
    site = site_of(f"{FULL}  monitors: {{namespace: watch}}\n", tmp_path)
    [rule] = policies(site)["kafka-exporter"]["ingress"]
    [where] = rule["from"]
    assert where["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"] == "watch"


def test_nobody_reaches_kafka_ui_over_the_network(tmp_path: Path) -> None:
    for text in (FULL, OPEN):
        policy = policies(site_of(text, tmp_path))["kafka-ui"]
        assert ("Ingress" in policy["policyTypes"], "ingress" in policy) == (True, False)


def test_where_clients_live_elsewhere_nothing_in_the_namespace_is_reached_but_by_a_policy(tmp_path: Path) -> None:
    assert policies(site_of(FULL, tmp_path))["default-deny-ingress"] == {"podSelector": {}, "policyTypes": ["Ingress"]}


def test_it_leaves_strimzi_what_it_needs(tmp_path: Path) -> None:
    """Nothing is said of what goes out of its pods; each listener names who comes in, which is a policy of Strimzi's own."""
    site = site_of(FULL, tmp_path)
    assert [name for name, each in policies(site).items() if not each["podSelector"] and "Egress" in each["policyTypes"]] == []
    listeners = of_kind(site, "Kafka")["shop"]["spec"]["kafka"]["listeners"]
    assert all(listener["networkPolicyPeers"] for listener in listeners)
    operator = {"name": "strimzi-cluster-operator", "strimzi.io/kind": "cluster-operator"}
    [policy] = selecting(site, operator)
    assert policy["ingress"] == [{"from": IN_MONITORING, "ports": [{"protocol": "TCP", "port": 8080}]}]


def test_where_clients_live_in_the_namespace_of_kafka_nothing_is_denied_to_them(tmp_path: Path) -> None:
    site = site_of(FULL.replace("client_namespaces: [web, batch]", "client_namespaces: [kafka]"), tmp_path)
    assert list(policies(site)) == ["kafka-exporter", "kafka-ui"]


def test_nothing_of_ours_needs_a_right_in_kubernetes() -> None:
    for site in all_shipped():
        assert not {"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"} & {
            document["kind"] for document in documents(site).values()
        }


def test_an_environment_in_the_cluster_of_another_has_the_policies_of_its_owner(tmp_path: Path) -> None:
    assert policies(sites_of(SHARED, tmp_path)["dev"]) == {}
