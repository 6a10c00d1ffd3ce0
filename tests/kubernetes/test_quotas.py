"""Whether what is new fits the quotas of its namespace."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from tests.kubernetes.known import known
from tests.kubernetes.operators import CORE, working
from tests.kubernetes.sites import of_kind, shipped

from ottla.errors import PlanRefused
from ottla.kubernetes.prerequisites import too_old
from ottla.kubernetes.quotas import QUOTAS, needs_of, over_quota
from ottla.kubernetes.rendering import resources_of
from ottla.kubernetes.resource import Resource, amount_of
from ottla.kubernetes.rollout import Action, Planned

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.kubernetes.place import Place


def quota(place: Place, hard: Mapping[str, str], used: Mapping[str, str]) -> None:
    """A ResourceQuota, as its controller keeps it."""
    path = f"{CORE}/namespaces/{place.namespace}/resourcequotas"
    place.api.create(f"{CORE}/namespaces", {"metadata": {"name": place.namespace}})
    place.api.create(path, {"metadata": {"name": "some"}, "spec": {"hard": hard}}).done()
    status = {"hard": hard, "used": {**dict.fromkeys(hard, "0"), **used}}
    place.api.ask(
        "PUT", f"{path}/some/status", {"metadata": {"name": "some", "namespace": place.namespace}, "status": status}
    ).done()


def pool() -> Planned:
    """The pool of combined nodes that is shipped, to be added."""
    (found,) = (each for each in resources_of(shipped()["doks"]) if each.identity[1] == "KafkaNodePool")
    return Planned("cluster", found, QUOTAS, Action.ADD, None)


def claim(name: str, size: str = "10Gi") -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"resources": {"requests": {"storage": size}}}}


def limited(hard: dict[str, str], used: dict[str, str]) -> dict[str, Any]:
    return {"metadata": {"namespace": "kafka", "name": "some"}, "spec": {"hard": hard}, "status": {"hard": hard, "used": used}}


def over(hard: dict[str, str], used: dict[str, str], *claims: dict[str, Any], hidden: str = "") -> tuple[str, ...]:
    lists = {"resourcequotas": [limited(hard, used)], "persistentvolumeclaims": [*claims]}
    return over_quota(known(lists, hidden=hidden), [pool()])


def test_what_is_used_already_is_not_left() -> None:
    assert over({"pods": "10", "requests.storage": "1Ti"}, {"pods": "7", "requests.storage": "994Gi"}) == ()
    assert over({"pods": "10", "requests.storage": "1Ti"}, {"pods": "8", "requests.storage": "1000Gi"}) == (
        "ResourceQuota kafka/some leaves 2 of pods, and 3 more is needed: ask for more",
        "ResourceQuota kafka/some leaves 24Gi of requests.storage, and 30Gi more is needed: ask for more",
    )


def test_what_is_overdrawn_and_not_needed_refuses_nothing() -> None:
    assert over({"secrets": "1", "count/jobs.batch": "0"}, {"secrets": "3", "count/jobs.batch": "1"}) == ()
    assert over({"pods": "1"}, {"pods": "3"}) == (
        "ResourceQuota kafka/some leaves -2 of pods, and 3 more is needed: ask for more",
    )


def test_volumes_that_were_kept_are_in_what_is_used_and_are_needed_no_more() -> None:
    full: tuple[dict[str, str], ...] = ({"persistentvolumeclaims": "3", "requests.storage": "30Gi"},) * 2
    names = [f"data-0-todo-kafka-kafka-{node}" for node in (1, 2, 3)]
    assert over(*full, *map(claim, names)) == ()
    smaller = over(*full, *map(claim, names[:2]), claim(names[2], "4Gi"))
    assert smaller == ("ResourceQuota kafka/some leaves 0 of requests.storage, and 6Gi more is needed: ask for more",)
    others = [
        claim(each) for each in (names[0], "data-0-todo-kafka-kafka-9", "data-1-todo-kafka-kafka-2", "data-0-todo-kafka-kafka-x")
    ]
    assert over(*full, *others) == (
        "ResourceQuota kafka/some leaves 0 of persistentvolumeclaims, and 2 more is needed: ask for more",
        "ResourceQuota kafka/some leaves 0 of requests.storage, and 20Gi more is needed: ask for more",
    )


def test_who_may_not_look_at_claims_is_told_as_if_none_were_there_and_who_may_not_look_at_quotas_nothing() -> None:
    hard, claims = {"persistentvolumeclaims": "3"}, [claim(f"data-0-todo-kafka-kafka-{node}") for node in (1, 2, 3)]
    assert len(over(hard, hard, *claims, hidden="persistentvolumeclaims")) == 1
    assert over(hard, hard, hidden="resourcequotas") == ()


def test_a_volume_of_any_size_is_counted() -> None:
    planned = pool()
    document = planned.resource.document
    document["spec"]["storage"]["volumes"][0]["size"] = "1Ei"
    huge = replace(planned, resource=Resource("pool.yaml", document))
    lists = {"resourcequotas": [limited({"requests.storage": "1E"}, {})], "persistentvolumeclaims": []}
    assert over_quota(known(lists), [huge]) == (
        "ResourceQuota kafka/some leaves 1000P of requests.storage, and 3072Pi more is needed: ask for more",
    )


def test_a_pool_needs_what_its_nodes_and_volumes_need() -> None:
    (pool,) = of_kind(shipped()["doks"], "KafkaNodePool").values()
    assert needs_of(pool) == {
        "pods": 3,
        "persistentvolumeclaims": 3,
        "requests.storage": 30 * 1024**3,
        "requests.cpu": 3,
        "requests.memory": 6 * 1024**3,
        "limits.cpu": 6,
        "limits.memory": 12 * 1024**3,
    }


def test_everything_that_makes_pods_is_counted() -> None:
    pods = [needs_of(each.document)["pods"] for each in resources_of(shipped()["doks"])]
    assert sum(pods) == 3 + 1 + 1 + 1  # nodes, the entity operator, exporter, Kafka UI


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("500m", "0.5"),
        ("2", "2"),
        ("1Gi", "1073741824"),
        ("100n", "0.0000001"),
        ("1E", "1000000000000000000"),
        ("1Ei", "1152921504606846976"),
        ("1e-3", "0.001"),
        ("1E3", "1000"),
        ("1e+2", "100"),
        (".5", "0.5"),
        ("5.", "5"),
        ("5.Ki", "5120"),
        ("+1", "1"),
        ("-1.5k", "-1500"),
        ("8Ei", "9223372036854775807"),
        ("-9e999999999", "-9223372036854775807"),
        ("1e-999999999", "0"),
    ],
)
def test_an_amount_is_read_as_kubernetes_does(text: str, amount: str) -> None:
    assert amount_of(text) == Decimal(amount)


@pytest.mark.parametrize(
    ("version", "told"), [("v1.29.9-gke.1", 1), ("v1.30.0", 0), ("v1.36.3", 0), ("v2.0.0", 0), ("strange", 0)]
)
def test_a_kubernetes_that_istoo_old_is_told(version: str, told: int) -> None:
    assert len([*too_old(version)]) == told


@pytest.mark.companions
@pytest.mark.timeout(180, func_only=True)
def test_what_does_not_fit_the_quota_is_told_before_anything_is_changed(place: Place) -> None:
    quota(place, {"requests.storage": "25Gi", "pods": "10", "memory": "100Gi"}, {"requests.storage": "5Gi", "pods": "7"})
    with pytest.raises(PlanRefused) as refused:
        place.plan()
    where = f"ResourceQuota {place.namespace}/some leaves"
    assert refused.value.reasons == (
        f"{where} 3 of pods, and 6 more is needed: ask for more",
        f"{where} 20Gi of requests.storage, and 30Gi more is needed: ask for more",
    )


@pytest.mark.companions
@pytest.mark.timeout(180, func_only=True)
def test_a_cluster_comes_back_to_its_volumes_where_there_is_room_for_no_others(place: Place) -> None:
    quota(place, {"requests.storage": "30Gi", "persistentvolumeclaims": "3", "secrets": "1"}, {"secrets": "2"})
    path = f"{CORE}/namespaces/{place.namespace}/persistentvolumeclaims"
    for node in (1, 2, 3):  # the server counts them in what is used
        noted = {"labels": {"strimzi.io/cluster": "shop"}, "annotations": {"ottla/cluster-id": "of-old"}}
        asked = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Gi"}}}
        place.api.create(path, {"metadata": {"name": f"data-0-shop-kafka-{node}", **noted}, "spec": asked}).done()
    used = place.api.get(f"{CORE}/namespaces/{place.namespace}/resourcequotas/some").done()["status"]["used"]
    assert used == {"requests.storage": "30Gi", "persistentvolumeclaims": "3", "secrets": "2"}
    assert [each.revived_as for each in place.plan().planned if each.revived_as] == ["of-old"]


@pytest.mark.companions
@pytest.mark.timeout(180, func_only=True)
def test_what_fits_is_deployed_and_what_is_there_needs_no_more(place: Place) -> None:
    quota(place, {"requests.storage": "31Gi", "secrets": "1000"}, {"requests.storage": "1Gi"})
    with working(place.api, place.namespace):
        place.deploy()
        assert place.plan().changes == ()
