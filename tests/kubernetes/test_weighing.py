"""What a change of a resource costs, and what of it cannot be done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kubernetes.around import ENVIRONMENTS
from tests.kubernetes.sites import shipped

from ottla.errors import PlanRefused
from ottla.kubernetes.rendering import resources_of
from ottla.kubernetes.resource import bytes_of, plain, quantity
from ottla.kubernetes.revival import kept_id
from ottla.kubernetes.rollout import Action, Planned, Rollout, refuse_unaccepted
from ottla.kubernetes.versions import held_back, is_older
from ottla.kubernetes.weighing import Weighed, weigh
from ottla.kubernetes.weighing_pools import still_growing, volumes
from ottla.plan import CODES, Risk, Severity
from ottla.spec.versions import METADATA_VERSIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

GROWS = {"fast": {"metadata": {"name": "fast"}, "allowVolumeExpansion": True}}
STAYS = {"slow": {"metadata": {"name": "slow", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}}}
BOTH = {**GROWS, **STAYS}


def of(kind: str, spec: Any, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": "one", "namespace": "kafka"}, "spec": spec, **more}


def change(kind: str, old: Any, new: Any, classes: Mapping[str, Any] | None = None, **more: Any) -> Weighed:
    return weigh(of(kind, old, **more), of(kind, new), classes)


def codes(found: Weighed) -> list[str]:
    return [each.code for each in found.risks]


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_what_does_not_change_costs_nothing(name: str) -> None:
    for resource in resources_of(shipped()[name]):
        assert weigh(resource.document, resource.document, None) == Weighed()


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"partitions": 2}, {"partitions": 3}, ["re-keys"]),
        ({"config": {"retention.ms": 86400000}}, {"config": {"retention.ms": 3600000}}, ["drops-records"]),
        ({"config": {"retention.ms": "86400000"}}, {"config": {"retention.ms": 86400000}}, []),
        ({"config": {"retention.ms": 3600000}}, {"config": {"retention.ms": 86400000}}, []),
        ({"config": {"retention.ms": 3600000, "cleanup.policy": "compact"}}, {"config": {"cleanup.policy": "compact"}}, []),
        ({"config": {"cleanup.policy": "delete"}}, {"config": {"cleanup.policy": ["compact"]}}, ["compacts-records"]),
        ({"config": {"cleanup.policy": "compact,delete"}}, {"config": {"cleanup.policy": ["compact", "delete"]}}, []),
        ({"config": {"min.insync.replicas": 2}}, {"config": {"min.insync.replicas": 1}}, ["weaker-acks"]),
        ({"config": {}}, {"config": {"unclean.leader.election.enable": True}}, ["unclean-election"]),
        ({"config": {"retention.ms": "a week"}}, {"config": {"retention.ms": 1}}, ["drops-records"]),
    ],
)
def test_a_topic_costs_what_it_would_cost_without_kubernetes(old: Any, new: Any, expected: list[str]) -> None:
    found = change("KafkaTopic", old, new)
    assert (codes(found), found.refusals) == (expected, ())


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ({"partitions": 3}, {"partitions": 2}, "Kafka cannot take partitions away (3 -> 2)"),
        ({"replicas": 1}, {"replicas": 3}, "only with Cruise Control"),
        ({"topicName": "a"}, {"topicName": "b"}, "it is a, and would be b"),
        ({"topicName": "a"}, {}, "it is a, and would be one"),
    ],
)
def test_what_the_topic_operator_would_not_carry_out_is_refused(old: Any, new: Any, why: str) -> None:
    found = change("KafkaTopic", old, new)
    assert [why in each for each in found.refusals] == [True]


def kafka(**more: Any) -> dict[str, Any]:
    return {"kafka": {"version": "4.2.1", "metadataVersion": "4.2-IV1", **more}}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({}, {"version": "4.3.1"}, ["restarts-nodes"]),
        ({"version": "4.3.1"}, {}, ["restarts-nodes"]),
        ({"version": "4.3.1"}, {"version": "4.3.1", "metadataVersion": "4.3-IV0"}, ["one-way"]),
        ({"authorization": {"type": "simple"}}, {}, ["opens-platform"]),
        ({}, {"authorization": {"type": "simple"}}, ["locks-out"]),
        ({"listeners": [{"name": "plain", "port": 9092, "tls": False}]}, {"listeners": []}, ["locks-out"]),
        (
            {"listeners": [{"name": "a", "port": 1, "tls": True}]},
            {"listeners": [{"name": "a", "port": 1, "tls": False}]},
            ["locks-out"],
        ),
        (
            {"listeners": [{"name": "a", "port": 1, "networkPolicyPeers": []}]},
            {"listeners": [{"name": "a", "port": 1}, {"name": "b", "port": 2}]},
            [],
        ),
        ({"config": {"log.retention.ms": 5}}, {"config": {"log.retention.ms": 4}}, ["drops-records"]),
    ],
)
def test_a_cluster_costs_what_its_change_does_to_clients_and_records(old: Any, new: Any, expected: list[str]) -> None:
    found = change("Kafka", kafka(**old), kafka(**new))
    assert (codes(found), found.refusals) == (expected, ())


def test_a_raised_metadata_version_is_never_taken_back_whatever_the_resource_says() -> None:
    status = {"kafkaVersion": "4.3.1", "kafkaMetadataVersion": "4.3-IV0"}
    found = change("Kafka", kafka(version="4.3.1"), kafka(), status=status)
    assert [each.startswith("metadata.version is 4.3-IV0, and there is no way back to 4.2-IV1") for each in found.refusals] == [
        True
    ]
    assert found.risks == ()


def pool(*sizes: str, **more: Any) -> dict[str, Any]:
    listed = [{"id": number, "type": "persistent-claim", "size": size, **more} for number, size in enumerate(sizes)]
    return stored("jbod", volumes=listed)


def stored(kind: str, **more: Any) -> dict[str, Any]:
    return {"replicas": 3, "roles": ["broker"], "storage": {"type": kind, **more}}


@pytest.mark.parametrize(
    ("old", "new", "classes", "expected", "why"),
    [
        (pool("10Gi"), pool("20Gi"), {**GROWS, "slow": {**STAYS["slow"], "allowVolumeExpansion": True}}, ["grows-volumes"], None),
        (pool("10Gi"), pool("20Gi"), STAYS, [], "the StorageClass slow does not say allowVolumeExpansion"),
        (pool("10Gi", **{"class": "fast"}), pool("20Gi", **{"class": "fast"}), BOTH, ["grows-volumes"], None),
        (pool("10Gi"), pool("20Gi"), None, ["grows-volumes"], None),
        (pool("10Gi"), pool("10737418240"), STAYS, [], None),
        (pool("20Gi"), pool("10Gi"), GROWS, [], "cannot become smaller"),
        (pool("1Gi", **{"class": "slow"}), pool("1Gi", **{"class": "fast"}), BOTH, [], "cannot come to another StorageClass"),
        (pool("1Gi", "1Gi"), pool("1Gi"), BOTH, [], "volume 1 would be taken away"),
        (pool("1Gi"), pool("1Gi", "1Gi"), BOTH, [], None),
        (pool("1Gi"), pool("1Ei"), None, ["grows-volumes"], None),
        (pool("1Ei"), pool("1Gi"), None, [], "cannot become smaller (1Ei -> 1Gi)"),
        (pool("+1e3"), pool(".5Gi"), None, ["grows-volumes"], None),
        (pool("a lot"), pool("1Gi"), None, [], None),
        (pool("1Gi"), pool("a lot"), None, [], None),
        (pool("1Gi", type="ephemeral"), pool("1Gi"), None, [], "volume 0 cannot become of another type (ephemeral -> persistent"),
        (stored("ephemeral"), pool("1Gi"), None, [], "storage cannot become of another type (ephemeral -> jbod"),
        (stored("persistent-claim", size="2Gi"), pool("1Gi"), None, [], "of another type (persistent-claim -> jbod"),
        (stored("persistent-claim", size="1Gi"), stored("persistent-claim", size="2Gi"), None, ["grows-volumes"], None),
        (pool("1Gi"), pool("1Gi", deleteClaim=True), BOTH, ["deletes-with-cluster"], None),
        (pool("1Gi"), {**pool("1Gi"), "replicas": 5}, None, ["adds-brokers"], None),
        (pool("1Gi"), {**pool("1Gi"), "replicas": 2}, None, ["removes-brokers"], None),
        (pool("1Gi"), {**pool("1Gi"), "roles": ["controller"]}, None, [], "the roles of nodes cannot change"),
    ],
)
def test_nodes_and_volumes_do_only_what_strimzi_carries_out(
    old: Any, new: Any, classes: Any, expected: list[str], why: str | None
) -> None:
    found = change("KafkaNodePool", old, new, classes)
    assert codes(found) == expected
    assert [why is not None and why in each for each in found.refusals] == ([] if why is None else [True])


def test_controllers_never_become_more_or_fewer() -> None:
    both = {"roles": ["controller", "broker"], "storage": {}}
    found = change("KafkaNodePool", {**both, "replicas": 3}, {**both, "replicas": 5})
    assert ["nodes that are controllers cannot become more or fewer (3 -> 5)" in each for each in found.refusals] == [True]


def test_a_user_that_may_less_is_told() -> None:
    acls = [{"operations": ["Read"]}, {"operations": ["Write"]}]
    found = change("KafkaUser", {"authorization": {"acls": acls}}, {"authorization": {"acls": acls[:1]}})
    assert [(each.code, each.severity) for each in found.risks] == [("revokes", Severity.NOTICE)]
    assert change("KafkaUser", {"authorization": {"acls": acls[:1]}}, {"authorization": {"acls": acls}}) == Weighed()


def test_a_claim_is_waited_for_until_its_volume_is_as_large_as_it_is_to_be() -> None:
    def claim(name: str, **status: Any) -> dict[str, Any]:
        return {"metadata": {"name": name, "namespace": "kafka"}, "status": status}

    wanted = volumes(of("KafkaNodePool", pool("20Gi")))
    conditions = [{"type": "FileSystemResizePending", "status": "True"}, {"type": "Resizing", "status": "False"}]
    small = claim("data-0-shop-kafka-1", capacity={"storage": "10Gi"}, conditions=conditions)
    assert [*still_growing(small, wanted)] == [
        ("PersistentVolumeClaim kafka/data-0-shop-kafka-1", "10Gi of 20Gi (FileSystemResizePending)")
    ]
    for other in (
        claim("data-0-shop-kafka-1", capacity={"storage": "20Gi"}),
        claim("data-0-shop-kafka-1", phase="Pending"),
        claim("data-1-shop-kafka-1", capacity={"storage": "1Gi"}),
        claim("something-else", capacity={"storage": "1Gi"}),
    ):
        assert [*still_growing(other, wanted)] == []
    assert [len([*still_growing(small, wanted, nodes)]) for nodes in ([1, 2], [2, 11], [])] == [1, 0, 0]
    wanted = volumes(of("KafkaNodePool", pool("1Ei")))
    assert [len([*still_growing(claim("data-0-shop-kafka-1", capacity={"storage": "1E"}), wanted)])] == [1]


def claims(*ids: str | None) -> list[dict[str, Any]]:
    noted = [{} if each is None else {"annotations": {"ottla/cluster-id": each}} for each in ids]
    return [{"metadata": {"name": f"data-{number}", "namespace": "kafka", **note}} for number, note in enumerate(noted)]


def paused(**status: Any) -> dict[str, Any]:
    return {"metadata": {"annotations": {"strimzi.io/pause-reconciliation": "true"}}, "status": status}


def test_a_cluster_is_given_the_id_of_its_volumes_only_where_it_has_none_and_nobody_works_on_it() -> None:
    assert kept_id("shop", None, []) == (None, None)
    assert kept_id("shop", None, claims("a", "a")) == ("a", None)
    assert kept_id("shop", {"metadata": {}}, claims("a")) == (None, None)
    assert kept_id("shop", paused(), claims("a")) == ("a", None)
    assert kept_id("shop", paused(clusterId="a"), claims("a")) == (None, None)
    assert kept_id("shop", paused(clusterId="a"), claims(None)) == (None, None)
    for unknown in (claims(None), claims("a", None), claims("a", "b")):
        found, why = kept_id("shop", None, unknown)
        assert (found, why is not None and "data-0" in why) == (None, True)


def test_the_metadata_version_that_is_there_is_held_and_never_lowered() -> None:
    (resource,) = (each for each in resources_of(shipped()["doks"]) if each.identity[1] == "Kafka")
    wanted = resource.document["spec"]["kafka"]["metadataVersion"]
    held = held_back(resource, of("Kafka", kafka()))
    assert held.document["spec"]["kafka"]["metadataVersion"] == "4.2-IV1"
    assert {**held.document["spec"]["kafka"], "metadataVersion": wanted} == resource.document["spec"]["kafka"]
    assert plain(held.tree["metadata"]) == resource.document["metadata"]
    assert held_back(resource, of("Kafka", kafka(metadataVersion=wanted))) is resource
    assert held_back(resource, of("Kafka", kafka(metadataVersion="9.9-IV0"))) is resource
    assert held_back(resource, of("Kafka", {"kafka": {}})) is resource


def test_a_metadata_version_that_was_told_is_not_taken_back_where_its_operator_has_not_come_to_it() -> None:
    (resource,) = (each for each in resources_of(shipped()["doks"]) if each.identity[1] == "Kafka")
    wanted = resource.document["spec"]["kafka"]["metadataVersion"]

    def held(said: str, seen: str) -> str:
        live = of("Kafka", kafka(metadataVersion=said), status={"kafkaMetadataVersion": seen})
        found: str = held_back(resource, live).document["spec"]["kafka"]["metadataVersion"]
        return found

    assert held(wanted, "4.2-IV1") == wanted
    assert held("4.2-IV1", "4.1-IV1") == "4.2-IV1"
    assert held("4.1-IV1", "4.2-IV1") == "4.2-IV1"
    assert held("4.2-IV1", wanted) == wanted


def test_versions_are_in_the_order_of_the_table() -> None:
    assert is_older("4.2.1", "4.3.1")
    assert is_older(METADATA_VERSIONS["4.2.1"], METADATA_VERSIONS["4.3.1"])
    assert is_older("4.9.0", "4.10.0")
    assert not is_older("4.3.1", "4.3.1")


@given(size=st.integers(min_value=1, max_value=2**60))
def test_a_quantity_is_as_many_bytes_as_it_was_made_of(size: int) -> None:
    assert bytes_of(quantity(size)) == size


@pytest.mark.parametrize(("text", "size"), [("1k", 1000), ("1.5Gi", 1610612736), ("1e3", 1000), ("0", 0)])
def test_a_quantity_of_somebody_else_is_read_as_kubernetes_does(text: str, size: int) -> None:
    assert bytes_of(text) == size


def test_what_is_no_quantity_is_an_error() -> None:
    with pytest.raises(ValueError, match="'10 Gi' is no amount"):
        bytes_of("10 Gi")


def test_only_risks_to_data_want_their_code_and_each_of_those_can_be_accepted() -> None:
    risks = (Risk("drops-records", Severity.DATA, "gone"), Risk("adds-brokers", Severity.NOTICE, "empty"))
    resource = resources_of(shipped()["doks"])[0]
    planned = Planned("topics", resource, None, Action.CHANGE, None, risks=risks)  # type: ignore[arg-type]
    plan = Rollout("here", "there", "v1", "kafka", (planned,), (), ())
    with pytest.raises(PlanRefused, match=r"gone \[drops-records\]"):
        refuse_unaccepted(plan, ())
    refuse_unaccepted(plan, {"drops-records"})
    assert "drops-records" in CODES
