"""The clock that ages are told by."""

from __future__ import annotations

import time


def now_ms() -> int:
    """What the clock of this machine says, as Kafka writes times."""
    return time.time_ns() // 1_000_000
