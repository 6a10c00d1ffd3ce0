"""What is rendered is let in by a real API server, with the definitions of Strimzi, and no key of it is unknown there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from tests.kubernetes.sites import documents, shipped, sites_of
from tests.kubernetes.variations import specs

from ottla.kubernetes.strimzi import API

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kubernetes.api import Api

    from ottla.kubernetes.site import Site

# func_only: a limit for each test, and none for what is built before the first one
pytestmark = [pytest.mark.companions, pytest.mark.timeout(180, func_only=True)]
CREATED = 201


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("accepted")


@pytest.fixture(scope="module")
def paths(api: Api) -> dict[str, str]:
    """Where the server keeps each kind; with the namespace, where it has one."""
    api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kafka"}})
    found = {}
    for root in (f"/apis/{API}", "/apis/storage.k8s.io/v1", "/api/v1"):
        for each in api.get(root).done()["resources"]:
            if "/" not in each["name"]:
                found[each["kind"]] = f"{root}/{'namespaces/kafka/' if each['namespaced'] else ''}{each['name']}"
    return found


def refused(api: Api, paths: dict[str, str], site: Site) -> dict[str, str]:
    """What the server says against each, asked to check it and to keep nothing."""
    said = {}
    for file, document in documents(site).items():
        if document["kind"] in paths:
            answer = api.ask("POST", f"{paths[document['kind']]}?dryRun=All&fieldValidation=Strict", document)
            if answer.status != CREATED:
                said[file] = answer.message
    return said


@pytest.mark.parametrize("name", ["minikube", "doks", "aks"])
def test_all_of_a_shipped_environment_is_accepted(api: Api, paths: dict[str, str], name: str) -> None:
    assert refused(api, paths, shipped()[name]) == {}


@settings(max_examples=25, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow])
@given(text=specs())
def test_specs_of_every_sort_are_accepted(api: Api, paths: dict[str, str], folder: Path, text: str) -> None:
    for site in sites_of(text, folder).values():
        assert refused(api, paths, site) == {}


def test_the_server_does_look_at_it(api: Api, paths: dict[str, str]) -> None:
    kafka: dict[str, Any] = documents(shipped()["doks"])["kafka-cluster.yaml"]
    kafka["spec"]["kafka"]["listeners"][0]["networkPolicyPeer"] = []
    answer = api.ask("POST", f"{paths['Kafka']}?dryRun=All&fieldValidation=Strict", kafka)
    assert 'unknown field "spec.kafka.listeners[0].networkPolicyPeer"' in answer.message
