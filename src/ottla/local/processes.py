"""The processes of nodes: found in the process table, started, asked to stop.

The process table is the only record: a node's process is the java whose command line runs Kafka with that node's properties
file (a wrapper around it, or somebody who only looks for it, is not java). So a killed run leaves nothing stale behind, and a
pid that was given to another process is never taken for a node.
"""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from ottla.errors import LocalError, WaitTimeout
from ottla.files import explained
from ottla.local.jvm import MAIN_CLASS
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

JAVA = "java"
LET_GO_TIMEOUT = 3.0  # seconds that a process that just ended gets to let go of its ports and files
STOP_TIMEOUT = 60.0
LAST_ONES_TIMEOUT = 7.0
KILL_TIMEOUT = 10.0

_started: list[subprocess.Popen[bytes]] = []  # kept so that a child that ends is reaped, not left a zombie


def find_processes(properties: Mapping[int, Path], *, of: str = MAIN_CLASS) -> dict[int, psutil.Process]:
    """The running process of each node, given its properties file; ``of`` is the class that it runs."""
    wanted = {path: node_id for node_id, path in properties.items()}
    return {wanted[path]: process for path, process in _all_java(of) if path in wanted}


def find_nodes(folder: Path) -> dict[int, psutil.Process]:
    """The running nodes whose folders stand, or stood, in ``folder``: one that was removed does not hide its process."""
    found = {path.parent.name: process for path, process in _all_java(MAIN_CLASS) if path.parent.parent == folder}
    return {int(name): process for name, process in sorted(found.items()) if name.isdigit()}


def _all_java(main_class: str) -> Iterator[tuple[Path, psutil.Process]]:
    """Every java of this machine that runs a class with a properties file for its last word, and that file."""
    _reap()
    for process in psutil.process_iter():
        command = command_line(process)
        if main_class in command[-6:-1] and Path(command[0]).name == JAVA:
            yield Path(command[-1]), process


def command_line(process: psutil.Process) -> list[str]:
    """The words of a process's command; none if it has ended, or belongs to somebody who does not show it."""
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


def environment_of(process: psutil.Process) -> dict[str, str]:
    """The variables that a process was started with; none if it has ended, or belongs to somebody who does not show them."""
    try:
        return dict(process.environ())
    except psutil.Error:
        return {}


def start_process(command: Sequence[str], *, folder: Path, output: Path, environment: Mapping[str, str]) -> psutil.Process:
    """Start a process that outlives this one, in a session of its own. Raises LocalError if it cannot be started."""
    with explained("start a node: cannot write", output), output.open("wb") as out:
        try:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise LocalError(f"cannot start {command[0]}: {error.strerror}", hint="reinstall: make up") from error
    _started.append(process)
    return psutil.Process(process.pid)


def stop_processes(
    processes: Mapping[int, psutil.Process], *, stuck_at: int | None = None, timeout: float = STOP_TIMEOUT
) -> list[int]:
    """Ask all to stop, wait ``timeout`` seconds, and end by force those that cannot; their node ids are returned.

    A broker leaves in an orderly way only while its controllers have a quorum. Once no more than ``stuck_at`` of these
    processes are left (None: half of them), one that is still at it would wait five minutes for an answer that cannot come,
    so it gets seven seconds (a controller that leads waits five for a successor).
    psutil compares the start time of a process before it signals, so a pid that was reused is left alone.
    """
    _signal(processes.values(), signal.SIGTERM)
    resume(processes)
    try:
        _wait_for(processes, len(processes) // 2 if stuck_at is None else stuck_at, timeout)
        _wait_for(processes, 0, LAST_ONES_TIMEOUT)
    except WaitTimeout:
        left = _alive(processes)
        end_processes(processes)
        return left
    return []


def end_processes(processes: Mapping[int, psutil.Process]) -> None:
    """End by force whatever still runs, and wait until it is gone."""
    _signal([processes[node_id] for node_id in _alive(processes)], signal.SIGKILL)
    _wait_for(processes, 0, KILL_TIMEOUT)


def resume(processes: Mapping[int, psutil.Process]) -> list[int]:
    """Let processes go on that were paused (SIGSTOP): such a one takes no request, and no SIGTERM either."""
    paused = {node_id: process for node_id, process in processes.items() if is_paused(process)}
    _signal(paused.values(), signal.SIGCONT)
    return sorted(paused)


def pause(processes: Mapping[int, psutil.Process]) -> None:
    """Stop processes where they are (SIGSTOP), until somebody resumes them."""
    _signal(processes.values(), signal.SIGSTOP)


def is_paused(process: psutil.Process) -> bool:
    """Whether somebody has paused the process (SIGSTOP)."""
    try:
        return bool(process.status() == psutil.STATUS_STOPPED)
    except psutil.NoSuchProcess:
        return False


def _signal(processes: Iterable[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        try:
            process.send_signal(number)
        except psutil.NoSuchProcess:
            continue
        except psutil.AccessDenied as error:
            raise LocalError(f"not allowed to signal process {process.pid}", hint="do it as the user who started it") from error


def _wait_for(processes: Mapping[int, psutil.Process], at_most: int, timeout: float) -> None:
    wait_until(
        lambda: _alive(processes),
        lambda alive: len(alive) <= at_most,
        what="nodes to stop",
        timeout=timeout,
        every=0.02,
    )


def _alive(processes: Mapping[int, psutil.Process]) -> list[int]:
    _reap()
    return [node_id for node_id, process in processes.items() if is_alive(process)]


def is_alive(process: psutil.Process) -> bool:
    """Whether the very process still runs: another one with its pid does not count, and a zombie is dead."""
    try:
        # A zombie that has threads left is still dying, and holds its ports and files.
        return bool(process.is_running() and (process.status() != psutil.STATUS_ZOMBIE or process.num_threads() > 1))
    except psutil.NoSuchProcess:
        return False


def _reap() -> None:
    _started[:] = [process for process in _started if process.poll() is None]
