"""What the definitions of Strimzi, the Prometheus operator and Dapr let in and what not, as a real API server says it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.kubernetes.crds import established
from tests.kubernetes.custom_resources import COMPONENT, KAFKA, KINDS, NODE_POOL, POD_MONITOR, RULE, TOPIC, USER, Kind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.kubernetes.api import Api

# func_only: a limit for each test, and none for what is built before the first one
pytestmark = [pytest.mark.companions, pytest.mark.timeout(120, func_only=True)]


@pytest.fixture
def namespace(api: Api) -> str:
    """A new one for each test."""
    made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"generateName": "crds-"}}
    name: str = api.create("/api/v1/namespaces", made).done()["metadata"]["name"]
    return name


def test_every_definition_is_established(api: Api, definitions: list[Path]) -> None:
    groups = [name.partition(".")[2] for name in sorted(established(api))]
    counts = {group: groups.count(group) for group in set(groups)}
    strimzi = {"kafka.strimzi.io": 9, "core.strimzi.io": 1}
    assert counts == {**strimzi, "monitoring.coreos.com": 7, "dapr.io": 7}
    assert len(definitions) == sum(counts.values())


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.plural)
def test_a_good_one_is_accepted(api: Api, namespace: str, kind: Kind) -> None:
    made = api.create(kind.path(namespace), kind.good()).done()
    assert made["spec"].items() >= kind.good()["spec"].items()


def spec(**change: Any) -> Callable[[dict[str, Any]], None]:
    return lambda resource: resource["spec"].update(change)


def listener(**change: Any) -> Callable[[dict[str, Any]], None]:
    return lambda resource: resource["spec"]["kafka"]["listeners"][0].update(change)


BAD: list[tuple[Kind, str, Callable[[dict[str, Any]], None], str]] = [
    (KAFKA, "unknown-field", lambda kafka: kafka["spec"]["kafka"].update(replicaz=3), 'unknown field "spec.kafka.replicaz"'),
    (KAFKA, "listener-name", listener(name="Plain"), "spec.kafka.listeners[0].name"),
    (KAFKA, "listener-port", listener(port=80), "spec.kafka.listeners[0].port"),
    (NODE_POOL, "unknown-field", spec(nodes=3), 'unknown field "spec.nodes"'),
    (NODE_POOL, "role", spec(roles=["leader"]), 'Unsupported value: "leader"'),
    (NODE_POOL, "no-storage", lambda pool: pool["spec"].pop("storage"), "spec.storage: Required value"),
    (TOPIC, "unknown-field", spec(partition=6), 'unknown field "spec.partition"'),
    (TOPIC, "no-partitions", spec(partitions=0), "spec.partitions in body should be greater than or equal to 1"),
    (USER, "unknown-field", spec(quota={}), 'unknown field "spec.quota"'),
    (USER, "authentication", spec(authentication={"type": "md5"}), 'Unsupported value: "md5"'),
    (
        RULE,
        "duration",
        lambda rule: rule["spec"]["groups"][0]["rules"][0].update({"for": "1 minute"}),
        "spec.groups[0].rules[0].for",
    ),
    (POD_MONITOR, "interval", spec(podMetricsEndpoints=[{"interval": "30sec"}]), "spec.podMetricsEndpoints[0].interval"),
    (COMPONENT, "no-type", lambda component: component["spec"].pop("type"), "spec.type: Required value"),
]


@pytest.mark.parametrize(
    ("kind", "change", "said"), [pytest.param(kind, *how, id=f"{kind.plural}-{name}") for kind, name, *how in BAD]
)
def test_a_bad_one_is_refused_with_where_it_is_wrong(
    api: Api, namespace: str, kind: Kind, change: Callable[[dict[str, Any]], None], said: str
) -> None:
    resource = kind.good()
    change(resource)
    refused = api.create(kind.path(namespace), resource)
    assert (refused.status in {400, 422}, said in refused.message) == (True, True), f"{refused.status}: {refused.message}"
    assert api.get(kind.path(namespace)).done()["items"] == []


def test_the_old_version_of_strimzis_api_is_not_there(api: Api, namespace: str) -> None:
    old = {**TOPIC.good(), "apiVersion": "kafka.strimzi.io/v1beta2"}
    assert api.create(TOPIC.path(namespace).replace("/v1/", "/v1beta2/"), old).status == 404
