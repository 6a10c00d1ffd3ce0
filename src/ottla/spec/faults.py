"""What is wrong with a spec, where, and what was probably meant."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """Where a value stands: its line (from 1) and its key as the file writes it."""

    line: int
    key: str


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing that is wrong. ``file`` is the path as the user gave it."""

    file: str
    mark: Mark
    message: str

    def __str__(self) -> str:
        key = f" {self.mark.key}:" if self.mark.key else ""
        return f"{self.file}:{self.mark.line}:{key} {self.message}"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``did you mean 'retention'?``, or the known words where none is close."""
    words = sorted(known)
    close = difflib.get_close_matches(word, words, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"known here: {', '.join(words)}" if words else "nothing is known here"
