"""Which Kubernetes is meant: contexts of kubeconfigs, and what is said of those that are none."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from tests.conftest import SHIPPED_SPEC
from tests.kubernetes.sites import OPEN
from typer.testing import CliRunner

from ottla.cli.main import app
from ottla.errors import ClusterError, LocalError, UsageError
from ottla.kubernetes.cluster import connect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ottla.kubernetes.cluster import Cluster


def kubeconfig(path: Path, *contexts: str, current: str | None = None, user: dict[str, Any] | None = None) -> Path:
    """A file whose contexts lead to servers that are called like them."""
    users = [] if user is None else [{"name": "me", "user": user}]
    context = {} if user is None else {"user": "me"}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": f"http://{name}.invalid"}} for name in contexts],
        "users": users,
        "contexts": [{"name": name, "context": {"cluster": name, **context}} for name in contexts],
        **({} if current is None else {"current-context": current}),
    }
    path.write_text(json.dumps(content))
    return path


@pytest.fixture
def two(tmp_path: Path) -> dict[str, str]:
    files = [
        kubeconfig(tmp_path / "a", "here", "there", current="there"),
        kubeconfig(tmp_path / "b", "elsewhere", current="elsewhere"),
    ]
    return {"KUBECONFIG": os.pathsep.join([*map(str, files), str(tmp_path / "none")])}


@pytest.fixture
def closing() -> Iterator[list[Cluster]]:
    clusters: list[Cluster] = []
    yield clusters
    for each in clusters:
        each.client.close()


@pytest.mark.parametrize(
    ("context", "server"),
    [(None, "there"), ("here", "here"), ("elsewhere", "elsewhere")],
    ids=["current", "named", "second file"],
)
def test_the_context_that_is_meant_is_found(
    two: dict[str, str], closing: list[Cluster], context: str | None, server: str
) -> None:
    closing.append(connect(context, two))
    assert closing[0].server == f"http://{server}.invalid"


def test_a_context_that_is_not_there_is_told_with_those_that_are(two: dict[str, str]) -> None:
    with pytest.raises(UsageError, match=r"no context 'gone' in .*\n.*--context NAME \(elsewhere, here, there\)"):
        connect("gone", two)


def test_without_a_current_context_one_must_be_named(tmp_path: Path) -> None:
    file = kubeconfig(tmp_path / "a", "here")
    with pytest.raises(UsageError, match=r"no context is the current one in .*\n.*--context NAME \(here\)"):
        connect(None, {"KUBECONFIG": str(file)})


def test_a_kubeconfig_that_is_none_or_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not: [closed")
    with pytest.raises(LocalError, match="is no kubeconfig"):
        connect(None, {"KUBECONFIG": str(tmp_path / "text")})
    (tmp_path / "other").write_text("kind: Other")
    with pytest.raises(LocalError, match="is no kubeconfig"):
        connect(None, {"KUBECONFIG": str(tmp_path / "other")})
    with pytest.raises(UsageError, match=r"there is no .*gone"):
        connect(None, {"KUBECONFIG": str(tmp_path / "gone")})


def test_a_login_program_that_is_not_there_is_an_answer_and_no_traceback(tmp_path: Path, closing: list[Cluster]) -> None:
    program = {"exec": {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": str(tmp_path / "no-such-program")}}
    file = kubeconfig(tmp_path / "a", "here", current="here", user=program)
    closing.append(connect(None, {"KUBECONFIG": str(file)}))
    with pytest.raises(ClusterError, match="does not answer: FileNotFoundError"):
        closing[0].version()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("-e", "doks", "--context", "gone"), 2, "no context 'gone'"),
        (("-e", "doks"), 1, "http://here.invalid: does not answer"),
        (("-e", "local"), 2, "does not lie in Kubernetes"),
        (("-e", "doks", "--exit-code"), 2, "--exit-code is about a plan"),
        (("-e", "doks", "--timeout", "5"), 2, "has no unit"),
    ],
)
def test_the_command_says_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: int, said: str
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig(tmp_path / "a", "here", current="here")))
    done = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["deploy", "--file", str(SHIPPED_SPEC), *arguments])
    assert (done.exit_code, said in done.stderr) == (code, True), done.output


@pytest.mark.parametrize(
    ("option", "code", "said"), [((), 2, "no context 'gone'"), (("--context", "here"), 1, "http://here.invalid")]
)
def test_the_context_of_the_spec_is_meant_unless_another_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: tuple[str, ...], code: int, said: str
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig(tmp_path / "a", "here", current="here")))
    (tmp_path / "platform.yaml").write_text(OPEN + "kubernetes: {context: gone}\n")
    file = ("--file", str(tmp_path / "platform.yaml"))
    done = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["deploy", *file, "-e", "k8s", *option])
    assert (done.exit_code, said in done.stderr) == (code, True), done.output
