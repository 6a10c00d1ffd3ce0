"""Strimzi's operator brought by `ottla deploy`: a real helm, a chart with Strimzi's own definitions, a real API server.

Who runs the Deployment that helm makes is played.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from tests.companions.go.build import built
from tests.kubernetes.control_plane import kubeconfig_of, running_control_plane
from tests.kubernetes.crds import DEFINITIONS, established, install, strimzi_crds
from tests.kubernetes.helm_program import PROGRAM
from tests.kubernetes.operators import CORE, STRIMZI, working
from tests.kubernetes.place import SOON, Place, Told
from tests.kubernetes.strimzi_chart import OPERATOR, deployment, write_chart

from ottla.errors import ApplyError, PlanRefused, StalePlan
from ottla.kubernetes import operator_deciding
from ottla.kubernetes.helm import STATES, Helm
from ottla.kubernetes.revival import CLUSTER_ID
from ottla.kubernetes.rolling_out import carry_out
from ottla.kubernetes.rollout import rollout_lines
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.kubernetes.control_plane import ControlPlane

pytestmark = [pytest.mark.companions, pytest.mark.timeout(180, func_only=True)]
CHART = "strimzi/strimzi-kafka-operator"
OTHERS = "  monitors: {enabled: false}\n"
COLUMNS = f"{DEFINITIONS}/kafkas.kafka.strimzi.io"


class Site:
    """A Kubernetes of its own without anything of Strimzi, a spec, and charts of two versions."""

    def __init__(self, place: Place, plane: ControlPlane, program: Path, charts: dict[str, Path]) -> None:
        self.place, self.plane, self.program, self.charts = place, plane, program, charts
        self.api, self.namespace = plane.api, place.namespace
        self.step = f"(helm release strimzi-kafka-operator in {self.namespace})"
        text = place.text.replace("dapr: {enabled: true, dead_letters: unread}", "dapr: {enabled: false}")
        place.write(text.replace("kubernetes:\n", f"kubernetes:\n{OTHERS}  strimzi: {{chart: {charts['1.2.0']}}}\n"))

    def helm(self, *arguments: str) -> str:
        command = [str(self.program), *arguments, "--namespace", self.namespace, "--kubeconfig", str(self.plane.kubeconfig)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return str(done.stdout)

    def install(self, version: str, *options: str) -> None:
        """As somebody does by hand."""
        self.api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}})
        self.helm("install", "strimzi-kafka-operator", str(self.charts[version]), *options)

    def put(self, version: str, namespace: str, **more: Any) -> None:
        """An operator that helm knows nothing of."""
        self.api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        self.api.create(f"/apis/apps/v1/namespaces/{namespace}/deployments", deployment(version, namespace, **more)).done()

    def release(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.helm("list", *STATES, "--output", "json"))[0]
        return found

    def operator(self) -> dict[str, Any]:
        found: dict[str, Any] = self.api.get(f"/apis/apps/v1/namespaces/{self.namespace}/deployments/{OPERATOR}").done()
        return found

    def image(self) -> str:
        return str(self.operator()["spec"]["template"]["spec"]["containers"][0]["image"])

    def refused(self) -> tuple[str, ...]:
        with pytest.raises(PlanRefused) as refused:
            self.place.plan()
        return refused.value.reasons


@pytest.fixture(scope="module")
def charts(tmp_path_factory: pytest.TempPathFactory, say: Callable[[str], None]) -> dict[str, Path]:
    folder, definitions = tmp_path_factory.mktemp("charts"), strimzi_crds(say)
    return {version: write_chart(folder / version, definitions, version) for version in ("0.51.0", "1.1.0", "1.2.0", "1.3.0")}


@pytest.fixture
def program(say: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """helm, on PATH, with a home of its own."""
    found = built(PROGRAM, say=say)
    for kind in ("CACHE", "CONFIG", "DATA"):
        monkeypatch.setenv(f"HELM_{kind}_HOME", str(tmp_path / kind))
    monkeypatch.setenv("PATH", f"{found.parent}{os.pathsep}{os.environ['PATH']}")
    return found


@pytest.fixture
def site(
    kubeall: Path, program: Path, charts: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Site]:
    (tmp_path / "plane").mkdir()
    with running_control_plane(kubeall, tmp_path / "plane") as plane:
        monkeypatch.setenv("KUBECONFIG", str(plane.kubeconfig))
        yield Site(Place(tmp_path, plane.api, operator=False), plane, program, charts)


@pytest.fixture(scope="module")
def bare(kubeall: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane that nobody may bring anything of Strimzi to but operators, which are gone after each test."""
    with running_control_plane(kubeall, tmp_path_factory.mktemp("bare")) as plane:
        yield plane


@pytest.fixture
def untouched(
    bare: ControlPlane, program: Path, charts: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Site]:
    """One that a plan is refused for, and that is as it was after that."""
    monkeypatch.setenv("KUBECONFIG", str(bare.kubeconfig))
    site = Site(Place(tmp_path, bare.api, operator=False), bare, program, charts)
    yield site
    for each in site.api.get("/apis/apps/v1/deployments").done()["items"]:
        place = each["metadata"]
        site.api.delete(f"/apis/apps/v1/namespaces/{place['namespace']}/deployments/{place['name']}").done()
    assert (established(site.api), site.helm("list", *STATES, "--short")) == (set(), "")


def test_from_nothing_it_is_installed_and_all_else_is_deployed_and_a_second_run_writes_nothing(site: Site) -> None:
    shown = rollout_lines(site.place.plan())
    installed = f"+ Strimzi 1.2.0 {site.step}"
    assert shown.index(f"+ Namespace {site.namespace}") < shown.index(installed) < shown.index(f"+ Kafka {site.namespace}/shop")
    assert site.api.get(f"/api/v1/namespaces/{site.namespace}").status == 404
    told = Told()
    with working(site.api, site.namespace):
        done = site.place.deploy(told)
        assert (installed in done, f"+ Kafka {site.namespace}/shop" in done) == (True, True)
        assert any(line.startswith("applying the 10 definitions of Strimzi 1.2.0") for line in told.lines)
        before, release = site.place.versions(), site.release()
        assert (rollout_lines(site.place.plan()), site.place.deploy()) == ((), ())
    assert (site.place.versions(), site.release()) == (before, release)
    assert (release["status"], release["revision"], site.image().rpartition(":")[2]) == ("deployed", "1", "1.2.0")
    assert len(established(site.api)) == 10


def test_a_cluster_comes_back_to_its_volumes_though_strimzi_itself_was_removed_with_its_definitions(site: Site) -> None:
    site.api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": site.namespace}})
    labels, claims = {"strimzi.io/cluster": "shop", "strimzi.io/pool-name": "kafka"}, f"{CORE}/namespaces/{site.namespace}"
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Gi"}}}
    for node in range(3):
        metadata = {"name": f"data-0-shop-kafka-{node}", "labels": labels, "annotations": {CLUSTER_ID: "as-it-was"}}
        site.api.create(f"{claims}/persistentvolumeclaims", {"metadata": metadata, "spec": spec}).done()
    assert "    it comes back to the volumes that were kept, as cluster_id as-it-was" in rollout_lines(site.place.plan())
    with working(site.api, site.namespace):
        assert f"+ Strimzi 1.2.0 {site.step}" in site.place.deploy()
    assert site.place.kafka()["status"]["clusterId"] == "as-it-was"


def test_the_command_shows_it_asks_and_has_it_as_data(site: Site) -> None:
    shown = site.place.ottla("deploy", "--plan", "--exit-code")
    assert (shown.exit_code, f"+ Strimzi 1.2.0 {site.step}\n    its definitions (CRDs) first" in shown.stdout) == (3, True), (
        shown.output
    )
    found = json.loads(site.place.ottla("deploy", "--plan", "-o", "json").stdout)["data"]["operator"]
    assert (found["action"], found["to"], found["namespace"]) == ("add", "1.2.0", site.namespace)
    with working(site.api, site.namespace):
        done = site.place.ottla("deploy", "--yes")
    assert (done.exit_code, f"done: + Strimzi 1.2.0 {site.step}\n" in done.stdout) == (0, True), done.output


def test_one_that_is_older_is_upgraded_its_definitions_first_and_keeps_the_values_of_its_release(site: Site) -> None:
    site.install("1.1.0", "--set", "resources.limits.memory=1Gi", "--set", "watchNamespaces={web}")
    printed = "additionalPrinterColumns"
    assert printed not in site.api.get(COLUMNS).done()["spec"]["versions"][0]
    with working(site.api, site.namespace):
        done = site.place.deploy()
        assert f"~ Strimzi 1.1.0 -> 1.2.0 {site.step}" in done
        assert site.place.deploy() == ()
    assert printed in site.api.get(COLUMNS).done()["spec"]["versions"][0]
    container = site.operator()["spec"]["template"]["spec"]["containers"][0]
    assert (container["image"].rpartition(":")[2], container["resources"]["limits"]["memory"]) == ("1.2.0", "1Gi")
    assert container["env"][0]["value"] == f"web,{site.namespace}"
    assert (site.release()["revision"], site.release()["chart"]) == ("2", "strimzi-kafka-operator-1.2.0")


def test_after_an_upgrade_it_is_waited_until_the_new_one_has_gone_through_the_cluster(site: Site) -> None:
    site.install("1.1.0")
    site.place.write(site.place.text.replace("  strimzi: {", "  strimzi: {install: false, "))
    with working(site.api, site.namespace) as played:
        played.version = "1.1.0"
        site.place.deploy()
        site.place.write(site.place.text.replace("install: false, ", ""))
        with pytest.raises(ApplyError) as stopped:
            site.place.deploy(timeout=2)
        assert stopped.value.done == (f"~ Strimzi 1.1.0 -> 1.2.0 {site.step}",)
        assert f"Kafka {site.namespace}/shop: is what Strimzi 1.1.0 has made of it" in stopped.value.failed[0]
        played.version = "1.2.0"
        assert site.place.deploy() == ()


def test_the_chart_is_found_by_the_name_that_its_repository_has_in_helm(site: Site, tmp_path: Path) -> None:
    site.place.write(site.place.text.replace(str(site.charts["1.2.0"]), CHART))
    reasons = site.refused()
    assert len(reasons) == 1
    assert f"helm show chart {CHART}: repo strimzi not found" in reasons[0]
    assert "helm repo add strimzi ADDRESS" in reasons[0]
    with repository(site, tmp_path / "repository", "1.1.0") as address:
        site.helm("repo", "add", "strimzi", address)
        assert "helm repo update strimzi" in site.refused()[0]
    with repository(site, tmp_path / "repository", "1.1.0", "1.2.0") as address:
        site.helm("repo", "add", "strimzi", address, "--force-update")
        with working(site.api, site.namespace):
            assert f"+ Strimzi 1.2.0 {site.step}" in site.place.deploy()


@contextmanager
def repository(site: Site, folder: Path, *versions: str) -> Iterator[str]:
    """A repository of charts on this machine; its address."""
    for version in versions:
        site.helm("package", str(site.charts[version]), "--destination", str(folder))
    site.helm("repo", "index", str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


def test_a_chart_of_another_version_is_refused(untouched: Site) -> None:
    untouched.place.write(untouched.place.text.replace(str(untouched.charts["1.2.0"]), str(untouched.charts["1.3.0"])))
    assert [each for each in untouched.refused() if "is of version 1.3.0, not 1.2.0" in each]


def test_without_helm_it_is_said_only_where_helm_is_needed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    reasons = site.refused()
    assert len(reasons) == 1
    assert reasons[0].startswith("helm is not on PATH")
    assert "kubernetes: {strimzi: {install: false}}" in reasons[0]
    install_definitions(site)
    site.put("1.2.0", "central", variable={"value": "*"})
    assert not site.place.plan().operator.to_do


def install_definitions(site: Site) -> None:
    install(site.api, sorted((site.charts["1.2.0"] / "crds").glob("*.yaml")))


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ({"version": "0.51.0"}, "is older than 1.0.0"),
        ({"version": "1.3.0"}, "newer than 1.2.0"),
        ({"version": "1.1.0"}, "was not installed by helm"),
        ({"version": "1.1.0", "namespace": "central", "release": "mine", "variable": {"value": "*"}}, "from another namespace"),
        ({"version": "1.1.0", "namespace": "central"}, "has the same definitions (CRDs)"),
        ({"version": "1.2.0", "namespace": "central"}, "does not watch"),
    ],
)
def test_an_operator_that_is_in_the_way_is_refused_and_nothing_is_changed(
    untouched: Site, there: dict[str, Any], said: str
) -> None:
    untouched.put(**{"namespace": untouched.namespace, **there})
    reasons = untouched.refused()
    assert (len(reasons), said in reasons[0]) == (1, True), reasons


def test_two_that_watch_the_namespace_are_refused(site: Site) -> None:
    install_definitions(site)
    site.put("1.2.0", "central", variable={"value": "*"})
    site.put("1.2.0", site.namespace)
    assert "undo each other's work" in site.refused()[0]


def test_a_cluster_that_the_new_one_does_not_run_is_refused_wherever_it_lies(site: Site) -> None:
    site.install("1.1.0")
    site.api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "web"}})
    kafka = {
        "apiVersion": "kafka.strimzi.io/v1",
        "kind": "Kafka",
        "metadata": {"name": "old"},
        "spec": {"kafka": {"version": "4.1.0", "listeners": [{"name": "plain", "port": 9092, "type": "internal", "tls": False}]}},
    }
    site.api.create(f"{STRIMZI}/namespaces/web/kafkas", kafka).done()
    assert "Kafka web/old is 4.1.0, which Strimzi 1.2.0 does not run: upgrade it first" in site.refused()[0]


def test_resources_that_are_kept_in_an_old_api_are_refused(site: Site) -> None:
    install_definitions(site)
    path = f"{DEFINITIONS}/kafkatopics.kafka.strimzi.io"
    found = site.api.get(path).done()
    v1beta2 = {**found["spec"]["versions"][0], "name": "v1beta2", "storage": False}
    found["spec"]["versions"].append(v1beta2)
    found = site.api.ask("PUT", path, found).done()
    site.api.ask("PUT", f"{path}/status", {**found, "status": {**found["status"], "storedVersions": ["v1beta2", "v1"]}}).done()
    assert "kafkatopics.kafka.strimzi.io has resources that are kept as v1beta2" in site.refused()[0]


def test_who_may_not_create_definitions_is_told_with_all_else(
    untouched: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = [{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["*"]}]
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "some"}, "rules": rules}
    roles = "/apis/rbac.authorization.k8s.io/v1"
    untouched.api.create(f"{roles}/clusterroles", role).done()
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "some"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "some"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "somebody"}],
    }
    untouched.api.create(f"{roles}/clusterrolebindings", binding).done()
    somebody = tmp_path / "somebody.kubeconfig"
    somebody.write_text(json.dumps(kubeconfig_of(untouched.plane.api_as("somebody"))))
    monkeypatch.setenv("KUBECONFIG", str(somebody))
    reasons = "\n".join(untouched.refused())
    assert "you may not get, create, patch, list customresourcedefinitions.apiextensions.k8s.io: ask for a role" in reasons
    assert "clusterroles.rbac.authorization.k8s.io" in reasons
    assert "you may not get, create, patch, list kafkas.kafka.strimzi.io in the namespace" in reasons
    assert "how the helm release strimzi-kafka-operator" in reasons


def test_where_it_is_somebody_elses_it_is_only_checked_that_it_is_there(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.place.write(site.place.text.replace("  strimzi: {", "  strimzi: {install: false, "))
    monkeypatch.setenv("PATH", "/nowhere")
    reasons = site.refused()
    assert (len(reasons), "no operator of Strimzi watches" in reasons[0], "does not know" in reasons[1]) == (2, True, True), (
        reasons
    )
    install_definitions(site)
    site.put("1.1.0", "central", variable={"value": "*"})
    plan = site.place.plan()
    assert (plan.operator.to_do, [each for each in plan.notes if "Strimzi 1.1.0" in each] != []) == (False, True)
    with working(site.api, "central"), working(site.api, site.namespace):
        assert f"+ Kafka {site.namespace}/shop" in site.place.deploy()


def test_what_has_moved_since_it_was_shown_is_not_worked_on(site: Site) -> None:
    with site.place.deployment() as deploying:
        plan = deploying.plan()
        site.put("1.2.0", "central")
        with pytest.raises(StalePlan, match=r"Strimzi's operator .* has moved since the plan was made; nothing was changed"):
            carry_out(deploying.cluster, plan, Told(), timeout=SOON, every=0.05)
    assert (site.api.get(f"/api/v1/namespaces/{site.namespace}").status, established(site.api)) == (404, set())


def test_one_that_does_not_come_up_is_told_and_a_later_run_goes_on(site: Site) -> None:
    told = Told()
    with pytest.raises(ApplyError) as stopped:
        site.place.deploy(told, timeout=1)
    failed = stopped.value
    assert failed.done[-1] == f"+ Strimzi 1.2.0 {site.step}"
    assert (
        f"operator: waited 1 s for Strimzi's operator to be available; last seen: Deployment {site.namespace}/"
        in failed.failed[0]
    )
    assert any(
        line.startswith(f"waiting for operator: Deployment {site.namespace}/{OPERATOR}: no operator") for line in told.lines
    )
    assert f"+ Kafka {site.namespace}/shop" in failed.not_tried
    with working(site.api, site.namespace):
        assert site.place.deploy() == failed.not_tried


def test_cut_off_between_definitions_and_helm_it_goes_on(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    class CutOff(Exception):
        pass

    def cut_off(*_: object, **__: object) -> None:
        raise CutOff

    with monkeypatch.context() as patched:
        patched.setattr(Helm, "upgrade", cut_off)
        with pytest.raises(CutOff):
            site.place.deploy()
    assert len(established(site.api)) == 10
    with working(site.api, site.namespace):
        assert f"+ Strimzi 1.2.0 {site.step}" in site.place.deploy()


def test_a_release_in_whose_midst_helm_was_killed_is_done_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """helm itself refuses such a release for ever. Until it is old enough, another helm may be at work on it."""
    site.install("1.1.0")
    kill_in_the_midst(site)
    assert site.release()["status"] == "pending-upgrade"
    reasons = site.refused()
    assert (len(reasons), "another helm works on it, or was cut off" in reasons[0]) == (1, True), reasons
    monkeypatch.setattr(operator_deciding, "CUT_OFF", 0.0)
    shown = "\n".join(rollout_lines(site.place.plan()))
    assert f"~ Strimzi 1.1.0 -> 1.2.0 {site.step}" in shown
    assert "revision 2 of the release is done again: helm was cut off in it" in shown
    with working(site.api, site.namespace):
        site.place.deploy()
        assert site.place.deploy() == ()
    assert (site.release()["status"], site.release()["revision"], site.image().rpartition(":")[2]) == ("deployed", "4", "1.2.0")


def test_a_first_installation_that_was_killed_is_done_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": site.namespace}})
    kill_in_the_midst(site)
    site.api.delete(f"/apis/apps/v1/namespaces/{site.namespace}/deployments/{OPERATOR}")  # helm may have come that far, or not
    assert site.release()["status"] == "pending-install"
    monkeypatch.setattr(operator_deciding, "CUT_OFF", 0.0)
    with working(site.api, site.namespace):
        assert f"+ Strimzi 1.2.0 {site.step}" in site.place.deploy()
    assert (site.release()["status"], site.image().rpartition(":")[2]) == ("deployed", "1.2.0")


def kill_in_the_midst(site: Site) -> None:
    """helm has written down what it begins, waits for a pod that never comes, and is killed."""
    chart = str(site.charts["1.1.0"])
    words = [str(site.program), "upgrade", "--install", "strimzi-kafka-operator", chart, "--namespace", site.namespace, "--wait"]
    with subprocess.Popen([*words, "--kubeconfig", str(site.plane.kubeconfig)], stdout=subprocess.DEVNULL) as process:
        secrets = f"/api/v1/namespaces/{site.namespace}/secrets?labelSelector=owner%3Dhelm"
        wait_until(
            lambda: [each["metadata"]["labels"]["status"] for each in site.api.get(secrets).done()["items"]],
            lambda found: any(each.startswith("pending") for each in found),
            what="helm",
            timeout=60,
        )
        psutil.Process(process.pid).kill()
