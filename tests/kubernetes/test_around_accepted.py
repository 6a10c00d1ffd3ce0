"""What is rendered around Kafka is let in by a real API server, and its pods by the standard that their namespace asks for."""

from __future__ import annotations

import re
from http import HTTPStatus
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from tests.conftest import SHIPPED_SPEC
from tests.kubernetes.around import ENVIRONMENTS, SHARED, TEXTS, documents, pods

from ottla.kubernetes.site import Site
from ottla.kubernetes.strimzi import CONFINED
from ottla.spec import Target, load_spec

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.kubernetes.api import Answer, Api

    Places = dict[tuple[str, str], tuple[str, str, bool]]
    Elsewhere = Callable[[str], dict[str, Site]]

# func_only: a limit for each test, and none for what is built before the first one
pytestmark = [pytest.mark.companions, pytest.mark.timeout(180, func_only=True)]
ROOTS = (
    "/api/v1",
    "/apis/apps/v1",
    "/apis/networking.k8s.io/v1",
    "/apis/storage.k8s.io/v1",
    "/apis/kafka.strimzi.io/v1",
    "/apis/monitoring.coreos.com/v1",
    "/apis/dapr.io/v1alpha1",
    "/apis/dapr.io/v2alpha1",
)


@pytest.fixture(scope="module")
def places(api: Api) -> dict[tuple[str, str], tuple[str, str, bool]]:
    """Where the server keeps each kind: the API, the resource, and whether it lies in a namespace."""
    found = {}
    for root in ROOTS:
        listed = api.get(root).done()
        for each in listed["resources"]:
            if "/" not in each["name"]:
                found[listed["groupVersion"], each["kind"]] = (root, each["name"], each["namespaced"])
    return found


def path_of(places: Places, document: dict[str, Any]) -> str:
    root, resource, namespaced = places[document["apiVersion"], document["kind"]]
    return f"{root}/namespaces/{document['metadata']['namespace']}/{resource}" if namespaced else f"{root}/{resource}"


def refused(api: Api, places: Places, site: Site) -> dict[str, str]:
    """What the server says against each, in the order in which they are applied. Namespaces and accounts are really made."""
    said = {}
    for file, document in documents(site).items():
        kept = document["kind"] in {"Namespace", "ServiceAccount"}
        query = "fieldValidation=Strict" if kept else "dryRun=All&fieldValidation=Strict"
        answer = api.ask("POST", f"{path_of(places, document)}?{query}", document)
        if answer.status not in {HTTPStatus.CREATED, HTTPStatus.CONFLICT if kept else HTTPStatus.CREATED}:
            said[file] = answer.message
    return said


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Elsewhere:
    """A text's environments, in namespaces that no other test has."""
    path, numbers = tmp_path_factory.mktemp("elsewhere") / "platform.yaml", count()

    def sites(text: str) -> dict[str, Site]:
        number = next(numbers)
        own = rf"\1namespace: around-{number}\n\1client_namespaces: [web-{number}, batch-{number}]"
        path.write_text(re.sub(r"( +)client_namespaces: \[.*\]", own, text))
        spec = load_spec(path)
        return {name: Site(name, one) for name, one in spec.environments.items() if one.target is Target.STRIMZI}

    return sites


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_all_of_a_shipped_environment_is_accepted(api: Api, places: Places, elsewhere: Elsewhere, name: str) -> None:
    assert refused(api, places, elsewhere(SHIPPED_SPEC.read_text())[name]) == {}


@pytest.mark.parametrize("text", [*TEXTS.values(), SHARED], ids=[*TEXTS, "shared"])
def test_so_are_other_platforms(api: Api, places: Places, elsewhere: Elsewhere, text: str) -> None:
    for site in elsewhere(text).values():
        assert refused(api, places, site) == {}


def test_a_second_time_nothing_is_another(api: Api, places: Places, elsewhere: Elsewhere) -> None:
    """What the server keeps is what was said: applied again, no resource is a new version of itself."""
    site = elsewhere(SHIPPED_SPEC.read_text())["doks"]
    changed = [file for file, each in documents(site).items() if len({applied(api, places, each) for _ in range(2)}) > 1]
    assert changed == []


def applied(api: Api, places: Places, document: dict[str, Any]) -> str:
    """Apply it as `kubectl apply --server-side` does; the version that it is then."""
    path = f"{path_of(places, document)}/{document['metadata']['name']}?fieldManager=ottla&fieldValidation=Strict"
    version: str = api.apply(path, document).done()["metadata"]["resourceVersion"]
    return version


def test_the_pods_of_the_namespace_are_let_in_and_one_that_is_not_confined_is_not(
    api: Api, places: Places, elsewhere: Elsewhere
) -> None:
    site = elsewhere(SHIPPED_SPEC.read_text())["doks"]
    assert refused(api, places, site) == {}
    namespace = site.spec.kubernetes.namespace
    rendered = [pod["spec"] for _, pod in pods(site)]
    # As Strimzi makes its own (WorkloadUtils): the pod's group is 0, each container as its template says
    strimzi = {"securityContext": {"fsGroup": 0}, "containers": [{"name": "kafka", "image": "kafka:1", **CONFINED}]}
    for spec in (*rendered, strimzi):
        assert made(api, namespace, spec).status == HTTPStatus.CREATED
    loose = {"containers": [{"name": "kafka", "image": "kafka:1"}]}
    refusal = made(api, namespace, loose)
    assert (refusal.status, 'violates PodSecurity "restricted' in refusal.message) == (HTTPStatus.FORBIDDEN, True)


def made(api: Api, namespace: str, spec: dict[str, Any]) -> Answer:
    """What the server says to a pod; it is not kept. The account of those that name none is made by a controller elsewhere."""
    own = {"serviceAccountName": "kafka-exporter", "automountServiceAccountToken": False, **spec}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "one"}, "spec": own}
    return api.ask("POST", f"/api/v1/namespaces/{namespace}/pods?dryRun=All&fieldValidation=Strict", pod)


def test_the_server_does_look_at_it(api: Api, places: Places, elsewhere: Elsewhere) -> None:
    site = elsewhere(SHIPPED_SPEC.read_text())["doks"]
    assert refused(api, places, site) == {}
    deployment = documents(site)["kafka-exporter.yaml"]
    deployment["spec"]["template"]["spec"]["enableServiceLink"] = False
    answer = api.ask("POST", f"{path_of(places, deployment)}?dryRun=All&fieldValidation=Strict", deployment)
    assert 'unknown field "spec.template.spec.enableServiceLink"' in answer.message
