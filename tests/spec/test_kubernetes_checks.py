"""What is missing for a Kubernetes, and what Strimzi cannot hold, is a fault of the spec: told where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.spec.test_load import SHIPPED

from ottla.model.user import DEFAULT_ITERATIONS
from ottla.spec import kubernetes_checks, load_spec
from ottla.spec.strimzi import CERTIFICATES, KEPT_PREFIXES, NOT_KEPT, PASSWORDS, is_kept
from ottla.spec.versions import KAFKA_VERSIONS, STRIMZI_KAFKA_VERSIONS

if TYPE_CHECKING:
    from tests.spec.conftest import Faults, Load

# what is added stands on line 6
OPEN = """\
platform: shop
cluster: {name: shop, disk: 10GiB}
kubernetes: {resources: {requests: {memory: 1GiB}}}
environments: {k8s: {target: strimzi}}
topics: {orders: {partitions: 1}}
"""
LOCKED = OPEN.replace("target: strimzi", "target: strimzi, security: {enabled: true}")  # its users come on line 6
ADMIN = "admin: {admin: true}"


def kubernetes(said: str) -> str:
    return OPEN.replace("resources: {requests: {memory: 1GiB}}", said)


def cluster(said: str) -> str:
    return OPEN.replace("disk: 10GiB", f"disk: 10GiB, {said}")


def security(said: str) -> str:
    return f"{OPEN}security: {{enabled: true, {said}}}\nusers: {{{ADMIN}}}\n"


def users(said: str) -> str:
    return f"{LOCKED}users: {{{ADMIN}, {said}}}\n"


def only(faults: Faults, text: str) -> str:
    [fault] = faults(text)
    return fault


def test_an_environment_in_kubernetes_is_sound_as_it_is_with_users_and_without(load: Load) -> None:
    assert load(OPEN).environments["k8s"].kubernetes.namespace == "kafka"
    assert load(users("app: {produces: [orders]}")).environments["k8s"].security.enabled


def test_none_of_it_is_a_fault_of_an_environment_on_this_machine(load: Load) -> None:
    acl = '{principal: "User:*", resource: topic, name: "*", operations: [read]}'
    text = f"{users('App_1: {produces: [orders]}')}quotas: [{{client_id: a, producer_byte_rate: 1MB}}]\nacls: [{acl}]\n"
    text = text.replace("target: strimzi", "target: local").replace("disk: 10GiB", "heap: 1GiB")
    load(text.replace("resources: {requests: {memory: 1GiB}}", "resources: {limits: {memory: 1MiB}}"))


def test_the_size_of_volumes_is_required(faults: Faults) -> None:
    fault = only(faults, OPEN.replace(", disk: 10GiB", ""))
    assert fault == "2: cluster.disk: is required: how large the volumes of each node are"


@pytest.mark.parametrize(
    ("chart", "said"),
    [
        ("--post-renderer=/bin/sh", "expected a chart as helm finds it"),
        ("a b", "expected a chart as helm finds it"),
        ("https://me:secret@charts.example.com/strimzi.tgz", "holds a password: log helm in instead"),
    ],
)
def test_a_chart_is_no_option_of_helm_and_holds_no_password(faults: Faults, chart: str, said: str) -> None:
    assert f"3: kubernetes.strimzi.chart: {said}" in only(faults, kubernetes(f"strimzi: {{chart: '{chart}'}}"))


@pytest.mark.parametrize("chart", ["mirror/strimzi", "./charts/strimzi", "oci://registry.example.com/strimzi@sha256:00"])
def test_a_chart_may_lie_anywhere(load: Load, chart: str) -> None:
    assert load(kubernetes(f"strimzi: {{chart: '{chart}'}}")).environments["k8s"].kubernetes.strimzi.chart == chart


def test_strimzi_runs_every_version_of_the_table(monkeypatch: pytest.MonkeyPatch, faults: Faults) -> None:
    assert set(KAFKA_VERSIONS) <= set(STRIMZI_KAFKA_VERSIONS)
    monkeypatch.setattr(kubernetes_checks, "STRIMZI_KAFKA_VERSIONS", ("4.3.1",))
    fault = only(faults, cluster("kafka_version: 4.2.1"))
    assert fault.startswith("2: cluster.kafka_version: Strimzi 1.2.0 does not run 4.2.1: one of 4.3.1")


@pytest.mark.parametrize(
    "key",
    [
        "node.id",
        "broker.rack",
        "listeners",
        "log.dirs",
        "super.users",
        "authorizer.class.name",
        "ssl.keystore.location",
        "sasl.enabled.mechanisms",
        "controller.quorum.voters",
        "listener.name.tls-9093.ssl.cipher.suites",
        "listener.name.other-9099.max.connections",
        "inter.broker.listener.name",
        "security.providers",
    ],
)
def test_a_server_property_that_strimzi_leaves_out_is_a_fault(faults: Faults, key: str) -> None:
    fault = only(faults, cluster(f"config: {{{key}: 1}}"))
    assert fault.startswith(f"2: cluster.config.{key}: Strimzi keeps this to itself and would leave it out")
    assert f"`cluster: {{config: {{{key}: null}}}}`" in fault


@pytest.mark.parametrize(
    "key",
    [
        "broker.session.timeout.ms",
        "controller.quorum.election.timeout.ms",
        "ssl.cipher.suites",
        "num.io.threads",
        "listener.name.tls-9093.max.connections",
        "listener.name.plain-9092.connections.max.reauth.ms",
    ],
)
def test_what_it_takes_is_none(load: Load, key: str) -> None:
    load(cluster(f"config: {{{key}: 10000}}"))


def test_the_lists_of_strimzi_are_whole_and_each_exception_is_one() -> None:
    assert all(exception.startswith(KEPT_PREFIXES) for exception in NOT_KEPT)
    assert not any(is_kept(exception, ()) for exception in NOT_KEPT)
    assert all(is_kept(prefix.lower(), ()) for prefix in KEPT_PREFIXES if prefix == prefix.lower())
    assert not is_kept("listener.name.mtls-9094.max.connections", [CERTIFICATES])
    assert is_kept("listener.name.mtls-9094.max.connections", [PASSWORDS])


@pytest.mark.parametrize(
    ("said", "longest"),
    [("", 47), ("controllers: dedicated", 47), ("nodes: 1000, controllers: dedicated", 46)],
)
def test_a_name_is_short_enough_for_what_strimzi_makes_of_it(load: Load, faults: Faults, said: str, longest: int) -> None:
    few = "topic_defaults: {replication_factor: 1, min_insync_replicas: 1}\n"
    text = cluster(said) if said else OPEN
    load(text.replace("name: shop", f"name: {'s' * longest}") + few)
    fault = only(faults, text.replace("name: shop", f"name: {'s' * (longest + 1)}") + few)
    assert fault.startswith(f"2: cluster.name: is longer than {longest} letters")


@pytest.mark.parametrize("name", ["Task management", "-shop", "a" * 64, "über"])
def test_the_platforms_name_is_a_label_of_everything(faults: Faults, name: str) -> None:
    assert only(faults, OPEN.replace("platform: shop", f"platform: {name}")).startswith("1: platform: is a label of everything")


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("storage: {create: {provisioner: p}}", "3: kubernetes.storage.create: which class is made is not said"),
        ("rack: the zone", "3: kubernetes.rack: the zone is no label of a machine"),
        (
            "resources: {requests: {cpu: 2}, limits: {cpu: 1500m}}",
            "3: kubernetes.resources.requests.cpu: is more than the limit of cpu",
        ),
        (
            "resources: {requests: {memory: 2GiB}, limits: {memory: 1GiB}}",
            "3: kubernetes.resources.requests.memory: is more than the limit of memory",
        ),
        (
            "controller_resources: {requests: {cpu: 2}, limits: {cpu: 1}}",
            "3: kubernetes.controller_resources.requests.cpu: is more than the limit",
        ),
        (
            "operators: {user: {requests: {memory: 512MiB}, limits: {memory: 256MiB}}}",
            "3: kubernetes.operators.user.requests.memory: is more than the limit",
        ),
        (
            "resources: {limits: {memory: 512MiB}}",
            "3: kubernetes.resources.limits.memory: 512 MiB do not hold the heap of 512 MiB (cluster.heap)",
        ),
        (
            "controller_resources: {limits: {memory: 256MiB}}",
            "3: kubernetes.controller_resources.limits.memory: 256 MiB do not hold the heap of 512 MiB",
        ),
    ],
)
def test_what_kubernetes_would_refuse_or_kill_is_a_fault(faults: Faults, said: str, fault: str) -> None:
    assert only(faults, kubernetes(said)).startswith(fault)


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("mechanisms: [SCRAM-SHA-256]", "6: security.mechanisms: Strimzi knows SCRAM-SHA-512 only: add it"),
        ("iterations: 10000", "6: security.iterations: Strimzi hashes passwords 4,096 times, whatever is said"),
        (
            "authority: {certificate: '${file:ca.crt}', key: '${file:ca.key}'}",
            "6: security.authority: Strimzi takes a CA of yours from Secrets, which Ottla does not make yet",
        ),
        (
            "oauth: {issuer: i, audience: a, jwks: 'file:///keys.json'}",
            "6: security.oauth.jwks: is a file, which the nodes' pods do not have",
        ),
    ],
)
def test_what_security_cannot_be_on_strimzi(faults: Faults, said: str, fault: str) -> None:
    assert only(faults, security(said)).startswith(fault)


def test_both_mechanisms_and_the_iterations_of_strimzi_are_none(load: Load) -> None:
    load(security("mechanisms: [SCRAM-SHA-256, SCRAM-SHA-512], iterations: 4096"))
    assert load(security("mechanisms: [SCRAM-SHA-512]")).environments["k8s"].security.iterations == DEFAULT_ITERATIONS


def test_subjects_of_certificates_are_not_mapped(faults: Faults, load: Load) -> None:
    rules = "principal_mapping_rules: ['RULE:^CN=([^,]+).*$/$1/L']"
    load(security(rules))  # nobody comes by a certificate
    fault = only(faults, security(rules).replace(ADMIN, f"{ADMIN}, robot: {{authentication: certificate}}"))
    assert fault.startswith("6: security.principal_mapping_rules: Strimzi maps no subject")


@pytest.mark.parametrize("name", ["App", "task_service", "someone@example.com", "a.", "a..b", "a-", "a.-b"])
def test_a_user_is_called_as_a_resource_may_be(faults: Faults, load: Load, name: str) -> None:
    fault = only(faults, users(f"'{name}': {{produces: [orders]}}"))
    assert fault.startswith(f"6: users.{name}: {name} cannot be a KafkaUser")
    load(f"{OPEN}users: {{'{name}': {{produces: [orders]}}}}\n")  # an open platform has no KafkaUsers


@pytest.mark.parametrize("name", ["shop-clients-ca", "shop-cluster-ca-cert", "shop-kafka-1", "shop-controller-101"])
def test_a_users_secret_does_not_lie_over_one_of_strimzi(faults: Faults, load: Load, name: str) -> None:
    assert only(faults, users(f"{name}: {{produces: [orders]}}")).startswith(f"6: users.{name}: Strimzi has a Secret {name}")
    load(users(f"{name}-reader: {{produces: [orders]}}"))


def test_a_users_secret_does_not_lie_over_the_password_of_another(faults: Faults) -> None:
    text = users("app: {password: '${env:P}', produces: [orders]}, app-password: {produces: [orders]}")
    assert only(faults, text).startswith("6: users.app-password: its Secret would be the one that holds the password of app")


@pytest.mark.parametrize(
    ("acl", "fault"),
    [
        ('principal: "User:*", resource: topic, name: a, operations: [read]', "principal: Strimzi has ACLs of KafkaUsers alone"),
        ('principal: "User:gone", resource: topic, name: a, operations: [read]', "principal: Strimzi has ACLs of KafkaUsers"),
        ('principal: "Group:admin", resource: topic, name: a, operations: [read]', "principal: Strimzi has ACLs of KafkaUsers"),
        ('principal: "User:admin", resource: delegation_token, name: a, operations: [describe]', "resource: Strimzi has no ACLs"),
        ('principal: "User:admin", resource: user, name: a, operations: [create_tokens]', "resource: Strimzi has no ACLs about"),
        (
            'principal: "User:admin", resource: transactional_id, name: a, operations: [write, two_phase_commit]',
            "operations.1: Strimzi has no word for two_phase_commit",
        ),
    ],
)
def test_an_acl_that_no_kafka_user_can_have_is_a_fault(faults: Faults, load: Load, acl: str, fault: str) -> None:
    said = f"acls: [{{{acl}}}]\n"
    assert only(faults, f"{LOCKED}users: {{{ADMIN}}}\n{said}").startswith(f"7: acls.0.{fault}")
    load(OPEN + said)  # an open platform has no ACLs


@pytest.mark.parametrize(
    ("quota", "fault"),
    [
        ("client_id: app, producer_byte_rate: 1MB", "client_id: Strimzi has quotas of KafkaUsers alone"),
        ("user: app, client_id: app, producer_byte_rate: 1MB", "client_id: Strimzi has quotas of KafkaUsers alone"),
        ("user: default, producer_byte_rate: 1MB", "user: Strimzi has quotas of KafkaUsers alone"),
        ("ip: 10.0.0.1, connection_creation_rate: 10", "ip: Strimzi has quotas of KafkaUsers alone"),
        ("user: app, consumer_byte_rate: 2GiB", "consumer_byte_rate: is more than Strimzi takes: at most 2147483647"),
        ("user: app, request_percentage: 12.5", "request_percentage: Strimzi takes whole percents only"),
        ("user: app, controller_mutation_rate: 1e999", "controller_mutation_rate: Strimzi takes a number"),
    ],
)
def test_a_quota_that_no_kafka_user_can_have_is_a_fault(faults: Faults, quota: str, fault: str) -> None:
    text = f"{users('app: {produces: [orders]}')}quotas: [{{{quota}}}]\n"
    assert only(faults, text).startswith(f"7: quotas.0.{fault}")


SHARED = """\
platform: shop
topics: {orders: {partitions: 1}}
environments:
  prod: {target: strimzi, cluster: {name: shop, disk: 1GiB}, security: {enabled: true}, users: {admin: {admin: true}}}
  dev: {shares: prod, prefix: dev.}
"""


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("kubernetes: {namespace: dev}", "5: environments.dev.kubernetes.namespace: is not that of prod"),
        ("kubernetes: {context: laptop}", "5: environments.dev.kubernetes.context: is not that of prod"),
        (
            "kubernetes: {client_namespaces: [kafka, staging]}",
            "5: environments.dev.kubernetes.client_namespaces.1: pods of staging would not reach the cluster",
        ),
        (
            "users: {robot: {authentication: certificate}}",
            "5: environments.dev.users.robot.authentication: the cluster of prod has no listener for certificates",
        ),
        ("users: {Robot: {}}", "5: environments.dev.users.Robot: dev.Robot cannot be a KafkaUser"),
        ("prefix: dev_, users: {robot: {}}", "5: environments.dev.users.robot: dev_robot cannot be a KafkaUser"),
        (
            "users: {robot: {}}, quotas: [{client_id: a, producer_byte_rate: 1MB}]",
            "5: environments.dev.quotas.0.client_id: Strimzi has quotas of KafkaUsers alone",
        ),
    ],
)
def test_an_environment_that_shares_a_cluster_lies_where_that_does(faults: Faults, said: str, fault: str) -> None:
    text = SHARED.replace("prefix: dev.}", f"{'' if 'prefix' in said else 'prefix: dev., '}{said}}}")
    assert only(faults, text).startswith(fault)


def test_it_may_say_the_same_as_the_owner_and_more_for_its_own_pods(load: Load) -> None:
    owner = "target: strimzi, kubernetes: {namespace: events, client_namespaces: [staging]}"
    own = "kubernetes: {namespace: events, client_namespaces: [staging, events]}"
    load(SHARED.replace("target: strimzi", owner).replace("prefix: dev.}", f"prefix: dev., {own}}}"))


@pytest.mark.parametrize(
    ("said", "warning"),
    [
        ("", "3: kubernetes.resources: no memory is asked for"),
        (
            "resources: {requests: {memory: 256MiB}}",
            "3: kubernetes.resources.requests.memory: is less than the heap of 512 MiB",
        ),
        (
            "resources: {limits: {memory: 600MiB}}",
            "3: kubernetes.resources.limits.memory: leaves 88 MiB beside the heap",
        ),
    ],
)
def test_what_works_and_is_probably_not_meant_is_a_warning(warnings: Faults, said: str, warning: str) -> None:
    [found] = [each for each in warnings(kubernetes(said)) if "kubernetes" in each]
    assert found.startswith(warning)


def test_shipped_environments_have_no_fault_and_ask_for_memory() -> None:
    spec = load_spec(SHIPPED)
    assert {"minikube", "doks", "aks"} <= set(spec.environments)
    found = [str(each) for name in ("minikube", "doks", "aks") for each in spec.warnings(name) if "kubernetes" in str(each)]
    assert [each for each in found if "kubernetes.image: ottla:0.1.0 names no registry" not in each] == []
    assert len(found) == 2  # doks and aks have the exporter; whose registry it is, nobody can know here
