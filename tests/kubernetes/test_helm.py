"""What helm is given and what becomes of what it says; helm is played by a program on PATH that writes down what it is asked."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from tests.conftest import ROOT

from ottla.errors import ClusterError, LocalError
from ottla.kubernetes import helm
from ottla.kubernetes.helm import Helm
from ottla.kubernetes.operators import Chart
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

PLAYED = f"""\
#!{sys.executable}
import json, os, pathlib, signal, sys, time
here = pathlib.Path(__file__).parent
(here / "asked").write_text(json.dumps({{"arguments": sys.argv[1:], "environment": dict(os.environ)}}))
if (here / "slow").exists():
    signal.signal(signal.SIGTERM, lambda *_: ((here / "ended").touch(), sys.exit(1)))
    (here / "begun").touch()
    time.sleep(60)
sys.stdout.write((here / "stdout").read_text())
sys.stderr.write((here / "stderr").read_text())
sys.exit(int((here / "code").read_text()))
"""
WARNING = "WARNING: Kubernetes configuration file is group-readable. This is insecure. Location: /k\n"


class Played:
    """Its folder, and helm for a context."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.helm = folder, Helm("there", "/kubeconfig")
        (folder / "helm").write_text(PLAYED)
        (folder / "helm").chmod(0o755)
        self.says()

    def says(self, stdout: str = "", stderr: str = "", code: int = 0) -> None:
        for name, text in (("stdout", stdout), ("stderr", stderr), ("code", str(code))):
            (self.folder / name).write_text(text)

    @property
    def arguments(self) -> list[str]:
        found: list[str] = json.loads((self.folder / "asked").read_text())["arguments"]
        return found

    @property
    def environment(self) -> dict[str, str]:
        found: dict[str, str] = json.loads((self.folder / "asked").read_text())["environment"]
        return found


@pytest.fixture
def played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Played:
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return Played(tmp_path)


def test_it_is_sent_to_the_context_that_is_shown_whatever_its_own_variables_say(
    played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HELM_KUBEAPISERVER", "HELM_KUBECONTEXT", "HELM_KUBETOKEN", "HELM_NAMESPACE", "KUBECONFIG"):
        monkeypatch.setenv(name, "elsewhere")
    monkeypatch.setenv("HELM_CACHE_HOME", "/cache")
    played.helm.upgrade("mine", "strimzi/strimzi-kafka-operator", "1.2.0", "kafka")
    assert played.arguments[-2:] == ["--kube-context", "there"]
    assert {key: value for key, value in played.environment.items() if value == "elsewhere"} == {}
    assert (played.environment["KUBECONFIG"], played.environment["HELM_CACHE_HOME"]) == ("/kubeconfig", "/cache")


def test_an_upgrade_keeps_values_and_leaves_definitions_to_others(played: Played) -> None:
    played.helm.upgrade("mine", "strimzi/strimzi-kafka-operator", "1.2.0", "kafka")
    assert played.arguments[:7] == [
        "upgrade",
        "mine",
        "strimzi/strimzi-kafka-operator",
        "--version",
        "1.2.0",
        "--namespace",
        "kafka",
    ]
    assert {"--install", "--reset-then-reuse-values", "--skip-crds"} <= set(played.arguments)


def test_what_it_says_is_wrong_becomes_an_error_without_its_warnings(played: Played) -> None:
    played.says(stderr=f"{WARNING}Error: UPGRADE FAILED: no\n  second line\n", code=1)
    with pytest.raises(ClusterError) as failed:
        played.helm.upgrade("mine", "chart", "1.2.0", "kafka")
    assert (failed.value.where, failed.value.message) == ("helm upgrade mine chart", "UPGRADE FAILED: no; second line")
    played.says(stderr="panic\n", code=2)
    with pytest.raises(ClusterError, match="panic"):
        played.helm.redo("mine", 3, "kafka")
    played.says(code=3)
    with pytest.raises(ClusterError, match=r"failed \(3\)"):
        played.helm.redo("mine", 3, "kafka")


@pytest.mark.parametrize("between", ["", "---\n"], ids=["helm 3", "helm 4"])
def test_definitions_are_told_apart_where_nothing_lies_between_them(played: Played, between: str) -> None:
    """helm 3 prints the files of a chart one after the other, and those of Strimzi do not begin with `---`."""
    file = "apiVersion: apiextensions.k8s.io/v1\nkind: {kind}\nmetadata:\n  name: {name}\nspec:\n  text: 'apiVersion: no'\n\n"
    others = (("CustomResourceDefinition", "a"), ("Secret", "b"), ("CustomResourceDefinition", "c"))
    played.says("".join(between + file.format(kind=kind, name=name) for kind, name in others))
    assert [each["metadata"]["name"] for each in played.helm.definitions("chart", "1.2.0")] == ["a", "c"]


def test_a_chart_without_definitions_or_none_at_all_is_told(played: Played) -> None:
    with pytest.raises(ClusterError, match=r"chart: has no definitions \(CRDs\)"):
        played.helm.definitions("chart", "1.2.0")
    played.says("apiVersion: [\n")
    with pytest.raises(ClusterError, match="cannot be read"):
        played.helm.definitions("chart", "1.2.0")
    for text in ("", "name: [", "name: x"):
        played.says(text)
        with pytest.raises(ClusterError, match="chart: is no chart"):
            played.helm.chart("chart", "1.2.0")
    played.says("name: strimzi-kafka-operator\nversion: 1.2.0\n")
    assert played.helm.chart("chart", "1.2.0") == Chart("strimzi-kafka-operator", "1.2.0")


def test_a_release_is_read_with_its_age(played: Played) -> None:
    listed = {"name": "mine", "revision": "4", "status": "pending-upgrade", "chart": "strimzi-kafka-operator-1.1.0"}
    played.says(json.dumps([{**listed, "updated": "2020-01-01T00:00:00+01:00"}]))
    found = played.helm.release("mine.1", "kafka")
    assert found is not None
    assert (found.revision, found.status, found.seconds > 1e8) == (4, "pending-upgrade", True)
    assert played.arguments[:5] == ["list", "--namespace", "kafka", "--filter", r"^mine\.1$"]
    for nothing in ("", "[]", "null"):
        played.says(nothing)
        assert played.helm.release("mine", "kafka") is None
    played.says("[{}]")
    with pytest.raises(ClusterError, match="what is not understood"):
        played.helm.release("mine", "kafka")


def test_one_that_is_not_there_or_does_not_run_is_an_error_of_this_machine(
    played: Played, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "helm").write_text("\x7fELF no program")
    with pytest.raises(LocalError, match="does not run"):
        played.helm.release("mine", "kafka")
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    with pytest.raises(LocalError, match="helm: is not on PATH"):
        played.helm.release("mine", "kafka")


def test_one_that_takes_too_long_is_asked_to_end_and_has_ended(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    (played.folder / "slow").touch()
    monkeypatch.setattr(helm, "TIMEOUT", 2.0)
    with pytest.raises(ClusterError, match="has not ended within 2 s"):
        played.helm.redo("mine", 3, "kafka")
    assert (played.folder / "ended").exists()


def test_one_that_does_not_end_when_it_is_asked_is_killed(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    (played.folder / "helm").write_text("#!/bin/sh\ntrap '' TERM\nexec sleep 61\n")
    monkeypatch.setattr(helm, "TIMEOUT", 0.5)
    monkeypatch.setattr(helm, "GRACE", 0.5)
    with pytest.raises(ClusterError, match="has not ended"):
        played.helm.redo("mine", 3, "kafka")


def test_whoever_interrupts_ottla_ends_helm_first(played: Played) -> None:
    """Else its release would stay "pending", and helm refuses all else until somebody mends that."""
    (played.folder / "slow").touch()
    program = "from ottla.kubernetes.helm import Helm; Helm('there', '/kubeconfig').redo('mine', 3, 'kafka')"
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stderr=subprocess.DEVNULL) as ottla:
        wait_until((played.folder / "begun").exists, bool, what="helm", timeout=20)
        limit = threading.Timer(20, ottla.kill)
        limit.start()
        ottla.send_signal(signal.SIGINT)
        ottla.wait()
        limit.cancel()
    assert (played.folder / "ended").exists()
