"""Kafka UI: it shows and changes nothing, as a user of its own, and only whoever may forward a port sees it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tests.kubernetes.around import FULL, OPEN, SHARED, documents, of_kind
from tests.kubernetes.sites import shipped, site_of, sites_of

from ottla.kafka.settings import KEYS

if TYPE_CHECKING:
    from pathlib import Path

    from ottla.kubernetes.site import Site

CLUSTER = "KAFKA_CLUSTERS_0_"
OF_A_CLUSTER = {"NAME", "BOOTSTRAPSERVERS", "READONLY"}  # fields of ClustersProperties.Cluster, as Spring reads them


def variables(site: Site) -> dict[str, Any]:
    [container] = documents(site)["kafka-ui.yaml"]["spec"]["template"]["spec"]["containers"]
    return {each["name"]: each.get("value", each.get("valueFrom")) for each in container["env"]}


def client(site: Site) -> dict[str, Any]:
    """What its Kafka clients are given: Spring reads `_` as a dot."""
    begin = f"{CLUSTER}PROPERTIES_"
    named = {name: value for name, value in variables(site).items() if name.startswith(begin)}
    return {name.removeprefix(begin).lower().replace("_", "."): value for name, value in named.items()}


def test_on_a_locked_platform_it_logs_in_by_the_secret_of_its_user(tmp_path: Path) -> None:
    site = site_of(FULL, tmp_path)
    assert client(site) == {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": "/etc/kafka-ui/trust/ca.crt",
        "sasl.jaas.config": {"secretKeyRef": {"name": "window", "key": "sasl.jaas.config"}},
    }
    assert set(client(site)) <= KEYS
    pod = documents(site)["kafka-ui.yaml"]["spec"]["template"]["spec"]
    [trust] = [each["secret"]["secretName"] for each in pod["volumes"] if each["name"] == "trust"]
    assert trust == "shop-cluster-ca-cert"


def test_on_an_open_platform_it_needs_no_login(tmp_path: Path) -> None:
    site = site_of(OPEN, tmp_path)
    assert client(site) == {}
    assert variables(site)[f"{CLUSTER}BOOTSTRAPSERVERS"] == "shop-kafka-bootstrap.kafka.svc:9092"


def test_it_only_shows_unless_the_spec_says_otherwise(tmp_path: Path) -> None:
    assert variables(site_of(FULL, tmp_path))[f"{CLUSTER}READONLY"] == "true"
    other = FULL.replace("ui: {enabled: true, user: window}", "ui: {enabled: true, user: window, read_only: false}")
    assert variables(site_of(other, tmp_path))[f"{CLUSTER}READONLY"] == "false"


def test_its_variables_are_those_that_it_reads(tmp_path: Path) -> None:
    begun = {name.removeprefix(CLUSTER) for name in variables(site_of(FULL, tmp_path)) if name.startswith(CLUSTER)}
    assert {name for name in begun if not name.startswith("PROPERTIES_")} == OF_A_CLUSTER


def test_no_link_of_kubernetes_gives_it_more_of_them(tmp_path: Path) -> None:
    """For a Service `kafka-ui` there would be `KAFKA_UI_PORT`: a setting of Kafka's own, as Spring reads it."""
    pod = documents(site_of(FULL, tmp_path))["kafka-ui.yaml"]["spec"]["template"]["spec"]
    assert pod["enableServiceLinks"] is False


def test_its_image_has_a_version() -> None:
    assert re.fullmatch(r"ghcr\.io/kafbat/kafka-ui:v\d+\.\d+\.\d+", shipped()["doks"].spec.kubernetes.ui.image)


def test_it_is_there_where_the_spec_wants_it_and_for_a_whole_cluster_once(tmp_path: Path) -> None:
    assert "kafka-ui" not in of_kind(shipped()["aks"], "Deployment")
    sites = sites_of(SHARED, tmp_path)
    assert ["kafka-ui" in of_kind(sites[name], "Deployment") for name in ("k8s", "dev")] == [True, False]


def test_the_user_of_the_shipped_environment_may_see_all_but_records() -> None:
    spec = shipped()["doks"].spec
    user = spec.users[str(spec.kubernetes.ui.user)]
    assert (user.monitor, user.admin, user.produces, user.consumes) == (True, False, (), None)
