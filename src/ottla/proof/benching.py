"""A bench: one load on clusters that differ in how they are locked, or the largest load that one of them carries."""

from __future__ import annotations

import math
import secrets
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from ottla.platform.scratch import Shape, scratch
from ottla.proof.judging import LEAST_EVENTS, Verdict, judge
from ottla.proof.measuring import measure
from ottla.proof.subject import Subject, subject_of
from ottla.spec.identity import Authentication, UserSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ottla.platform import LocalPlatform
    from ottla.proof.judging import Aims, Judgement
    from ottla.proof.load import Load
    from ottla.proof.measurement import Measurement, Second

FINEST = 0.05  # of the rate: how near the largest load is found
MOST_STEPS = 12
LEAST_SHARE = 16
FASTER = 2


class Security(Enum):
    """How clients reach the cluster: as anybody, with a certificate over TLS, or with a password over TLS."""

    PLAIN = "plain"
    TLS = "tls"
    SCRAM = "tls+scram"

    @property
    def user(self) -> str | None:
        """As whom; None: nobody logs in."""
        return None if self is Security.PLAIN else f"ottla-bench-{self.name.lower()}"


USERS = {
    str(Security.TLS.user): UserSpec(admin=True, authentication=Authentication.CERTIFICATE),
    str(Security.SCRAM.user): UserSpec(admin=True),
}


@dataclass(frozen=True, slots=True)
class Run:
    """A measured load, and what it says. ``topic`` is the one whose shape it had, ``jvm`` the flags of the nodes."""

    security: Security
    topic: str
    measurement: Measurement
    judgement: Judgement
    jvm: tuple[str, ...]
    began: datetime


class Listener(Protocol):
    """Hears how a bench goes on."""

    def step(self, text: str) -> None:
        """What is done now."""

    def second(self, number: int, second: Second) -> None:
        """A second is over."""

    def done(self, run: Run) -> None:
        """A run is over, and what it says is known: whatever becomes of the next, this one is there."""


def bench(
    platform: LocalPlatform, load: Load, topic: str | None, securities: Sequence[Security], aims: Aims, heard: Listener
) -> list[Run]:
    """Put a load on a scratch cluster for each kind of security, one after the other."""
    runs = []
    for security in securities:
        with scratch_subject(platform, topic, security) as subject:
            runs.append(_run(subject, load, security, aims, heard))
    return runs


def bench_here(platform: LocalPlatform, load: Load, topic: str | None, aims: Aims, heard: Listener) -> list[Run]:
    """Put a load on the platform itself, which runs, beside whatever it does."""
    security = Security.SCRAM if platform.cluster.made().any_secured else Security.PLAIN
    return [_run(subject_of(platform, topic), load, security, aims, heard)]


def find_max(
    platform: LocalPlatform, load: Load, topic: str | None, security: Security, aims: Aims, heard: Listener
) -> tuple[Run | None, list[Run]]:
    """The largest load that meets the aims, found by doubling and then halving the difference; and all that was tried.

    A try that is invalid counts as not met: the machine is what it is. None: not even the rate to begin with is met.
    """
    tried: list[Run] = []
    with scratch_subject(platform, topic, security) as subject:

        def meets(rate: int) -> bool:
            tried.append(_run(subject, replace(load, rate=rate), security, aims, heard))
            return tried[-1].judgement.verdict is Verdict.MET

        found = search_rate(load.rate, meets, least=math.ceil(LEAST_EVENTS / load.duration))
    return next((run for run in tried if run.measurement.load.rate == found), None), tried


def search_rate(first: int, meets: Callable[[int], bool], *, least: int = 1) -> int | None:
    """The largest rate found that ``meets``, within 5 %; None where not even a sixteenth of ``first`` does, or ``least``."""
    low, high, rate = 0, None, first
    for _ in range(MOST_STEPS):
        if meets(rate):
            low = rate
        else:
            high = rate
        if high is None:
            rate = low * FASTER
        elif low == 0:
            rate = high // FASTER
            if rate < max(first // LEAST_SHARE, least):
                return None
        elif high - low <= max(1, FINEST * low):
            break
        else:
            rate = (low + high) // 2
    return low or None


def _run(subject: Subject, load: Load, security: Security, aims: Aims, heard: Listener) -> Run:
    heard.step(f"{load.rate:,} events/s for {load.duration:g} s after {load.warm_up:g} s of warm-up, {security.value}")
    began = datetime.now(UTC)
    measurement = measure(subject, load, told=heard.second)
    run = Run(security, subject.topic.name, measurement, judge(measurement, aims), subject.jvm, began)
    heard.done(run)
    return run


@contextmanager
def scratch_subject(platform: LocalPlatform, topic: str | None, security: Security) -> Iterator[Subject]:
    """A cluster of its own, made from the spec, that clients reach as ``security`` says."""
    locked = security is not Security.PLAIN
    shape = Shape(secured=locked, users=USERS if locked else {})
    with scratch(platform, f"bench-{secrets.token_hex(3)}", shape) as made:
        yield subject_of(made, topic, user=security.user)
