"""Namespaces: that of Kafka asks its pods for what they keep; those of clients are only there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.kubernetes.around import FULL, SHARED, TEXTS, all_shipped, documents, of_kind, pods
from tests.kubernetes.sites import site_of, sites_of

if TYPE_CHECKING:
    from pathlib import Path

    from ottla.kubernetes.site import Site

ENFORCED = "pod-security.kubernetes.io/enforce"


def containers(site: Site) -> list[dict[str, Any]]:
    """How every container is confined: of our own pods, and of those that Strimzi makes."""
    own = [(pod["spec"], each) for _, pod in pods(site) for each in pod["spec"]["containers"]]
    confined = [{**pod["securityContext"], **each["securityContext"]} for pod, each in own]
    kafka = documents(site)["kafka-cluster.yaml"]["spec"]
    templates = [kafka["entityOperator"]["template"]["topicOperatorContainer"]]
    templates += [kafka["entityOperator"]["template"]["userOperatorContainer"]]
    for pool in of_kind(site, "KafkaNodePool").values():
        template = pool["spec"]["template"]
        templates += [template["kafkaContainer"], *([template["initContainer"]] if "rack" in kafka["kafka"] else [])]
    return [*confined, *(each["securityContext"] for each in templates)]


def as_restricted(site: Site) -> None:
    """As the Pod Security Standard has it: https://kubernetes.io/docs/concepts/security/pod-security-standards/."""
    assert of_kind(site, "Namespace")[site.spec.kubernetes.namespace]["metadata"]["labels"][ENFORCED] == "restricted"
    for each in containers(site):
        assert each["allowPrivilegeEscalation"] is False
        assert each["capabilities"] == {"drop": ["ALL"]}
        assert each["runAsNonRoot"] is True
        assert each["seccompProfile"] == {"type": "RuntimeDefault"}


def test_the_namespace_asks_for_what_every_container_in_it_keeps() -> None:
    for site in all_shipped():
        as_restricted(site)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_so_it_does_whatever_the_spec_says(text: str, tmp_path: Path) -> None:
    as_restricted(site_of(text, tmp_path))


def test_a_namespace_of_clients_is_only_made_to_be_there(tmp_path: Path) -> None:
    """It is others': nothing of it is ours to say, so that nobody else's word is in the way of ours."""
    site = site_of(FULL.replace("[web, batch]", "[web, kafka, web]"), tmp_path)
    found = of_kind(site, "Namespace")
    assert list(found) == ["kafka", "web"]
    assert found["web"]["metadata"] == {"name": "web", "annotations": {"ottla/clients": "true"}}


def test_namespaces_come_first() -> None:
    for site in all_shipped():
        kinds = [document["kind"] for document in documents(site).values()]
        assert set(kinds[: kinds.count("Namespace")]) == {"Namespace"}


def test_an_environment_in_the_cluster_of_another_makes_none(tmp_path: Path) -> None:
    assert of_kind(sites_of(SHARED, tmp_path)["dev"], "Namespace") == {}
