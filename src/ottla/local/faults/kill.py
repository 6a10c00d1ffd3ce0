"""SIGKILL of nodes, all at one moment: nothing is flushed, nobody is told. Healed by starting them again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.errors import OttlaError
from ottla.local.faults.answering import Answer, wait_for_answers
from ottla.local.faults.fault import Evidence
from ottla.local.faults.of_nodes import OfNodes
from ottla.local.ports import accepts
from ottla.local.processes import end_processes, is_alive

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    import psutil

    from ottla.local.cluster import LocalCluster


class KillNodes(OfNodes):
    """Kill ``node_ids`` of a cluster; heal by starting them with the properties that they had."""

    name = "kill"

    def __init__(self, cluster: LocalCluster, node_ids: Collection[int]) -> None:
        super().__init__(cluster, node_ids)
        self._killed: dict[int, psutil.Process] = {}

    def do(self) -> Evidence:
        """Kill all of them at once. Shown: each process that ran is gone, and its ports refuse."""
        self._remember()
        running = self._cluster.running()
        self._killed = {node_id: running[node_id] for node_id in self._node_ids if node_id in running}
        try:
            end_processes(self._killed)
        except OttlaError as error:
            return Evidence(shown=False, lines=(str(error),))
        return Evidence.of(self._ended())

    def _ended(self) -> Iterator[tuple[bool, str]]:
        record, running = self._cluster.made(), self._cluster.running()
        for node_id in self._node_ids:
            process = self._killed.get(node_id)
            if process is None:
                yield False, f"node {node_id} did not run before"
                continue
            node = record.node(node_id)
            opened = [port for port in node.ports if accepts(node.host, port)]
            gone = not is_alive(process) and node_id not in running
            how = f"ports {', '.join(map(str, opened or node.ports))} {'take connections' if opened else 'refuse'}"
            yield gone and not opened, f"node {node_id}: pid {process.pid} {'is gone' if gone else 'is there'}, {how}"

    def heal(self) -> Evidence:
        """Start those that do not run. Shown: each has another process than was killed, and its port answers."""
        try:
            with self._cluster.lock():
                self._cluster.start(self._node_ids)
            record = self._cluster.made()
            answers = wait_for_answers([record.node(node_id) for node_id in self._node_ids])
        except OttlaError as error:
            return Evidence(shown=False, lines=(str(error),))
        return self._healed(Evidence.of(self._back(answers)))

    def _back(self, answers: Mapping[int, Answer]) -> Iterator[tuple[bool, str]]:
        running, record = self._cluster.running(), self._cluster.made()
        for node_id in self._node_ids:
            now, before = running.get(node_id), self._killed.get(node_id)
            if now is None:
                yield False, f"node {node_id} does not run"
                continue
            port = record.node(node_id).ports[0]
            was = f" (it was {before.pid})" if before is not None else ""
            # psutil compares the start as well, so that a pid that was given out again is another process.
            proves = now != before and answers[node_id] is Answer.ANSWERED
            yield proves, f"node {node_id}: pid {now.pid}{was}, port {port} {answers[node_id].value}"
