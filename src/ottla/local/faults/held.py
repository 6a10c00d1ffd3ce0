"""A platform that a drill is done to: held by that drill, so that no other one is done to it and nobody stops it meanwhile.

The lock is the kernel's, and is gone with the drill, whatever ended it.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ottla.errors import PlanRefused
from ottla.files import lock_holder, locked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.local.layout import Layout

WAY_OUT = "wait until it ends, or end it, then run the command again"


@contextmanager
def held_by_drill(layout: Layout) -> Iterator[None]:
    """Hold a platform for as long as a drill takes. Raises PlanRefused while another one holds it."""
    refuse_held(layout)
    with locked(layout.drill_lock):
        yield


def refuse_held(layout: Layout) -> None:
    """Raise PlanRefused while a drill of another process is done to this platform."""
    holder = lock_holder(layout.drill_lock)
    if holder is not None and holder != f"pid {os.getpid()}":
        raise PlanRefused([f"a drill is being done to this platform ({holder})"], hint=WAY_OUT)
