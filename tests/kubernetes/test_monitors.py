"""Series and rules in Kubernetes are those of a Prometheus beside local nodes, label by label and word for word."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML
from tests.kubernetes.around import DEDICATED, ENVIRONMENTS, FULL, SHARED, documents, of_kind
from tests.kubernetes.sites import shipped, site_of, sites_of

from ottla.kubernetes.rendering import notes_of
from ottla.kubernetes.watching import watched
from ottla.metrics.scrape import ExporterTarget, NodeTarget, prometheus_document
from ottla.platform import Platform
from ottla.platform.monitoring_files import alerts as local_alerts

if TYPE_CHECKING:
    from pathlib import Path

    from ottla.kubernetes.site import Site

# What the operator itself has put on a target by then (pkg/prometheus/promcfg.go)
OF_THE_OPERATOR = {"namespace": "kafka", "container": "kafka", "pod": "x", "endpoint": "tcp-prometheus", "service": "y"}


def relabelled(found: dict[str, str], relabelings: list[dict[str, Any]]) -> dict[str, str]:
    """As Prometheus does it: replace, where the whole text matches; labeldrop; then what begins with `__` is gone."""
    labels = dict(found)
    for each in relabelings:
        if each.get("action") == "labeldrop":
            labels = {name: value for name, value in labels.items() if not re.fullmatch(each["regex"], name)}
            continue
        text = ";".join(labels.get(name, "") for name in each.get("sourceLabels", []))
        matched = re.fullmatch(each.get("regex", "(.*)"), text)
        if matched:
            labels[each["targetLabel"]] = matched.expand(each.get("replacement", "$1").replace("$", "\\"))
    return {name: value for name, value in labels.items() if not name.startswith("__")}


def of_pod(site: Site, pool: str, node: int, *, broker: bool, controller: bool) -> dict[str, str]:
    """What is known of a pod of Strimzi's, which gives it these labels, and the operator's own labels."""
    pod = f"{site.spec.cluster.name}-{pool}-{node}"
    roles = {"broker": str(broker).lower(), "controller": str(controller).lower()}
    of_roles = {f"__meta_kubernetes_pod_label_strimzi_io_{name}_role": value for name, value in roles.items()}
    by_operator = {**OF_THE_OPERATOR, "pod": pod, "job": "kafka/kafka", "instance": "10.0.0.7:9404"}
    return {**by_operator, "__meta_kubernetes_pod_name": pod, "__address__": "10.0.0.7:9404", **of_roles}


def local_labels(site: Site, node: int, role: str) -> set[str]:
    """The labels of a node's series beside local nodes."""
    document = prometheus_document(
        cluster=site.spec.cluster.name,
        nodes=[NodeTarget(node, role, "127.0.0.1:7071")],
        exporter=ExporterTarget("127.0.0.1:9308"),
        alertmanager="",
        interval=1000,
        rules="",
    )
    [job, _] = document["scrape_configs"]
    [target] = job["static_configs"]
    labels = {**target["labels"], "job": job["job_name"]}
    return {f"{name}={value}" for name, value in labels.items()}


@pytest.mark.parametrize(
    ("text", "pool", "node", "role"),
    [(FULL, "kafka", 2, "combined"), (DEDICATED, "broker", 3, "broker"), (DEDICATED, "controller", 102, "controller")],
)
def test_a_node_has_exactly_the_labels_that_rules_and_dashboards_go_by(
    text: str, pool: str, node: int, role: str, tmp_path: Path
) -> None:
    site = site_of(text, tmp_path)
    assert any(name == pool for name in of_kind(site, "KafkaNodePool"))
    [endpoint] = of_kind(site, "PodMonitor")["kafka"]["spec"]["podMetricsEndpoints"]
    found = of_pod(site, pool, node, broker=role != "controller", controller=role != "broker")
    labels = relabelled(found, endpoint["relabelings"])
    assert labels.pop("instance") == f"shop-{pool}-{node}"
    assert {f"{name}={value}" for name, value in labels.items()} == local_labels(site, node, role)


def test_the_exporter_has_its_labels_and_one_that_takes_its_place_goes_on_with_its_series(tmp_path: Path) -> None:
    [endpoint] = of_kind(site_of(FULL, tmp_path), "ServiceMonitor")["kafka-exporter"]["spec"]["endpoints"]
    found = [{**OF_THE_OPERATOR, "pod": pod, "instance": pod, "job": "kafka-exporter"} for pod in ("a", "b")]
    one, other = (relabelled(each, endpoint["relabelings"]) for each in found)
    assert one == other == {"job": "ottla-exporter", "cluster": "shop", "instance": "kafka-exporter"}


def test_monitors_select_what_is_there(tmp_path: Path) -> None:
    """The exporter by the labels of its Service; nodes as Strimzi labels them, and none of its operators."""
    site = site_of(FULL, tmp_path)
    service = of_kind(site, "Service")["kafka-exporter"]
    monitor = of_kind(site, "ServiceMonitor")["kafka-exporter"]["spec"]
    assert monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert monitor["endpoints"][0]["port"] in {port["name"] for port in service["spec"]["ports"]}
    nodes = of_kind(site, "PodMonitor")["kafka"]["spec"]["selector"]["matchLabels"]
    assert nodes == {"strimzi.io/cluster": "shop", "strimzi.io/name": "shop-kafka"}
    assert "metricsConfig" in of_kind(site, "Kafka")["shop"]["spec"]["kafka"]


def test_the_labels_by_which_the_operator_finds_them_are_those_of_the_spec(tmp_path: Path) -> None:
    site = site_of(f"{FULL}  monitors: {{labels: {{team: a, prometheus: main}}}}\n", tmp_path)
    for kind in ("PodMonitor", "ServiceMonitor", "PrometheusRule"):
        for found in of_kind(site, kind).values():
            assert {"team": "a", "prometheus": "main"}.items() <= found["metadata"]["labels"].items()
            assert "release" not in found["metadata"]["labels"]


def test_without_a_prometheus_operator_there_are_none_and_nothing_is_said_of_alerts(tmp_path: Path) -> None:
    site = site_of(f"{FULL}  monitors: {{enabled: false}}\n", tmp_path)
    kinds = {document["apiVersion"] for document in documents(site).values()}
    assert "monitoring.coreos.com/v1" not in kinds
    assert notes_of(site) == ()


def as_local(text: str, folder: Path) -> dict[str, str]:
    """The alerts of the same platform on this machine, whose nodes run the agent: names and expressions."""
    path = folder / "platform.yaml"
    path.write_text(text.replace("target: strimzi", "target: local").replace("disk: 10GiB", "disk: 10GiB, jmx_agent: true"))
    return {alert.name: alert.expression for alert in local_alerts(Platform.load(path).on("k8s")).alerts}


def rules(site: Site) -> dict[str, dict[str, Any]]:
    [found] = of_kind(site, "PrometheusRule").values()
    return {rule["alert"]: rule for group in found["spec"]["groups"] for rule in group["rules"]}


@pytest.mark.parametrize("text", [FULL, DEDICATED])
def test_alerts_are_those_of_the_same_platform_here_and_one_about_its_volumes(text: str, tmp_path: Path) -> None:
    site = site_of(text, tmp_path)
    local = as_local(text, tmp_path)
    assert set(rules(site)) == {*local, "VolumeAlmostFull"}
    time = re.compile(r"<\d+ms>")
    for name, expression in local.items():
        parts = time.split(expression)
        assert all(part in rules(site)[name]["expr"] for part in parts)


def test_rules_are_looked_at_as_often_as_targets_are_asked(tmp_path: Path) -> None:
    site = site_of(f"{FULL}monitoring: {{prometheus: {{scrape_interval: 20s}}}}\n", tmp_path)
    [found] = of_kind(site, "PrometheusRule").values()
    assert {group["interval"] for group in found["spec"]["groups"]} == {"20s"}
    [endpoint] = of_kind(site, "PodMonitor")["kafka"]["spec"]["podMetricsEndpoints"]
    assert (endpoint["interval"], endpoint["scrapeTimeout"]) == ("20s", "10s")


def claims(site: Site) -> list[str]:
    """The names of the claims that Strimzi makes for its pools (PersistentVolumeClaimUtils, VolumeUtils)."""
    return [
        f"data-{volume['id']}-{site.spec.cluster.name}-{name}-{node}"
        for name, pool in of_kind(site, "KafkaNodePool").items()
        for volume in pool["spec"]["storage"]["volumes"]
        for node in range(1, pool["spec"]["replicas"] + 1)
    ]


@pytest.mark.parametrize("text", [FULL, DEDICATED, f"{FULL}  storage: {{volumes: 2}}\n"])
def test_the_pattern_of_claims_takes_in_those_of_all_nodes_and_no_other(text: str, tmp_path: Path) -> None:
    site = site_of(text, tmp_path)
    found = watched(site).claims
    assert found is not None
    assert found.namespace == "kafka"
    assert claims(site)
    assert all(re.fullmatch(found.pattern, claim) for claim in claims(site))
    others = ["data-shop-kafka-1", "data-0-shop-two-kafka-1", "data-0-shop-kafka-1-x", "data-0-workshop-kafka-1"]
    assert not [claim for claim in others if re.fullmatch(found.pattern, claim)]


def test_a_node_has_as_much_disk_as_all_of_its_volumes(tmp_path: Path) -> None:
    assert watched(site_of(f"{FULL}  storage: {{volumes: 2}}\n", tmp_path)).disk == 20 * 2**30


def test_an_environment_in_the_cluster_of_another_has_alerts_of_its_own_groups_only(tmp_path: Path) -> None:
    sites = sites_of(SHARED, tmp_path)
    assert of_kind(sites["dev"], "PodMonitor") == of_kind(sites["dev"], "ServiceMonitor") == {}
    assert list(of_kind(sites["dev"], "PrometheusRule")) == ["dev-kafka-alerts"]
    assert "BrokersMissing" not in rules(sites["dev"])
    assert 'consumer_group=~"dev' in rules(sites["dev"])["LagRecords"]["expr"]


def test_what_is_left_out_is_said_once_for_each_reason() -> None:
    notes = notes_of(shipped()["minikube"])
    assert "left out: ExporterStale, CollectorFailed, CanaryFailing: there is no exporter: set exporter.enabled: true" in notes
    assert len({note.rpartition(": ")[0] for note in notes}) == len(notes)


@pytest.mark.companions
@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_prometheus_takes_the_rules(name: str, tmp_path: Path) -> None:
    """Its operator puts them into a file as they are; that file's own checker reads every expression."""
    [found] = of_kind(shipped()[name], "PrometheusRule").values()
    with (tmp_path / "rules.yml").open("w") as file:
        YAML(typ="safe", pure=True).dump(found["spec"], file)
    tool = shutil.which("promtool")
    assert tool is not None, "promtool is missing: apt-get install prometheus, or make test-companions"
    done = subprocess.run([tool, "check", "rules", tmp_path / "rules.yml"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
