"""`ottla deploy` on a real API server; who works on what is applied there is played."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from tests.kubernetes.around import SHARED
from tests.kubernetes.control_plane import kubeconfig_of
from tests.kubernetes.crds import install
from tests.kubernetes.operators import STRIMZI, working
from tests.kubernetes.place import CLASSES, SOON, Told

from ottla.errors import ApplyError, PlanRefused, StalePlan, WaitTimeout
from ottla.kubernetes.rolling_out import carry_out
from ottla.kubernetes.rollout import Action, rollout_lines

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kubernetes.control_plane import ControlPlane
    from tests.kubernetes.place import Place


# func_only: a limit for each test, and none for what is built before the first one
pytestmark = [pytest.mark.companions, pytest.mark.timeout(180, func_only=True)]

RE_KEYS = (
    "!   re-keys: keys of an unknown number of records hash to other partitions from now on: order per key, joins and "
    "compaction hold only within what is written after"
)


def test_a_second_deploy_changes_nothing_and_writes_nothing(place: Place) -> None:
    told = Told()
    with working(place.api, place.namespace):
        first = place.deploy(told)
        assert len(first) == len(set(first)) > 20
        assert [line for line in first if not line.startswith("+ ")] == []
        assert any("waiting for cluster" in line and "Creating: Kafka cluster is being deployed" in line for line in told.lines)
        before = place.versions()
        assert rollout_lines(place.plan()) == ()
        assert place.deploy() == ()
    assert place.versions() == before
    assert len(before) > 5


def test_steps_wait_for_one_another(place: Place) -> None:
    with working(place.api, place.namespace) as operators:
        place.deploy()
    assert operators.seen.index("shop") < operators.seen.index("orders") < operators.seen.index("kafka-exporter")


def test_a_change_of_the_spec_is_shown_with_both_values_and_only_that_is_written(place: Place) -> None:
    with working(place.api, place.namespace):
        place.deploy()
        before = place.versions()
        place.write(place.text.replace("orders: {partitions: 2}", "orders: {partitions: 5}"))
        assert rollout_lines(place.plan()) == (
            f"~ KafkaTopic {place.namespace}/orders",
            "    spec.partitions: 2 -> 5",
            RE_KEYS,
        )
        assert place.deploy() == (f"~ KafkaTopic {place.namespace}/orders",)
    changed = {path.rpartition("/")[2] for path, version in place.versions().items() if before[path] != version}
    assert changed == {"orders"}
    assert place.topic("orders")["spec"]["partitions"] == 5


def test_what_is_rendered_no_more_is_listed_and_left_alone(place: Place) -> None:
    with working(place.api, place.namespace):
        place.deploy()
        place.write(place.text.replace("ui: {enabled: true, user: window}", "ui: {enabled: false}"))
        assert f"Deployment {place.namespace}/kafka-ui" in place.plan().left_alone
        place.deploy()
    assert place.api.get(f"/apis/apps/v1/namespaces/{place.namespace}/deployments/kafka-ui").status == 200


def test_an_environment_that_shares_a_cluster_comes_after_its_owner_and_neither_is_left_over_of_the_other(place: Place) -> None:
    environments = re.search(r"environments: \{.*\}\n", SHARED)
    assert environments is not None
    place.write(place.text.replace("environments: {k8s: {target: strimzi}}\n", environments[0]))
    with place.deployment("dev") as deployment, pytest.raises(PlanRefused, match="deploy the environment whose cluster"):
        deployment.plan()
    with working(place.api, place.namespace):
        place.deploy()
        assert f"+ KafkaTopic {place.namespace}/dev-orders" in place.deploy(environment="dev")
        with place.deployment("dev") as dev:
            assert (dev.plan().left_alone, dev.plan().changes) == ((), ())
        assert (place.plan().left_alone, place.plan().changes) == ((), ())


def test_what_never_gets_ready_is_told_with_its_last_condition_and_a_later_run_goes_on(place: Place) -> None:
    refusal = {"type": "Ready", "status": "False", "reason": "KafkaError", "message": "Replication factor: 3 larger than brokers"}
    told = Told()
    with working(place.api, place.namespace) as operators:
        operators.says["orders"] = refusal
        with pytest.raises(ApplyError) as stopped:
            place.deploy(told, timeout=2)
        failed = stopped.value
        said = f"KafkaTopic {place.namespace}/orders: KafkaError: Replication factor: 3 larger than brokers"
        assert (failed.exit_code, said in failed.failed[0]) == (5, True), failed.failed
        assert f"+ Kafka {place.namespace}/shop" in failed.done
        assert f"+ KafkaUser {place.namespace}/writer" in failed.not_tried
        assert any(said in line for line in told.lines)
        del operators.says["orders"]
        assert place.deploy() == failed.not_tried


def test_where_no_operator_works_it_is_asked_whether_there_is_one(place: Place) -> None:
    with pytest.raises(ApplyError) as stopped:
        place.deploy(timeout=0.5)
    assert "no operator has looked at it yet" in stopped.value.failed[0]
    assert stopped.value.failed[0].endswith("does its operator run, and does it watch this namespace?")


def test_where_nothing_is_to_be_written_it_is_still_waited_for(place: Place) -> None:
    with working(place.api, place.namespace) as operators:
        place.deploy()
        operators.says["shop"] = {"type": "NotReady", "status": "True", "reason": "FatalProblem", "message": "no volume"}
        with pytest.raises(WaitTimeout, match=r"1 of 2 ready; Kafka .*/shop: FatalProblem: no volume"):
            place.deploy(timeout=1)


def test_a_field_that_somebody_else_owns_is_named_and_taken_only_by_name(place: Place) -> None:
    with working(place.api, place.namespace):
        place.deploy()
        theirs = {
            "apiVersion": "kafka.strimzi.io/v1",
            "kind": "KafkaTopic",
            "metadata": {"name": "orders"},
            "spec": {"partitions": 1},
        }
        path = f"{STRIMZI}/namespaces/{place.namespace}/kafkatopics/orders"
        place.api.apply(f"{path}?fieldManager=argocd&force=true", theirs).done()
        refused = place.ottla("deploy", "--yes")
        name = f"KafkaTopic/{place.namespace}/orders"
        assert refused.exit_code == 4
        assert f"KafkaTopic {place.namespace}/orders: .spec.partitions is owned by argocd" in refused.stderr
        options = f"--file {place.folder}/platform.yaml -e k8s"
        assert f"take them: ottla deploy {options} --force-conflicts {name}\n" in refused.stderr
        assert place.topic("orders")["spec"]["partitions"] == 1
        assert place.ottla("deploy", "--yes", "--force-conflicts", name, "--accept", "re-keys").exit_code == 0
    assert place.topic("orders")["spec"]["partitions"] == 2


def test_what_is_there_with_the_same_values_is_taken_over(place: Place) -> None:
    with place.deployment() as deployment:
        namespace = next(each for each in deployment.rendering.resources if each.identity[3] == place.namespace)
    place.api.apply(f"/api/v1/namespaces/{place.namespace}?fieldManager=kubectl", namespace.document).done()
    planned = place.plan().planned[0]
    assert (planned.name, planned.action, planned.fields) == (f"Namespace {place.namespace}", Action.TAKE_OVER, ())


def test_what_has_moved_since_it_was_shown_is_not_written_over(place: Place) -> None:
    with working(place.api, place.namespace):
        place.deploy()
        place.write(place.text.replace("orders: {partitions: 2}", "orders: {partitions: 5}"))
        with place.deployment() as deployment:
            plan = deployment.plan()
            place.api.apply(
                f"{STRIMZI}/namespaces/{place.namespace}/kafkatopics/orders?fieldManager=other",
                {"apiVersion": "kafka.strimzi.io/v1", "kind": "KafkaTopic", "metadata": {"name": "orders", "labels": {"a": "b"}}},
            ).done()
            with pytest.raises(StalePlan, match="orders has moved since the plan was made; nothing was changed"):
                carry_out(deployment.cluster, plan, Told(), timeout=SOON, every=0.05)
    assert place.topic("orders")["spec"]["partitions"] == 2


def test_everything_that_is_missing_is_told_at_once(own: tuple[Place, ControlPlane]) -> None:
    place, plane = own
    plane.api.delete(f"{CLASSES}/standard")
    with pytest.raises(PlanRefused) as refused:
        place.plan()
    reasons = refused.value.reasons
    assert len(reasons) == 5, reasons
    assert reasons[0].startswith(
        "this Kubernetes does not know KafkaNodePool, Kafka, KafkaTopic, KafkaUser (kafka.strimzi.io/v1)"
    )
    assert "install Strimzi 1.2.0" in reasons[0]
    assert "kubernetes: {monitors: {enabled: false}}" in reasons[1]
    assert "no StorageClass is the default one (there is none)" in reasons[-1]
    assert (refused.value.exit_code, "nothing was changed" in str(refused.value)) == (4, True)
    assert plane.api.get(f"/api/v1/namespaces/{place.namespace}").status == 404


def test_a_storage_class_that_is_not_there_is_told_with_those_that_are(place: Place) -> None:
    place.write(place.text.replace("kubernetes:\n", "kubernetes:\n  storage: {class: gone}\n"))
    with pytest.raises(PlanRefused, match=r"there is no StorageClass 'gone' \(there is .*standard.*\)"):
        place.plan()


def test_who_may_not_is_told_each_right_that_is_missing(
    place: Place, control_plane: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = tmp_path / "nobody.kubeconfig"
    nobody.write_text(json.dumps(kubeconfig_of(control_plane.api_as("nobody"))))
    monkeypatch.setenv("KUBECONFIG", str(nobody))
    done = place.ottla("deploy", "--yes")
    assert done.exit_code == 4
    assert f"you may not get, create, patch, list kafkas.kafka.strimzi.io in the namespace {place.namespace}: ask" in done.stderr
    assert "you may not get, create, patch namespaces: ask" in done.stderr
    assert place.api.get(f"/api/v1/namespaces/{place.namespace}").status == 404


def test_a_connection_that_is_lost_in_mid_rollout_is_a_partial_failure_and_says_what_was_done(
    own: tuple[Place, ControlPlane], definitions: list[Path]
) -> None:
    place, plane = own
    install(plane.api, definitions)

    def stop(line: str) -> None:
        if line == f"+ KafkaTopic {place.namespace}/state":
            plane.processes[1].kill()
            plane.processes[1].wait()

    with working(plane.api, place.namespace), pytest.raises(ApplyError) as lost:
        place.deploy(Told(stop))
    failed = lost.value
    assert f"+ KafkaTopic {place.namespace}/orders" in failed.done
    assert failed.failed[0].startswith(f"+ KafkaTopic {place.namespace}/state: ")
    assert "does not answer" in failed.failed[0]
    assert "whether it was done is not known" in failed.failed[0]
    assert f"+ KafkaTopic {place.namespace}/unread" in failed.not_tried
    assert (failed.exit_code, "to go on: ottla deploy" in str(failed)) == (5, True)


def test_the_command_shows_where_and_what_and_does_it_once(place: Place) -> None:
    shown = place.ottla("deploy", "--plan", "--exit-code")
    assert (shown.exit_code, "context tests (https://127.0.0.1:" in shown.stderr) == (3, True), shown.stderr
    assert f"+ Kafka {place.namespace}/shop\n" in shown.stdout
    as_data = json.loads(place.ottla("deploy", "--plan", "-o", "json").stdout)
    assert (as_data["kind"], as_data["data"]["changes"][0]["kind"], as_data["data"]["refused"]) == ("rollout", "Namespace", [])
    assert place.api.get(f"/api/v1/namespaces/{place.namespace}").status == 404
    unasked = place.ottla("deploy")
    assert (unasked.exit_code, "nobody is there to be asked" in unasked.stderr) == (4, True)
    with working(place.api, place.namespace):
        done = place.ottla("deploy", "--yes")
        assert (done.exit_code, f"done: + Kafka {place.namespace}/shop\n" in done.stdout) == (0, True), done.output
        again = place.ottla("deploy")
    assert (again.exit_code, again.stdout) == (0, "no changes: all resources are as the spec says\n")
    assert "done: " not in again.stdout
