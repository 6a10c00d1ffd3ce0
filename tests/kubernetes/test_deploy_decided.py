"""What a rollout decides of what it has seen: what differs, who owns it, what a condition means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kubernetes.known import known
from tests.kubernetes.sites import shipped

from ottla.kubernetes.cluster import Answer, Place
from ottla.kubernetes.conditions import AWAITED, condition_of
from ottla.kubernetes.difference import Conflict, conflicts, difference
from ottla.kubernetes.prerequisites import KINDS, rights
from ottla.kubernetes.rendering import STEPS, resources_of, steps_of
from ottla.kubernetes.resource import Resource
from ottla.kubernetes.rolling_out import Waiting, waiting_for
from ottla.kubernetes.rollout import Action, Rollout, decided, named, rollout_document, rollout_lines, rollout_summary

if TYPE_CHECKING:
    from ottla.kubernetes.rollout import Planned

TOPICS = Place("apis/kafka.strimzi.io/v1", "kafkatopics", namespaced=True)
OURS = {"manager": "ottla", "operation": "Apply", "fieldsV1": {"f:spec": {"f:partitions": {}}}}
trees = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def topic(spec: Any = None, *managers: dict[str, Any], **more: Any) -> dict[str, Any]:
    metadata = {"name": "orders", "namespace": "kafka", "managedFields": [*managers]}
    return {"apiVersion": "kafka.strimzi.io/v1", "kind": "KafkaTopic", "metadata": metadata, "spec": spec or {}, **more}


def planned(live: dict[str, Any] | None, answer: Answer | None) -> Planned:
    resource = Resource("topic-orders.yaml", topic({"partitions": 3}))
    return decided("topics", resource, TOPICS, live, answer)


def rollout(*each: Planned) -> Rollout:
    return Rollout("here", "https://there", "v1", "kafka", each, (), ())


@given(spec=trees)
def test_a_resource_differs_in_nothing_from_itself(spec: Any) -> None:
    assert difference(topic(spec), topic(spec)) == ()


@given(old=trees, new=trees)
def test_nothing_that_differs_is_missed_in_either_direction(old: Any, new: Any) -> None:
    there, back = (difference(topic({"a": a}), topic({"a": b})) for a, b in ((old, new), (new, old)))
    assert bool(there) == bool(back) == (old != new)
    assert {each.path for each in there} == {each.path for each in back}


def test_what_the_server_says_by_itself_is_no_difference() -> None:
    after = topic({"partitions": 3}, OURS, status={"observedGeneration": 4})
    after["metadata"] |= {"generation": 4, "resourceVersion": "7", "uid": "u", "creationTimestamp": "now"}
    assert difference(topic({"partitions": 3}), after) == ()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ({"partitions": 3}, {"partitions": 6}, "spec.partitions: 3 -> 6"),
        ({}, {"partitions": 6}, "spec.partitions: - -> 6"),
        ({"config": {"retention.ms": 1}}, {"config": {}}, "spec.config[retention.ms]: 1 -> -"),
        ({"ports": [{"name": "a", "port": 1}]}, {"ports": [{"name": "a", "port": 2}]}, "spec.ports[a].port: 1 -> 2"),
        ({"ports": [{"name": "b"}, {"name": "a"}]}, {"ports": [{"name": "b"}]}, 'spec.ports[a]: {"name": "a"} -> -'),
        ({"ids": [1, 2]}, {"ids": [1, 3]}, "spec.ids[1]: 2 -> 3"),
        ({"text": "a\nb"}, {"text": "c" * 99}, "spec.text: (3 letters) -> (99 letters)"),
        ({"on": True}, {"on": "true"}, "spec.on: true -> true"),
    ],
)
def test_a_change_is_told_with_its_path_and_both_values(old: Any, new: Any, said: str) -> None:
    assert [str(each) for each in difference(topic(old), topic(new))] == [said]


def test_the_same_items_in_another_order_are_a_change() -> None:
    old, new = ({"hosts": [{"name": a}, {"name": b}]} for a, b in ("xy", "yx"))
    assert [each.path for each in difference(topic(old), topic(new))] == ["spec.hosts"]


def test_a_conflict_names_the_field_and_its_owner() -> None:
    cause = {"reason": "FieldManagerConflict", "message": 'conflict with "argocd" using v1', "field": ".spec.partitions"}
    other = {"reason": "FieldValueInvalid", "message": "no", "field": ".spec"}
    assert conflicts({"details": {"causes": [cause, other]}}) == (Conflict(".spec.partitions", "argocd"),)
    assert conflicts({"details": None}) == ()


@pytest.mark.parametrize(
    ("live", "answer", "action"),
    [
        (None, Answer(201, topic({"partitions": 3}, OURS)), Action.ADD),
        (None, None, Action.ADD),
        (topic({"partitions": 2}, OURS), Answer(200, topic({"partitions": 3}, OURS)), Action.CHANGE),
        (topic({"partitions": 3}, OURS), Answer(200, topic({"partitions": 3}, OURS)), Action.NONE),
        (topic({"partitions": 3}), Answer(200, topic({"partitions": 3}, OURS)), Action.TAKE_OVER),
        (
            topic({"partitions": 3}, {**OURS, "operation": "Update"}),
            Answer(200, topic({"partitions": 3}, OURS)),
            Action.TAKE_OVER,
        ),
    ],
)
def test_what_is_done_follows_from_what_is_there(live: dict[str, Any] | None, answer: Answer | None, action: Action) -> None:
    assert planned(live, answer).action is action


def test_what_the_server_would_refuse_stands_against_the_plan() -> None:
    body = {"message": 'unknown field "spec.partition"'}
    plan = rollout(planned(None, Answer(422, body)))
    assert plan.reasons == ('KafkaTopic kafka/orders: unknown field "spec.partition"',)
    assert rollout_lines(plan) == ("+ KafkaTopic kafka/orders", '! KafkaTopic kafka/orders: unknown field "spec.partition"')


def test_the_plan_as_data_has_what_is_done_and_what_stands_against_it() -> None:
    change = planned(topic({"partitions": 2}, OURS), Answer(200, topic({"partitions": 3}, OURS)))
    same = planned(topic({"partitions": 3}, OURS), Answer(200, topic({"partitions": 3}, OURS)))
    found = rollout_document(rollout(change, same, planned(None, Answer(403, {"message": "no"}))))
    assert found["changes"][0] == {
        "step": "topics",
        "action": "change",
        "api_version": "kafka.strimzi.io/v1",
        "kind": "KafkaTopic",
        "namespace": "kafka",
        "name": "orders",
        "fields": [{"path": "spec.partitions", "old": "2", "new": "3"}],
        "risks": [{"code": "re-keys", "severity": "data", "text": change.risks[0].text}],
    }
    assert (found["unchanged"], found["refused"]) == (1, ["KafkaTopic kafka/orders: no"])


def test_the_summary_counts_what_is_done() -> None:
    change = planned(topic({"partitions": 2}, OURS), Answer(200, topic({"partitions": 3}, OURS)))
    assert rollout_summary(rollout(planned(None, None), change, change)) == "1 to add, 2 to change; nothing is deleted"
    assert rollout_summary(rollout()).startswith("no changes")


def resource(kind: str, status: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": "one", "generation": 2}, "spec": spec, "status": status}


def status(*conditions: dict[str, str], seen: int = 2, **more: Any) -> dict[str, Any]:
    return {"observedGeneration": seen, "conditions": [*conditions], **more}


READY = {"type": "Ready", "status": "True"}
AVAILABLE = {"type": "Available", "status": "True"}
CREATING = {"type": "NotReady", "status": "True", "reason": "Creating", "message": "Kafka cluster is being deployed"}
FAILURE = {"type": "NotReady", "status": "True"}
FAILED = {"type": "Ready", "status": "False", "reason": "KafkaError", "message": "no"}
WARNING = {"type": "Warning", "status": "True", "reason": "Deprecated", "message": "soon"}
EPHEMERAL = {**WARNING, "reason": "KafkaStorage", "message": "A Kafka cluster with a single broker node and ephemeral storage"}


def not_done(reason: str) -> dict[str, str]:
    """What Strimzi says where it does not do what it was told, and is ready all the same."""
    return {**WARNING, "reason": reason, "message": "no"}


@pytest.mark.parametrize(
    ("document", "ready", "said"),
    [
        (resource("Kafka", status(READY)), True, "Ready=True"),
        (resource("Kafka", status(WARNING, READY)), True, "Ready=True"),
        (resource("Kafka", status(READY, seen=1)), False, "no operator has looked at it yet, as it is now"),
        (resource("Kafka", {}), False, "no operator has looked at it yet, as it is now"),
        (resource("Kafka", status(CREATING)), False, "Creating: Kafka cluster is being deployed"),
        (resource("Kafka", status()), False, "has no condition Ready yet"),
        (resource("Kafka", status({"type": "ReconciliationPaused", "status": "True"})), False, "ReconciliationPaused=True"),
        (resource("KafkaTopic", status(FAILED)), False, "KafkaError: no"),
        (resource("KafkaTopic", status({"type": "Unmanaged", "status": "True"})), True, "Unmanaged=True"),
        (resource("Kafka", status(EPHEMERAL, READY)), True, "Ready=True"),
        (resource("Kafka", status(WARNING, not_done("ScaleDownPreventionCheck"), READY)), False, "ScaleDownPreventionCheck: no"),
        (resource("Kafka", status(not_done("PvcResizingWarning"), READY)), False, "PvcResizingWarning: no"),
        (resource("Kafka", status(not_done("MetadataUpdateFailed"), READY)), False, "MetadataUpdateFailed: no"),
        (resource("Kafka", status(not_done("MetadataUpdateFailed"), FAILURE)), False, "NotReady=True"),
        (resource("Kafka", status({**not_done("PvcResizingWarning"), "status": "False"}, READY)), True, "Ready=True"),
        (resource("KafkaNodePool", status(not_done("KafkaStorage"))), False, "KafkaStorage: no"),
        (resource("KafkaNodePool", status(WARNING)), True, ""),
        (resource("KafkaNodePool", status(replicas=3), replicas=3), True, ""),
        (resource("KafkaNodePool", status(replicas=3), replicas=2), False, "has 3 nodes, and is to have 2"),
        (resource("KafkaNodePool", status(), replicas=2), True, ""),
        (resource("KafkaNodePool", status()), True, ""),
        (resource("KafkaNodePool", status(seen=1)), False, "no operator has looked at it yet, as it is now"),
        (resource("Deployment", status(AVAILABLE, updatedReplicas=1), replicas=1), True, "Available=True"),
        (resource("Deployment", status(AVAILABLE, updatedReplicas=1), replicas=2), False, "Available=True"),
    ],
)
def test_a_condition_says_whether_it_is_there_and_if_not_why(document: dict[str, Any], ready: bool, said: str) -> None:  # noqa: FBT001
    condition = condition_of(document)
    assert (condition.ready, condition.said) == (ready, said)


def test_volumes_of_brokers_that_are_no_more_are_not_waited_for() -> None:
    volumes = [{"id": 0, "type": "persistent-claim", "size": "20Gi"}]
    metadata = {"name": "kafka", "namespace": "kafka", "labels": {"strimzi.io/cluster": "shop"}}
    spec = {"replicas": 2, "storage": {"type": "jbod", "volumes": volumes}}
    pool = {"apiVersion": "kafka.strimzi.io/v1", "kind": "KafkaNodePool", "metadata": metadata, "spec": spec}
    place = Place("apis/kafka.strimzi.io/v1", "kafkanodepools", namespaced=True)
    claims: list[dict[str, Any]] = [
        {
            "metadata": {"name": f"data-0-shop-kafka-{node}", "namespace": "kafka"},
            "status": {"capacity": {"storage": "20Gi" if node == 1 else "10Gi"}},
        }
        for node in (1, 2, 3)
    ]

    def pending(**said: Any) -> list[str]:
        live = {**pool, "status": status(seen=1, **said)}
        lists = {"kafkanodepools": [live], "persistentvolumeclaims": claims}
        found = waiting_for(known(lists), [decided("cluster", Resource("pool.yaml", pool), place, None, None)])
        return [name for name, _ in found.pending]

    assert pending(nodeIds=[1, 2]) == ["PersistentVolumeClaim kafka/data-0-shop-kafka-2"]
    assert pending(nodeIds=[1]) == []
    assert pending() == [f"PersistentVolumeClaim kafka/data-0-shop-kafka-{node}" for node in (2, 3)]


def test_what_is_waited_for_is_told_with_the_first_that_is_not_ready() -> None:
    assert str(Waiting(3, (("Kafka a/b", "Creating"), ("Kafka a/c", "x")))) == "1 of 3 ready; Kafka a/b: Creating (and 1 more)"


@pytest.mark.parametrize("name", ["minikube", "doks", "aks"])
def test_steps_have_all_resources_in_the_order_of_the_files_and_of_kinds_that_are_known(name: str) -> None:
    steps = steps_of(shipped()[name])
    assert tuple(each for step in steps.values() for each in step) == resources_of(shipped()[name])
    assert [*steps] == [*STEPS]
    kinds = {each.identity[:2] for step in steps.values() for each in step}
    assert kinds <= {(api, kind) for api, theirs in KINDS.items() for kind in theirs}


def test_rights_are_asked_for_once_and_to_list_only_where_it_is_waited() -> None:
    rendered = [("v1", "ConfigMap", "kafka", name) for name in "ab"] + [("kafka.strimzi.io/v1", "KafkaTopic", "kafka", "orders")]
    maps = Place("api/v1", "configmaps", namespaced=True)
    wanted = rights(rendered, {("v1", "ConfigMap"): maps, ("kafka.strimzi.io/v1", "KafkaTopic"): TOPICS})
    assert [each.verb for each in wanted if each.place == maps] == ["get", "create", "patch"]
    assert [each.verb for each in wanted if each.place == TOPICS] == ["get", "create", "patch", "list"]
    assert rights(rendered, {}) == ()
    assert "KafkaTopic" in AWAITED


def test_a_resource_is_typed_in_one_word() -> None:
    assert named(("v1", "Namespace", "", "kafka")) == "Namespace/kafka"
    assert named(("v1", "ConfigMap", "kafka", "one")) == "ConfigMap/kafka/one"
