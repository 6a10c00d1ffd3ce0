"""Where tests deploy to: a spec in a folder, and namespaces of a real API server that no other test has."""

from __future__ import annotations

import re
from contextlib import contextmanager
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

from tests.kubernetes.around import FULL
from tests.kubernetes.operators import CORE, STRIMZI, operator_for_all
from typer.testing import CliRunner

from ottla.cli.main import app
from ottla.kubernetes.rolling_out import carry_out
from ottla.kubernetes.taking_down import take_down
from ottla.platform import Platform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.kubernetes.api import Api
    from typer.testing import Result

    from ottla.kubernetes.rollout import Rollout
    from ottla.kubernetes.undeployment import Undeployment
    from ottla.platform.deploying import Deployment

CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
DEFAULT_CLASS = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "StorageClass",
    "metadata": {"name": "standard", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
    "provisioner": "example.com/none",
}
SOON = 20.0  # seconds
NUMBERS = count()


class Told:
    """What a rollout says while it goes on."""

    def __init__(self, on: Callable[[str], None] = lambda _: None) -> None:
        self.lines: list[str] = []
        self._on = on

    def step(self, text: str) -> None:
        self.lines.append(text)
        self._on(text)

    note = step

    def progress(self, text: str, done: int, total: int) -> None:
        raise AssertionError((text, done, total))


class Place:
    """A spec in a folder, whose environment `k8s` lies in namespaces that no other test has; the API as admin."""

    def __init__(self, folder: Path, api: Api, *, operator: bool = True) -> None:
        number = next(NUMBERS)
        self.api, self.folder, self.namespace = api, folder, f"deploy-{number}"
        own = rf"\1namespace: {self.namespace}\n\1client_namespaces: [{self.namespace}-web]"
        self.write(re.sub(r"( +)client_namespaces: \[.*\]", own, FULL))
        api.create(CLASSES, DEFAULT_CLASS)
        if operator:
            operator_for_all(api)

    @property
    def text(self) -> str:
        return (self.folder / "platform.yaml").read_text()

    def write(self, text: str) -> None:
        (self.folder / "platform.yaml").write_text(text)

    @contextmanager
    def deployment(self, environment: str = "k8s") -> Iterator[Deployment]:
        with Platform.load(self.folder / "platform.yaml").deployment(environment) as deployment:
            yield deployment

    def plan(self) -> Rollout:
        with self.deployment() as deployment:
            return deployment.plan()

    def deploy(self, told: Told | None = None, *, timeout: float = SOON, environment: str = "k8s") -> tuple[str, ...]:
        with self.deployment(environment) as deployment:
            return carry_out(deployment.cluster, deployment.plan(), told or Told(), timeout=timeout, every=0.05)

    def plan_undeployment(self, *, wipe: bool = False, environment: str = "k8s") -> Undeployment:
        with self.deployment(environment) as deployment:
            return deployment.plan_undeployment(wipe=wipe)

    def undeploy(
        self, told: Told | None = None, *, wipe: bool = False, environment: str = "k8s", timeout: float = SOON
    ) -> tuple[str, ...]:
        with self.deployment(environment) as deployment:
            plan = deployment.plan_undeployment(wipe=wipe)
            again = partial(deployment.plan_undeployment, wipe=wipe)
            return take_down(deployment.cluster, plan, told or Told(), again=again, timeout=timeout, every=0.05)

    def claims(self) -> dict[str, dict[str, Any]]:
        """The volumes that are there, by name."""
        found = self.api.get(f"{CORE}/namespaces/{self.namespace}/persistentvolumeclaims").done()["items"]
        return {each["metadata"]["name"]: each for each in found}

    def kafka(self) -> dict[str, Any]:
        found: dict[str, Any] = self.api.get(f"{STRIMZI}/namespaces/{self.namespace}/kafkas/shop").done()
        return found

    def ottla(self, *arguments: str) -> Result:
        file = ["--file", str(self.folder / "platform.yaml"), "-e", "k8s"]
        return CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"}).invoke(app, [*arguments[0].split(), *file, *arguments[1:]])

    def versions(self) -> dict[str, str]:
        """Which version each resource of Strimzi and each ConfigMap is; another one is a write."""
        found = {}
        for path in (f"{STRIMZI}/namespaces/{self.namespace}/kafkatopics", f"/api/v1/namespaces/{self.namespace}/configmaps"):
            for each in self.api.get(path).done()["items"]:
                found[f"{path}/{each['metadata']['name']}"] = each["metadata"]["resourceVersion"]
        return found

    def topic(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.api.get(f"{STRIMZI}/namespaces/{self.namespace}/kafkatopics/{name}").done()
        return found
