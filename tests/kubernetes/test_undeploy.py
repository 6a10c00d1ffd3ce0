"""`ottla undeploy` on a real API server: what goes, what stays, and that a cluster comes back to its records."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from tests.kubernetes.around import SHARED
from tests.kubernetes.control_plane import kubeconfig_of
from tests.kubernetes.operators import CORE, STRIMZI, working
from tests.kubernetes.place import Told

from ottla.errors import ApplyError
from ottla.kubernetes.undeployment import undeployment_lines

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kubernetes.control_plane import ControlPlane
    from tests.kubernetes.place import Place

pytestmark = [pytest.mark.companions, pytest.mark.timeout(180, func_only=True)]


def left(place: Place, namespace: str = "") -> dict[str, list[str]]:
    """What is there of each kind that Ottla makes and that can be deleted."""
    found = {}
    for root, plurals in (
        (STRIMZI, ("kafkas", "kafkanodepools", "kafkatopics", "kafkausers")),
        ("/apis/apps/v1", ("deployments",)),
        ("/apis/dapr.io/v1alpha1", ("components", "resiliencies")),
        (CORE, ("configmaps", "services")),
        ("/apis/networking.k8s.io/v1", ("networkpolicies",)),
    ):
        for plural in plurals:
            items = place.api.get(f"{root}/namespaces/{namespace or place.namespace}/{plural}").done()["items"]
            found[plural] = [each["metadata"]["name"] for each in items if each["metadata"]["name"] != "kube-root-ca.crt"]
    return {plural: names for plural, names in found.items() if names}


def test_records_stay_and_the_cluster_comes_back_to_them_as_the_same_one(place: Place) -> None:
    with working(place.api, place.namespace) as operators:
        place.deploy()
        before = place.kafka()["status"]["clusterId"]
        shown = place.ottla("undeploy", "--plan")
        assert (shown.exit_code, f"- Kafka {place.namespace}/shop\n" in shown.stdout) == (0, True), shown.output
        assert f"- KafkaTopic {place.namespace}/orders (only the resource: its records stay)" in shown.stdout
        assert f"= PersistentVolumeClaim {place.namespace}/data-0-shop-kafka-0: 10Gi, kept" in shown.stdout
        assert "passwords and certificates that Strimzi made go with it" in shown.stderr
        assert f"to come back to them: ottla deploy --file {place.folder}/platform.yaml -e k8s\n" in shown.stderr
        done = place.ottla("undeploy", "--yes")
        assert done.exit_code == 0, done.output
        assert (left(place), left(place, f"{place.namespace}-web"), operators.deleted) == ({}, {}, [])
        assert place.api.get(f"{CORE}/namespaces/{place.namespace}-web/secrets").done()["items"] == []
        assert {claim["metadata"]["annotations"]["ottla/cluster-id"] for claim in place.claims().values()} == {before}
        assert place.ottla("undeploy", "--yes").stdout.startswith("= Persist")
        told = Told()
        assert f"it comes back to the volumes that were kept, as cluster_id {before}" in place.ottla("deploy", "--plan").stdout
        place.deploy(told)
        assert place.kafka()["status"]["clusterId"] == before
        assert "annotations" not in place.kafka()["metadata"]
        assert place.deploy() == ()


def test_a_revival_that_is_cut_off_while_it_is_paused_is_done_by_the_next_deploy(place: Place) -> None:
    with working(place.api, place.namespace) as operators:
        place.deploy()
        before = place.kafka()["status"]["clusterId"]
        place.undeploy()
    operators.end()
    with pytest.raises(ApplyError, match="to be paused by its operator"):
        place.deploy(timeout=1)  # nobody works there
    assert place.kafka()["metadata"]["annotations"] == {"strimzi.io/pause-reconciliation": "true"}
    with working(place.api, place.namespace):
        place.deploy()
        assert (place.kafka()["status"]["clusterId"], place.deploy()) == (before, ())


def test_volumes_of_a_cluster_that_nobody_knows_stand_against_a_deploy(place: Place) -> None:
    with working(place.api, place.namespace):
        place.deploy()
        place.undeploy()
        for name, claim in place.claims().items():
            bare = {**claim, "metadata": {**claim["metadata"], "annotations": {}}}
            place.api.ask("PUT", f"{CORE}/namespaces/{place.namespace}/persistentvolumeclaims/{name}", bare).done()
        refused = place.ottla("deploy", "--yes")
    assert refused.exit_code == 4
    assert "volumes of an earlier cluster shop are there (data-0-shop-kafka-0, " in refused.stderr
    assert f"kubectl annotate pvc --namespace {place.namespace} --selector strimzi.io/cluster=shop" in refused.stderr


def test_records_go_only_where_that_is_asked_for_and_accepted(place: Place) -> None:
    with working(place.api, place.namespace) as operators:
        place.deploy()
        refused = place.ottla("undeploy", "--wipe", "--yes")
        assert refused.exit_code == 4
        assert "all records on 3 volumes (30 GiB) are deleted for good [deletes-records]" in refused.stderr
        assert len(place.claims()) == 3
        unasked = place.ottla("undeploy", "--wipe", "--accept", "deletes-records")
        assert (unasked.exit_code, "nobody is there to be asked" in unasked.stderr) == (4, True)
        assert place.ottla("undeploy", "--wipe", "--accept", "deletes-records", "--yes").exit_code == 0
        assert (left(place), place.claims(), operators.deleted) == ({}, {}, [])
        assert place.deploy()[:1] != ()


def test_a_second_undeploy_goes_on_where_the_first_was_cut_off(place: Place) -> None:
    with working(place.api, place.namespace):
        place.deploy()
    with pytest.raises(ApplyError) as stopped:  # the topic operator is gone, and holds its topics
        place.undeploy(timeout=1)
    assert "the topic operator to let go of topics" in stopped.value.failed[0]
    assert f"- Kafka {place.namespace}/shop" in stopped.value.not_tried
    assert f"- Deployment {place.namespace}/kafka-exporter" in stopped.value.done
    assert place.kafka()["metadata"]["name"] == "shop"
    with working(place.api, place.namespace) as operators:
        place.undeploy()
        assert (left(place), operators.deleted) == ({}, [])


def test_what_lives_on_the_cluster_and_is_somebody_elses_stands_against_it(place: Place) -> None:
    environments = re.search(r"environments: \{.*\}\n", SHARED)
    assert environments is not None
    place.write(place.text.replace("environments: {k8s: {target: strimzi}}\n", environments[0]))
    with working(place.api, place.namespace) as operators:
        place.deploy()
        place.deploy(environment="dev")
        refused = place.ottla("undeploy", "--yes")
        assert refused.exit_code == 4
        assert f"KafkaTopic {place.namespace}/dev-orders lives on this cluster and is not of this environment" in refused.stderr
        kept = place.undeploy(environment="dev")
        assert f"- KafkaTopic {place.namespace}/dev-orders (only the resource: its records stay)" in kept
        assert (operators.deleted, left(place)["kafkatopics"]) == ([], ["orders", "state", "unread"])
        place.deploy(environment="dev")
        place.undeploy(environment="dev", wipe=True)
        assert sorted(operators.deleted) == ["dev-orders", "dev-state", "dev-unread"]
        assert place.ottla("undeploy", "--yes").exit_code == 0
        assert left(place) == {}


def test_what_somebody_else_applied_is_left_alone(place: Place) -> None:
    theirs: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "theirs", "labels": {"app.kubernetes.io/managed-by": "ottla", "app.kubernetes.io/part-of": "shop"}},
    }
    with working(place.api, place.namespace):
        place.deploy()
        place.api.apply(f"{CORE}/namespaces/{place.namespace}/configmaps/theirs?fieldManager=argocd", theirs).done()
        plan = place.plan_undeployment()
        assert f"ConfigMap {place.namespace}/theirs: it was not applied by Ottla" in plan.left_alone
        place.undeploy()
    assert left(place) == {"configmaps": ["theirs"]}


def test_volumes_that_go_with_the_cluster_are_named_before(place: Place) -> None:
    with working(place.api, place.namespace):
        place.deploy()
        name, claim = next(iter(place.claims().items()))
        owner = {"apiVersion": "kafka.strimzi.io/v1", "kind": "Kafka", "name": "shop", "uid": place.kafka()["metadata"]["uid"]}
        owned = {**claim, "metadata": {**claim["metadata"], "ownerReferences": [owner]}}
        place.api.ask("PUT", f"{CORE}/namespaces/{place.namespace}/persistentvolumeclaims/{name}", owned).done()
        plan = place.plan_undeployment()
        assert [each for each in plan.refusals if "delete_claim: true" in each] != []
        assert any(line.startswith(f"- PersistentVolumeClaim {place.namespace}/{name}") for line in undeployment_lines(plan))
        assert place.ottla("undeploy", "--yes").exit_code == 4


def test_who_may_not_delete_is_told_before_anything_is_changed(
    place: Place, control_plane: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with working(place.api, place.namespace):
        place.deploy()
        nobody = tmp_path / "nobody.kubeconfig"
        nobody.write_text(json.dumps(kubeconfig_of(control_plane.api_as("nobody"))))
        before = place.versions()
        monkeypatch.setenv("KUBECONFIG", str(nobody))
        done = place.ottla("undeploy", "--yes")
    assert done.exit_code in {1, 4}
    assert "may not list" in done.stderr or "cannot get" in done.stderr, done.stderr
    assert place.versions() == before
