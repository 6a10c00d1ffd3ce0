"""A node's log, its end and what comes after, as people read it; rotation is followed."""

from __future__ import annotations

import os
import threading
from collections import deque
from typing import TYPE_CHECKING, TextIO

from ottla.local.log_lines import as_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

POLL_SECONDS = 0.2


def tail_logs(paths: Mapping[int, Path], *, lines: int) -> Iterator[tuple[int, str]]:
    """The last ``lines`` lines of each node's log, node by node. A node that has none yet gives nothing."""
    for node_id, path in paths.items():
        try:
            with path.open(encoding="utf-8", errors="replace") as file:
                for line in deque(file, maxlen=lines):
                    for text in as_text(line.rstrip("\n")):
                        yield node_id, text
        except FileNotFoundError:
            continue


def follow_logs(paths: Mapping[int, Path], *, stop: threading.Event | None = None) -> Iterator[tuple[int, str]]:
    """Every line that is written from now on, until ``stop`` is set."""
    until = stop or threading.Event()
    tails = {node_id: _Tail(path) for node_id, path in paths.items()}
    try:
        while not until.is_set():
            for node_id, tail in tails.items():
                for line in tail.new_lines():
                    for text in as_text(line):
                        yield node_id, text
            until.wait(POLL_SECONDS)
    finally:
        for tail in tails.values():
            tail.close()


class _Tail:
    """A place in a file that may be moved away and made anew under it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: TextIO | None = None
        self._open(at_end=True)

    def _open(self, *, at_end: bool) -> None:
        try:
            self._file = self._path.open(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            self._file = None
            return
        if at_end:
            self._file.seek(0, os.SEEK_END)

    def new_lines(self) -> Iterator[str]:
        if self._file is not None:
            yield from (line.rstrip("\n") for line in self._file)
        if self._rotated():
            self.close()
            self._open(at_end=False)

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()

    def _rotated(self) -> bool:
        try:
            there = self._path.stat()
        except FileNotFoundError:
            return False
        if self._file is None:
            return True
        return os.fstat(self._file.fileno()).st_ino != there.st_ino
