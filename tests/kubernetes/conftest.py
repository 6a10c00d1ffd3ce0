"""One control plane for all tests; they keep apart by the names of their namespaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.companions.go.build import built
from tests.kubernetes.control_plane import PROGRAM, ControlPlane, running_control_plane
from tests.kubernetes.crds import all_crds, install
from tests.kubernetes.place import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.kubernetes.api import Api


@pytest.fixture(scope="session")
def kubeall(say: Callable[[str], None]) -> Path:
    """The program that a control plane is."""
    return built(PROGRAM, say=say)


@pytest.fixture(scope="session")
def control_plane(kubeall: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A Kubernetes that nothing was done to yet."""
    with running_control_plane(kubeall, tmp_path_factory.mktemp("control-plane")) as running:
        yield running


@pytest.fixture(scope="session")
def definitions(say: Callable[[str], None]) -> list[Path]:
    """The custom resource definitions of others, a file for each."""
    return all_crds(say)


@pytest.fixture(scope="session")
def api(control_plane: ControlPlane, definitions: list[Path]) -> Api:
    """The API server with all of them."""
    install(control_plane.api, definitions)
    return control_plane.api


@pytest.fixture
def place(api: Api, control_plane: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("KUBECONFIG", str(control_plane.kubeconfig))
    return Place(tmp_path, api)


@pytest.fixture
def own(kubeall: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Place, ControlPlane]]:
    """A control plane that a test may spoil, without definitions."""
    (tmp_path / "plane").mkdir()
    with running_control_plane(kubeall, tmp_path / "plane") as plane:
        monkeypatch.setenv("KUBECONFIG", str(plane.kubeconfig))
        yield Place(tmp_path, plane.api), plane
