"""The budgets of the house, and what a linter cannot see."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "src").rglob("*.py"))
ALL = [*SOURCES, *sorted((ROOT / "tests").rglob("*.py")), *sorted((ROOT / "benchmarks").rglob("*.py"))]
MODULE_LINES = 500
FUNCTION_LINES = 50
FORBIDDEN_NAMES = {"util", "utils", "common", "helpers", "manager", "core"}


def test_no_module_is_longer_than_500_lines() -> None:
    too_long = {str(path): lines for path in ALL if (lines := len(path.read_text().splitlines())) > MODULE_LINES}
    assert too_long == {}


def test_no_function_is_longer_than_50_lines() -> None:
    too_long = [
        f"{path}:{node.name}"
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.end_lineno and node.end_lineno - node.lineno >= FUNCTION_LINES
    ]
    assert too_long == []


def test_every_module_says_what_it_is_for() -> None:
    assert [str(path) for path in SOURCES if not ast.get_docstring(ast.parse(path.read_text()))] == []


def test_no_room_has_a_name_that_says_nothing() -> None:
    assert [str(path) for path in SOURCES if FORBIDDEN_NAMES & set(path.with_suffix("").parts)] == []


@pytest.mark.parametrize("command", [None, "plan", "up", "status", "explain", "access", "client-config"])
def test_help_imports_no_kafka_client(command: str | None) -> None:
    arguments = [*([command] if command else []), "--help"]
    program = (
        "import sys; from ottla.cli.main import app\n"
        f"try: app({arguments!r})\n"
        "except SystemExit: pass\n"
        "heavy = {'kafka', 'confluent_kafka', 'psutil', 'cryptography', 'jgo'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Usage:" in done.stdout


def test_no_file_names_a_package_registry() -> None:
    names = ["pypi" + ".org", "repo." + "maven", "repo1." + "maven", "files." + "pythonhosted"]
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    hits = [name for name in tracked if any(each in (ROOT / name).read_text(errors="ignore") for each in names)]
    assert hits == []
