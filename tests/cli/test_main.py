from __future__ import annotations

import subprocess
import sys
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


HEAVY = ("pydantic", "ruamel.yaml", "cryptography", "kafka", "confluent_kafka", "opentelemetry", "psutil", "ottla.spec")


def test_help_waits_for_nothing_heavy() -> None:
    loaded = f"import sys, ottla.cli.main; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


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
