"""SIGSTOP of nodes: each keeps its connections and says nothing, as in a long garbage collection. Healed by SIGCONT."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.errors import OttlaError
from ottla.local.faults.answering import Answer, ask, wait_for_answers
from ottla.local.faults.fault import Evidence
from ottla.local.faults.of_nodes import OfNodes
from ottla.local.processes import is_alive, is_paused, pause, resume
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import psutil

    from ottla.local.record import NodeAddress

STOP_TIMEOUT = 2.0  # seconds


class PauseNodes(OfNodes):
    """Pause ``node_ids`` of a cluster; heal by letting them go on."""

    name = "pause"

    def do(self) -> Evidence:
        """Pause all of them. Shown: each is stopped, its port takes a connection, and no answer comes within a second."""
        self._remember()
        processes = self._processes()
        try:
            pause(processes)
            wait_until(
                lambda: [node_id for node_id, process in processes.items() if not is_paused(process)],
                lambda left: not left,
                what="nodes to be stopped",
                timeout=STOP_TIMEOUT,
            )
        except OttlaError as error:
            return Evidence(shown=False, lines=(str(error),))
        answers = ask(self._addresses(processes))
        return Evidence.of(self._looked_at(processes, answers, stopped=True, wanted=Answer.SILENT))

    def heal(self) -> Evidence:
        """Let them go on. Shown: none is stopped, and each answers."""
        processes = self._processes()
        try:
            resume(processes)
            answers = wait_for_answers(self._addresses(processes))
        except OttlaError as error:
            return Evidence(shown=False, lines=(str(error),))
        return self._healed(Evidence.of(self._looked_at(processes, answers, stopped=False, wanted=Answer.ANSWERED)))

    def _processes(self) -> dict[int, psutil.Process]:
        running = self._cluster.running()
        return {node_id: running[node_id] for node_id in self._node_ids if node_id in running}

    def _addresses(self, processes: Mapping[int, psutil.Process]) -> list[NodeAddress]:
        """Those of the nodes that still run."""
        record = self._cluster.made()
        return [record.node(node_id) for node_id, process in processes.items() if is_alive(process)]

    def _looked_at(
        self, processes: Mapping[int, psutil.Process], answers: Mapping[int, Answer], *, stopped: bool, wanted: Answer
    ) -> Iterator[tuple[bool, str]]:
        record = self._cluster.made()
        for node_id in self._node_ids:
            if node_id not in answers:
                yield False, f"node {node_id} does not run"
                continue
            paused, answer = is_paused(processes[node_id]), answers[node_id]
            state = "stopped" if paused else "not stopped"
            line = f"node {node_id}: pid {processes[node_id].pid} is {state}, port {record.node(node_id).ports[0]} {answer.value}"
            yield paused is stopped and answer is wanted, line
