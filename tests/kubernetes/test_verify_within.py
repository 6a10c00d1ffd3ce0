"""`ottla verify` of an environment in Kubernetes: a Job on a real API server, whose pod is played."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pytest
from tests.kubernetes.kubelet import TERMINATED, playing
from tests.kubernetes.operators import working

from ottla.kubernetes.verification_job import job_documents

if TYPE_CHECKING:
    from tests.kubernetes.control_plane import ControlPlane
    from tests.kubernetes.place import Place

pytestmark = [pytest.mark.companions, pytest.mark.timeout(180, func_only=True)]
CHECKS: list[dict[str, Any]] = [
    {"subject": "topic orders", "name": "exists", "seen": "yes", "wanting": None},
    {"subject": "topic orders", "name": "partitions", "seen": "1", "wanting": "1, the spec says 2"},
    {"subject": "topic orders", "name": "event", "seen": "partition 0, offset 1", "wanting": None},
]


def said(*checks: dict[str, Any]) -> str:
    data = {"environment": "k8s", "verified": False, "checks": [*checks], "not_written": ["state"]}
    return f"  note: looking\n{json.dumps({'kind': 'verify', 'data': data}, indent=2)}\n"


def ended(code: int) -> tuple[str, dict[str, Any]]:
    return TERMINATED, {"exitCode": code, "reason": "Error" if code else "Completed"}


@pytest.fixture
def there(place: Place) -> Place:
    """A place whose namespace is there."""
    place.api.create("/api/v1/namespaces", {"metadata": {"name": place.namespace}}).done()
    return place


def left(place: Place) -> list[str]:
    """What a Job leaves behind. Nobody collects pods here."""
    jobs = place.api.get(f"/apis/batch/v1/namespaces/{place.namespace}/jobs").done()["items"]
    maps = place.api.get(f"/api/v1/namespaces/{place.namespace}/configmaps").done()["items"]
    return [each["metadata"]["name"] for each in (*jobs, *maps)]


def test_a_job_looks_from_within_and_its_answer_is_printed_here(there: Place, control_plane: ControlPlane) -> None:
    with playing(control_plane, there.namespace, ended(6), said(*CHECKS)) as machine:
        found = there.ottla("verify", "--write")
    assert found.exit_code == 6, found.output
    assert "WANTING  topic orders: partitions: 1, the spec says 2\n" in found.stdout
    assert "--  topic state: no event written" in found.stdout
    mended = f"ottla deploy --file {there.folder}/platform.yaml -e k8s --plan"
    assert f"1 of 3 checks found wanting. What would mend it: {mended}\n" in found.stdout
    assert "context tests (https://127.0.0.1:" in found.stderr
    assert left(there) == []
    (job,) = machine.jobs
    pod = job["spec"]["template"]["spec"]
    assert pod["containers"][0]["args"][:5] == ["verify", "--file", "/etc/ottla/config/platform.yaml", "--environment", "k8s"]
    assert pod["containers"][0]["args"][-1] == "--write"
    assert [each["secret"]["secretName"] for each in pod["volumes"] if "secret" in each] == ["admin", "shop-cluster-ca-cert"]
    assert job["spec"]["ttlSecondsAfterFinished"] > 0


def test_what_only_looks_does_so_as_the_exporter_and_reads_the_whole_spec(there: Place, control_plane: ControlPlane) -> None:
    with playing(control_plane, there.namespace, ended(0), said(CHECKS[0])) as machine:
        found = there.ottla("verify", "-o", "json")
    assert (found.exit_code, json.loads(found.stdout)["data"]["checks"]) == (0, CHECKS[:1]), found.output
    (job,) = machine.jobs
    assert "--write" not in job["spec"]["template"]["spec"]["containers"][0]["args"]
    assert "eyes" in [each["secret"]["secretName"] for each in job["spec"]["template"]["spec"]["volumes"] if "secret" in each]


def test_what_it_reads_is_there_without_a_secret_in_it(there: Place) -> None:
    with there.deployment() as deployment:
        config, job = job_documents(deployment.rendering.site, "one", there.text, user="eyes", write=False, timeout=60)
    assert config["data"]["platform.yaml"] == there.text
    assert "sasl.password=${file:/etc/ottla/login/password}\n" in config["data"]["client.properties"]
    for path, document in (("/api/v1/namespaces/{}/configmaps", config), ("/apis/batch/v1/namespaces/{}/jobs", job)):
        document["metadata"]["namespace"] = there.namespace
        there.api.create(path.format(there.namespace), document).done()  # strict, and `restricted` lets the pod in


def test_prometheus_is_asked_from_within_where_the_spec_says_where_it_is(there: Place) -> None:
    there.write(
        there.text.replace("kubernetes:\n", "kubernetes:\n  monitors: {prometheus: 'http://prometheus.monitoring.svc:9090'}\n")
    )
    with there.deployment() as deployment:
        _, job = job_documents(deployment.rendering.site, "one", there.text, user="eyes", write=False, timeout=60)
    words = job["spec"]["template"]["spec"]["containers"][0]["args"]
    assert words[words.index("--prometheus") + 1] == "http://prometheus.monitoring.svc:9090"


def test_an_image_that_cannot_be_pulled_is_told_at_once(there: Place, control_plane: ControlPlane) -> None:
    waiting = ("waiting", {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "ottla:0.1.0"'})
    with playing(control_plane, there.namespace, waiting, ""):
        found = there.ottla("verify")
    assert found.exit_code == 1
    assert 'ImagePullBackOff: Back-off pulling image "ottla:0.1.0"' in found.stderr
    assert "kubernetes.image" in found.stderr
    assert left(there) == []


def test_a_pod_that_says_no_answer_is_told_with_its_last_words(there: Place, control_plane: ControlPlane) -> None:
    with playing(control_plane, there.namespace, ended(1), "error: todo-kafka does not answer\n"):
        found = there.ottla("verify")
    assert (found.exit_code, "ended with 1, and said: error: todo-kafka does not answer" in found.stderr) == (1, True)


def test_a_deployment_is_looked_at_from_within_where_that_is_asked_for(there: Place, control_plane: ControlPlane) -> None:
    with playing(control_plane, there.namespace, ended(6), said(*CHECKS)) as machine, working(there.api, there.namespace):
        found = there.ottla("deploy", "--yes", "--verify")
    assert found.exit_code == 6, found.output
    *rollout, wanting, _, mended = found.stdout.splitlines()
    assert rollout[-1].startswith("done: ")
    assert wanting == "WANTING  topic orders: partitions: 1, the spec says 2"
    assert mended.startswith("1 of 3 checks found wanting. What would mend it: ottla deploy ")
    (job,) = machine.jobs
    assert "--write" not in job["spec"]["template"]["spec"]["containers"][0]["args"]


def test_the_next_command_is_for_the_same_context(there: Place, control_plane: ControlPlane) -> None:
    with playing(control_plane, there.namespace, ended(6), said(*CHECKS)):
        found = there.ottla("verify", "--context", "tests")
    assert "-e k8s --context tests --plan\n" in found.stdout


def test_an_image_of_another_ottla_may_say_more_but_not_less(there: Place, control_plane: ControlPlane) -> None:
    with playing(control_plane, there.namespace, ended(0), said({**CHECKS[0], "since": "2026"})) as machine:
        more = there.ottla("verify")
        machine.said = said({"subject": "topic orders", "name": "exists"})
        less = there.ottla("verify")
    assert (more.exit_code, less.exit_code) == (0, 1), more.output + less.output
    assert "ok  topic orders: 1 properties as the spec says" in more.stdout
    assert "KeyError: 'seen'" in less.stderr
    assert f"kubernetes.image of the spec must be of the Ottla that asks, which is {version('ottla')}" in less.stderr


DEADLINE = {"reason": "DeadlineExceeded", "message": "Job was active longer than specified deadline"}
LIMIT = {"reason": "BackoffLimitExceeded", "message": "Job has reached the specified backoff limit"}


def test_a_job_that_has_failed_is_not_waited_for_though_there_is_a_pod(there: Place, control_plane: ControlPlane) -> None:
    with playing(control_plane, there.namespace, ("waiting", {"reason": "ContainerCreating"}), "") as machine:
        machine.failed = DEADLINE
        found = there.ottla("verify", "--timeout", "60s")
    assert (found.exit_code, f"{': '.join(DEADLINE.values())}\n" in found.stderr) == (1, True), found.output


def test_a_pod_that_was_evicted_is_told_with_what_its_machine_said(there: Place, control_plane: ControlPlane) -> None:
    with playing(control_plane, there.namespace, ended(0), "") as machine:
        machine.failed, machine.evicted = LIMIT, {"reason": "Evicted", "message": "The node was low on resource: memory."}
        found = there.ottla("verify", "--timeout", "60s")
    assert found.exit_code == 1
    assert "BackoffLimitExceeded: Job has reached the specified backoff limit; Evicted: The node was low" in found.stderr


def test_a_job_that_has_failed_as_its_container_has_is_an_answer(there: Place, control_plane: ControlPlane) -> None:
    with playing(control_plane, there.namespace, ended(6), said(*CHECKS)) as machine:
        machine.failed = LIMIT
        found = there.ottla("verify")
    assert (found.exit_code, "1 of 3 checks found wanting" in found.stdout) == (6, True), found.output


def test_a_pod_that_never_comes_is_waited_for_no_longer_than_that(there: Place) -> None:
    found = there.ottla("verify", "--timeout", "2s")
    assert (found.exit_code, "no pod yet" in found.stderr) == (1, True)
    assert f"kubectl describe job --namespace {there.namespace} ottla-verify-" in found.stderr
    assert left(there) == []


@pytest.mark.parametrize("options", [["--as", "eyes"], ["-b", "127.0.0.1:1", "--context", "tests"]])
def test_two_ways_to_a_cluster_at_once_are_a_mistake(there: Place, options: list[str]) -> None:
    assert there.ottla("verify", *options).exit_code == 2
