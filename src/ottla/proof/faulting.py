"""Faults done and healed beside a load, in a thread of their own, as both take their time. Whatever happens, they are healed."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from ottla.errors import OttlaError
from ottla.local.faults.fault import Evidence
from ottla.proof.history.columns import Fault as Told

if TYPE_CHECKING:
    from collections.abc import Callable

    from ottla.local.faults.fault import Fault
    from ottla.proof.drills import Drill, Scene
    from ottla.proof.observing import Diary

HEAL_TIMEOUT = 300.0


class Faulting:
    """The faults of a drill: ``lead`` seconds after the start of the load, for as long as the drill says.

    ``with`` it: leaving early (Ctrl-C, a load that died) heals at once, and waits for that.
    """

    def __init__(self, drill: Drill, scene: Scene, diary: Diary, *, lead: float, said: Callable[[str], None]) -> None:
        self.told: tuple[Told, ...] = ()
        self._drill, self._scene, self._diary, self._said = drill, scene, diary, said
        self._lead = lead
        self._leave = threading.Event()
        self._done: list[tuple[Fault, str]] = []
        self._thread = threading.Thread(target=self._run, name="ottla-drill-faults", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Healing is waited for, whatever a person does: a cluster that is removed while a node of it starts leaves the node."""
        self._leave.set()
        deadline = time.monotonic() + HEAL_TIMEOUT
        while self._thread.is_alive() and time.monotonic() < deadline:
            try:
                self._thread.join(1.0)
            except KeyboardInterrupt:
                self._say("still healing")

    @property
    def over(self) -> bool:
        """Whether everything was done and healed."""
        return not self._thread.is_alive()

    def _run(self) -> None:
        self._leave.wait(self._lead)
        try:
            for act in self._drill.acts:
                self._leave.wait(act.after)
                if not self._leave.is_set():
                    self._do(*act.make(self._scene))
            self._leave.wait(self._drill.hold)
        except Exception as error:  # noqa: BLE001  (what was done is healed all the same, and the verdict tells of it)
            self._tell("fault-applied", self._drill.name, "nobody", Evidence(shown=False, lines=(_told(error),)))
        finally:
            for fault, target in reversed(self._done):
                self._heal(fault, target)

    def _do(self, fault: Fault, target: str) -> None:
        self.told += (Told(fault.name, target),)
        self._done.append((fault, target))
        self._say(f"{fault.name}: {target}")
        self._note("fault-begins", fault=fault.name, target=target)
        self._tell("fault-applied", fault.name, target, fault.do())

    def _heal(self, fault: Fault, target: str) -> None:
        """Heal first: neither a full disk nor a terminal that is gone keeps a node from coming back."""
        begun = time.monotonic_ns()
        try:
            evidence = fault.heal()
        except Exception as error:  # noqa: BLE001  (the others are healed all the same)
            evidence = Evidence(shown=False, lines=(_told(error),))
        self._note("heal-begins", at=begun, fault=fault.name, target=target)
        self._tell("healed", fault.name, target, evidence)

    def _tell(self, what: str, fault: str, target: str, evidence: Evidence) -> None:
        self._note(what, fault=fault, target=target, shown=evidence.shown, evidence=list(evidence.lines))
        for line in evidence.lines:
            self._say(f"{'' if evidence.shown else 'not shown, '}{what.replace('-', ' ')}: {line}")

    def _note(self, what: str, at: int | None = None, **facts: Any) -> None:
        with suppress(OttlaError, OSError, ValueError):  # a disk that is full, a diary that is closed
            self._diary.note(what, at, **facts)

    def _say(self, text: str) -> None:
        with suppress(OSError, ValueError):  # nobody hears it any more
            self._said(text)


def _told(error: Exception) -> str:
    return str(error) if isinstance(error, OttlaError) else f"{type(error).__name__}: {error}"
