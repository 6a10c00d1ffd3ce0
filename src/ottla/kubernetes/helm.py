"""The one door to helm, a program on PATH: what is asked are arguments, what it says on stderr ends here as an error.

It is sent to the very context that is shown: by its kubeconfig and its name, whatever the environment says otherwise.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from ottla.errors import ClusterError, LocalError
from ottla.kubernetes.cluster import KUBECONFIG
from ottla.kubernetes.operators import Chart, Release

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.kubernetes.cluster import Cluster

HELM = "helm"
TIMEOUT = 300.0  # seconds; it does not wait for what it applies, so most of that is for a chart that is fetched
GRACE = 20.0  # seconds to write down that a release failed, after it was told to end; else that stays "pending"
# Variables that would send it elsewhere than to the context (pkg/cli/environment.go), or have it say more than is read
ELSEWHERE = ("HELM_KUBE", "HELM_NAMESPACE", "HELM_DEBUG")
TIME = "2006-01-02T15:04:05Z07:00"  # Go's way to ask for RFC 3339
STATES = ("--deployed", "--failed", "--pending", "--superseded", "--uninstalled", "--uninstalling")  # helm 4 has no --all
LAST_WORDS = 3  # lines
DEFINITION = "CustomResourceDefinition"
DOCUMENT = re.compile(r"^(?:---.*\n)?(?=apiVersion:)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Helm:
    """helm for one context. Every method raises LocalError where it does not run, and ClusterError with what it says."""

    context: str
    kubeconfig: str

    @classmethod
    def to(cls, cluster: Cluster) -> Helm:
        """Sent to that Kubernetes."""
        return cls(cluster.context, cluster.kubeconfig)

    @staticmethod
    def path() -> str | None:
        """Where the program is; None where it is not on PATH."""
        return shutil.which(HELM)

    def chart(self, chart: str, version: str) -> Chart:
        """What helm finds under that name."""
        text = self._run("show", "chart", chart, "--version", version)
        try:
            found = YAML(typ="safe").load(text)
            return Chart(str(found["name"]), str(found["version"]))
        except (YAMLError, KeyError, TypeError) as error:
            raise ClusterError(f"is no chart: {error}", where=chart) from error

    def definitions(self, chart: str, version: str) -> tuple[dict[str, Any], ...]:
        """The custom resource definitions of the chart."""
        text = self._run("show", "crds", chart, "--version", version)
        try:
            found = tuple(each for each in _documents(text) if each.get("kind") == DEFINITION)
        except (YAMLError, AttributeError) as error:
            raise ClusterError(f"its definitions (CRDs) cannot be read: {error}", where=chart) from error
        if not found:
            raise ClusterError("has no definitions (CRDs)", where=chart)
        return found

    def release(self, name: str, namespace: str) -> Release | None:
        """How a release stands; None where there is none."""
        wanted = f"^{re.escape(name)}$"
        text = self._run("list", "--namespace", namespace, "--filter", wanted, *STATES, "--time-format", TIME, "--output", "json")
        try:
            found = json.loads(text or "[]")
            return next((_release(each) for each in found or ()), None)
        except (ValueError, KeyError, TypeError) as error:
            raise ClusterError(f"says of {name} what is not understood: {error}", where="helm list") from error

    def upgrade(self, release: str, chart: str, version: str, namespace: str) -> None:
        """Install it, or bring it to that version with the values that it has. Definitions are left as they are."""
        keep = ("--install", "--reset-then-reuse-values", "--skip-crds")
        self._run("upgrade", release, chart, "--version", version, "--namespace", namespace, *keep)

    def redo(self, release: str, revision: int, namespace: str) -> None:
        """Do a revision again that helm was cut off in: until then it refuses all else."""
        self._run("rollback", release, str(revision), "--namespace", namespace)

    def _run(self, *arguments: str) -> str:
        """What it says. However this ends, it has ended: one that was cut off would leave its release as "pending"."""
        said = f"{HELM} {' '.join(arguments[:3])}"
        program = self.path()
        if program is None:
            raise LocalError("is not on PATH", where=HELM)
        own = {key: value for key, value in os.environ.items() if not key.startswith(ELSEWHERE)}
        command = [program, *arguments, "--kube-context", self.context]
        try:
            process = subprocess.Popen(
                command,
                env={**own, KUBECONFIG: self.kubeconfig},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        except OSError as error:
            raise LocalError(f"does not run: {error}", where=program) from error
        with process:
            try:
                output, errors = process.communicate(timeout=TIMEOUT)
            except subprocess.TimeoutExpired as slow:
                raise ClusterError(f"has not ended within {TIMEOUT:g} s", where=said) from slow
            finally:
                _end(process)
        if process.returncode != 0:
            raise ClusterError(_words(errors) or f"failed ({process.returncode})", where=said)
        return output


def _end(process: subprocess.Popen[str]) -> None:
    """Nothing where it has ended; else it is asked to, and killed only where it does not."""
    if process.poll() is None:
        process.terminate()
        try:
            process.communicate(timeout=GRACE)
        except subprocess.TimeoutExpired:
            process.kill()


def _words(errors: str) -> str:
    """What is wrong: what it calls an error, else its last lines; never the warnings before it."""
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    first = next((index for index, line in enumerate(lines) if line.startswith("Error:")), max(0, len(lines) - LAST_WORDS))
    return "; ".join(line.removeprefix("Error:").strip() for line in lines[first:])


def _documents(text: str) -> Iterator[dict[str, Any]]:
    """The documents of several files, one after the other: helm 3 puts nothing between them (helm/helm issue 11261)."""
    for part in DOCUMENT.split(text):
        found = YAML(typ="safe").load(part)
        if found is not None:
            yield found


def _release(listed: dict[str, Any]) -> Release:
    updated = datetime.fromisoformat(listed["updated"])
    return Release(int(listed["revision"]), listed["status"], listed["chart"], (datetime.now(UTC) - updated).total_seconds())
