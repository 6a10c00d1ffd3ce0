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


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("verify", "Compare the cluster at this address (HOST:PORT,...) with the spec."),
        ("verify", "In Kubernetes, and only there: how long until the Job has answered."),
        ("undeploy", "Accept that records go, by the code of it: deletes-records."),
        ("undeploy", "How long all resources of one kind may take to be gone."),
        ("topics manage", "that is retention too, so that records may go"),
    ],
)
def test_help_says_what_an_option_means_to_that_command(ottla: Ottla, command: str, said: str) -> None:
    assert said in " ".join(ottla(*command.split(), "--help").stdout.replace("│", " ").split())


def test_undeploy_takes_no_code_that_says_nothing_to_it(ottla: Ottla) -> None:
    done = ottla("undeploy", "--accept", "re-keys")
    assert (done.exit_code, "the codes are deletes-records" in done.stderr) == (2, True)
