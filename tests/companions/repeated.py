"""Faults that are done again and again."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Repeated:
    """Something that is done again and again, in a thread, until it is healed."""

    def __init__(self, once: Callable[[threading.Event], None]) -> None:
        self._once = once
        self._stop = threading.Event()
        self._failed: list[BaseException] = []
        self._thread = threading.Thread(target=self._run, name="repeated")

    def do(self) -> None:
        self._thread.start()

    def heal(self) -> None:
        """It ends; what went wrong is raised."""
        self._stop.set()
        self._thread.join()
        if self._failed:
            raise self._failed[0]

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._once(self._stop)
        except BaseException as error:  # noqa: BLE001  (raised by whoever heals)
            self._failed.append(error)
