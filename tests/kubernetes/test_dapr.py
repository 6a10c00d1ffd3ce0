"""Dapr: each service has a component of its own, as itself, with keys that Dapr really reads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML
from tests.kubernetes.around import FULL, OPEN, SHARED, TEXTS, all_shipped, documents
from tests.kubernetes.sites import shipped, site_of, sites_of

from ottla.kubernetes.dapr import copied_secrets
from ottla.kubernetes.dapr_keys import KEYS, component_problems
from ottla.model.client import ClientProfile
from ottla.model.login import CertificateLogin, Login, ScramLogin
from ottla.model.secret import Secret
from ottla.model.user import ScramMechanism
from ottla.platform.clients.client import Client
from ottla.platform.clients.dapr import render
from ottla.spec.services import services

if TYPE_CHECKING:
    from ottla.kubernetes.site import Site


def of_kind(site: Site, kind: str) -> list[dict[str, Any]]:
    return [each for each in documents(site).values() if each["kind"] == kind and each["apiVersion"].startswith("dapr.io/")]


def component(site: Site, app: str, namespace: str = "web") -> dict[str, Any]:
    [found] = [
        each for each in of_kind(site, "Component") if each["scopes"] == [app] and each["metadata"]["namespace"] == namespace
    ]
    return found


def values(found: dict[str, Any]) -> dict[str, Any]:
    return {each["name"]: each.get("value", each.get("secretKeyRef")) for each in found["spec"]["metadata"]}


def sound(site: Site) -> None:
    """Every component has keys that Dapr knows, with values that they take, for one app, as one user."""
    components = of_kind(site, "Component")
    assert components
    for each in components:
        assert list(component_problems(each["spec"]["metadata"])) == []
        assert len(each["scopes"]) == 1
        assert values(each).get("saslUsername", each["scopes"][0]) == each["scopes"][0]
        assert "consumerGroup" not in values(each)  # all apps would be one group, and take each other's events


def test_what_is_shipped_is_sound() -> None:
    for site in all_shipped():
        sound(site)
        assert {each["scopes"][0] for each in of_kind(site, "Component")} == set(services(site.spec))


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_so_it_is_whatever_the_spec_says(text: str, tmp_path: Path) -> None:
    sound(site_of(text, tmp_path))


def test_a_service_logs_in_as_itself_over_tls(tmp_path: Path) -> None:
    found = values(component(site_of(FULL, tmp_path), "reader"))
    assert found["brokers"] == "shop-kafka-bootstrap.kafka.svc:9093"
    assert (found["authType"], found["saslMechanism"], "disableTls" in found) == ("password", "SHA-512", False)
    assert found["saslPassword"] == {"name": "kafka-reader", "key": "password"}
    assert found["caCert"] == {"name": "shop-cluster-ca-cert", "key": "ca.crt"}


def test_on_an_open_platform_nobody_logs_in(tmp_path: Path) -> None:
    site = site_of(OPEN, tmp_path)
    found = values(component(site, "reader"))
    assert (found["brokers"], found["authType"]) == ("shop-kafka-bootstrap.kafka.svc:9092", "none")
    assert copied_secrets(site) == ()


def test_a_component_does_as_the_client_profile_says() -> None:
    found = values(component(shipped()["doks"], "event-service", "todo-app-prod"))
    wanted = {"initialOffset": "oldest", "maxMessageBytes": "1000012", "compression": "snappy", "producerRequiredAcks": "all"}
    assert wanted.items() <= found.items()


def test_the_largest_record_is_what_brokers_take_where_no_client_says_it(tmp_path: Path) -> None:
    text = FULL.replace("nodes: 3}", "nodes: 3, config: {message.max.bytes: 2MB}}")
    assert values(component(site_of(text, tmp_path), "reader"))["maxMessageBytes"] == "2000000"


def test_who_administers_or_watches_is_no_service(tmp_path: Path) -> None:
    text = FULL.replace("  writer:", "  robot: {authentication: certificate, produces: [orders]}\n  idle: {}\n  writer:")
    apps = {each["scopes"][0] for each in of_kind(site_of(text, tmp_path), "Component")}
    assert apps == {"writer", "reader"}


def test_every_secret_that_a_component_names_elsewhere_is_one_to_be_copied(tmp_path: Path) -> None:
    site = site_of(FULL, tmp_path)
    named = {
        (each["metadata"]["namespace"], value["name"], value["key"])
        for each in of_kind(site, "Component")
        for value in values(each).values()
        if isinstance(value, dict)
    }
    copies = copied_secrets(site)
    assert {(copy.to_namespace, copy.to_name, copy.key) for copy in copies} == named
    assert len(copies) == len(named)
    assert {(copy.namespace, copy.name) for copy in copies} == {
        ("kafka", "shop-cluster-ca-cert"),
        ("kafka", "reader"),
        ("kafka", "writer"),
    }
    assert all(each["metadata"]["annotations"] == {"ottla/secrets-from": "kafka"} for each in of_kind(site, "Component"))


def test_where_services_live_in_the_namespace_of_kafka_the_secrets_are_there_already(tmp_path: Path) -> None:
    site = site_of(FULL.replace("  client_namespaces: [web, batch]\n", ""), tmp_path)
    found = component(site, "reader", "kafka")
    assert values(found)["saslPassword"] == {"name": "reader", "key": "password"}
    assert (copied_secrets(site), "annotations" in found["metadata"]) == ((), False)


def test_what_a_service_reads_it_is_subscribed_to_in_each_namespace(tmp_path: Path) -> None:
    found = {
        (each["metadata"]["namespace"], each["spec"]["topic"]): each for each in of_kind(site_of(FULL, tmp_path), "Subscription")
    }
    assert set(found) == {(namespace, topic) for namespace in ("web", "batch") for topic in ("orders", "state")}
    for (_, topic), each in found.items():
        assert each["scopes"] == ["reader"]
        assert each["spec"]["pubsubname"] == "kafka-reader"
        assert each["spec"]["routes"] == {"default": f"/{topic}"}


def test_a_tombstone_has_somewhere_to_go_and_other_topics_wait_for_their_service(tmp_path: Path) -> None:
    site = site_of(FULL, tmp_path)
    letters = {each["spec"]["topic"]: each["spec"].get("deadLetterTopic") for each in of_kind(site, "Subscription")}
    assert letters == {"orders": None, "state": "unread"}


def test_every_component_tries_again_for_half_a_minute(tmp_path: Path) -> None:
    site = site_of(FULL, tmp_path)
    for each in of_kind(site, "Resiliency"):
        [policy] = each["spec"]["policies"]["retries"].values()
        assert policy == {"policy": "constant", "duration": "200ms", "maxRetries": 150}
        namespace = each["metadata"]["namespace"]
        there = [one for one in of_kind(site, "Component") if one["metadata"]["namespace"] == namespace]
        assert set(each["spec"]["targets"]["components"]) == {one["metadata"]["name"] for one in there}
        assert set(each["scopes"]) == {one["scopes"][0] for one in there}


def test_environments_of_one_cluster_do_not_meet(tmp_path: Path) -> None:
    sites = sites_of(SHARED, tmp_path)
    files = [file for site in sites.values() for file in documents(site)]
    assert len(files) == len(set(files))
    found = component(sites["dev"], "dev-reader")
    assert values(found)["saslUsername"] == "dev-reader"
    topics = {each["spec"]["topic"] for each in of_kind(sites["dev"], "Subscription")}
    assert topics == {"dev-orders", "dev-state"}


def test_without_dapr_there_is_nothing_of_it(tmp_path: Path) -> None:
    site = site_of(FULL.replace("dapr: {enabled: true, dead_letters: unread}", "dapr: {}"), tmp_path)
    assert [file for file in documents(site) if file.startswith("dapr-")] == []
    assert copied_secrets(site) == ()


GOOD: dict[str, Any] = {
    "brokers": "a:9093",
    "authType": "password",
    "saslUsername": "me",
    "saslPassword": None,
    "saslMechanism": "SHA-512",
}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, []),
        ({"topic": "task-events"}, ["topic is no key of pubsub.kafka"]),
        ({"partitionCount": "6"}, ["partitionCount is no key of pubsub.kafka"]),
        ({"initialoffset": "oldest"}, ["initialoffset is no key of pubsub.kafka"]),
        ({"saslMechanism": "SCRAM-SHA-512"}, ["saslMechanism cannot be 'SCRAM-SHA-512'"]),
        ({"initialOffset": "earliest"}, ["initialOffset cannot be 'earliest'"]),
        ({"authType": "true"}, ["authType cannot be 'true'"]),
        ({"maxMessageBytes": "1MB"}, ["maxMessageBytes cannot be '1MB'"]),
        ({"consumeRetryInterval": "fast"}, ["consumeRetryInterval cannot be 'fast'"]),
        ({"disableTls": True}, ["disableTls cannot be True"]),
        ({"saslPassword": "hunter2"}, ["saslPassword is a secret: it stands in a Secret, and not here"]),
    ],
)
def test_a_key_that_dapr_would_pass_over_is_found(change: dict[str, Any], said: list[str]) -> None:
    entries = [{"name": name, **({} if value is None else {"value": value})} for name, value in {**GOOD, **change}.items()]
    assert list(component_problems(entries)) == said


@pytest.mark.parametrize("missing", ["brokers", "authType", "saslUsername", "saslPassword", "saslMechanism"])
def test_a_key_that_is_missing_is_found(missing: str) -> None:
    entries = [{"name": name, "value": value} for name, value in GOOD.items() if name != missing]
    assert f"{missing} is missing" in list(component_problems([each for each in entries if each["name"] != "saslPassword"]))


def test_a_key_that_is_there_twice_is_found() -> None:
    assert "a key is said twice" in list(component_problems([{"name": "brokers", "value": "a:1"}] * 2))


@pytest.mark.parametrize("by", ["password", "certificate"])
def test_the_files_of_a_local_app_have_keys_that_dapr_knows_as_well(by: str, tmp_path: Path) -> None:
    proof = ScramLogin(ScramMechanism.SHA_256, Secret("p")) if by == "password" else CertificateLogin(Path("store.pem"))
    profile = ClientProfile(producer={"max.request.size": "1"}, consumer={"auto.offset.reset": "earliest"})
    client = Client(Login("me", ("a:1",), Path("ca.pem"), proof), profile, "me", "", Secret(""))
    text = render(client, tmp_path).texts["pubsub.yaml"].reveal()
    assert {each["name"] for each in YAML(typ="safe").load(text)["spec"]["metadata"]} <= set(KEYS)
