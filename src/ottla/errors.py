"""The one error tree.

OttlaError                 anything Ottla knows how to explain                               exit 1
├── SpecError              the spec is wrong: every fault, with file, line and key           exit 1
├── UsageError             the command was called in a way that cannot work                  exit 2
├── PlanRefused            no plan leads there, or not without more consent                  exit 4
├── StalePlan              the cluster has moved since the plan was made                     exit 4
├── ApplyError(done)       some changes were made and some were not                          exit 5
├── ClusterError           a live cluster refused, or did not answer                         exit 1
├── LocalError             a process, port, file or download on this machine failed          exit 1
├── HistoryError           a run's history on disk is none, damaged, or of a newer format   exit 1
├── WaitTimeout(last)      it was waited for, and it did not come                            exit 1
└── NotYet                 known, and not built yet                                          exit 1

Each says what, where, and the next command (``hint``). A known error is one line or a short list; only a bug
shows a traceback.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence


class OttlaError(Exception):
    """Anything that Ottla can explain to a person."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        head = f"{self.where}: {self.message}" if self.where else self.message
        return f"{head}\n  {self.hint}" if self.hint else head


class SpecError(OttlaError):
    """The spec is wrong. ``faults`` holds every fault found, already in the order of the file."""

    def __init__(self, faults: Sequence[object], *, hint: str | None = None) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults), hint=hint)


class UsageError(OttlaError):
    """The command was called in a way that cannot work."""

    exit_code = 2


class PlanRefused(OttlaError):
    """No plan leads from what is there to what is wanted, or not without more consent. ``reasons`` holds all of them."""

    exit_code = 4

    def __init__(self, reasons: Sequence[str], *, hint: str | None = None) -> None:
        self.reasons = tuple(reasons)
        super().__init__("refused: " + "\n         ".join(self.reasons), hint=hint)


class StalePlan(OttlaError):
    """The cluster has moved since the plan was made; nothing was changed."""

    exit_code = 4


class ApplyError(OttlaError):
    """Some changes were made and some were not. ``done``, ``failed`` and ``not_tried`` are lines for a person."""

    exit_code = 5

    HINT = "what is left: ottla plan; to go on: ottla apply (if a node is missing, first: ottla up)"

    def __init__(self, *, done: Sequence[str], failed: Sequence[str], not_tried: Sequence[str], hint: str = HINT) -> None:
        self.done, self.failed, self.not_tried = tuple(done), tuple(failed), tuple(not_tried)
        lines = [
            f"partly applied: {len(self.done)} done, {len(self.failed)} failed, {len(self.not_tried)} not tried",
            *(f"  done       {line}" for line in self.done),
            *(f"  failed     {line}" for line in self.failed),
            *(f"  not tried  {line}" for line in self.not_tried),
        ]
        super().__init__("\n".join(lines), hint=hint)


class ClusterError(OttlaError):
    """A live cluster refused a request, or did not answer."""


class LocalError(OttlaError):
    """A process, port, file or download on this machine failed."""


class HistoryError(OttlaError):
    """A run's history on disk is none, is damaged, or was written by a newer Ottla."""


class WaitTimeout(OttlaError):
    """It was waited for, and it did not come. ``last`` is the last thing seen."""

    def __init__(self, message: str, *, last: object, hint: str | None = None) -> None:
        self.last = last
        super().__init__(f"{message}; last seen: {last}", hint=hint)


class NotYet(OttlaError):
    """Known, and not built yet."""
