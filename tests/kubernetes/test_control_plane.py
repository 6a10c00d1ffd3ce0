"""A control plane comes up on this machine alone, permits and refuses as a real one does, and leaves nothing behind."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.kubernetes.control_plane import PROGRAM, VERSION, ControlPlane, running_control_plane

from ottla.local.ports import LOOPBACK, is_free, listening
from ottla.local.processes import is_alive
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

# func_only: a limit for each test, and none for what is built before the first one
pytestmark = [pytest.mark.companions, pytest.mark.timeout(120, func_only=True)]
NAMESPACES = "/api/v1/namespaces"


def namespace(name: str) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def test_it_keeps_a_namespace_and_leaves_no_process_and_no_port(kubeall: Path, tmp_path: Path) -> None:
    with running_control_plane(kubeall, tmp_path) as plane:
        assert plane.api.get("/version").done()["gitVersion"] == VERSION
        assert f"k8s.io/kubernetes {VERSION}\n" in (PROGRAM.folder / "go.mod").read_text()
        assert plane.api.create(NAMESPACES, namespace("events")).done()["status"]["phase"] == "Active"
        assert plane.api.create(NAMESPACES, namespace("events")).status == 409
        at = [address for process in plane.processes for address in listening(process)]
        assert {host for host, _ in at} == {LOOPBACK}
        assert len(at) == 3
    assert [is_alive(process) for process in plane.processes] == [False, False]
    assert all(is_free(host, port) for host, port in at)


def test_a_failure_inside_ends_it_too(kubeall: Path, tmp_path: Path) -> None:
    def fail() -> None:
        with running_control_plane(kubeall, tmp_path) as plane:
            ran.append(plane)
            raise RuntimeError("of the test")

    ran: list[ControlPlane] = []
    with pytest.raises(RuntimeError, match="of the test"):
        fail()
    assert [is_alive(process) for process in ran[0].processes] == [False, False]


def test_who_is_nobody_special_may_do_what_rbac_says(control_plane: ControlPlane) -> None:
    admin, somebody = control_plane.api, control_plane.api_as("somebody", group="readers")
    refused = somebody.get(NAMESPACES)
    assert (refused.status, 'User "somebody" cannot list resource "namespaces"' in refused.message) == (403, True)
    group, name = "rbac.authorization.k8s.io", {"metadata": {"name": "readers"}}
    role = {**name, "rules": [{"apiGroups": [""], "resources": ["namespaces"], "verbs": ["list"]}]}
    admin.create(f"/apis/{group}/v1/clusterroles", role).done()
    binding = {
        **name,
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "readers"},
        "subjects": [{"apiGroup": group, "kind": "Group", "name": "readers"}],
    }
    admin.create(f"/apis/{group}/v1/clusterrolebindings", binding).done()
    wait_until(lambda: somebody.get(NAMESPACES).status, lambda status: status == 200, what="the new role", timeout=20)
    assert somebody.create(NAMESPACES, namespace("theirs")).status == 403


def test_another_authority_is_not_let_in(control_plane: ControlPlane, kubeall: Path, tmp_path: Path) -> None:
    with running_control_plane(kubeall, tmp_path) as other:
        stranger = replace(control_plane.api, client=other.api.client)
        assert stranger.get(NAMESPACES).status == 401
