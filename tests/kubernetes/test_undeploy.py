"""`ottla undeploy` on a real API server: what goes, what stays, and that a cluster comes back to its records."""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest
from tests.kubernetes.around import SHARED
from tests.kubernetes.control_plane import kubeconfig_of
from tests.kubernetes.operators import CORE, STRIMZI, working
from tests.kubernetes.place import Told

from ottla.errors import ApplyError, StalePlan
from ottla.kubernetes.undeployment import undeployment_lines
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kubernetes.control_plane import ControlPlane
    from tests.kubernetes.place import Place

KEPT = "ottla-kept-"  # what is remembered of topics
MARK = "ottla/cluster-id"
pytestmark = [pytest.mark.companions, pytest.mark.timeout(180, func_only=True)]


def left(place: Place, namespace: str = "") -> dict[str, list[str]]:
    """What is there of each kind that Ottla makes and that can be deleted."""
    found = {}
    for root, plurals in (
        (STRIMZI, ("kafkas", "kafkanodepools", "kafkatopics", "kafkausers")),
        ("/apis/apps/v1", ("deployments",)),
        ("/apis/dapr.io/v1alpha1", ("components", "resiliencies")),
        (CORE, ("configmaps", "services", "pods")),
        ("/apis/networking.k8s.io/v1", ("networkpolicies",)),
    ):
        for plural in plurals:
            items = place.api.get(f"{root}/namespaces/{namespace or place.namespace}/{plural}").done()["items"]
            found[plural] = [each["metadata"]["name"] for each in items if not each["metadata"]["name"].startswith(KEPT)]
    return {plural: names for plural, names in found.items() if names}


def remembered(place: Place) -> list[str]:
    """The topics of which it is remembered how they were."""
    found = place.api.get(f"{CORE}/namespaces/{place.namespace}/configmaps/{KEPT}k8s")
    return sorted(json.loads(found.body["data"]["topics.json"])) if found.status == HTTPStatus.OK else []


def test_records_stay_and_the_cluster_comes_back_to_them_as_the_same_one(place: Place) -> None:
    with working(place.api, place.namespace) as operators:
        place.deploy()
        before = place.kafka()["status"]["clusterId"]
        shown = place.ottla("undeploy", "--plan")
        assert (shown.exit_code, f"- Kafka {place.namespace}/shop\n" in shown.stdout) == (0, True), shown.output
        assert f"- KafkaTopic {place.namespace}/orders (only the resource: its records stay)" in shown.stdout
        assert f"= PersistentVolumeClaim {place.namespace}/data-0-shop-kafka-1: 10Gi, kept" in shown.stdout
        assert "passwords and certificates that Strimzi made go with it" in shown.stderr
        assert f"to come back to them: ottla deploy --file {place.folder}/platform.yaml -e k8s\n" in shown.stderr
        done = place.ottla("undeploy", "--yes")
        assert done.exit_code == 0, done.output
        assert (left(place), left(place, f"{place.namespace}-web"), operators.deleted) == ({}, {}, [])
        assert place.api.get(f"{CORE}/namespaces/{place.namespace}-web/secrets").done()["items"] == []
        assert {claim["metadata"]["annotations"]["ottla/cluster-id"] for claim in place.claims().values()} == {before}
        assert place.ottla("undeploy", "--yes").stdout.startswith("= Persist")
        assert remembered(place) == ["orders", "state", "unread"]
        told = Told()
        assert f"it comes back to the volumes that were kept, as cluster_id {before}" in place.ottla("deploy", "--plan").stdout
        place.deploy(told)
        assert place.kafka()["status"]["clusterId"] == before
        assert "annotations" not in place.kafka()["metadata"]
        assert (place.deploy(), remembered(place)) == ((), [])


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
    assert "volumes of an earlier cluster shop are there (data-0-shop-kafka-1, " in refused.stderr
    assert f"kubectl annotate pvc --namespace {place.namespace} --selector strimzi.io/cluster=shop" in refused.stderr


def test_records_go_only_where_that_is_asked_for_and_accepted(place: Place) -> None:
    with working(place.api, place.namespace) as operators:
        place.deploy()
        before = place.kafka()["status"]["clusterId"]
        refused = place.ottla("undeploy", "--wipe", "--yes")
        assert refused.exit_code == 4
        assert "all records on 3 volumes (30 GiB) are deleted for good [deletes-records]" in refused.stderr
        assert len(place.claims()) == 3
        unasked = place.ottla("undeploy", "--wipe", "--accept", "deletes-records")
        assert (unasked.exit_code, "nobody is there to be asked" in unasked.stderr) == (4, True)
        assert place.ottla("undeploy", "--wipe", "--accept", "deletes-records", "--yes").exit_code == 0
        assert (left(place), place.claims(), operators.deleted) == ({}, {}, [])
        assert remembered(place) == []
        place.deploy()
        assert place.kafka()["status"]["clusterId"] != before


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
    with place.deployment() as deployment:
        labels = deployment.rendering.site.labels
    theirs = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "theirs", "labels": labels}}
    with working(place.api, place.namespace):
        place.deploy()
        place.api.apply(f"{CORE}/namespaces/{place.namespace}/configmaps/theirs?fieldManager=argocd", theirs).done()
        plan = place.plan_undeployment()
        assert f"ConfigMap {place.namespace}/theirs: argocd applies it" in plan.left_alone
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


def allow(place: Place, verbs: list[str]) -> None:
    """Let `somebody` do that with everything, everywhere."""
    path = "/apis/rbac.authorization.k8s.io/v1"
    rules = [{"apiGroups": ["*"], "resources": ["*"], "verbs": verbs}]
    place.api.create(f"{path}/clusterroles", {"metadata": {"name": place.namespace}, "rules": rules}).done()
    user = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": f"{place.namespace}-somebody"}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": place.namespace}
    binding = {"metadata": {"name": place.namespace}, "subjects": [user], "roleRef": role}
    place.api.create(f"{path}/clusterrolebindings", binding).done()


@pytest.mark.parametrize("wipe", [False, True])
def test_who_may_not_is_told_before_anything_is_changed(
    place: Place,
    control_plane: ControlPlane,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    wipe: bool,  # noqa: FBT001
) -> None:
    with working(place.api, place.namespace):
        place.deploy()
        allow(place, ["get", "list"])
        somebody = tmp_path / "somebody.kubeconfig"
        somebody.write_text(json.dumps(kubeconfig_of(control_plane.api_as(f"{place.namespace}-somebody"))))
        before = place.versions()
        monkeypatch.setenv("KUBECONFIG", str(somebody))
        done = place.ottla("undeploy", "--yes", *(["--wipe", "--accept", "deletes-records"] if wipe else []))
    assert done.exit_code == 4, done.output
    assert f"you may not delete kafkas in the namespace {place.namespace}" in done.stderr
    assert f"you may not patch kafkatopics in the namespace {place.namespace}" in done.stderr
    claims = f"you may not {'delete' if wipe else 'patch'} persistentvolumeclaims in the namespace {place.namespace}"
    assert claims in done.stderr
    assert place.versions() == before


def test_who_may_not_look_at_volumes_is_told_and_nothing_is_taken_for_nothing(
    place: Place, control_plane: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with working(place.api, place.namespace):
        place.deploy()
        nobody = tmp_path / "nobody.kubeconfig"
        nobody.write_text(json.dumps(kubeconfig_of(control_plane.api_as("nobody"))))
        monkeypatch.setenv("KUBECONFIG", str(nobody))
        done = place.ottla("undeploy", "--yes")
    assert done.exit_code != 0
    assert place.kafka()["metadata"]["name"] == "shop"


def taken_over(place: Place, kind: str, name: str, *, ours_stays: bool) -> None:
    """Another field manager applies what is there; where it is not ours any more, it was made anew by that one."""
    path = f"{STRIMZI}/namespaces/{place.namespace}/{kind}/{name}"
    there = place.api.get(path).done()
    metadata = {key: there["metadata"][key] for key in ("name", "namespace", "labels", "annotations") if key in there["metadata"]}
    theirs = {"apiVersion": there["apiVersion"], "kind": there["kind"], "metadata": metadata, "spec": there["spec"]}
    if not ours_stays:
        place.api.delete(path).done()
    place.api.apply(f"{path}?fieldManager=argocd-controller&force=true", theirs).done()


@pytest.mark.parametrize("ours_stays", [True, False])
def test_a_cluster_that_somebody_else_applies_is_not_taken_down_nor_its_nodes_and_volumes(
    place: Place,
    ours_stays: bool,  # noqa: FBT001
) -> None:
    with working(place.api, place.namespace):
        place.deploy()
        taken_over(place, "kafkas", "shop", ours_stays=ours_stays)
        for options in ([], ["--wipe", "--accept", "deletes-records"]):
            refused = place.ottla("undeploy", "--yes", *options)
            assert refused.exit_code == 4, refused.output
            assert f"Kafka {place.namespace}/shop is not Ottla's to delete (argocd-controller)" in refused.stderr
        assert (len(place.claims()), place.kafka()["metadata"]["name"]) == (3, "shop")


def test_a_cluster_that_was_called_otherwise_is_neither_taken_down_nor_moved(place: Place) -> None:
    with working(place.api, place.namespace):
        place.deploy()
        place.write(place.text.replace("cluster: {name: shop,", "cluster: {name: shop2,"))
        refused = place.ottla("undeploy", "--yes")
        assert refused.exit_code == 4
        assert f"Kafka {place.namespace}/shop is of the cluster shop, and the spec names shop2" in refused.stderr
        moved = place.ottla("deploy", "--yes")
        assert moved.exit_code == 4
        assert f"KafkaTopic {place.namespace}/orders: it is of the cluster shop, and would be of shop2" in moved.stderr
        assert f"Component {place.namespace}-web/kafka-writer: it is of the cluster shop-kafka-bootstrap" in moved.stderr
        assert len(place.claims()) == 3


def test_two_environments_of_one_platform_in_one_kubernetes_are_told_apart(place: Place) -> None:
    both = "environments: {k8s: {target: strimzi}, other: {target: strimzi, cluster: {name: other}, kubernetes: {namespace: %s}}}"
    place.write(place.text.replace("environments: {k8s: {target: strimzi}}", both % f"{place.namespace}-other"))
    with working(place.api, place.namespace):
        place.deploy()
        plan = place.plan_undeployment(environment="other")
        assert (plan.removals, plan.refusals) == ((), ())
        assert place.plan().left_alone == ()


def test_what_was_done_before_an_interrupt_is_told(place: Place) -> None:
    def interrupt(line: str) -> None:
        if line == f"- Kafka {place.namespace}/shop":
            raise KeyboardInterrupt

    told = Told(interrupt)
    with working(place.api, place.namespace):
        place.deploy()
        with pytest.raises(KeyboardInterrupt):
            place.undeploy(told)
        assert f"done before it was interrupted: - Deployment {place.namespace}/kafka-exporter" in told.lines
        place.undeploy()
        assert left(place) == {}


def test_what_has_moved_since_it_was_shown_is_not_deleted(place: Place) -> None:
    with working(place.api, place.namespace):
        place.deploy()
        plan = place.plan_undeployment()
        stranger = {"apiVersion": "kafka.strimzi.io/v1", "kind": "KafkaTopic"}
        labels = {"strimzi.io/cluster": "shop"}
        body = {**stranger, "metadata": {"name": "theirs", "labels": labels}, "spec": {"partitions": 1}}
        place.api.create(f"{STRIMZI}/namespaces/{place.namespace}/kafkatopics", body).done()
        with place.deployment() as deployment, pytest.raises(StalePlan, match="nothing was changed"):
            deployment.take_down(plan, timeout=5)
    assert place.kafka()["metadata"]["name"] == "shop"


def test_what_comes_back_costs_what_it_would_have_cost(place: Place) -> None:
    """A lower Kafka, fewer partitions, a shorter retention, fewer nodes: as if it had never been away."""
    text = place.text
    with working(place.api, place.namespace):
        place.deploy()
        place.undeploy()
        for changed, why in (
            ("orders: {partitions: 1}", "Kafka cannot take partitions away (2 -> 1)"),
            ("orders: {partitions: 2, retention: 1h}", "[drops-records]"),
            ("orders: {partitions: 4}", "[re-keys]"),
        ):
            place.write(text.replace("orders: {partitions: 2}", changed))
            refused = place.ottla("deploy", "--yes")
            assert (refused.exit_code, why in refused.stderr) == (4, True), refused.output
        for changed, why in (
            ("disk: 10GiB, nodes: 1", "kept and not taken: data-0-shop-kafka-2, data-0-shop-kafka-3; not kept: none"),
            ("disk: 5GiB, nodes: 3", "data-0-shop-kafka-1 has 10Gi, and cannot become smaller"),
            ("disk: 10GiB, nodes: 3, kafka_version: 4.2.1", "metadata.version is 4.3-IV0, and there is no way back to 4.2-IV1"),
        ):
            place.write(text.replace("disk: 10GiB, nodes: 3", changed))
            refused = place.ottla("deploy", "--yes")
            assert (refused.exit_code, why in refused.stderr) == (4, True), refused.output
        place.write(text)
        assert place.ottla("deploy", "--yes").exit_code == 0


def test_a_metadata_version_that_was_held_back_is_held_back_when_it_comes_back(place: Place) -> None:
    old = place.text.replace("disk: 10GiB, nodes: 3", "disk: 10GiB, nodes: 3, kafka_version: 4.2.1")
    with working(place.api, place.namespace):
        place.write(old)
        place.deploy()
        place.write(old.replace("4.2.1", "4.3.1"))
        place.deploy()
        place.undeploy()
        place.deploy()
        said = place.kafka()["spec"]["kafka"]
    assert (said["version"], said["metadataVersion"]) == ("4.3.1", "4.2-IV1")


def test_a_kafka_that_was_made_anew_with_another_id_is_told_and_its_volumes_keep_their_own(place: Place) -> None:
    with working(place.api, place.namespace):
        place.deploy()
        before = place.kafka()["status"]["clusterId"]
        place.undeploy()
        with place.deployment() as deployment:
            rendered = {each.identity[1]: each.document for each in deployment.rendering.resources}
        for kind in ("KafkaNodePool", "Kafka"):  # as Argo CD would
            path = f"{STRIMZI}/namespaces/{place.namespace}/{kind.lower()}s/{rendered[kind]['metadata']['name']}"
            place.api.apply(f"{path}?fieldManager=ottla", rendered[kind]).done()
        wait_until(lambda: place.kafka().get("status", {}).get("clusterId"), bool, what="an id", timeout=10)
        refused = place.ottla("deploy", "--yes")
        assert refused.exit_code == 4
        assert f"the volumes of shop are of the cluster {before}, and the Kafka resource was made as id-of-" in refused.stderr
        place.undeploy()
        assert {claim["metadata"]["annotations"][MARK] for claim in place.claims().values()} == {before}


def test_a_secret_of_somebody_else_is_neither_overwritten_nor_deleted(place: Place) -> None:
    path = f"{CORE}/namespaces/{place.namespace}-web"
    place.api.create(f"{CORE}/namespaces", {"metadata": {"name": f"{place.namespace}-web"}}).done()
    theirs = {"metadata": {"name": "kafka-writer"}, "stringData": {"password": "theirs", "other": "precious"}}
    place.api.create(f"{path}/secrets", theirs).done()
    with working(place.api, place.namespace):
        refused = place.ottla("deploy", "--yes")
        assert refused.exit_code == 4
        assert f"Secret {place.namespace}-web/kafka-writer: it is there, and somebody else's" in refused.stderr
        assert "theirs" not in refused.output.replace("theirs is", "")
    assert set(place.api.get(f"{path}/secrets/kafka-writer").done()["data"]) == {"password", "other"}


def test_what_lies_in_a_namespace_that_the_spec_names_no_more_is_found(place: Place) -> None:
    with working(place.api, place.namespace):
        place.deploy()
        place.write(
            place.text.replace(f"client_namespaces: [{place.namespace}-web]", f"client_namespaces: [{place.namespace}-app]")
        )
        assert f"Component {place.namespace}-web/kafka-writer" in place.plan().left_alone
        assert f"- Component {place.namespace}-web/kafka-writer" in undeployment_lines(place.plan_undeployment())
