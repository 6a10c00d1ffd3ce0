"""`ottla render`: an environment as manifests, shown or kept in a folder."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from ruamel.yaml import YAML

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from tests.cli.conftest import Ottla

ENVIRONMENTS = ("minikube", "doks", "aks")


def documents(text: str) -> list[dict[str, Any]]:
    return [each for each in YAML(typ="safe", pure=True).load_all(text) if each]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_stream_is_the_same_each_time_and_has_no_resource_twice(ottla: Ottla, environment: str) -> None:
    first, second = (ottla("render", "-e", environment) for _ in range(2))
    assert (first.exit_code, first.stdout) == (0, second.stdout)
    names = [(each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"]) for each in documents(first.stdout)]
    assert len(names) == len(set(names)) > 20
    assert ("Kafka", "kafka", "todo-kafka") in names


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_nothing_is_latest_and_nothing_is_a_secret(ottla: Ottla, environment: str) -> None:
    text = ottla("render", "-e", environment).stdout
    assert ":latest" not in text
    assert {each["kind"] for each in documents(text)}.isdisjoint({"Secret"})
    assert re.search(r"(?i)password: *[^ \n#]", text) is None


def test_the_overview_says_how_to_look_at_what_lies_in_kubernetes(ottla: Ottla) -> None:
    assert "in Kubernetes, see: ottla deploy --plan -e doks" in ottla().stdout


def test_a_folder_is_written_once_and_checked(ottla: Ottla, tmp_path: Path) -> None:
    folder = tmp_path / "manifests"
    render = ("render", "-e", "doks", "-o", str(folder))
    assert ottla(*render, "--check").exit_code == 3
    assert not folder.exists()
    written = ottla(*render)
    assert (written.exit_code, f"+ {folder / 'kafka-cluster.yaml'}\n" in written.stdout) == (0, True)
    again = ottla(*render)
    assert (again.exit_code, again.stdout) == (0, "")
    assert ottla(*render, "--check").exit_code == 0
    (folder / "kafka-cluster.yaml").write_text((folder / "kafka-cluster.yaml").read_text() + "# by hand\n")
    wrong = ottla(*render, "--check")
    assert (wrong.exit_code, wrong.stdout) == (3, f"~ {folder / 'kafka-cluster.yaml'}\n")


def test_a_file_that_is_not_ottlas_stops_it_before_anything_is_written(ottla: Ottla, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "kafka-cluster.yaml").write_text("mine: true\n")
    done = ottla("render", "-e", "doks", "-o", str(tmp_path / "there"))
    assert (done.exit_code, "is not of `ottla render -e doks`; nothing was written" in done.stderr) == (1, True)
    assert [path.name for path in (tmp_path / "there").iterdir()] == ["kafka-cluster.yaml"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-e", "local"), "has the target 'local', and does not lie in Kubernetes\n  choose one that does: -e minikube"),
        (("-e", "doks", "--check"), "--check is about a folder\n  name it: -o DIR"),
        (("-e", "nowhere"), "no environment 'nowhere'"),
    ],
)
def test_what_cannot_be_rendered_is_told_with_what_can(ottla: Ottla, arguments: tuple[str, ...], said: str) -> None:
    done = ottla("render", *arguments)
    assert (done.exit_code, said in done.stderr) == (2, True), done.stderr


@pytest.mark.parametrize("command", ["up", "plan", "apply", "status"])
def test_what_is_for_local_environments_says_what_is_for_kubernetes(ottla: Ottla, command: str) -> None:
    done = ottla(command, "-e", "doks")
    said = "ottla deploy -e doks; its manifests: ottla render -e doks -o DIR"
    assert (done.exit_code, said in done.stderr) == (1, True), done.stderr
