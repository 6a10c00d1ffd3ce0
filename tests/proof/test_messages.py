"""What a worker is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from ottla.kafka.settings import ClientSettings
from ottla.model.client import PLAIN_PROFILE
from ottla.proof.load import Load
from ottla.proof.messages import Job


def job(*, warm_up: float, history: Path | None) -> Job:
    load = Load(rate=10, size=100, duration=1, warm_up=warm_up)
    return Job(0, ClientSettings(("localhost:9092",)), PLAIN_PROFILE, "topic", load, "run", history=history)


def test_what_is_written_down_has_no_warm_up_because_nobody_accounts_for_its_events() -> None:
    with pytest.raises(ValueError, match="warm-up"):
        job(warm_up=1, history=Path("history"))
    assert job(warm_up=0, history=Path("history")).history
    assert job(warm_up=1, history=None).load.warm_up == 1
