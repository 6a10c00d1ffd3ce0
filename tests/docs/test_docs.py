"""The documentation is code: its commands are run, its links lead somewhere, its generated part is fresh."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pydantic import BaseModel
from ruamel.yaml import YAML

from ottla import errors
from ottla.errors import OttlaError
from ottla.platform.monitoring import monitoring_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Home, Locked

ROOT = Path(__file__).parent.parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
TUTORIAL = ROOT / "docs/tutorial/first-platform.md"
BIN = Path(sys.executable).parent
# `make up` and `make test` are what CI and the closing check run in a fresh clone; here the first one's last line is run.
FRESH = """\
import json, reference
page, found = reference.SPEC.read_text(), {each.name: each.read_text() for each in reference.DASHBOARDS.iterdir()}
print(json.dumps({
    "commands": reference.cli_reference() == reference.TARGET.read_text(),
    "dashboards": reference.shipped_dashboards() == found,
    "keys": reference.with_keys(page) == page,
}))
"""
INSTEAD = {"make up": "ottla up --verify", "source .venv/bin/activate": "true"}


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)


def commands(page: Path) -> list[str]:
    lines = [line for block in blocks(page, "console") for line in block.splitlines() if line.startswith("$ ")]
    plain = [line.removeprefix("$ ").split(" #")[0].strip() for line in lines]
    return [INSTEAD.get(line, line) for line in plain if line.partition(" ")[0] != "make" or line in INSTEAD]


def undo(home: Home) -> None:
    """Let the platform run as the shipped spec says, whatever a page did."""
    shutil.copy(ROOT / "platform.yaml", home.folder)
    home.run("up")
    undone = home.run("apply", "--yes", "--accept", "drops-records")
    assert undone.returncode == 0, undone.stderr


@pytest.fixture(scope="module")
def after_pages(three: Home) -> Iterator[Home]:
    """The platform that pages are tried on: as it was, once all were."""
    yield three
    undo(three)


@pytest.fixture
def folder(after_pages: Home, page: Path) -> Path:
    """The folder of the platform; what the page before did is undone, which a page that begins with `up` may do itself."""
    shutil.copy(ROOT / "platform.yaml", after_pages.folder)
    if not commands(page)[0].startswith("ottla up"):
        undo(after_pages)
    return after_pages.folder


def run_in_order(page: Path, folder: Path, *, environment: str | None = None) -> None:
    """Run the commands of a page; ``environment`` is put in the place of the one that is named there."""
    variables = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
    assert commands(page)
    for command in commands(page):
        here = command if environment is None else re.sub(r"-e [a-z-]+", f"-e {environment}", command)
        done = subprocess.run(["bash", "-c", here], cwd=folder, env=variables, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{here}\n{done.stdout}{done.stderr}"


@pytest.mark.kafka
@pytest.mark.parametrize(
    "page",
    [
        pytest.param(ROOT / "README.md", marks=pytest.mark.long),
        TUTORIAL,
        pytest.param(ROOT / "docs/how-to/look-and-touch.md", marks=pytest.mark.long),
        pytest.param(ROOT / "docs/how-to/restart-and-upgrade.md", marks=pytest.mark.long),
        pytest.param(ROOT / "docs/how-to/share-a-cluster.md", marks=pytest.mark.long),
        ROOT / "docs/how-to/watch-with-prometheus.md",
        ROOT / "docs/how-to/alerts.md",
        pytest.param(ROOT / "docs/how-to/drill.md", marks=pytest.mark.long),
        pytest.param(ROOT / "docs/how-to/traces.md", marks=pytest.mark.long),
    ],
    ids=lambda page: page.name,
)
def test_the_commands_of_a_page_work_in_their_order(page: Path, folder: Path) -> None:
    run_in_order(page, folder)


def test_what_the_readme_lets_one_type_is_what_the_tutorial_does() -> None:
    """Which is run each time; the README, with another start of three nodes, by `make test-long`."""
    readme, tutorial = commands(ROOT / "README.md"), iter(commands(TUTORIAL))
    assert readme
    assert [command for command in readme if command not in tutorial] == []  # in this order


@pytest.mark.kafka
@pytest.mark.parametrize(
    "page",
    [
        ROOT / "docs/how-to/lock-a-platform.md",
        pytest.param(ROOT / "docs/how-to/rotate-certificates.md", marks=pytest.mark.long),
    ],
    ids=lambda page: page.name,
)
def test_the_commands_of_a_page_on_locked_platforms_work_in_their_order(page: Path, locked: Locked) -> None:
    """On one node, which is the default of that spec."""
    run_in_order(page, locked.folder, environment=locked.environment)


@pytest.mark.kafka
@pytest.mark.long
@pytest.mark.parametrize("page", ["metrics-of-nodes", "logs"])
def test_the_commands_of_a_page_that_changes_nodes_work_in_their_order(one: Home, page: str) -> None:
    """On one node: it restarts, and so it does when it is undone."""
    run_in_order(ROOT / f"docs/how-to/{page}.md", one.folder)
    shutil.copy(ROOT / "platform.yaml", one.folder)
    undone = one.run("apply", "--yes")
    assert undone.returncode == 0, undone.stderr


@pytest.mark.kafka
@pytest.mark.companions
def test_the_commands_of_the_page_on_monitoring_work_in_their_order(one: Home) -> None:
    """On one node, and undone as above."""
    try:
        run_in_order(ROOT / "docs/how-to/monitoring.md", one.folder)
    finally:
        monitoring_of(one.platform).stop()
        shutil.copy(ROOT / "platform.yaml", one.folder)
    undone = one.run("apply", "--yes")
    assert (undone.returncode, one.run("up").returncode) == (0, 0), undone.stderr


@pytest.mark.parametrize("page", ["check-a-spec", "kubernetes"])
def test_the_commands_of_a_page_that_needs_no_kafka_work_in_their_order(page: str, tmp_path: Path) -> None:
    shutil.copy(ROOT / "platform.yaml", tmp_path)
    run_in_order(ROOT / f"docs/how-to/{page}.md", tmp_path)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text())
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_yaml_block_is_yaml(page: Path) -> None:
    for block in blocks(page, "yaml"):
        assert YAML(typ="safe").load(block)


@pytest.fixture(scope="module")
def fresh() -> dict[str, bool]:
    """Which of what `make docs` writes is as it would write it now."""
    done = subprocess.run([sys.executable, "-c", FRESH], cwd=ROOT / "scripts", capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def test_the_reference_of_commands_is_fresh(fresh: dict[str, bool]) -> None:
    assert fresh["commands"], "run `make docs`"


def test_the_json_schema_of_the_spec_is_fresh() -> None:
    from ottla.spec.json_schema import schema_text  # noqa: PLC0415  (only here)

    assert (ROOT / "docs/reference/platform.schema.json").read_text() == schema_text(), "run `make docs`"


def test_the_reference_of_metrics_is_fresh() -> None:
    from ottla.metrics.reference import metrics_reference  # noqa: PLC0415  (only here)

    assert (ROOT / "docs/reference/metrics.md").read_text() == metrics_reference(), "run `make docs`"


def test_the_shipped_dashboards_are_fresh(fresh: dict[str, bool]) -> None:
    assert fresh["dashboards"], "run `make docs`"


def test_the_manifests_and_topics_at_the_paths_that_the_sources_name_are_fresh() -> None:
    program = (
        "import reference as r; found = {each.name: each.read_text() for each in r.DOKS.iterdir()}; "
        "print((r.Platform.load(r.SHIPPED).render('doks').files, r.shipped_topics()) == (found, r.TOPICS.read_text()))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT / "scripts", capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True", "run `make docs`"


def test_the_runbooks_name_commands_that_there_are() -> None:
    from typer.main import get_command  # noqa: PLC0415  (only here)

    from ottla.cli.main import app  # noqa: PLC0415  (only here)

    commands = getattr(get_command(app), "commands", {})
    named = re.findall(r"`ottla ([a-z-]+)(?: ([a-z]+))?", (ROOT / "docs/how-to/runbooks.md").read_text())
    assert named
    for command, below in named:
        assert command in commands
        inner = getattr(commands[command], "commands", {})
        assert below in inner if inner else True


def test_every_exit_code_of_an_error_is_documented() -> None:
    page = (ROOT / "docs/reference/exit-codes.md").read_text()
    tree = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, OttlaError)]
    assert {each.exit_code for each in tree} <= {int(code) for code in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)}


def test_the_keys_of_the_spec_are_fresh(fresh: dict[str, bool]) -> None:
    assert fresh["keys"], "run `make docs`"


def test_every_key_of_the_spec_is_documented() -> None:
    from ottla.spec import schema  # noqa: PLC0415  (only here)

    page = (ROOT / "docs/reference/platform-yaml.md").read_text()
    models = [each for each in vars(schema).values() if isinstance(each, type) and issubclass(each, BaseModel)]
    keys = {(model.__name__, field.alias or key) for model in models for key, field in model.model_fields.items()}
    missing = {f"{model}.{key}" for model, key in keys if f"{key}`" not in page}
    assert missing == set()
