from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest

from ottla.spec.versions import DEFAULT_KAFKA_VERSION

if TYPE_CHECKING:
    from tests.cli.conftest import Ottla


def test_the_version_is_that_of_ottla_and_of_the_kafka_it_runs(ottla: Ottla) -> None:
    done = ottla("--version")
    said = f"ottla {version('ottla')} (Kafka {DEFAULT_KAFKA_VERSION} unless the spec names another)\n"
    assert (done.exit_code, done.stdout) == (0, said)


@pytest.mark.parametrize(
    ("command", "whom"),
    [
        (("plan",), {"Ottla itself"}),
        (("apply",), {"Ottla itself"}),
        (("verify",), {"Ottla itself", "the administrator"}),  # the second one writes
        (("topics", "list"), {"the administrator"}),
    ],
)
def test_help_says_as_whom_a_command_works_where_no_user_is_named(ottla: Ottla, command: tuple[str, ...], whom: set[str]) -> None:
    words = " ".join(ottla(*command, "--help").stdout.replace("│", " ").split())
    said = words[words.index("Log in as this user of the spec; else") :]
    assert {each for each in ("Ottla itself", "the administrator") if each in said} == whom
