"""Those who work on what is applied, played by a thread: statuses as Strimzi's operators and Kubernetes' controllers set them."""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

from tests.kubernetes.strimzi_chart import OPERATOR, deployment

from ottla.spec.versions import STRIMZI_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.kubernetes.api import Api

STRIMZI = "/apis/kafka.strimzi.io/v1"
EVERY = 0.05  # seconds
CREATING = {"type": "NotReady", "status": "True", "reason": "Creating", "message": "Kafka cluster is being deployed"}
READY = {"type": "Ready", "status": "True"}
AVAILABLE = {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"}


class Operators:
    """``says`` are the conditions of those that do not get ready, by name; ``seen`` are the names that were worked on.

    ``version`` is what Strimzi's operator says that it is.
    """

    def __init__(self, api: Api, namespace: str) -> None:
        self.api, self.namespace = api, namespace
        self.says: dict[str, dict[str, str]] = {}
        self.seen: list[str] = []
        self.version = STRIMZI_VERSION
        self._end = threading.Event()

    def run(self) -> None:
        while not self._end.wait(EVERY):
            with suppress(OSError, HTTPException):  # the server may be stopped by a test
                self._round()

    def end(self) -> None:
        self._end.set()

    def _round(self) -> None:
        for root, plural in (
            (STRIMZI, "kafkas"),
            (STRIMZI, "kafkanodepools"),
            (STRIMZI, "kafkatopics"),
            (STRIMZI, "kafkausers"),
            ("/apis/apps/v1", "deployments"),
        ):
            path = f"{root}/namespaces/{self.namespace}/{plural}"
            answer = self.api.get(path)
            for each in answer.body["items"] if answer.status == HTTPStatus.OK else ():  # 429: it has just been told of the kind
                status = self._status(plural, each)
                if any((each.get("status") or {}).get(key) != value for key, value in status.items()):
                    self.api.ask("PUT", f"{path}/{each['metadata']['name']}/status", {**each, "status": status})

    def _status(self, plural: str, document: dict[str, Any]) -> dict[str, Any]:
        """A cluster is being made for one round, as real ones are for minutes."""
        name, generation = document["metadata"]["name"], {"observedGeneration": document["metadata"]["generation"]}
        first = name not in self.seen
        self.seen.append(name)
        if plural == "kafkanodepools":
            return generation
        if plural == "deployments":
            pods = {"replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1}
            return {**generation, **pods, "conditions": [self.says.get(name, AVAILABLE)]}
        usual = CREATING if plural == "kafkas" and first else READY
        own = {"operatorLastSuccessfulVersion": self.version} if plural == "kafkas" else {}
        return {**generation, **own, "conditions": [self.says.get(name, usual)]}


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
