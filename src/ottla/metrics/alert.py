"""What an alert is: when it fires, for how long that must be so, whom it is for, and what it makes needless to say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

RUNBOOKS = "runbooks.md"
SOON, MINUTE, LATER = 30_000, 60_000, 300_000  # ms that something must be so: for what is plain, for most, for what may pass
KEPT = 120_000  # ms that a page goes on firing
LEAST_STEPS = 2  # an alert lasts for two looks at least: one bad sample is none
LEAST_WINDOW = 4  # scrapes that a range has, so that one that failed leaves enough
TIME = re.compile(r"<(\d+)ms>")  # a range or an offset of an expression, which a test profile makes shorter


class Severity(StrEnum):
    """Who is told: somebody who is woken, somebody at work, or nobody."""

    PAGE = "page"
    TICKET = "ticket"
    NONE = "none"


class About(StrEnum):
    """What an alert is about. Rules are grouped by it."""

    NODES = "nodes"
    PARTITIONS = "partitions"
    QUORUM = "quorum"
    DISKS = "disks"
    CONSUMER_GROUPS = "consumer_groups"
    MONITORING = "monitoring"
    CERTIFICATES = "certificates"


@dataclass(frozen=True, slots=True)
class Alert:
    """An entry of the table of alerts. Times are in ms.

    ``expression`` is PromQL; what is made by ``window`` in it is filled in when rules are written. ``step`` is how often what
    it reads is new: a scrape, or a round of the exporter. ``lasting`` is Prometheus' ``for``: 0 only where a single look
    decides (something has happened, and will not un-happen). ``keep`` is its ``keep_firing_for``: a node that dies takes its
    series with it, and that resolves nothing. ``silences`` names the alerts that follow from this one, where they agree in the
    labels ``equal``.
    """

    name: str
    severity: Severity
    about: About
    expression: str
    lasting: int
    summary: str
    description: str
    step: int
    keep: int = 0
    silences: tuple[str, ...] = ()
    equal: tuple[str, ...] = ("cluster",)

    @property
    def anchor(self) -> str:
        """Its place in the page of runbooks."""
        return f"{RUNBOOKS}#{self.name.lower()}"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An alert that cannot be: ``why`` says what it would read, and how to switch that on."""

    name: str
    why: str


def window(milliseconds: int) -> str:
    """A range or an offset within an expression."""
    return f"<{milliseconds}ms>"


@dataclass(frozen=True, slots=True)
class Pace:
    """How quickly rules work: 1 is the real thing; a test has the same rules, ``scale`` times as quick."""

    scale: float = 1.0

    def lasting(self, alert: Alert) -> int:
        """How long it must be so, in ms: two looks at least."""
        return max(int(alert.lasting / self.scale), LEAST_STEPS * alert.step) if alert.lasting else 0

    def keep(self, alert: Alert) -> int:
        """For how long it goes on firing, in ms."""
        return max(int(alert.keep / self.scale), LEAST_STEPS * alert.step) if alert.keep else 0

    def expression(self, alert: Alert) -> str:
        """The PromQL, with its ranges filled in: four looks at least."""
        least = LEAST_WINDOW * alert.step
        return TIME.sub(lambda found: prometheus_time(max(int(int(found[1]) / self.scale), least)), alert.expression)


def prometheus_time(milliseconds: int) -> str:
    """A duration as Prometheus reads it: ``90s``, ``5m``, ``1h``."""
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)):
        if milliseconds and milliseconds % size == 0:
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds}ms"
