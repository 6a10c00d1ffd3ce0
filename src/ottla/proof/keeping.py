"""Histories that are kept: where they lie, and what each proves, with its report beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ottla.files import write_atomic
from ottla.proof.checker import check
from ottla.proof.expected import expected_of
from ottla.proof.history.layout import RUN
from ottla.proof.history.reading import read_history
from ottla.proof.json import verdict_document
from ottla.proof.report import report_page

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from ottla.proof.checker import Judgement
    from ottla.proof.history.columns import History

HISTORIES = "histories"
REPORT = "report.html"


@dataclass(frozen=True, slots=True)
class Judged:
    """A history, and what it proves."""

    folder: Path
    history: History
    judgement: Judgement

    @property
    def document(self) -> dict[str, Any]:
        """For a machine."""
        return {**verdict_document(self.history.run, self.judgement), "history": str(self.folder)}

    def write_report(self) -> Path:
        """One page for people, in the folder of the history. Raises LocalError."""
        path = self.folder / REPORT
        write_atomic(path, report_page(self.history, self.judgement))
        return path


def judge(folder: Path) -> Judged:
    """Check a history. Raises HistoryError where the folder is none, or is damaged."""
    history = read_history(folder)
    return Judged(folder, history, check(history, expected_of(history.run)))


def histories(folder: Path) -> list[Path]:
    """The histories of an environment's folder, the oldest first."""
    home = folder / HISTORIES
    return sorted(filter(is_history, home.iterdir())) if home.is_dir() else []


def is_history(folder: Path) -> bool:
    """Whether a run was begun there."""
    return (folder / RUN).is_file()
