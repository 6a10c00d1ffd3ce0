from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ottla.spec import load_spec
from ottla.spec.starters import STARTERS, starter_text

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Ottla


def test_task_management_is_the_shipped_spec_byte_for_byte(folder: Path) -> None:
    assert starter_text("task-management").encode() == (folder / "platform.yaml").read_bytes(), "run `make docs`"


@pytest.mark.parametrize("starter", STARTERS)
def test_a_starter_is_written_and_is_sound(ottla: Ottla, folder: Path, starter: str) -> None:
    done = ottla("init", starter, "--file", "new.yaml")
    assert done.exit_code == 0
    assert (folder / "new.yaml").read_text() == starter_text(starter)
    assert "ottla validate --file new.yaml" in done.stdout
    assert load_spec(folder / "new.yaml").environment(None)[0] == "local"


def test_the_empty_starter_has_no_warnings_and_its_example_is_sound(ottla: Ottla, folder: Path) -> None:
    (folder / "platform.yaml").unlink()
    ottla("init")
    path = folder / "platform.yaml"
    assert load_spec(path).warnings() == ()
    text = path.read_text()
    start, end = text.index("# topics:"), text.index("environments:")
    example = "".join(line.removeprefix("# ") for line in text[start:end].splitlines(keepends=True))
    path.write_text(text[:start].replace("topics: {}\n", "") + example + text[end:])
    spec = load_spec(path)
    assert set(spec.environment(None)[1].topics) == {"orders"}
    assert spec.warnings() == ()


def test_a_file_that_is_there_is_never_overwritten(ottla: Ottla, folder: Path) -> None:
    before = (folder / "platform.yaml").read_bytes()
    done = ottla("init", "empty")
    assert done.exit_code == 2
    assert done.stderr.startswith("ottla: platform.yaml is there already; nothing was written")
    assert (folder / "platform.yaml").read_bytes() == before


@pytest.mark.parametrize("arguments", [("moon",), ("adopt",), ("empty", "--file", "no/such/folder.yaml")])
def test_what_cannot_be_written_is_a_usage_error(ottla: Ottla, arguments: tuple[str, ...]) -> None:
    done = ottla("init", *arguments)
    assert (done.exit_code, done.stdout) == (2, "")


def test_the_schema_is_printed_as_json(ottla: Ottla) -> None:
    assert json.loads(ottla("schema").stdout)["required"] == ["environments"]
