from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from ottla.spec.versions import DEFAULT_KAFKA_VERSION

if TYPE_CHECKING:
    from tests.cli.conftest import Ottla


def test_the_version_is_that_of_ottla_and_of_the_kafka_it_runs(ottla: Ottla) -> None:
    done = ottla("--version")
    said = f"ottla {version('ottla')} (Kafka {DEFAULT_KAFKA_VERSION} unless the spec names another)\n"
    assert (done.exit_code, done.stdout) == (0, said)
