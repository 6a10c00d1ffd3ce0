"""Whether what is new fits the quotas of its namespace."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from tests.kubernetes.operators import CORE, working
from tests.kubernetes.sites import of_kind, shipped

from ottla.errors import PlanRefused
from ottla.kubernetes.prerequisites import too_old
from ottla.kubernetes.quotas import needs_of
from ottla.kubernetes.rendering import resources_of
from ottla.kubernetes.resource import amount_of

if TYPE_CHECKING:
    from tests.kubernetes.place import Place


def quota(place: Place, **hard: str) -> None:
    """A ResourceQuota, as its controller keeps it."""
    path = f"{CORE}/namespaces/{place.namespace}/resourcequotas"
    place.api.create(f"{CORE}/namespaces", {"metadata": {"name": place.namespace}})
    place.api.create(path, {"metadata": {"name": "some"}, "spec": {"hard": hard}}).done()
    status = {"hard": hard, "used": dict.fromkeys(hard, "0")}
    place.api.ask(
        "PUT", f"{path}/some/status", {"metadata": {"name": "some", "namespace": place.namespace}, "status": status}
    ).done()


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


@pytest.mark.parametrize(("text", "amount"), [("500m", "0.5"), ("2", "2"), ("1Gi", "1073741824"), ("100n", "0.0000001")])
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
    quota(place, **{"requests.storage": "20Gi", "pods": "3", "memory": "100Gi"})
    with pytest.raises(PlanRefused) as refused:
        place.plan()
    where = f"ResourceQuota {place.namespace}/some leaves"
    assert refused.value.reasons == (
        f"{where} 3 of pods, and 6 more is needed: ask for more",
        f"{where} 20Gi of requests.storage, and 30Gi more is needed: ask for more",
    )


@pytest.mark.companions
@pytest.mark.timeout(180, func_only=True)
def test_what_fits_is_deployed_and_what_is_there_needs_no_more(place: Place) -> None:
    quota(place, **{"requests.storage": "30Gi"})
    with working(place.api, place.namespace):
        place.deploy()
        assert place.plan().changes == ()
