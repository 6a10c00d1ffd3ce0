"""One measured run: a topic of its own, workers, the load, and what came of it."""

from __future__ import annotations

import secrets
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from ottla.errors import OttlaError, WaitTimeout
from ottla.files import private_folder
from ottla.kafka.topics import delete_topics
from ottla.proof.host import Host
from ottla.proof.load import NANOSECONDS
from ottla.proof.measurement import Measurement
from ottla.proof.messages import Finished, Interval, Stop
from ottla.proof.workers import Role, Workers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ottla.model.topic import Topic
    from ottla.platform.access import Access
    from ottla.proof.load import Load
    from ottla.proof.measurement import Second
    from ottla.proof.messages import Message
    from ottla.proof.subject import Subject

AFTERWARDS = 240.0  # seconds; by then every answer came, or was given up
SETTLE = 30.0  # seconds for the consumers to read what is left
NOT_ANY: frozenset[str] = frozenset()


def measure(subject: Subject, load: Load, *, told: Callable[[int, Second], None], history: Path | None = None) -> Measurement:
    """Put a load on a cluster. ``told`` hears of each second that is over; a ``history`` folder gets every event's account.

    Raises OttlaError.
    """
    run = secrets.token_hex(4)
    if history is not None:
        private_folder(history)
    with own_topic(subject.access, subject.topic, f"ottla-bench-{run}") as topic, Workers() as workers:
        start = workers.launch(subject.job(topic, load, run, history), subject.topic.partitions)
        measurement = Measurement(load, start=start)
        _follow(workers, measurement, Host(subject.nodes, workers.pids), told)
    return measurement


@contextmanager
def own_topic(access: Access, like: Topic, name: str) -> Iterator[str]:
    """A topic ``like`` another one, for one run."""
    plan = access.plan_create([replace(like, name=name)])
    try:
        access.apply(plan, accept=NOT_ANY, said=lambda _: None)
        yield name
    finally:
        with suppress(OttlaError), access.connected() as connection:  # what ended the run is the news, not this
            delete_topics(connection, [name])


def _follow(workers: Workers, measurement: Measurement, host: Host, told: Callable[[int, Second], None]) -> None:
    """Hear what workers say until the producers are done and all that was acknowledged was read."""
    shown = 0
    done_at: float | None = None
    deadline = measurement.start + int((measurement.load.seconds + AFTERWARDS) * NANOSECONDS)
    while workers.at_work:
        if time.monotonic_ns() > deadline:
            raise WaitTimeout(f"waited {AFTERWARDS:g} s for the load to end", last=sorted(role.value for role in workers.at_work))
        for role, _, message in workers.messages():
            _take(measurement, role, message)
        now = time.monotonic_ns()
        over = (now - measurement.start) // NANOSECONDS
        if over > shown:
            measurement.second(now - NANOSECONDS).host = host.sample()
            if over > 1:  # of the second before that one everybody has told by now
                told(over - 2, measurement.second(now - 2 * NANOSECONDS))
            shown = over
        if Role.PRODUCER not in workers.at_work:
            done_at = done_at or time.monotonic()
            if measurement.read >= measurement.acked or time.monotonic() - done_at > SETTLE:
                workers.tell(Stop(), Role.MEMBER)


def _take(measurement: Measurement, role: Role, message: Message) -> None:
    match message:
        case Interval():
            (measurement.produced if role is Role.PRODUCER else measurement.consumed)(message)
        case Finished(unanswered):
            measurement.unanswered += unanswered
        case _:
            pass
