"""How the machine was while something was measured on it: who used its processors, and who waited for them."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterable

PRESSURE = Path("/proc/pressure/cpu")  # https://docs.kernel.org/accounting/psi.html; Linux alone has it
MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class HostSample:
    """Shares of all processors over the time since the sample before, 0 to 1.

    ``nodes`` and ``clients`` (this process among them) are ours; ``others`` is what is busy beside them; ``steal`` is what the
    hypervisor kept for itself.
    ``waiting`` is the share of time in which somebody waited for a processor (None: this system does not say).
    """

    busy: float
    steal: float
    nodes: float
    clients: float
    others: float
    waiting: float | None


class Host:
    """Samples the machine."""

    def __init__(self, nodes: Iterable[int], clients: Iterable[int]) -> None:
        self._nodes = [each for pid in nodes if (each := _process(pid))]
        self._clients = [each for pid in (os.getpid(), *clients) if (each := _process(pid))]
        self._before = self._read()

    def sample(self) -> HostSample:
        """What happened since the last sample."""
        before, now = self._before, self._read()
        self._before = now
        total = max(1e-9, now.total - before.total)
        busy, steal = (now.busy - before.busy) / total, (now.steal - before.steal) / total
        nodes, clients = (now.nodes - before.nodes) / total, (now.clients - before.clients) / total
        pressure = None
        if now.pressure is not None and before.pressure is not None:
            pressure = min(1.0, (now.pressure - before.pressure) / (total / psutil.cpu_count()))
        return HostSample(busy, steal, nodes, clients, max(0.0, busy - nodes - clients), pressure)

    def _read(self) -> _Reading:
        times = psutil.cpu_times()
        idle = times.idle + getattr(times, "iowait", 0.0)
        steal = getattr(times, "steal", 0.0)
        total = sum(getattr(times, name, 0.0) for name in ("user", "system", "idle", "nice", "iowait", "irq", "softirq", "steal"))
        return _Reading(total, total - idle - steal, steal, _cpu_time(self._nodes), _cpu_time(self._clients), _pressure())


@dataclass(frozen=True, slots=True)
class _Reading:
    """Seconds since the machine started, summed over its processors; ``pressure`` is of the whole machine."""

    total: float
    busy: float
    steal: float
    nodes: float
    clients: float
    pressure: float | None


def _process(pid: int) -> psutil.Process | None:
    with suppress(psutil.Error):
        return psutil.Process(pid)
    return None


def _cpu_time(processes: Iterable[psutil.Process]) -> float:
    used = 0.0
    for process in processes:
        with suppress(psutil.Error):
            times = process.cpu_times()
            used += times.user + times.system
    return used


def _pressure() -> float | None:
    """Seconds in which at least one task waited for a processor."""
    with suppress(OSError, ValueError):
        some = PRESSURE.read_text(encoding="ascii").splitlines()[0]
        return int(some.rpartition("total=")[2]) / MICROSECONDS
    return None
