"""Workers: processes that send and read for a run.

Processes and not threads, because Python would let them wait for each other. They hear nothing of Ctrl-C: the run stops them,
and one whose run is gone ends by itself.
"""

from __future__ import annotations

import multiprocessing
import signal
import time
from contextlib import suppress
from dataclasses import replace
from enum import Enum
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Self

from ottla.errors import ClusterError, OttlaError, WaitTimeout
from ottla.proof.account import MemberAccount, ProducerAccount
from ottla.proof.consuming import Consuming, Uncounted
from ottla.proof.line import Line
from ottla.proof.load import NANOSECONDS
from ottla.proof.messages import Failed, Finished, Ready, Start
from ottla.proof.producing import Producing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnContext, SpawnProcess

    from ottla.proof.messages import Job, Message, Renew, Stop

LEAD = NANOSECONDS  # between the word to start and the first event
LOOK = 0.2  # seconds
READY_TIMEOUT = 60.0
TERMINATE_TIMEOUT = 5.0


class Role(Enum):
    """What a worker is."""

    PRODUCER = "producer"
    MEMBER = "member"


def work(role: Role, job: Job, connection: Connection) -> None:
    """The whole life of a worker process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    line = Line(connection)
    try:
        match role:
            case Role.PRODUCER:
                Producing(job, line, ProducerAccount(job.history, job.number) if job.history else None).run()
            case Role.MEMBER:
                Consuming(job, line, MemberAccount(job.history, job.number) if job.history else Uncounted()).run()
    except OttlaError as error:
        line.say(Failed(str(error)))
    except Exception as error:  # a bug: it is shown here, and told to the run
        line.say(Failed(f"{type(error).__name__}: {error}"))
        raise


class Workers:
    """The workers of a run. ``with`` it: at the end none is left."""

    def __init__(self) -> None:
        self._processes: list[SpawnProcess] = []
        self._ours: list[Connection] = []
        self._lines: dict[Connection, tuple[Role, int]] = {}  # of those that are at work

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for line in self._ours:
            line.close()
        for process in self._processes:
            process.join(TERMINATE_TIMEOUT)
            if process.is_alive():
                process.kill()
                process.join()

    @property
    def pids(self) -> list[int]:
        """The processes."""
        return [process.pid for process in self._processes if process.pid is not None]

    def launch(self, job: Job, partitions: int) -> int:
        """Start the members and producers of a job's load, and give the word once all are ready; when the first event is due.

        That is monotonic ns; ``partitions`` are the topic's. Raises WaitTimeout, ClusterError.
        """
        for role, count in ((Role.MEMBER, job.load.consumers), (Role.PRODUCER, job.load.producers)):
            self.begin(role, [replace(job, number=number) for number in range(count)])
        self.await_ready(partitions)
        start = time.monotonic_ns() + LEAD
        self.tell(Start(start))
        return start

    def begin(self, role: Role, jobs: Sequence[Job]) -> None:
        """Start a worker for each job."""
        context = multiprocessing.get_context("spawn")
        heard = signal.signal(signal.SIGINT, signal.SIG_IGN)  # which children inherit: Ctrl-C is the run's alone
        try:
            self._begin(context, role, jobs)
        finally:
            signal.signal(signal.SIGINT, heard)

    def _begin(self, context: SpawnContext, role: Role, jobs: Sequence[Job]) -> None:
        for job in jobs:
            ours, theirs = context.Pipe()
            process = context.Process(target=work, args=(role, job, theirs), name=f"ottla-{role.value}-{job.number}", daemon=True)
            process.start()
            theirs.close()
            self._processes.append(process)
            self._ours.append(ours)
            self._lines[ours] = (role, job.number)

    def await_ready(self, partitions: int, timeout: float = READY_TIMEOUT) -> None:
        """Wait until every producer has met the cluster, and the members have all ``partitions`` between them.

        Raises WaitTimeout, ClusterError.
        """
        deadline = time.monotonic() + timeout
        said: dict[tuple[Role, int], int] = {}
        while not self._are_ready(said, partitions):
            if time.monotonic() > deadline:
                raise WaitTimeout(f"waited {timeout:g} s for producers and consumers to meet the cluster", last=said)
            for role, number, message in self.messages(0.1):
                if isinstance(message, Ready):
                    said[role, number] = message.partitions

    def _are_ready(self, said: dict[tuple[Role, int], int], partitions: int) -> bool:
        members = [count for (role, _), count in said.items() if role is Role.MEMBER]
        return len(said) == len(self._lines) and (not members or sum(members) == partitions)

    def tell(self, message: Start | Stop | Renew, role: Role | None = None) -> None:
        """Say something to all, or to those of one role."""
        for line, (its, _) in self._lines.items():
            if role in (None, its):
                with suppress(OSError):
                    line.send(message)

    def messages(self, seconds: float = LOOK) -> Iterator[tuple[Role, int, Message]]:
        """What workers said, waiting so long for the first word. Raises ClusterError where one failed or died."""
        there = wait(list(self._lines), timeout=seconds)
        for line in [line for line in self._lines if line in there]:
            role, number = self._lines[line]
            message = self._heard(line, f"{role.value} {number} of the load")
            if isinstance(message, Finished):
                del self._lines[line]
            yield role, number, message

    @staticmethod
    def _heard(line: Connection, who: str) -> Message:
        try:
            message: Message = line.recv()
        except (EOFError, OSError):
            raise ClusterError(f"{who} has died", hint="was it ended for want of memory? dmesg | tail") from None
        if isinstance(message, Failed):
            raise ClusterError(f"{who}: {message.reason}")
        return message

    @property
    def at_work(self) -> set[Role]:
        """The roles of which somebody is not finished yet."""
        return {role for role, _ in self._lines.values()}
