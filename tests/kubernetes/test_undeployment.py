"""What taking an environment down would do, as a value."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.kubernetes.around import ENVIRONMENTS
from tests.kubernetes.sites import shipped

from ottla.errors import PlanRefused
from ottla.kubernetes.cluster import Place
from ottla.kubernetes.rendering import resources_of
from ottla.kubernetes.undeployment import (
    DELETES_RECORDS,
    ORDER,
    Claim,
    Removal,
    Undeployment,
    ordered,
    refuse,
    undeployment_document,
    undeployment_lines,
    undeployment_notes,
    undeployment_summary,
)
from ottla.plan import CODES

PLACE = Place("apis/kafka.strimzi.io/v1", "kafkas", namespaced=True)
API = "kafka.strimzi.io/v1"
KAFKA = Removal((API, "Kafka", "kafka", "shop"), PLACE, "1")
TOPIC = Removal((API, "KafkaTopic", "kafka", "orders"), PLACE, "2", let_go=True)
CLAIMS = (Claim("kafka", "data-0", "3", "10Gi", owned=False), Claim("kafka", "data-1", "4", "10Gi", owned=False))
PLAN = Undeployment(
    context="here",
    server="https://there",
    kafka="shop",
    marks={"ottla/cluster-id": "id"},
    removals=(TOPIC, KAFKA),
    claims=CLAIMS,
    wipe=False,
    left_alone=(),
    refusals=(),
    kept=("kafka", "ottla-kept-k8s", {}),
    topics={},
)
SHARED = replace(PLAN, kafka=None, marks={}, removals=(replace(TOPIC, let_go=False),), claims=(), wipe=True)


def test_what_is_kept_is_told_with_what_goes() -> None:
    assert undeployment_lines(PLAN) == (
        "- KafkaTopic kafka/orders (only the resource: its records stay)",
        "- Kafka kafka/shop",
        "= PersistentVolumeClaim kafka/data-0: 10Gi, kept",
        "= PersistentVolumeClaim kafka/data-1: 10Gi, kept",
    )
    assert undeployment_summary(PLAN) == "2 resources to delete, 2 volumes kept"
    assert any("come back to them: ottla deploy" in note for note in undeployment_notes(PLAN))
    assert undeployment_document(PLAN)["volumes"] == [
        {"name": "kafka/data-0", "kept": True},
        {"name": "kafka/data-1", "kept": True},
    ]
    refuse(PLAN, ())


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (replace(PLAN, wipe=True), "all records on 2 volumes (20 GiB) are deleted for good [deletes-records]"),
        (SHARED, "1 topic with all records are deleted for good [deletes-records]"),
    ],
)
def test_records_that_go_want_their_code(plan: Undeployment, said: str) -> None:
    with pytest.raises(PlanRefused) as refused:
        refuse(plan, ())
    assert refused.value.reasons == (said,)
    refuse(plan, {DELETES_RECORDS})
    assert any(line.startswith("!   deletes-records: ") for line in undeployment_lines(plan))
    assert DELETES_RECORDS in CODES


def test_what_stands_against_it_does_so_whatever_was_accepted() -> None:
    plan = replace(PLAN, refusals=("no",))
    with pytest.raises(PlanRefused, match="no"):
        refuse(plan, CODES)
    assert undeployment_lines(plan)[-1] == "! no"


def test_where_nothing_is_there_that_is_said() -> None:
    assert undeployment_summary(replace(PLAN, removals=())).startswith("nothing to delete")
    assert undeployment_summary(replace(PLAN, removals=(), wipe=True)) == "0 resources to delete, 2 volumes to delete"


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_everything_that_is_rendered_has_its_place_in_the_order_or_is_left_alone(name: str) -> None:
    kinds = {each.identity[1] for each in resources_of(shipped()[name])}
    assert kinds - set(ORDER) <= {"Namespace", "StorageClass"}


def test_topics_go_while_their_operator_is_there_and_nodes_before_what_they_read() -> None:
    kinds = ["ConfigMap", "Kafka", "KafkaUser", "KafkaTopic", "Component", "KafkaNodePool"]
    found = ordered([Removal((API, kind, "kafka", "one"), PLACE, "1") for kind in kinds])
    assert [each.identity[1] for each in found] == [
        "Component",
        "KafkaTopic",
        "KafkaUser",
        "Kafka",
        "KafkaNodePool",
        "ConfigMap",
    ]
