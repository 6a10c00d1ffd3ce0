"""A machine of a Kubernetes, played: Jobs get a pod that has ended, and the API server asks here what its container has said."""

from __future__ import annotations

import ssl
import threading
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from ottla.local.ports import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.kubernetes.api import Api
    from tests.kubernetes.control_plane import ControlPlane

MACHINE = "played"
EVERY = 0.05  # seconds
TERMINATED = "terminated"
NOW = "2026-01-01T00:00:00Z"

State = tuple[str, dict[str, Any]]  # of a container: its kind, and what is said of it


class Machine:
    """``state`` is what becomes of a container, and ``said`` its log. ``jobs`` are those that were seen.

    ``evicted`` is what is said of a pod whose container never began, and ``failed`` of its Job.
    """

    def __init__(self, api: Api, namespace: str, state: State, said: str) -> None:
        self.api, self.namespace, self.state, self.said = api, namespace, state, said
        self.jobs: list[dict[str, Any]] = []
        self.evicted: dict[str, Any] = {}
        self.failed: dict[str, Any] = {}
        self._end = threading.Event()

    def run(self) -> None:
        while not self._end.wait(EVERY):
            with suppress(OSError, HTTPException):
                for job in self.api.get(f"/apis/batch/v1/namespaces/{self.namespace}/jobs").done()["items"]:
                    self._work_on(job)

    def end(self) -> None:
        self._end.set()

    def _work_on(self, job: dict[str, Any]) -> None:
        name, pods = job["metadata"]["name"], f"/api/v1/namespaces/{self.namespace}/pods"
        labels = {"batch.kubernetes.io/job-name": name}
        spec = {**job["spec"]["template"]["spec"], "nodeName": MACHINE}
        pod = self.api.create(pods, {"metadata": {"name": f"{name}-pod", "labels": labels}, "spec": spec})
        if pod.status != HTTPStatus.CREATED:  # it has one
            return
        self.jobs.append(job)
        kind, said = self.state
        container = {"name": spec["containers"][0]["name"], "image": "", "imageID": "", "ready": False, "restartCount": 0}
        status = {"phase": "Pending", "containerStatuses": [{**container, "state": {kind: said}}]}
        if self.evicted:
            status = {"phase": "Failed", **self.evicted}
        self.api.ask("PUT", f"{pods}/{name}-pod/status", {**pod.done(), "status": status}).done()
        if self.failed:
            self._fail(job)

    def _fail(self, job: dict[str, Any]) -> None:
        """As the Job controller does, in the two steps that the API server asks for."""
        where = f"/apis/batch/v1/namespaces/{self.namespace}/jobs/{job['metadata']['name']}"
        condition = {**self.failed, "status": "True", "lastTransitionTime": NOW, "lastProbeTime": NOW}
        status = {"startTime": NOW, "failed": 1, "conditions": [{**condition, "type": "FailureTarget"}]}
        target = self.api.ask("PUT", f"{where}/status", {**job, "status": status}).done()
        status["conditions"] = [*target["status"]["conditions"], {**condition, "type": "Failed"}]
        self.api.ask("PUT", f"{where}/status", {**target, "status": status}).done()


@contextmanager
def playing(plane: ControlPlane, namespace: str, state: State, said: str) -> Iterator[Machine]:
    """The machine is there until the block ends, for the Jobs of one namespace."""
    machine = Machine(plane.api, namespace, state, said)
    with _listening(plane, lambda: machine.said) as port:
        node = plane.api.create("/api/v1/nodes", {"metadata": {"name": MACHINE}})
        there = node if node.status == HTTPStatus.CREATED else plane.api.get(f"/api/v1/nodes/{MACHINE}")
        status = {
            "addresses": [{"type": "InternalIP", "address": LOOPBACK}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
        }
        plane.api.ask("PUT", f"/api/v1/nodes/{MACHINE}/status", {**there.done(), "status": status}).done()
        plane.api.create(f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": "default"}})
        thread = threading.Thread(target=machine.run)
        thread.start()
        try:
            yield machine
        finally:
            machine.end()
            thread.join()


@contextmanager
def _listening(plane: ControlPlane, said: Callable[[], str]) -> Iterator[int]:
    """Where logs are asked for; the port."""

    class Logs(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(HTTPStatus.OK if self.path.startswith("/containerLogs/") else HTTPStatus.NOT_FOUND)
            self.end_headers()
            self.wfile.write(said().encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    pair = plane.authority.issue("kubelet", hosts=(LOOPBACK,))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    with ThreadingHTTPServer((LOOPBACK, 0), Logs) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
