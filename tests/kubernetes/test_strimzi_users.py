"""KafkaUsers: who they are, and exactly what the spec lets them do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.kubernetes.sites import OPEN, documents, locked, of_kind, shipped, site_of, sites_of

from ottla.model.acl import CLUSTER_NAME, AclBinding, PatternType, Permission, ResourceType
from ottla.model.quota import QuotaEntity
from ottla.spec import desired_state
from ottla.spec.strimzi import OPERATIONS, RESOURCES

if TYPE_CHECKING:
    from pathlib import Path

    from ottla.kubernetes.site import Site

ISSUER = "oauth: {issuer: 'https://id.example', audience: kafka, jwks: 'https://id.example/keys'}"
EVERY_ROLE = (
    "writer: {produces: [orders, paid], transactional_id_prefix: writer-}, "
    "reader: {consumes: {topics: [orders], group: readers}}, "
    "sums: {streams: {application_id: sums, reads: [orders], writes: [paid], exactly_once: true}}, "
    "eyes: {monitor: true}, second: {admin: true}, idle: {}, "
    "robot: {authentication: certificate, produces: [paid]}, bot: {authentication: token, produces: [paid]}"
)
RAW = """acls:
  - {principal: "User:reader", resource: topic, name: paid, operations: [describe, alter], host: 10.0.0.1}
  - {principal: "User:reader", resource: topic, name: ord, pattern: prefixed, operations: [write], permission: deny}
  - {principal: "User:idle", resource: cluster, operations: [cluster_action, idempotent_write, alter_configs]}
"""
OF_KAFKA = {word: operation for operation, word in OPERATIONS.items()}
KINDS = {word: kind for kind, word in RESOURCES.items()}


def as_kafka_keeps_them(user: dict[str, Any]) -> set[AclBinding]:
    """The bindings that the user operator makes of a KafkaUser (SimpleAclRule), under the name that the spec has for it."""
    return {
        AclBinding(
            KINDS[rule["resource"]["type"]],
            rule["resource"].get("name", CLUSTER_NAME),
            PatternType.PREFIXED if rule["resource"].get("patternType") == "prefix" else PatternType.LITERAL,
            f"User:{user['metadata']['name']}",
            rule.get("host", "*"),
            OF_KAFKA[operation],
            Permission(rule.get("type", "allow")),
        )
        for rule in user["spec"]["authorization"]["acls"]
        for operation in rule["operations"]
    }


def permitted(site: Site) -> set[AclBinding]:
    return {binding for user in of_kind(site, "KafkaUser").values() for binding in as_kafka_keeps_them(user)}


def expressible(site: Site) -> set[AclBinding]:
    """What a local cluster would hold; tokens and users of Kafka's own there are none of."""
    nowhere = {ResourceType.DELEGATION_TOKEN, ResourceType.USER}
    return {
        binding
        for binding in desired_state(site.spec).acls
        if binding.resource_type not in nowhere and binding.operation in OPERATIONS
    }


@pytest.mark.parametrize("name", ["doks", "aks"])
def test_users_may_do_what_they_may_on_this_machine_and_no_more(name: str) -> None:
    site = shipped()[name]
    assert permitted(site) == expressible(site)
    assert set(of_kind(site, "KafkaUser")) == set(site.spec.users)


def test_every_role_and_every_acl_comes_through_denied_ones_and_hosts_too(tmp_path: Path) -> None:
    site = site_of(locked(EVERY_ROLE, security=f"enabled: true, {ISSUER}", more=RAW), tmp_path)
    assert permitted(site) == expressible(site)
    assert len(permitted(site)) > 30


def test_what_a_user_may_do_to_one_thing_is_one_rule(tmp_path: Path) -> None:
    site = site_of(locked(EVERY_ROLE, security=f"enabled: true, {ISSUER}", more=RAW), tmp_path)
    for user in of_kind(site, "KafkaUser").values():
        rules = user["spec"]["authorization"]["acls"]
        about = [(str(rule["resource"]), rule.get("host"), rule.get("type")) for rule in rules]
        assert len(about) == len(set(about))
        assert all(len(rule["operations"]) == len(set(rule["operations"])) for rule in rules)


def test_nobody_is_a_kafka_user_where_nobody_has_to_log_in(tmp_path: Path) -> None:
    assert of_kind(site_of(f"{OPEN}users: {{app: {{produces: [orders]}}}}\n", tmp_path), "KafkaUser") == {}
    assert of_kind(shipped()["minikube"], "KafkaUser") == {}


def test_each_logs_in_as_the_spec_says_and_tokens_need_nothing_made_for_them(tmp_path: Path) -> None:
    site = site_of(locked(EVERY_ROLE, security=f"enabled: true, {ISSUER}"), tmp_path)
    ways = {name: user["spec"].get("authentication") for name, user in of_kind(site, "KafkaUser").items()}
    assert ways["writer"] == ways["admin"] == {"type": "scram-sha-512"}
    assert ways["robot"] == {"type": "tls"}
    assert ways["bot"] is None


@pytest.mark.parametrize("reference", ["${env:PASSWORD}", "${file:/run/secrets/writer}"])
def test_a_password_is_a_secret_of_kubernetes_by_name_and_stands_in_no_file(tmp_path: Path, reference: str) -> None:
    site = site_of(locked(f"writer: {{password: '{reference}', produces: [orders]}}"), tmp_path)
    user = of_kind(site, "KafkaUser")["writer"]
    secret = {"secretKeyRef": {"name": "writer-password", "key": "password"}}
    assert user["spec"]["authentication"] == {"type": "scram-sha-512", "password": {"valueFrom": secret}}
    assert "Secret" not in {each["kind"] for each in documents(site).values()}


def test_quotas_of_a_user_are_whole_numbers_where_strimzi_wants_them(tmp_path: Path) -> None:
    quotas = "quotas: [{user: writer, producer_byte_rate: 1MB, request_percentage: 150, controller_mutation_rate: 0.5}]\n"
    site = site_of(locked("writer: {produces: [orders]}", more=quotas), tmp_path)
    users = of_kind(site, "KafkaUser")
    found = users["writer"]["spec"]["quotas"]
    assert found == {"producerByteRate": 1_000_000, "requestPercentage": 150, "controllerMutationRate": 0.5}
    assert [type(value) for value in found.values()] == [int, int, float]
    assert set(desired_state(site.spec).quotas[QuotaEntity(user="writer")].values()) == set(found.values())
    assert "quotas" not in users["admin"]["spec"]


def test_users_of_an_environment_that_shares_a_cluster_have_its_prefix_and_its_names_alone(tmp_path: Path) -> None:
    text = OPEN.replace(
        "k8s: {target: strimzi}",
        "dev: {shares: k8s, prefix: dev.}, k8s: {target: strimzi, security: {enabled: true}, users: {admin: {admin: true}}}",
    )
    users = "app: {produces: [orders], password: '${env:P}'}, eyes: {monitor: true}"
    site = sites_of(f"{text}users: {{{users}}}\nquotas: [{{user: app, consumer_byte_rate: 5MB}}]\n", tmp_path)["dev"]
    found = of_kind(site, "KafkaUser")
    assert set(found) == {"dev.app", "dev.eyes"}
    assert permitted(site) == expressible(site)
    app = found["dev.app"]["spec"]
    assert app["authentication"]["password"]["valueFrom"]["secretKeyRef"]["name"] == "dev.app-password"
    assert app["quotas"] == {"consumerByteRate": 5_000_000}
    assert all(each["metadata"]["namespace"] == "kafka" for each in found.values())


def test_the_administrator_is_a_super_user_and_every_administrator_has_all_rights_that_there_are(tmp_path: Path) -> None:
    site = site_of(locked(EVERY_ROLE, security=f"enabled: true, administrator: second, {ISSUER}"), tmp_path)
    kafka = documents(site)["kafka-cluster.yaml"]["spec"]["kafka"]
    assert kafka["authorization"]["superUsers"] == ["second"]
    rules = of_kind(site, "KafkaUser")["admin"]["spec"]["authorization"]["acls"]
    assert {rule["resource"]["type"] for rule in rules} == set(KINDS)
    assert all(rule["operations"] == ["All"] for rule in rules)
