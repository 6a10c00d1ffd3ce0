"""Clusters that live for one run only, below the folder of an environment: held by a lock while the run lives.

``scratch/RUN/`` is a layout of its own, and ``scratch/RUN.lock`` is held by the run. The kernel drops the lock when the run
dies, whatever killed it; so a cluster whose lock nobody holds was left behind, and is ended and removed by whoever finds it.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ottla.errors import PlanRefused
from ottla.files import explained, lock_holder, locked, private_folder
from ottla.local.companion import told_of_files_in
from ottla.local.layout import Layout
from ottla.local.processes import end_processes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ottla.local.cluster import LocalCluster

LOCK = ".lock"


@dataclass(frozen=True, slots=True)
class ScratchCluster:
    """A cluster of a run; ``holder`` is who lives in it (``pid 4711``), None where it was left behind."""

    run: str
    layout: Layout
    holder: str | None

    def __str__(self) -> str:
        return f"scratch cluster {self.run} ({self.layout.root})"


@contextmanager
def held(cluster: LocalCluster) -> Iterator[None]:
    """Hold a scratch cluster for as long as the block takes; at its end, also on Ctrl-C, all of the cluster is gone."""
    lock = _lock_of(cluster.layout)
    private_folder(lock.parent)
    with locked(lock):
        try:
            yield
        finally:
            _remove(cluster)


def scratch_clusters(folder: Path) -> tuple[ScratchCluster, ...]:
    """The scratch clusters below the folder of an environment, of runs that live and of those that do not."""
    home = Layout(folder)
    there = home.scratches.iterdir() if home.scratches.is_dir() else ()
    names = (path.name.removeprefix(".").partition(".removed-")[0].removesuffix(LOCK) for path in there)
    layouts = {run: home.scratch(run) for run in sorted(set(names))}
    return tuple(ScratchCluster(run, layout, lock_holder(_lock_of(layout))) for run, layout in layouts.items())


def end_left_behind(cluster: LocalCluster, folder: Path) -> None:
    """End and remove every scratch cluster below ``folder`` that no run holds. ``cluster`` says whom to tell."""
    for left in scratch_clusters(folder):
        if left.holder is None:
            _remove(replace(cluster, layout=left.layout))
            cluster.report.note(f"removed: {left}, which a drill that was cut off left behind")


def refuse_lived_in(folder: Path) -> None:
    """Raise PlanRefused while a run lives in a scratch cluster below ``folder``."""
    lived_in = [each for each in scratch_clusters(folder) if each.holder is not None]
    if lived_in:
        reasons = [f"{each} is in use by a drill ({each.holder})" for each in lived_in]
        raise PlanRefused(reasons, hint="wait until it ends, or end it, then run the command again")


def _lock_of(layout: Layout) -> Path:
    return layout.root.with_name(layout.root.name + LOCK)


def _remove(cluster: LocalCluster) -> None:
    """Nobody needs what is in it, so its nodes are not asked to leave in an orderly way."""
    lock = _lock_of(cluster.layout)
    end_processes(cluster.running() | told_of_files_in(cluster.layout.root))
    cluster.wipe()
    with explained("remove", lock):
        lock.unlink(missing_ok=True)
