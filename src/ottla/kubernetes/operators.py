"""Strimzi's operators as data: those that are there, and the step of a rollout that brings one. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ottla.kubernetes.conditions import GONE
from ottla.spec.versions import STRIMZI_VERSION

if TYPE_CHECKING:
    from ottla.kubernetes.conditions import Condition

STEP = "operator"
AFTER = "namespaces"  # the step before it: helm installs into a namespace that is there
RELEASE = "strimzi-kafka-operator"  # what ours is called; one that is there keeps its name
ALL = "*"


@dataclass(frozen=True, slots=True)
class Operator:
    """A Deployment of Strimzi's cluster operator. ``version`` is the tag of its image, ``release`` that of helm, if any."""

    namespace: str
    name: str
    version: str
    watches: tuple[str, ...]
    release: str | None = None
    condition: Condition = field(default=GONE, compare=False)

    def sees(self, namespace: str) -> bool:
        """Whether it works on what lies there."""
        return ALL in self.watches or namespace in self.watches

    def __str__(self) -> str:
        return f"Strimzi {self.version or 'of an unknown version'} (Deployment {self.namespace}/{self.name})"


@dataclass(frozen=True, slots=True)
class RunningKafka:
    """A cluster that Strimzi has made. ``versions`` are what it is, and what it is to be."""

    namespace: str
    name: str
    versions: tuple[str, ...]
    ready: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Seen:
    """What is there. ``everywhere``: whether it was looked for in all namespaces, not only in the one that is meant.

    ``kafkas`` and ``stored`` (API versions that resources are kept in, by definition) are looked at only where they matter.
    """

    operators: tuple[Operator, ...]
    everywhere: bool
    kafkas: tuple[RunningKafka, ...] = ()
    stored: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def watching(self, namespace: str) -> tuple[Operator, ...]:
        """Those that work on the namespace."""
        return tuple(each for each in self.operators if each.sees(namespace))

    def settles(self, namespace: str) -> bool:
        """Whether one operator works there, and is the one that is rendered for."""
        return [each.version for each in self.watching(namespace)] == [STRIMZI_VERSION]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart as helm finds it."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Release:
    """A release of helm as it is now: ``chart`` with its version, ``seconds`` since helm began to work on it."""

    revision: int
    status: str
    chart: str
    seconds: float


@dataclass(frozen=True, slots=True)
class OperatorStep:
    """What is done about the operator of the namespace ``watched``; ``ours``: whether it is for Ottla to bring.

    ``namespace`` is where it lies, empty where none is seen and none is to come. ``before`` is the version that is upgraded,
    empty where one is installed; ``redo`` a revision that helm was cut off in.
    """

    watched: str = ""
    ours: bool = False
    seen: Seen = Seen((), everywhere=False)
    to_do: bool = False
    namespace: str = ""
    release: str = RELEASE
    chart: str = ""
    before: str = ""
    redo: int | None = None
    notes: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """What is done, for a person."""
        version = f"{self.before} -> {STRIMZI_VERSION}" if self.before else STRIMZI_VERSION
        return f"{'~' if self.before else '+'} Strimzi {version} (helm release {self.release} in {self.namespace})"

    @property
    def lines(self) -> tuple[str, ...]:
        """The same; none where nothing is done."""
        return (self.line,) if self.to_do else ()

    @property
    def shown(self) -> tuple[str, ...]:
        """The same with what belongs to it."""
        if not self.to_do:
            return ()
        values = "; the values of the release stay" if self.before else ""
        found = [self.line, f"    its definitions (CRDs) first, for all namespaces{values}"]
        if self.before:
            found.append("    it restarts the nodes of all clusters that it works on, one after the other")
        if self.redo is not None:
            found.append(f"    revision {self.redo} of the release is done again: helm was cut off in it")
        return tuple(found)

    @property
    def document(self) -> dict[str, Any]:
        """As data."""
        action = ("change" if self.before else "add") if self.to_do else "none"
        versions = {"from": self.before or None, "to": STRIMZI_VERSION} if self.to_do else {"from": None, "to": None}
        helm = {"release": self.release, "chart": self.chart} if self.to_do else {"release": None, "chart": None}
        return {"step": STEP, "action": action, **versions, "namespace": self.namespace or None, **helm}


NOTHING = OperatorStep()
