"""Strimzi's chart as tests need it: its definitions, and a Deployment that says what the real one says of itself.

Where it lies in Strimzi's own repository: packaging/helm-charts/helm3/strimzi-kafka-operator (1.2.0).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from ottla.spec.versions import STRIMZI_VERSION

if TYPE_CHECKING:
    from pathlib import Path

NAME, OPERATOR = "strimzi-kafka-operator", "strimzi-cluster-operator"
OWN_NAMESPACE = {"valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}}
VALUES = """\
watchNamespaces: []
watchAnyNamespace: false
image: {registry: registry.example.com, tag: ""}
resources: {limits: {memory: 384Mi}}
"""
ACCOUNT = """\
apiVersion: v1
kind: ServiceAccount
metadata: {name: strimzi-cluster-operator, labels: {app: strimzi}}
"""
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: strimzi-cluster-operator
  labels: {app: strimzi, release: {{ .Release.Name }}}
spec:
  replicas: 1
  selector: {matchLabels: {name: strimzi-cluster-operator, strimzi.io/kind: cluster-operator}}
  template:
    metadata: {labels: {name: strimzi-cluster-operator, strimzi.io/kind: cluster-operator}}
    spec:
      serviceAccountName: strimzi-cluster-operator
      containers:
        - name: strimzi-cluster-operator
          image: {{ .Values.image.registry }}/strimzi/operator:{{ default .Chart.AppVersion .Values.image.tag }}
          resources: {{ toJson .Values.resources }}
          env:
            - name: STRIMZI_NAMESPACE
              {{- if .Values.watchAnyNamespace }}
              value: "*"
              {{- else if .Values.watchNamespaces }}
              value: {{ join "," (append .Values.watchNamespaces .Release.Namespace) | quote }}
              {{- else }}
              valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
              {{- end }}
"""


def deployment(
    version: str,
    namespace: str,
    *,
    release: str | None = None,
    variable: dict[str, Any] | None = OWN_NAMESPACE,
    annotations: dict[str, str] | None = None,
    image: str | None = None,
) -> dict[str, Any]:
    """The same as Kubernetes has it, whoever made it; ``variable`` is what it says about namespaces (None: nothing)."""
    labels = {"name": OPERATOR, "strimzi.io/kind": "cluster-operator"}
    of_helm = {} if release is None else {"annotations": {"meta.helm.sh/release-name": release}}
    container = {
        "name": OPERATOR,
        "image": image or f"registry.example.com/strimzi/operator:{version}",
        "env": [] if variable is None else [{"name": "STRIMZI_NAMESPACE", **variable}],
    }
    template = {"metadata": {"labels": labels, "annotations": annotations or {}}, "spec": {"containers": [container]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": OPERATOR, "namespace": namespace, **of_helm},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": template},
    }


def write_chart(folder: Path, definitions: Path, version: str = STRIMZI_VERSION) -> Path:
    """The chart as a folder, with the definitions of another folder. Before the current version they have no columns to print."""
    (folder / "crds").mkdir(parents=True)
    (folder / "templates").mkdir()
    (folder / "Chart.yaml").write_text(json.dumps({"apiVersion": "v2", "name": NAME, "version": version, "appVersion": version}))
    (folder / "values.yaml").write_text(VALUES)
    (folder / "templates" / "account.yaml").write_text(ACCOUNT)
    (folder / "templates" / "deployment.yaml").write_text(DEPLOYMENT)
    for file in definitions.glob("*.yaml"):
        text = file.read_text().removeprefix("---\n")  # as in the real chart, where nothing lies between them
        (folder / "crds" / file.name).write_text(text if version == STRIMZI_VERSION else _earlier(text))
    return folder


def _earlier(definition: str) -> str:
    """As block YAML: a definition of an earlier version."""
    found = YAML(typ="safe").load(definition)
    for version in found["spec"]["versions"]:
        version.pop("additionalPrinterColumns", None)
    return "\n".join(f"{key}: {json.dumps(value)}" for key, value in found.items()) + "\n"
