"""The one way to wait: look, pause, look again; a time-out carries the last thing seen."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, TypeVar

from ottla.errors import WaitTimeout

if TYPE_CHECKING:
    from collections.abc import Callable

Seen = TypeVar("Seen")


def wait_until(
    look: Callable[[], Seen],
    ready: Callable[[Seen], bool],
    *,
    what: str,
    timeout: float,
    every: float = 0.05,
    hint: str | None = None,
    changed: Callable[[Seen], None] | None = None,
) -> Seen:
    """Call ``look`` until ``ready`` says yes to what it saw, and return that.

    ``timeout`` and ``every`` are seconds. ``changed`` is told each sighting that differs from the one before.
    What ``look`` raises is not caught: an error is not "not yet". Raises WaitTimeout with the last sighting.
    """
    deadline = time.monotonic() + timeout
    pause = threading.Event()
    last: Seen | None = None
    first = True
    while True:
        seen = look()
        if ready(seen):
            return seen
        if changed is not None and (first or seen != last):
            changed(seen)
        first, last = False, seen
        if time.monotonic() >= deadline:
            raise WaitTimeout(f"waited {timeout:g} s for {what}", last=seen, hint=hint)
        pause.wait(every)
