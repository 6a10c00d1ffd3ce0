"""A Kubernetes without nodes: etcd and kube-apiserver on free ports of this machine, as real as those of any cluster.

Nothing runs pods there, and no controller works on what is created: the API server keeps, checks and permits. So a namespace that
is deleted stays "Terminating", and roles that are put together of others (`view`, `edit`, `admin`) permit nothing.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil
from tests.companions.go.build import Program
from tests.companions.program import running_program
from tests.kubernetes.api import Api
from tests.kubernetes.pki import ADMINS, Authority, new_authority, new_signing_key
from tests.ports import free_ports

from ottla.files import PRIVATE_FILE, write_atomic
from ottla.local.ports import LOOPBACK
from ottla.waiting import wait_until

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path


VERSION = "v1.36.3"  # that of go/kubeall/go.mod
OF_VERSION = "k8s.io/component-base/version"
PROGRAM = Program(
    "kubeall",
    values=((f"{OF_VERSION}.gitVersion", VERSION), (f"{OF_VERSION}.gitMajor", "1"), (f"{OF_VERSION}.gitMinor", "36")),
)
ETCD, API_SERVER = "etcd", "kube-apiserver"
SERVICES = "10.96.0.0/16"  # addresses of services, which nobody here listens on
READY_TIMEOUT = 60.0  # seconds


@dataclass(frozen=True)
class ControlPlane:
    """What runs. ``kubeconfig`` is for kubectl and other clients, ``api`` for tests; both may do everything."""

    kubeconfig: Path
    api: Api
    authority: Authority
    processes: tuple[psutil.Process, psutil.Process]

    def api_as(self, user: str, *, group: str | None = None) -> Api:
        """The API as somebody else, who may do what RBAC says."""
        return Api(self.api.port, self.authority.certificate, self.authority.issue(user, group=group))


@contextmanager
def running_control_plane(program: Path, folder: Path) -> Iterator[ControlPlane]:
    """Run it until the block ends. Files, data and logs of both programs are in the folder."""
    client_port, peer_port, port = free_ports(3)
    store = f"http://{LOOPBACK}:{client_port}"
    authority = new_authority(folder)
    admin = authority.issue("admin", group=ADMINS)
    api = Api(port, authority.certificate, admin)
    kubeconfig = folder / "admin.kubeconfig"
    write_atomic(kubeconfig, json.dumps(kubeconfig_of(api)), mode=PRIVATE_FILE)
    with (
        _running(program, ETCD, _etcd(folder, store, f"http://{LOOPBACK}:{peer_port}"), folder) as etcd,
        _running(program, API_SERVER, _api_server(folder, store, port, authority), folder) as server,
    ):  # ended the other way round: without its store the API server does not come to an end
        wait_until(
            lambda: server.poll() is not None or etcd.poll() is not None or api.is_ready(),
            bool,
            what="the API server",
            timeout=READY_TIMEOUT,
            hint=f"see why: {folder}/*.log",
        )
        for process, name in ((etcd, ETCD), (server, API_SERVER)):
            assert process.poll() is None, f"{name} ended:\n{(folder / f'{name}.log').read_text()[-2000:]}"
        yield ControlPlane(kubeconfig, api, authority, (psutil.Process(etcd.pid), psutil.Process(server.pid)))


def _running(program: Path, name: str, flags: dict[str, str], folder: Path) -> AbstractContextManager[subprocess.Popen[bytes]]:
    words = [str(program), name, *(f"--{flag}={value}" for flag, value in flags.items())]
    return running_program(words, folder / f"{name}.log")


def _etcd(folder: Path, clients: str, peers: str) -> dict[str, str]:
    return {
        "name": "one",
        "data-dir": str(folder / "etcd"),
        "listen-client-urls": clients,
        "advertise-client-urls": clients,
        "listen-peer-urls": peers,
        "initial-advertise-peer-urls": peers,
        "initial-cluster": f"one={peers}",
        "unsafe-no-fsync": "true",  # what it keeps is thrown away with the test
        "log-level": "warn",
    }


def _api_server(folder: Path, store: str, port: int, authority: Authority) -> dict[str, str]:
    server = authority.issue(API_SERVER, hosts=(LOOPBACK, "localhost"))
    signing, checking = new_signing_key(folder)
    return {
        "etcd-servers": store,
        "bind-address": LOOPBACK,
        "advertise-address": LOOPBACK,
        "endpoint-reconciler-type": "none",
        "secure-port": str(port),
        "tls-cert-file": str(server.certificate),
        "tls-private-key-file": str(server.key),
        "client-ca-file": str(authority.certificate),
        "authorization-mode": "RBAC",
        "service-account-issuer": "https://kubernetes.default.svc",
        "service-account-key-file": str(checking),
        "service-account-signing-key-file": str(signing),
        "service-cluster-ip-range": SERVICES,
    }


def kubeconfig_of(api: Api) -> dict[str, object]:
    """As JSON, which is YAML."""
    user = {"client-certificate": str(api.client.certificate), "client-key": str(api.client.key)}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "tests", "cluster": {"server": api.url, "certificate-authority": str(api.authority)}}],
        "users": [{"name": "admin", "user": user}],
        "contexts": [{"name": "tests", "context": {"cluster": "tests", "user": "admin"}}],
        "current-context": "tests",
    }
