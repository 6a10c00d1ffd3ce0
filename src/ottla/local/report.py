"""How long work tells a person what it does. The command line shows it; tests collect it."""

from __future__ import annotations

from typing import Protocol


class Reporter(Protocol):
    """Told what is going on; it never decides anything."""

    def step(self, text: str) -> None:
        """A step begins, or what is waited for has changed."""

    def note(self, text: str) -> None:
        """Something worth knowing that does not stop the work."""

    def progress(self, text: str, done: int, total: int) -> None:
        """``done`` of ``total`` bytes."""


class Silent:
    """Tells nobody: for programs that use Ottla as a library."""

    def step(self, text: str) -> None:
        """Say nothing."""

    def note(self, text: str) -> None:
        """Say nothing."""

    def progress(self, text: str, done: int, total: int) -> None:
        """Say nothing."""
