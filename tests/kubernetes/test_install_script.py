"""scripts/install-kafka.sh, run: with a kubectl and a helm that only write down what they are asked, and with a real kubectl.

What they answer is told by variables of the environment: ``MISSING`` names what is not there.
"""

from __future__ import annotations

import os
import pty
import re
import shutil
import subprocess
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.conftest import ROOT, SHIPPED_SPEC
from tests.kubernetes.around import FULL, SHARED
from tests.kubernetes.crds import DEFINITIONS
from tests.kubernetes.sites import NAME, site_of

from ottla.kubernetes.dapr import copied_secrets
from ottla.platform import Platform
from ottla.spec.versions import STRIMZI_VERSION

if TYPE_CHECKING:
    from tests.kubernetes.api import Api
    from tests.kubernetes.control_plane import ControlPlane

SCRIPT = ROOT / "scripts" / "install-kafka.sh"
VALUE = b64encode(b"tell-nobody\n").decode()
KUBECTL = f"""\
#!/bin/sh
echo "kubectl $*" >>"$LOG"
is_there() {{ case " $MISSING " in *" $1 "*) return 1 ;; esac; }}
case "$*" in
  "config current-context") echo somewhere ;;
  "config view"*) echo https://somewhere:6443 ;;
  "auth can-i"*) is_there rights ;;
  "get crd"*) ! is_there "$3" || echo "crd/$3" ;;
  "get secret"*) ! is_there "$3" || printf %s {VALUE} ;;
  "get pods --all"*) printf %s "$OPERATORS" ;;
  "create secret"*) echo "$4: $(base64)" ;;
  "apply "*"-f -") cat >>"$APPLIED" ;;
  "wait "*"$NEVER_READY"*) [ -z "$NEVER_READY" ] ;;
  "rollout status"*) is_there image ;;
esac
"""
HELM = """\
#!/bin/sh
echo "helm $*" >>"$LOG"
case "$*" in
  "show chart"*) [ "$MISSING" != chart ] ;;
  "show crds"*) cat "${CRDS:-/dev/null}" ;;
  "list"*--short) [ -z "$CHART" ] || echo strimzi-kafka-operator ;;
  "list"*) printf 'NAME\\tCHART\\nstrimzi-kafka-operator\\tkafka\\t1\\tdeployed\\t%s\\t1.2.0\\n' "$CHART" ;;
  "get values"*) echo "${VALUES:-null}" ;;
esac
"""
# The real kubectl, but for what needs controllers, of which there are none
REAL_KUBECTL = '#!/bin/sh\ncase "$1" in wait | rollout) ;; *) exec {kubectl} "$@" ;; esac\n'
EVERYTHING = FULL.replace("writer: {", "writer: {password: '${env:WRITER_PASSWORD}', ").replace(
    "kubernetes:\n", "kubernetes:\n  namespace: events\n  storage: {class: fast, create: {provisioner: disks.example.com}}\n"
)
BARE = "platform: shop\ncluster: {name: shop, disk: 10GiB}\nenvironments: {k8s: {target: strimzi}}\n"
OF_SHOP = "app.kubernetes.io/part-of=shop"


@dataclass(frozen=True)
class Run:
    """What a run of the script said and asked; ``taken`` is what kubectl was given by a pipe."""

    code: int
    said: str
    asked: list[str]
    taken: str

    @property
    def applied(self) -> list[str]:
        """Names of the files that were applied, in their order."""
        found = (re.fullmatch(r"kubectl apply --server-side --field-manager=ottla -f (\S+\.yaml)", each) for each in self.asked)
        return [Path(match[1]).name for match in found if match]

    def place(self, start: str) -> int:
        """Where in the order it was asked for something; a test fails where it never was."""
        return next(index for index, each in enumerate(self.asked) if each.startswith(start))


@dataclass(frozen=True)
class Script:
    """The script, beside programs that it finds first."""

    folder: Path

    def __post_init__(self) -> None:
        for name, text in (("kubectl", KUBECTL), ("helm", HELM)):
            self.program(name, text)

    def program(self, name: str, text: str) -> None:
        path = self.folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def rendered(self, text: str = EVERYTHING, environment: str = NAME) -> Path:
        """The folder of a spec's environment."""
        spec, folder = self.folder / "platform.yaml", self.folder / "rendered" / environment
        spec.write_text(text)
        folder.mkdir(parents=True)
        for name, content in Platform.load(spec).render(environment).files.items():
            (folder / name).write_text(content)
        return folder

    def run(self, *arguments: str | Path, **answers: str) -> Run:
        """Run it where nobody is there to be asked."""
        return self.run_at(subprocess.DEVNULL, *arguments, **answers)

    def run_at(self, stdin: int, *arguments: str | Path, **answers: str) -> Run:
        log, taken = self.folder / "log", self.folder / "taken"
        for path in (log, taken):
            path.write_text("")
        told = {"MISSING": "", "OPERATORS": "", "CHART": "", "VALUES": "", "NEVER_READY": "", **answers}
        environment = {"PATH": f"{self.folder / 'bin'}:/usr/bin:/bin", "LOG": str(log), "APPLIED": str(taken), **told}
        command = ["/bin/bash", SCRIPT, *arguments]
        done = subprocess.run(command, stdin=stdin, capture_output=True, text=True, check=False, env=environment)
        return Run(done.returncode, done.stdout + done.stderr, log.read_text().splitlines(), taken.read_text())


@pytest.fixture
def script(tmp_path: Path) -> Script:
    return Script(tmp_path)


def changes(run: Run) -> list[str]:
    """What of that which was asked changes something."""
    changing = ("kubectl apply", "kubectl create", "helm upgrade", "helm install")
    return [each for each in run.asked if each.startswith(changing) and "--dry-run=server" not in each]


def test_it_has_the_version_of_the_shipped_platform() -> None:
    assert f"\nSTRIMZI_VERSION={STRIMZI_VERSION}\n" in SCRIPT.read_text()


def test_its_shell_takes_it() -> None:
    assert subprocess.run(["/bin/bash", "-n", SCRIPT], check=False).returncode == 0


@pytest.mark.companions
def test_shellcheck_finds_nothing() -> None:
    done = subprocess.run(["shellcheck", SCRIPT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("text", "environment"),
    [(EVERYTHING, NAME), (BARE, NAME), *((SHIPPED_SPEC.read_text(), each) for each in ("minikube", "doks", "aks"))],
    ids=["everything", "bare", "minikube", "doks", "aks"],
)
def test_every_file_that_is_rendered_is_applied(script: Script, text: str, environment: str) -> None:
    folder = script.rendered(text, environment)
    done = script.run(folder, "--yes")
    assert done.code == 0, done.said
    assert sorted(set(done.applied)) == sorted(path.name for path in folder.iterdir() if path.stem != "kustomization")


def test_everything_has_every_kind_of_file(script: Script) -> None:
    """What the tests of this file are about is there."""
    names = {path.name for path in script.rendered().iterdir()}
    assert names >= {"storage-class.yaml", "kafka-exporter.yaml", "kafka-pod-monitor.yaml", "kafka-ui.yaml"}
    assert "writer-password" in (script.folder / "rendered" / NAME / "user-writer.yaml").read_text()
    assert any(name.startswith("dapr-web-component-") for name in names)


def test_a_folder_of_kubernetes_is_found_by_its_name(script: Script) -> None:
    done = script.run("doks", "--yes")
    assert (done.code, "kubectl wait --namespace kafka --timeout=600s --for=condition=Ready kafka/todo-kafka" in done.asked) == (
        0,
        True,
    )


def test_namespace_cluster_and_platform_are_those_of_the_files(script: Script) -> None:
    done = script.run(script.rendered(), "--yes")
    waits = [each.split("condition=")[1] for each in done.asked if each.startswith("kubectl wait --namespace events ")]
    assert waits == ["Ready kafka/shop", *(f"Ready kafka{kind} --selector {OF_SHOP}" for kind in ("user", "topic"))]
    assert "--namespace events --wait" in next(each for each in done.asked if each.startswith("helm upgrade"))


def test_what_is_not_there_is_not_waited_for(script: Script) -> None:
    done = script.run(script.rendered(BARE), "--yes")
    assert [each for each in done.asked if "kafkauser --selector" in each or "kafkatopic --selector" in each] == []
    assert [each for each in done.asked if each.startswith("kubectl rollout")] == []


def test_the_order(script: Script) -> None:
    """CRDs before the operator, which helm brings to no other version; the exporter is waited for when all else is applied."""
    done = script.run(script.rendered(), "--yes")
    crds = done.place("kubectl apply --server-side --field-manager=ottla --force-conflicts -f -")
    assert crds < done.place("helm upgrade") < done.place("kubectl wait")
    last = max(index for index, each in enumerate(done.asked) if each.startswith("kubectl apply"))
    assert done.place("kubectl rollout status") > last
    assert (
        done.applied.index("storage-class.yaml")
        < done.applied.index("kafka-cluster.yaml")
        < done.applied.index("user-writer.yaml")
    )


def test_an_exporter_that_does_not_come_up_keeps_nothing_else_away(script: Script) -> None:
    folder = script.rendered()
    done = script.run(folder, "--yes", MISSING="image")
    assert done.code == 1
    assert set(done.applied) == {path.name for path in folder.iterdir()} - {"kustomization.yaml"}
    assert "the exporter does not come up; all else is there" in done.said
    assert "kubernetes: {image: ...}" in done.said


def test_the_secrets_of_dapr_are_those_that_are_to_be_copied(script: Script) -> None:
    """As `ottla.kubernetes.dapr` says it; before the components that name them, and with no value shown."""
    done = script.run(script.rendered(), "--yes")
    site = site_of(EVERYTHING, script.folder)
    read = [
        re.match(r"kubectl get secret (\S+) --namespace (\S+) --output jsonpath=\{\.data\.(\S+)\}", each) for each in done.asked
    ]
    made = [
        re.match(r"kubectl create secret generic (\S+) --namespace (\S+) --from-file=(\S+)=/dev/stdin --dry-run=client", each)
        for each in done.asked
    ]
    found = {
        (source[2], source[1], source[3].replace("\\", ""), copy[2], copy[1])
        for source, copy in zip(filter(None, read), filter(None, made), strict=True)
    }
    wanted = {(each.namespace, each.name, each.key, each.to_namespace, each.to_name) for each in copied_secrets(site)}
    assert found == wanted != set()
    assert set(done.taken.splitlines()) == {f"{name}: {VALUE}" for *_, name in wanted}
    assert VALUE not in done.said
    assert "tell-nobody" not in done.said + "".join(done.asked)
    first = min(index for index, each in enumerate(done.asked) if "-component-" in each)
    assert done.place("kubectl create secret") < first


def test_a_secret_that_is_not_there_gives_no_empty_copy(script: Script) -> None:
    done = script.run(script.rendered(), "--yes", MISSING="shop-cluster-ca-cert")
    assert (done.code, "the Secret shop-cluster-ca-cert in the namespace events has no ca.crt" in done.said) == (1, True)
    assert "shop-cluster-ca-cert" not in done.taken


def test_a_password_that_is_missing_is_told_before_anything_waits_for_it(script: Script) -> None:
    done = script.run(script.rendered(), "--yes", MISSING="writer-password")
    assert done.code == 1
    assert "create secret generic writer-password --namespace events --from-file=password=/dev/stdin" in done.said
    assert {name.split("-")[0] for name in done.applied} == {"namespace"}
    assert [each for each in done.asked if each.startswith(("helm upgrade", "kubectl wait"))] == []


OPERATOR_OF = "strimzi quay.io/strimzi/operator:"
CHART = f"strimzi-kafka-operator-{STRIMZI_VERSION}"


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"MISSING": "rights"}, "may not create CRDs in somewhere"),
        ({"MISSING": "chart"}, "helm finds no chart strimzi/strimzi-kafka-operator"),
        ({"MISSING": "podmonitors.monitoring.coreos.com"}, "kubernetes: {monitors: {enabled: false}}"),
        ({"MISSING": "prometheusrules.monitoring.coreos.com"}, "there is no prometheus-operator"),
        ({"MISSING": "components.dapr.io"}, "kubernetes: {dapr: {enabled: false}}"),
        ({"MISSING": "resiliencies.dapr.io"}, "there is no Dapr"),
        ({"CHART": "strimzi-kafka-operator-0.47.0"}, "is of strimzi-kafka-operator-0.47.0, not of "),
        ({"CHART": CHART, "VALUES": '{"replicas":2}'}, "has values of its own"),
        ({"OPERATORS": f"{OPERATOR_OF}{STRIMZI_VERSION} *\n"}, "in the namespace strimzi watches events already"),
        ({"OPERATORS": f"{OPERATOR_OF}{STRIMZI_VERSION} a,events,b\n"}, "in the namespace strimzi watches events already"),
        (
            {"OPERATORS": f"events quay.io/strimzi/operator:{STRIMZI_VERSION} \n"},
            "in the namespace events watches events already",
        ),
        ({"OPERATORS": f"{OPERATOR_OF}0.47.0 \n"}, "strimzi is 0.47.0, not "),
    ],
    ids=[
        "rights",
        "chart",
        "monitors",
        "alerts",
        "dapr",
        "resiliency",
        "other-version",
        "other-values",
        "watches-all",
        "watches-it",
        "not-of-helm",
        "same-crds",
    ],
)
@pytest.mark.parametrize("mode", ["--yes", "--dry-run"])
def test_what_is_in_the_way_is_told_before_anything_is_changed(
    script: Script, answers: dict[str, str], said: str, mode: str
) -> None:
    done = script.run(script.rendered(), mode, **answers)
    assert (done.code, said in done.said, changes(done)) == (1, True, []), done.said


@pytest.mark.parametrize(
    "answers",
    [
        {"CHART": CHART},
        {"CHART": CHART, "OPERATORS": f"events quay.io/strimzi/operator:{STRIMZI_VERSION} \n"},
        {"OPERATORS": f"{OPERATOR_OF}{STRIMZI_VERSION} events-of-others\n"},
    ],
    ids=["ours", "ours-runs", "elsewhere"],
)
def test_what_is_not_in_the_way_is_let_be(script: Script, answers: dict[str, str]) -> None:
    done = script.run(script.rendered(), "--yes", **answers)
    assert done.code == 0, done.said


def test_definitions_are_applied_one_by_one_though_helm_3_puts_nothing_between_them(script: Script) -> None:
    crds = script.folder / "crds.yaml"
    crds.write_text("apiVersion: a\nkind: A\napiVersion: b\nkind: B\n")
    done = script.run(script.rendered(BARE), "--yes", CRDS=str(crds))
    assert done.taken == "---\napiVersion: a\nkind: A\n---\napiVersion: b\nkind: B\n"


def test_an_operator_of_ones_own_is_kept(script: Script) -> None:
    done = script.run(script.rendered(), "--yes", "--keep-operator", OPERATORS=f"{OPERATOR_OF}0.47.0 *\n", CHART="another")
    assert (done.code, [each for each in done.asked if each.startswith("helm")]) == (0, [])


def test_an_operator_that_is_not_there_cannot_be_kept(script: Script) -> None:
    done = script.run(script.rendered(), "--yes", "--keep-operator", MISSING="kafkanodepools.kafka.strimzi.io")
    assert (done.code, "there is no Strimzi in somewhere to keep" in done.said, changes(done)) == (1, True, [])


def test_what_cannot_be_asked_is_not_taken_for_an_answer(script: Script) -> None:
    script.program("kubectl", KUBECTL.replace('"get pods --all"*) ', '"get pods --all"*) exit 1; '))
    done = script.run(script.rendered(), "--yes")
    assert (done.code, changes(done)) == (1, [])


def test_what_does_not_get_ready_is_told(script: Script) -> None:
    done = script.run(script.rendered(), "--yes", NEVER_READY="kafkauser")
    assert (done.code, f"kubectl describe --namespace events kafkauser --selector {OF_SHOP}" in done.said) == (1, True)


def test_where_nobody_can_be_asked_it_refuses(script: Script) -> None:
    done = script.run(script.rendered())
    assert (done.code, "add: --yes" in done.said, changes(done)) == (1, True, [])


@pytest.mark.parametrize(("answer", "does"), [(b"n\n", False), (b"\n", False), (b"y\n", True)])
def test_somebody_is_asked(script: Script, answer: bytes, *, does: bool) -> None:
    ours, theirs = pty.openpty()
    try:
        os.write(ours, answer)
        done = script.run_at(theirs, script.rendered())
    finally:
        os.close(theirs)
        os.close(ours)
    assert (done.code, bool(changes(done)), "nothing was done" in done.said) == (0, does, not does)
    assert "context somewhere (https://somewhere:6443)" in done.said


def test_a_dry_run_changes_nothing_and_asks_nobody(script: Script) -> None:
    folder = script.rendered()
    done = script.run(folder, "--dry-run")
    assert (done.code, changes(done)) == (0, []), done.said
    asked = {Path(each.split()[-1]).name for each in done.asked if "--dry-run=server" in each}
    assert asked == {path.name for path in folder.iterdir()} - {"kustomization.yaml"}


def test_an_environment_without_a_cluster_is_another_thing(script: Script) -> None:
    done = script.run(script.rendered(SHARED, "dev"), "--yes")
    assert (done.code, "shares that of another" in done.said, done.asked) == (1, True, [])


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [(("--force",), 2, "unknown option --force"), (("nowhere",), 1, "there is no ")],
)
def test_what_it_cannot_do_is_told_before_anything_is_asked(
    script: Script, arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = script.run(*arguments)
    assert (done.code, said in done.said, done.asked) == (code, True, []), done.said


def test_a_missing_program_is_named(script: Script) -> None:
    (script.folder / "bin" / "helm").unlink()
    done = script.run("doks", "--yes")
    assert (done.code, "helm is not installed" in done.said) == (1, True), done.said


@pytest.mark.companions
@pytest.mark.timeout(180, func_only=True)
def test_a_real_server_takes_it_twice(script: Script, api: Api, control_plane: ControlPlane, definitions: list[Path]) -> None:
    """Strimzi is played by the test: the Secrets that it makes are there. What helm makes is not looked at."""
    script.program("kubectl", REAL_KUBECTL.format(kubectl=shutil.which("kubectl")))
    text = EVERYTHING.replace("namespace: events", "namespace: installed").replace("[web, batch]", "[installed-web]")
    folder, answers = script.rendered(text), {"KUBECONFIG": str(control_plane.kubeconfig), "HOME": str(script.folder)}
    of_strimzi = [text for text in (path.read_text() for path in definitions) if "app: strimzi" in text]
    assert len(of_strimzi) == 10
    crds = script.folder / "crds.yaml"
    crds.write_text("".join(of_strimzi))  # as helm 3 prints the files of a chart
    answers["CRDS"] = str(crds)
    before = script.run(folder, "--dry-run", **answers)
    assert (before.code, "not checked: kafka-cluster.yaml" in before.said, "; 0 refused" in before.said) == (0, True, True), (
        before.said
    )
    missing = script.run(folder, "--yes", **answers)
    assert (missing.code, "generic writer-password --namespace installed" in missing.said) == (1, True), missing.said
    made = {"writer-password": "password", "shop-cluster-ca-cert": "ca.crt"}
    made |= {each.name: each.key for each in copied_secrets(site_of(text, script.folder))}
    for value in ("secret-one", "secret-two"):
        for name, key in made.items():
            put(api, name, {key: b64encode(f"{value} {name}\n".encode()).decode()})
        done = script.run(folder, "--yes", **answers)
        assert (done.code, value in done.said) == (0, False), done.said
        for each in copied_secrets(site_of(text, script.folder)):
            copy = api.get(f"/api/v1/namespaces/{each.to_namespace}/secrets/{each.to_name}").done()
            assert copy["data"] == {each.key: b64encode(f"{value} {each.name}\n".encode()).decode()}
    found = api.get(f"{DEFINITIONS}?labelSelector=app%3Dstrimzi").done()["items"]
    assert all("ottla" in {each["manager"] for each in one["metadata"]["managedFields"]} for one in found)
    after = script.run(folder, "--dry-run", **answers)
    assert (after.code, "; 0 files not checked" in after.said) == (0, True), after.said


def put(api: Api, name: str, data: dict[str, str]) -> None:
    """A Secret as Strimzi keeps it."""
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "installed"}, "data": data}
    api.apply(f"/api/v1/namespaces/installed/secrets/{name}?fieldManager=strimzi&force=true", body).done()
