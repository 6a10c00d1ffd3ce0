"""Faults done and healed beside a load, in a thread of their own, as both take their time. Whatever happens, they are healed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

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
        self._leave.set()
        self._thread.join(HEAL_TIMEOUT)

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
        except OttlaError as error:
            self._tell("fault-applied", self._drill.name, "nobody", Evidence(shown=False, lines=(str(error),)))
        finally:
            for fault, target in self._done:
                self._heal(fault, target)

    def _do(self, fault: Fault, target: str) -> None:
        self.told += (Told(fault.name, target),)
        self._done.append((fault, target))
        self._said(f"{fault.name}: {target}")
        self._diary.note("fault-begins", fault=fault.name, target=target)
        self._tell("fault-applied", fault.name, target, fault.do())

    def _heal(self, fault: Fault, target: str) -> None:
        self._said(f"healing {fault.name} of {fault.target}")
        self._diary.note("heal-begins", fault=fault.name, target=target)
        self._tell("healed", fault.name, target, fault.heal())

    def _tell(self, what: str, fault: str, target: str, evidence: Evidence) -> None:
        self._diary.note(what, fault=fault, target=target, shown=evidence.shown, evidence=list(evidence.lines))
        for line in evidence.lines:
            self._said(f"{'' if evidence.shown else 'not shown, '}{what.replace('-', ' ')}: {line}")
