"""The doctor holds things to the limits that alerts have, too."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tests.conftest import SHIPPED_SPEC

from ottla.doctor.limits import LagLimit, Limits, limits_of
from ottla.platform import Platform
from ottla.platform.monitoring_files import watched

if TYPE_CHECKING:
    from pathlib import Path

OWN = """
monitoring:
  lag: {records: unlimited, seconds: 30s, groups: {event-service: {records: 5, seconds: unlimited}}}
  disk: {used: 70%, full_within: 2h}
  certificates: {expire_within: 3d}
"""


def limits(folder: Path, text: str) -> Limits:
    path = folder / "platform.yaml"
    path.write_text(text)
    return limits_of(watched(Platform.load(path).on("local")))


def test_a_spec_without_limits_has_the_doctors_own(tmp_path: Path) -> None:
    assert limits(tmp_path, SHIPPED_SPEC.read_text()) == Limits()


def test_the_limits_of_a_spec_are_the_doctors_too(tmp_path: Path) -> None:
    found = limits(tmp_path, SHIPPED_SPEC.read_text() + OWN)
    assert (found.lag, found.lag_of("event-service")) == (LagLimit(math.inf, 30.0), LagLimit(5, math.inf))
    assert (found.disk_used, found.disk_full_within, found.expires_within) == (0.7, 7_200.0, 259_200.0)
