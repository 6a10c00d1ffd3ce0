"""Those who work on what is applied, played by a thread: statuses as Strimzi's operators and Kubernetes' controllers set them.

What they make is as in Strimzi 1.2.0: a Secret for a user and for whom to trust, claims for volumes, a cluster_id. A topic has a
finalizer of its operator, who takes it away when the topic is gone, or when the topic is none of its business.
"""

from __future__ import annotations

import threading
from base64 import b64encode
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

from tests.kubernetes.strimzi_chart import OPERATOR, deployment

from ottla.spec.versions import STRIMZI_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.kubernetes.api import Api

STRIMZI, CORE = "/apis/kafka.strimzi.io/v1", "/api/v1"
EVERY = 0.05  # seconds
CREATING = {"type": "NotReady", "status": "True", "reason": "Creating", "message": "Kafka cluster is being deployed"}
READY = {"type": "Ready", "status": "True"}
AVAILABLE = {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"}
FINALIZER = "strimzi.io/topic-operator"
MADE_UP = "by the user operator"  # a password
POD = {  # as `restricted` lets it in
    "automountServiceAccountToken": False,
    "securityContext": {"runAsNonRoot": True, "runAsUser": 1001, "seccompProfile": {"type": "RuntimeDefault"}},
    "containers": [
        {
            "name": "kafka",
            "image": "example.com/kafka:1",
            "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        }
    ],
}
WORKED_ON = (
    (STRIMZI, "kafkas"),
    (STRIMZI, "kafkanodepools"),
    (STRIMZI, "kafkatopics"),
    (STRIMZI, "kafkausers"),
    ("/apis/apps/v1", "deployments"),
)


class Operators:
    """``says`` are the conditions of those that do not get ready, by name; ``seen`` are the names that were worked on.

    ``deleted`` are the topics whose records were deleted. Volumes grow where ``grows``. ``version`` is what Strimzi's operator
    says that it is.
    """

    def __init__(self, api: Api, namespace: str) -> None:
        self.api, self.namespace = api, namespace
        self.says: dict[str, dict[str, str]] = {}
        self.seen: list[str] = []
        self.deleted: list[str] = []
        self.grows = True
        self.nodes: set[str] = set()
        self.version = STRIMZI_VERSION
        self._end = threading.Event()

    def run(self) -> None:
        while not self._end.wait(EVERY):
            with suppress(OSError, HTTPException):  # the server may be stopped by a test
                self._round()

    def end(self) -> None:
        self._end.set()

    def _round(self) -> None:
        self._claims_that_go()
        self._pods_that_go()
        for root, plural in WORKED_ON:
            path = f"{root}/namespaces/{self.namespace}/{plural}"
            answer = self.api.get(path)
            for each in answer.body["items"] if answer.status == HTTPStatus.OK else ():  # 429: it has just been told of the kind
                where = f"{path}/{each['metadata']['name']}"
                if plural == "kafkatopics" and self._lets_go(where, each):
                    continue
                self._make(plural, each)
                status = self._status(plural, each)
                if any((each.get("status") or {}).get(key) != value for key, value in status.items()):
                    kept = {} if plural == "kafkas" else each.get("status") or {}
                    self.api.ask("PUT", f"{where}/status", {**each, "status": {**kept, **status}})

    def _claims_that_go(self) -> None:
        """Nobody uses a volume whose pods are gone (the finalizer kubernetes.io/pvc-protection)."""
        path = f"{CORE}/namespaces/{self.namespace}/persistentvolumeclaims"
        for each in self.api.get(path).body["items"]:
            if "deletionTimestamp" in each["metadata"]:
                where = f"{path}/{each['metadata']['name']}"
                self.api.ask("PUT", where, {**each, "metadata": {**each["metadata"], "finalizers": []}})

    def _pods_that_go(self) -> None:
        """A node is its pool's: it ends with that, and not with the Kafka resource."""
        pools = self.api.get(f"{STRIMZI}/namespaces/{self.namespace}/kafkanodepools")
        if pools.status != HTTPStatus.OK:
            return
        there = {each["metadata"]["name"] for each in pools.body["items"]}
        path = f"{CORE}/namespaces/{self.namespace}/pods"
        for each in self.api.get(path).body["items"]:
            pool = each["metadata"].get("labels", {}).get("strimzi.io/pool-name")
            if pool is not None and pool not in there:
                self.api.delete(f"{path}/{each['metadata']['name']}?gracePeriodSeconds=0")
                self.nodes.discard(each["metadata"]["name"])

    def _lets_go(self, where: str, topic: dict[str, Any]) -> bool:
        """Of a topic that is to be deleted; until then it holds on to it by its finalizer."""
        metadata = topic["metadata"]
        held, managed = FINALIZER in metadata.get("finalizers", ()), _annotation(topic, "strimzi.io/managed") != "false"
        if "deletionTimestamp" not in metadata:
            if managed and not held:
                self.api.ask("PUT", where, {**topic, "metadata": {**metadata, "finalizers": [FINALIZER]}})
            return managed and not held
        if held:
            if managed:
                self.deleted.append(metadata["name"])
            self.api.ask("PUT", where, {**topic, "metadata": {**metadata, "finalizers": []}})
        return True

    def _make(self, plural: str, document: dict[str, Any]) -> None:
        name = document["metadata"]["name"]
        if plural == "kafkausers":
            self._secret(name, "password", MADE_UP)
        if plural == "kafkas" and _annotation(document, "strimzi.io/pause-reconciliation") != "true":
            self._secret(f"{name}-cluster-ca-cert", "ca.crt", "a certificate")
        if plural == "kafkanodepools":
            self._claims(document)
            self._pods(document)

    def _secret(self, name: str, key: str, value: str) -> None:
        metadata = {"name": name, "namespace": self.namespace}
        data = {key: b64encode(value.encode()).decode()}
        self.api.create(f"{CORE}/namespaces/{self.namespace}/secrets", {"metadata": metadata, "data": data})

    def _claims(self, pool: dict[str, Any]) -> None:
        """A claim for each node and volume; it is made of the size that is wanted, and grows."""
        cluster, name = pool["metadata"]["labels"]["strimzi.io/cluster"], pool["metadata"]["name"]
        path = f"{CORE}/namespaces/{self.namespace}/persistentvolumeclaims"
        for node in _node_ids(pool):
            for volume in pool["spec"]["storage"]["volumes"]:
                claim = f"data-{volume['id']}-{cluster}-{name}-{node}"
                there = self.api.get(f"{path}/{claim}")
                if there.status == HTTPStatus.NOT_FOUND:
                    labels = {"strimzi.io/cluster": cluster, "strimzi.io/pool-name": name}
                    asked = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": volume["size"]}}}
                    there = self.api.create(path, {"metadata": {"name": claim, "labels": labels}, "spec": asked})
                capacity = ((there.body.get("status") or {}).get("capacity") or {}).get("storage")
                if capacity is None or (capacity != volume["size"] and self.grows):
                    status = {"phase": "Bound", "capacity": {"storage": volume["size"]}}
                    self.api.ask("PUT", f"{path}/{claim}/status", {**there.body, "status": status})

    def _pods(self, pool: dict[str, Any]) -> None:
        cluster, name = pool["metadata"]["labels"]["strimzi.io/cluster"], pool["metadata"]["name"]
        missing = [f"{cluster}-{name}-{node}" for node in _node_ids(pool) if f"{cluster}-{name}-{node}" not in self.nodes]
        if missing:
            self.api.create(f"{CORE}/namespaces/{self.namespace}/serviceaccounts", {"metadata": {"name": "default"}})
        for node in missing:
            labels = {"strimzi.io/cluster": cluster, "strimzi.io/pool-name": name}
            made = self.api.create(
                f"{CORE}/namespaces/{self.namespace}/pods", {"metadata": {"name": node, "labels": labels}, "spec": POD}
            )
            if made.status in {HTTPStatus.CREATED, HTTPStatus.CONFLICT}:
                self.nodes.add(node)

    def _status(self, plural: str, document: dict[str, Any]) -> dict[str, Any]:
        """A cluster is being made for one round, as real ones are for minutes."""
        name, generation = document["metadata"]["name"], {"observedGeneration": document["metadata"]["generation"]}
        if _annotation(document, "strimzi.io/pause-reconciliation") == "true":
            paused = {**generation, "conditions": [{"type": "ReconciliationPaused", "status": "True"}]}
            known = (document.get("status") or {}).get("clusterId")
            return paused if known is None else {**paused, "clusterId": known}
        first = name not in self.seen
        self.seen.append(name)
        if plural == "kafkanodepools":
            ids = _node_ids(document)
            return {**generation, "nodeIds": ids, "replicas": len(ids)}
        if plural == "deployments":
            pods = {"replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1}
            return {**generation, **pods, "conditions": [self.says.get(name, AVAILABLE)]}
        if plural == "kafkatopics" and _annotation(document, "strimzi.io/managed") == "false":
            return {**generation, "conditions": [{"type": "Unmanaged", "status": "True"}]}
        usual = CREATING if plural == "kafkas" and first else READY
        versions = {**_versions(document), "operatorLastSuccessfulVersion": self.version} if plural == "kafkas" else {}
        return {**generation, **versions, "conditions": [self.says.get(name, usual)]}


def _versions(kafka: dict[str, Any]) -> dict[str, Any]:
    said, status = kafka["spec"]["kafka"], kafka.get("status") or {}
    return {
        "clusterId": status.get("clusterId") or f"id-of-{kafka['metadata']['uid']}",
        "kafkaVersion": said["version"],
        "kafkaMetadataVersion": said["metadataVersion"],
    }


def _node_ids(pool: dict[str, Any]) -> list[int]:
    """The lowest of its own range."""
    first = int((_annotation(pool, "strimzi.io/next-node-ids") or "[0-").strip("[]").split("-")[0])
    return list(range(first, first + pool["spec"]["replicas"]))


def _annotation(document: dict[str, Any], name: str) -> str | None:
    found: str | None = (document["metadata"].get("annotations") or {}).get(name)
    return found


def operator_for_all(api: Api) -> None:
    """An operator that works on all namespaces, and is available: there is nothing to be installed."""
    namespace = "strimzi"
    api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    made = api.create(path, deployment(STRIMZI_VERSION, namespace, variable={"value": "*"}))
    if made.status == HTTPStatus.CREATED:
        status = {"observedGeneration": 1, "updatedReplicas": 1, "replicas": 1, "conditions": [AVAILABLE]}
        api.ask("PUT", f"{path}/{OPERATOR}/status", {**made.body, "status": status}).done()


@contextmanager
def working(api: Api, namespace: str) -> Iterator[Operators]:
    """They work on one namespace until the block ends."""
    operators = Operators(api, namespace)
    thread = threading.Thread(target=operators.run)
    thread.start()
    try:
        yield operators
    finally:
        operators.end()
        thread.join()
