"""What the Tab key offers, and what `ottla` alone says."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import chdir
from typing import TYPE_CHECKING

import pytest
from tests.conftest import Home
from typer.testing import CliRunner

from ottla.cli.completion import ASKED, prepare
from ottla.cli.main import app

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.kafka


def asking(line: str) -> dict[str, str]:
    """The variables by which bash asks what to offer at the end of ``line``."""
    return {ASKED: "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1)}


def tab(home: Home, line: str, *, folder: Path | None = None) -> list[str]:
    """What bash is offered; asked in this process."""
    prepare()
    with chdir(folder or home.folder):
        done = CliRunner().invoke(app, [], env=asking(line), prog_name="ottla")
    assert (done.exit_code, done.stderr) == (0, "")
    return done.stdout.split()


def test_commands_options_topics_and_groups_are_offered(three: Home) -> None:
    everything = tab(three, "ottla ")
    assert {"topics", "consume", "lag"} <= set(everything)
    variables = {**os.environ, **asking("ottla ")}
    done = subprocess.run(three.command(), env=variables, capture_output=True, text=True, check=False, cwd=three.folder)
    assert (done.stdout.split(), done.stderr) == (everything, "")  # as a shell does it
    assert "describe" in tab(three, "ottla topics d")
    assert "--follow" in tab(three, "ottla consume --fo")
    assert tab(three, "ottla consume task-") == ["task-events", "task-update-events"]
    three.pipe("consume", "reminder-events", "--group", "completed-by-tab")
    assert tab(three, "ottla groups describe completed-by") == ["completed-by-tab"]
    address = ",".join(three.bootstrap_servers)
    assert tab(three, f"ottla topics describe -b {address} recurr", folder=three.folder.parent) == ["recurring-events"]


def test_environments_and_nodes_of_the_spec_are_offered(three: Home, tmp_path: Path) -> None:
    assert tab(three, "ottla status -e l") == ["local", "laptop", "local-secure"]
    assert tab(three, "ottla consume -e lap") == ["laptop"]
    assert tab(three, "ottla restart ") == tab(three, "ottla logs -e local ") == ["1", "2", "3"]
    assert tab(three, "ottla logs -e laptop ") == []  # no cluster was made there
    elsewhere = f"--file {three.folder / 'platform.yaml'}"
    assert tab(three, f"ottla status {elsewhere} -e lap", folder=tmp_path) == ["laptop"]
    assert tab(three, "ottla status -e l", folder=tmp_path) == []


@pytest.mark.long
def test_a_shell_is_not_disturbed_where_nothing_answers(three: Home, tmp_path: Path) -> None:
    assert tab(three, "ottla consume task-", folder=tmp_path) == []
    assert tab(three, "ottla consume -b 127.0.0.1:1 task-") == []
    (tmp_path / "platform.yaml").write_text("cluster: [")
    assert tab(three, "ottla consume task-", folder=tmp_path) == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_each_shell_is_one_that_it_can_read(shell: str) -> None:
    script = subprocess.run(Home.command("completion", shell), capture_output=True, text=True, check=True).stdout
    assert "_OTTLA_COMPLETE" in script
    if shutil.which(shell):
        assert subprocess.run([shell, "-n"], input=script, text=True, check=False).returncode == 0


def test_another_shell_is_a_usage_error() -> None:
    assert CliRunner().invoke(app, ["completion", "tcsh"]).exit_code == 2


def test_ottla_alone_says_what_runs_here_and_what_is_next(three: Home, tmp_path: Path) -> None:
    shown = subprocess.run(three.command(), capture_output=True, text=True, check=True, cwd=three.folder).stdout
    rows = [" ".join(line.split()) for line in shown.splitlines()]
    assert f"local (default) local running, 3 of 3 nodes {','.join(three.bootstrap_servers)}" in rows
    assert "laptop local not made yet -" in rows
    assert "ottla status" in shown
    nothing = subprocess.run(three.command(), capture_output=True, text=True, check=True, cwd=tmp_path).stdout
    assert "ottla init" in nothing
    (tmp_path / "platform.yaml").write_text("cluster: [")
    broken = subprocess.run(three.command(), capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (broken.returncode, "Traceback" in broken.stderr) == (1, False)
