"""A program of somebody else's that runs for the length of a block."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

END_TIMEOUT = 10.0  # seconds; then it is killed


@contextmanager
def running_program(words: Sequence[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run it beside its log, which has all that it says."""
    with (
        log.open("wb") as output,
        subprocess.Popen(words, cwd=log.parent, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(END_TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()
