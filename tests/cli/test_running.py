"""What is put behind the commands that a hint tells a person to type."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ottla.cli.running import _options, _options_of, with_options

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def called() -> Iterator[None]:
    """A command that was called with everything that says what it is about."""
    given = {"file": Path("shop.yaml"), "environment": "k8s", "context": "doks", "bootstrap_server": "a:9092"}
    before = _options.set(_options_of(given))
    yield
    _options.reset(before)


@pytest.mark.usefixtures("called")
@pytest.mark.parametrize("command", ["deploy", "undeploy", "verify", "topics manage", "topics unmanage"])
def test_what_works_in_kubernetes_keeps_its_context(command: str) -> None:
    said = f"to go on: ottla {command} --file shop.yaml -e k8s --context doks --plan"
    assert with_options(f"to go on: ottla {command} --plan") == said


@pytest.mark.usefixtures("called")
@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("plan", "--file shop.yaml -e k8s"),
        ("up", "--file shop.yaml -e k8s"),
        ("topics list", "--file shop.yaml -e k8s -b a:9092"),
    ],
)
def test_what_knows_no_context_gets_none(command: str, options: str) -> None:
    assert with_options(f"see: ottla {command}; then go on") == f"see: ottla {command} {options}; then go on"


@pytest.mark.usefixtures("called")
@pytest.mark.parametrize("end", ["", ";", ",", ".", ". Then", ")", ": so"])
def test_an_environment_that_is_named_ends_before_what_follows_it(end: str) -> None:
    assert with_options(f"ottla deploy -e my.k8s-2{end}") == f"ottla deploy -e my.k8s-2 --file shop.yaml{end}"


def test_a_context_that_is_none_of_kubernetes_is_not_written() -> None:
    """Of some commands it is what typer gives them."""
    before = _options.set(_options_of({"context": object()}))
    assert with_options("ottla deploy") == "ottla deploy"
    _options.reset(before)
