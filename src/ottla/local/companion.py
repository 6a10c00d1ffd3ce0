"""A process that runs beside the nodes of an environment: found in the process table by its command line, as nodes are."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

from ottla.local.processes import command_line, is_alive, start_process, stop_processes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

MODULE = ("-m", "ottla.cli")
STOP_TIMEOUT = 15.0


@dataclass(frozen=True, slots=True)
class Companion:
    """A program with ``folder`` as its working directory; what it says goes into ``NAME.log`` there.

    ``marks`` are the words behind the program by which it is known from any other; None: it is ``ottla NAME``.
    """

    name: str
    folder: Path
    program: str = sys.executable
    marks: tuple[str, ...] | None = None

    @property
    def output(self) -> Path:
        """What it says."""
        return self.folder / f"{self.name}.log"

    @property
    def _marks(self) -> tuple[str, ...]:
        return (*MODULE, self.name) if self.marks is None else self.marks

    def find(self) -> psutil.Process | None:
        """The process, if it runs."""
        marks = self._marks
        for process in psutil.process_iter():
            words = command_line(process)
            if tuple(words[1 : 1 + len(marks)]) == marks and self._works_here(process) and is_alive(process):
                return process
        return None

    def _works_here(self, process: psutil.Process) -> bool:
        try:
            return bool(process.cwd() == str(self.folder.resolve()))
        except psutil.Error:  # it has just ended, or is somebody else's
            return False

    def start(self, arguments: Sequence[str], environment: Mapping[str, str]) -> psutil.Process:
        """Start it; it outlives this process. Raises LocalError."""
        words = [self.program, *self._marks, *arguments]
        return start_process(words, folder=self.folder, output=self.output, environment=environment)

    def arguments_of(self, process: psutil.Process) -> list[str]:
        """What it was started with."""
        return command_line(process)[1 + len(self._marks) :]

    def stop(self) -> bool:
        """Ask it to end, and end it by force if it does not; whether there was one."""
        process = self.find()
        if process is None:
            return False
        stop_processes({0: process}, timeout=STOP_TIMEOUT)
        return True


def told_of_files_in(folder: Path) -> dict[int, psutil.Process]:
    """The servers that were told of a configuration below ``folder``, by pid: whoever started them may be gone."""
    below = f"--config.file={folder.resolve()}{os.sep}"
    return {each.pid: each for each in psutil.process_iter() if any(word.startswith(below) for word in command_line(each))}
