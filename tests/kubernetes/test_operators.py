"""What is done about Strimzi's operator: decided by what is there, without a cluster."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kubernetes.strimzi_chart import deployment

from ottla.kubernetes.conditions import Condition
from ottla.kubernetes.operator_deciding import CUT_OFF, decide, decide_release
from ottla.kubernetes.operator_planning import BROUGHT, brought
from ottla.kubernetes.operator_seen import operator_of
from ottla.kubernetes.operators import RELEASE, Chart, Operator, OperatorStep, Release, RunningKafka, Seen
from ottla.kubernetes.prerequisites import KINDS
from ottla.kubernetes.rollout import Rollout, rollout_document, rollout_lines, rollout_summary
from ottla.spec.versions import STRIMZI_KAFKA_VERSIONS, STRIMZI_VERSION

CHART = "strimzi/strimzi-kafka-operator"
NAMESPACES = ("kafka", "other", "third")
VERSIONS = ("0.51.0", *("1.0.0", "1.1.0", STRIMZI_VERSION) * 3, "1.3.0", "latest", "")  # most of them are such as are worked on
operators = st.builds(
    Operator,
    namespace=st.sampled_from(NAMESPACES),
    name=st.just("strimzi-cluster-operator"),
    version=st.sampled_from(VERSIONS),
    watches=st.lists(st.sampled_from((*NAMESPACES, "*")), min_size=1, max_size=2, unique=True).map(tuple),
    release=st.sampled_from((None, RELEASE, "mine")),
)
kafkas = st.builds(
    RunningKafka,
    st.sampled_from(NAMESPACES),
    st.just("events"),
    st.lists(st.sampled_from(("4.1.0", *STRIMZI_KAFKA_VERSIONS * 3)), max_size=2).map(tuple),
)
stored = st.lists(
    st.tuples(st.just("kafkas.kafka.strimzi.io"), st.sampled_from((*(("v1",),) * 4, ("v1beta2", "v1")))), max_size=1
).map(tuple)
sights = st.builds(
    Seen,
    st.lists(operators, max_size=3, unique_by=lambda each: each.namespace).map(tuple),
    st.booleans(),
    st.lists(kafkas, max_size=2).map(tuple),
    stored,
)


def decided(seen: Seen, *, ours: bool = True) -> tuple[OperatorStep, tuple[str, ...]]:
    return decide(seen, namespace="kafka", chart=CHART, ours=ours)


def operator(version: str = STRIMZI_VERSION, namespace: str = "kafka", *watches: str, release: str | None = RELEASE) -> Operator:
    return Operator(namespace, "strimzi-cluster-operator", version, watches or (namespace,), release)


def seen(*there: Operator, everywhere: bool = True, **more: Any) -> Seen:
    return Seen(there, everywhere, **more)


def after(step: OperatorStep, before: Seen) -> Seen:
    """What is there once the step was done."""
    new = Operator(step.namespace, "strimzi-cluster-operator", STRIMZI_VERSION, (step.watched,), step.release)
    upgraded = tuple(replace(each, version=STRIMZI_VERSION) for each in before.operators if each.sees(step.watched))
    others = tuple(each for each in before.operators if not each.sees(step.watched))
    return replace(before, operators=(*others, *(upgraded or (new,))))


@given(sights)
@settings(max_examples=400)
def test_what_is_not_refused_is_done_once_beside_nobody_and_to_nobody_elses(there: Seen) -> None:
    step, reasons = decided(there)
    if reasons:  # then nothing is done at all
        return
    then = after(step, there) if step.to_do else there
    again, still = decided(then)
    assert (again.to_do, still) == (False, ())
    assert len(then.watching("kafka")) == 1
    if step.to_do:
        assert step.before in {"", "1.0.0", "1.1.0"}
        assert there.everywhere or step.before
        touched = [each for each in there.operators if each.version != STRIMZI_VERSION]
        assert all((each.namespace, each.release) == ("kafka", step.release) for each in touched)
        assert {each.version for each in then.operators} == {STRIMZI_VERSION}
        assert all(version in STRIMZI_KAFKA_VERSIONS for kafka in there.kafkas for version in kafka.versions)


@given(sights)
def test_one_that_is_not_ours_is_never_touched(there: Seen) -> None:
    step, _ = decided(there, ours=False)
    assert not step.to_do


@given(sights)
def test_two_that_watch_the_namespace_are_always_refused(seen_there: Seen) -> None:
    there = replace(seen_there, operators=(*seen_there.operators, operator(), operator("1.1.0", "central", "*")))
    for ours in (True, False):
        step, reasons = decided(there, ours=ours)
        assert not step.to_do
        assert "undo each other's work" in reasons[0]


@pytest.mark.parametrize(
    ("there", "line"),
    [
        (seen(), f"+ Strimzi {STRIMZI_VERSION} (helm release strimzi-kafka-operator in kafka)"),
        (seen(operator("1.1.0", release="mine")), f"~ Strimzi 1.1.0 -> {STRIMZI_VERSION} (helm release mine in kafka)"),
        (
            seen(operator("1.0.1", "kafka", "kafka", "web")),
            f"~ Strimzi 1.0.1 -> {STRIMZI_VERSION} (helm release strimzi-kafka-operator in kafka)",
        ),
        (
            seen(kafkas=(RunningKafka("kafka", "events", ("4.2.1",)),)),
            f"+ Strimzi {STRIMZI_VERSION} (helm release strimzi-kafka-operator in kafka)",
        ),
        (seen(operator()), None),
        (seen(operator(STRIMZI_VERSION, "other", "*", release=None)), None),
        (seen(operator(), operator("1.1.0", "other")), None),
    ],
)
def test_what_is_done_follows_from_what_is_there(there: Seen, line: str | None) -> None:
    step, reasons = decided(there)
    assert (step.lines, reasons) == (() if line is None else (line,), ())


@pytest.mark.parametrize(
    ("there", "said"),
    [
        (
            seen(operator(), operator("1.1.0", "other", "*")),
            ("Strimzi 1.1.0 (Deployment other/", "let only one of them watch it"),
        ),
        (seen(operator("0.51.0")), ("is older than 1.0.0", "v1-api-conversion of Strimzi 0.51", "crd-upgrade")),
        (seen(operator("1.3.0")), ("newer than 1.2.0", "{strimzi: {install: false}}")),
        (seen(operator("latest")), ("its image does not say", "{strimzi: {install: false}}")),
        (seen(operator("")), ("Strimzi of an unknown version", "its image does not say")),
        (seen(operator("1.1.0", release=None)), ("was not installed by helm", "{strimzi: {install: false}}")),
        (
            seen(operator("1.1.0", "other", "*")),
            ("from another namespace", "helm upgrade strimzi-kafka-operator strimzi/strimzi-kafka-operator"),
        ),
        (
            seen(operator("1.1.0"), operator("1.0.0", "other")),
            ("Deployment other/", "has the same definitions (CRDs)", "bring that one to 1.2.0"),
        ),
        (seen(operator("1.0.0", "other")), ("has the same definitions (CRDs)",)),
        (
            seen(operator("1.2.0", "other", "other", "web")),
            ("let it, helm upgrade", "--namespace other", "'watchNamespaces={web,kafka}'"),
        ),
        (seen(operator("1.2.0", "other", release=None)), ("let it, by its STRIMZI_NAMESPACE",)),
        (seen(everywhere=False), ("may not list deployments of all namespaces", "{strimzi: {install: false}}")),
        (
            seen(kafkas=(RunningKafka("web", "old", ("4.1.0", "4.2.1")),)),
            ("Kafka web/old is 4.1.0", "upgrade it first", "4.3.1, 4.3.0"),
        ),
        (
            seen(stored=(("kafkas.kafka.strimzi.io", ("v1beta2", "v1")),)),
            ("kafkas.kafka.strimzi.io has resources that are kept as v1beta2", "crd-upgrade"),
        ),
    ],
)
def test_what_is_in_the_way_is_said_with_what_to_do(there: Seen, said: tuple[str, ...]) -> None:
    _, reasons = decided(there)
    assert len(reasons) == 1
    assert [each for each in said if each not in reasons[0]] == [], reasons


def test_all_that_is_in_the_way_is_said_at_once() -> None:
    old = RunningKafka("kafka", "events", ("4.1.0",))
    _, reasons = decided(seen(operator("1.1.0", release=None), operator("1.0.0", "other"), kafkas=(old,)))
    assert len(reasons) == 3


def test_of_one_that_is_not_ours_it_is_only_checked_that_it_is_there() -> None:
    assert (
        "no operator of Strimzi watches the namespace kafka (there is Strimzi 1.2.0 (Deployment other/"
        in decided(seen(operator("1.2.0", "other")), ours=False)[1][0]
    )
    step, reasons = decided(seen(operator("1.3.0", release=None)), ours=False)
    assert (step.namespace, reasons) == ("kafka", ())
    assert "Strimzi 1.3.0 (Deployment kafka/strimzi-cluster-operator) works on kafka; what is rendered is for 1.2.0" in step.notes
    unseen, reasons = decided(seen(everywhere=False), ours=False)
    assert (len(unseen.notes), reasons, unseen.namespace) == (1, (), "")


RESTING = Release(3, "deployed", "strimzi-kafka-operator-1.1.0", 9000.0)
GOOD = Chart("strimzi-kafka-operator", STRIMZI_VERSION)


@pytest.mark.parametrize(
    ("release", "chart", "redo", "said"),
    [
        (None, GOOD, None, ()),
        (RESTING, GOOD, None, ()),
        (replace(RESTING, status="failed"), GOOD, None, ()),
        (RESTING, replace(GOOD, version=f"{STRIMZI_VERSION}+1"), None, ()),
        (None, replace(GOOD, version="1.1.0"), None, ("is of version 1.1.0, not 1.2.0", "{strimzi: {chart: NAME}}")),
        (
            replace(RESTING, chart="strimzi-kafka-operator-extras-1.0"),
            GOOD,
            None,
            ("is of the chart strimzi-kafka-operator-extras-1.0",),
        ),
        (replace(RESTING, status="pending-upgrade", seconds=CUT_OFF + 1), GOOD, 3, ()),
        (
            replace(RESTING, status="pending-upgrade", seconds=5),
            GOOD,
            3,
            ("another helm works on it", "helm rollback mine 3 --namespace kafka"),
        ),
        (replace(RESTING, status="uninstalling"), GOOD, 3, ("is uninstalling: see helm status mine --namespace kafka",)),
    ],
)
def test_a_release_says_whether_helm_can_work_on_it(
    release: Release | None, chart: Chart, redo: int | None, said: tuple[str, ...]
) -> None:
    again, reasons = decide_release(OperatorStep("kafka", namespace="kafka", release="mine", chart=CHART), release, chart)
    assert [each for each in said if not any(each in reason for reason in reasons)] == []
    assert bool(reasons) == bool(said)
    assert said or again == redo


@pytest.mark.parametrize(
    ("changed", "watches", "version"),
    [
        ({}, ("kafka",), "1.1.0"),
        ({"variable": {"value": "*"}}, ("*",), "1.1.0"),
        ({"variable": {"value": " web ,kafka"}}, ("kafka", "web"), "1.1.0"),
        ({"variable": None}, ("*",), "1.1.0"),
        ({"variable": {"valueFrom": {"configMapKeyRef": {"name": "a", "key": "b"}}}}, ("*",), "1.1.0"),
        (
            {
                "variable": {"valueFrom": {"fieldRef": {"fieldPath": "metadata.annotations['olm']"}}},
                "annotations": {"olm": "a,b"},
            },
            ("a", "b"),
            "1.1.0",
        ),
        ({"variable": {"valueFrom": {"fieldRef": {"fieldPath": "metadata.annotations['olm']"}}}}, ("*",), "1.1.0"),
        ({"image": "registry.example.com:5000/strimzi/operator:1.1.0@sha256:00"}, ("kafka",), "1.1.0"),
        ({"image": "registry.example.com:5000/strimzi/operator@sha256:00"}, ("kafka",), ""),
        ({"image": "registry.example.com:5000/strimzi/operator"}, ("kafka",), ""),
    ],
)
def test_a_deployment_says_what_it_watches_and_which_version_it_is(
    changed: dict[str, Any], watches: tuple[str, ...], version: str
) -> None:
    found = operator_of(deployment("1.1.0", "kafka", release="mine", **changed))
    assert (found.watches, found.version, found.release) == (watches, version, "mine")


def test_whether_an_operator_is_available_is_no_part_of_what_it_is() -> None:
    one = operator()
    assert replace(one, condition=Condition(ready=True, said="")) == one
    assert seen(one).settles("kafka")


def test_its_kinds_come_with_it_where_they_are_not_there() -> None:
    step, _ = decided(seen())
    kafka = ("kafka.strimzi.io/v1", "Kafka")
    assert {kind for _, kind in brought(step, {})} == set(KINDS["kafka.strimzi.io/v1"])
    assert kafka not in brought(step, {kafka: BROUGHT[kafka]})
    assert brought(OperatorStep(), {}) == {}
    assert BROUGHT[kafka].path("kafka", "events") == "apis/kafka.strimzi.io/v1/namespaces/kafka/kafkas/events"


def test_the_plan_shows_it_and_has_it_as_data() -> None:
    step, _ = decided(seen(operator("1.1.0")))
    plan = Rollout("here", "https://there", "v1", "kafka", (), (), (), operator=replace(step, redo=4))
    assert rollout_summary(plan).startswith("no changes")  # there is no resource to carry it out before
    assert rollout_lines(plan) == ()
    assert step.shown[1].strip() == "its definitions (CRDs) first, for all namespaces; the values of the release stay"
    assert "restarts the nodes of all clusters" in step.shown[2]
    assert "revision 4 of the release is done again" in replace(step, redo=4).shown[3]
    assert rollout_document(plan)["operator"] == {
        "step": "operator",
        "action": "change",
        "from": "1.1.0",
        "to": STRIMZI_VERSION,
        "namespace": "kafka",
        "release": "strimzi-kafka-operator",
        "chart": CHART,
    }
    assert rollout_document(Rollout("here", "https://there", "v1", "kafka", (), (), ()))["operator"]["action"] == "none"
