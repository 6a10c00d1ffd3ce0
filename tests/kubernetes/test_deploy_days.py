"""What comes after the first `ottla deploy`: upgrades, larger volumes, risks, Secrets for Dapr, who owns a topic."""

from __future__ import annotations

from base64 import b64decode
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest
from tests.kubernetes.operators import CORE, MADE_UP, STRIMZI, working
from tests.kubernetes.place import CLASSES, DEFAULT_CLASS, Told

from ottla.errors import ApplyError
from ottla.kubernetes.rollout import rollout_lines

if TYPE_CHECKING:
    from tests.kubernetes.place import Place

pytestmark = [pytest.mark.companions, pytest.mark.timeout(180, func_only=True)]
OLD = "cluster: {name: shop, disk: 10GiB, nodes: 3"
DEDICATED = "cluster: {name: shop, disk: 10GiB, nodes: 3, controllers: dedicated"
COPY = "shop-cluster-ca-cert"


def secret(place: Place, name: str) -> dict[str, str]:
    found = place.api.get(f"{CORE}/namespaces/{place.namespace}-web/secrets/{name}").done()["data"]
    return {key: b64decode(value).decode() for key, value in found.items()}


def versions(place: Place) -> tuple[str, str]:
    said = place.kafka()["spec"]["kafka"]
    return said["version"], said["metadataVersion"]


def test_an_upgrade_of_kafka_leaves_the_way_back_open_until_it_is_finalized(place: Place) -> None:
    old = place.text.replace(OLD, f"{OLD}, kafka_version: 4.2.1")
    with working(place.api, place.namespace):
        place.write(old)
        place.deploy()
        assert versions(place) == ("4.2.1", "4.2-IV1")
        place.write(old.replace("4.2.1", "4.3.1"))
        shown = place.ottla("deploy", "--plan")
        assert "restarts-nodes: every node is restarted, one at a time: up from Kafka 4.2.1 to 4.3.1" in shown.stdout
        assert "metadata.version stays 4.2-IV1" in shown.stderr
        assert f"ottla deploy --file {place.folder}/platform.yaml -e k8s --finalize\n" in shown.stderr
        assert place.ottla("deploy", "--yes").exit_code == 0
        assert versions(place) == ("4.3.1", "4.2-IV1")
        assert place.deploy() == ()
        place.write(old)  # and back
        place.deploy()
        assert versions(place) == ("4.2.1", "4.2-IV1")
        place.write(old.replace("4.2.1", "4.3.1"))
        finalised = place.ottla("deploy", "--finalize", "--yes")
        assert "one-way: metadata.version goes from 4.2-IV1 to 4.3-IV0" in finalised.stdout
        assert versions(place) == ("4.3.1", "4.3-IV0")
        place.write(old)
        refused = place.ottla("deploy", "--yes")
        assert (refused.exit_code, "there is no way back to 4.2-IV1" in refused.stderr) == (4, True), refused.output
        assert versions(place) == ("4.3.1", "4.3-IV0")


def test_volumes_that_grow_are_waited_for(place: Place) -> None:
    place.api.ask("PUT", f"{CLASSES}/standard", {**DEFAULT_CLASS, "allowVolumeExpansion": True}).done()
    with working(place.api, place.namespace) as operators:
        place.deploy()
        assert {each["status"]["capacity"]["storage"] for each in place.claims().values()} == {"10Gi"}
        place.write(place.text.replace("disk: 10GiB", "disk: 20GiB"))
        assert any("volume 0 of each node grows from 10Gi to 20Gi" in line for line in rollout_lines(place.plan()))
        operators.grows = False
        with pytest.raises(ApplyError, match=r"PersistentVolumeClaim .*/data-0-shop-kafka-1: 10Gi of 20Gi"):
            place.deploy(timeout=1)
        operators.grows = True
        place.deploy()
    assert {each["status"]["capacity"]["storage"] for each in place.claims().values()} == {"20Gi"}


def test_volumes_that_cannot_grow_or_would_shrink_are_refused_before_anything_is_changed(place: Place) -> None:
    place.api.ask("PUT", f"{CLASSES}/standard", {**DEFAULT_CLASS, "allowVolumeExpansion": False}).done()
    with working(place.api, place.namespace):
        place.deploy()
        for size, why in (("20GiB", "the StorageClass standard does not say"), ("5GiB", "cannot become smaller (10Gi -> 5Gi)")):
            place.write(place.text.replace("disk: 10GiB", f"disk: {size}"))
            refused = place.ottla("deploy", "--yes")
            assert (refused.exit_code, why in refused.stderr) == (4, True), refused.output
            place.write(place.text.replace(f"disk: {size}", "disk: 10GiB"))
    pool = place.api.get(f"{STRIMZI}/namespaces/{place.namespace}/kafkanodepools/kafka").done()
    assert pool["spec"]["storage"]["volumes"][0]["size"] == "10Gi"


def test_what_becomes_of_volumes_of_a_storage_class_that_is_there_stays(place: Place) -> None:
    name = f"{place.namespace}-class"
    made = f"  storage: {{class: {name}, create: {{provisioner: disks.example.com}}, delete_claim: %s}}\n"
    text = place.text
    with working(place.api, place.namespace):
        place.write(text.replace("kubernetes:\n", f"kubernetes:\n{made % 'true'}"))
        place.deploy()
        place.write(text.replace("kubernetes:\n", f"kubernetes:\n{made % 'false'}"))
        assert place.ottla("deploy", "--yes").exit_code == 0
    assert place.api.get(f"{CLASSES}/{name}").done()["reclaimPolicy"] == "Delete"


def test_what_was_done_before_an_interrupt_is_told(place: Place) -> None:
    def interrupt(line: str) -> None:
        if line == f"+ KafkaTopic {place.namespace}/orders":
            raise KeyboardInterrupt

    told = Told(interrupt)
    with working(place.api, place.namespace), pytest.raises(KeyboardInterrupt):
        place.deploy(told)
    assert f"done before it was interrupted: + Kafka {place.namespace}/shop" in told.lines
    assert told.lines[-1] == "what is left: ottla deploy --plan; to go on: ottla deploy"


def test_brokers_are_added_only_where_they_are_no_controllers(place: Place) -> None:
    with working(place.api, place.namespace):
        place.deploy()
        place.write(place.text.replace("nodes: 3", "nodes: 5"))
        refused = place.ottla("deploy", "--yes")
        assert refused.exit_code == 4
        assert "nodes that are controllers cannot become more or fewer (3 -> 5)" in refused.stderr


def test_dedicated_brokers_are_added_and_it_is_said_that_they_are_empty(place: Place) -> None:
    place.write(place.text.replace(OLD, DEDICATED))
    with working(place.api, place.namespace):
        place.deploy()
        place.write(place.text.replace("nodes: 3", "nodes: 5"))
        assert any("2 more brokers (3 -> 5) have no partitions" in line for line in rollout_lines(place.plan()))
        place.deploy()
    assert sum("broker" in name for name in place.claims()) == 5


def test_what_costs_records_is_done_only_where_it_was_accepted(place: Place) -> None:
    with working(place.api, place.namespace):
        place.deploy()
        place.write(place.text.replace("orders: {partitions: 2}", "orders: {partitions: 2, retention: 1h}"))
        refused = place.ottla("deploy", "--yes")
        assert (refused.exit_code, "[drops-records]" in refused.stderr) == (4, True), refused.output
        assert "--accept drops-records" in refused.stderr
        assert "retention.ms" not in place.topic("orders")["spec"]["config"]
        assert place.ottla("deploy", "--yes", "--accept", "drops-records").exit_code == 0
        assert place.topic("orders")["spec"]["config"]["retention.ms"] == 3600000
        place.write(place.text.replace("partitions: 2, retention", "partitions: 1, retention"))
        fewer = place.ottla("deploy", "--yes")
        assert (fewer.exit_code, "Kafka cannot take partitions away (2 -> 1)" in fewer.stderr) == (4, True)


def test_daprs_secrets_are_copied_before_its_components_and_again_after_a_rotation(place: Place) -> None:
    with working(place.api, place.namespace):
        done = place.deploy()
        copied = f"+ Secret {place.namespace}-web/kafka-writer: password of {place.namespace}/writer"
        assert done.index(copied) < done.index(f"+ Component {place.namespace}-web/kafka-writer")
        assert (secret(place, "kafka-writer"), secret(place, COPY)) == ({"password": MADE_UP}, {"ca.crt": "a certificate"})
        path = f"{CORE}/namespaces/{place.namespace}/secrets/writer"
        place.api.ask("PUT", path, {"metadata": {"name": "writer"}, "stringData": {"password": "another-one"}}).done()
        shown = place.ottla("deploy", "--plan", "--exit-code")
        assert (shown.exit_code, "another-one" in shown.output) == (3, False)
        assert place.deploy() == (f"~ Secret {place.namespace}-web/kafka-writer: password of {place.namespace}/writer",)
        assert secret(place, "kafka-writer") == {"password": "another-one"}
        assert place.deploy() == ()


def test_a_password_that_the_spec_refers_to_is_brought_before_its_user_and_again_when_it_is_another(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.write(place.text.replace("writer: {", "writer: {password: '${env:WRITER_PASSWORD}', "))
    where = f"{CORE}/namespaces/{place.namespace}/secrets/writer-password"
    secret_line = f"Secret {place.namespace}/writer-password: the password that the spec refers to"
    with working(place.api, place.namespace):
        refused = place.ottla("deploy", "--yes")
        assert refused.exit_code == 4
        assert f"Secret {place.namespace}/writer-password: it is not there, and here the variable" in refused.stderr
        assert f"kubectl create secret generic writer-password --namespace {place.namespace}" in refused.stderr
        monkeypatch.setenv("WRITER_PASSWORD", "tell-nobody")
        done = place.deploy()
        assert done.index(f"+ {secret_line}") < done.index(f"+ KafkaUser {place.namespace}/writer")
        assert b64decode(place.api.get(where).done()["data"]["password"]) == b"tell-nobody"
        assert place.deploy() == ()
        monkeypatch.delenv("WRITER_PASSWORD")
        assert place.deploy() == ()  # what is there will do
        monkeypatch.setenv("WRITER_PASSWORD", "another")
        shown = place.ottla("deploy", "--plan", "--exit-code")
        assert (shown.exit_code, f"~ {secret_line}" in shown.stdout, "another" in shown.output) == (3, True, False), shown.output
        assert place.deploy() == (f"~ {secret_line}",)
        place.undeploy()
    assert place.api.get(where).status == HTTPStatus.NOT_FOUND


def test_a_password_of_somebody_else_is_not_overwritten(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.write(place.text.replace("writer: {", "writer: {password: '${env:WRITER_PASSWORD}', "))
    place.api.create(f"{CORE}/namespaces", {"metadata": {"name": place.namespace}}).done()
    theirs = {"metadata": {"name": "writer-password"}, "stringData": {"password": "made by hand"}}
    place.api.create(f"{CORE}/namespaces/{place.namespace}/secrets", theirs).done()
    monkeypatch.setenv("WRITER_PASSWORD", "another")
    refused = place.ottla("deploy", "--yes")
    assert (refused.exit_code, "it has another password than the spec refers to" in refused.stderr) == (4, True), refused.output
    monkeypatch.setenv("WRITER_PASSWORD", "made by hand")
    with working(place.api, place.namespace):
        assert place.ottla("deploy", "--yes").exit_code == 0


def test_a_topic_is_taken_from_its_operator_and_given_back_by_a_command(place: Place) -> None:
    with working(place.api, place.namespace):
        place.deploy()
        taken = place.ottla("topics unmanage", "orders")
        assert (taken.exit_code, taken.stdout) == (0, "orders: its operator has let go of it\n"), taken.output
        assert annotation(place.topic("orders")) == "false"
        assert any(f"KafkaTopic {place.namespace}/orders is not managed" in note for note in place.plan().notes)
        assert place.deploy() == ()
        assert annotation(place.topic("orders")) == "false"
        assert place.ottla("topics manage", "orders").exit_code == 0
        assert (annotation(place.topic("orders")), place.topic("orders")["status"]["conditions"][0]["type"]) == (None, "Ready")
        unknown = place.ottla("topics unmanage", "nothing")
        assert (unknown.exit_code, "no topic nothing in the spec" in unknown.stderr) == (2, True)


def test_a_topic_that_its_operator_cannot_make_what_its_resource_says_is_told(place: Place) -> None:
    with working(place.api, place.namespace) as operators:
        place.deploy()
        assert place.ottla("topics unmanage", "orders", "state").exit_code == 0
        message = "Replication factor change not supported"
        operators.says["orders"] = {"type": "Ready", "status": "False", "reason": "NotSupported", "message": message}
        operators.says["state"] = {"type": "ReconciliationPaused", "status": "True"}
        given = place.ottla("topics manage", "orders", "state", "unread")
    assert (given.exit_code, given.stdout) == (1, ""), given.output
    orders, state = (f"KafkaTopic {place.namespace}/{name}" for name in ("orders", "state"))
    assert f"ottla: {orders}: NotSupported: {message}; {state}: ReconciliationPaused=True\n" in given.stderr


def test_where_no_operator_lets_go_it_is_said_how_to_do_without(place: Place) -> None:
    with working(place.api, place.namespace):
        place.deploy()
    late = place.ottla("topics unmanage", "orders", "--timeout", "1s")
    assert late.exit_code == 1
    assert f"kubectl patch kafkatopic NAME --namespace {place.namespace} --type merge" in late.stderr
    assert """--patch '{"metadata": {"finalizers": []}}'""" in late.stderr


def annotation(topic: dict[str, Any]) -> str | None:
    found: str | None = (topic["metadata"].get("annotations") or {}).get("strimzi.io/managed")
    return found
