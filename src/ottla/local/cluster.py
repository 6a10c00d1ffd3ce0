"""The life of a local cluster: made once, started, converged, stopped, wiped. Each verb can be cut off and run again."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import psutil

from ottla.errors import LocalError, PlanRefused, WaitTimeout
from ottla.files import explained, locked, private_folder
from ottla.local.aot import throw_away, with_aot_cache
from ottla.local.artifacts import ensure_jars
from ottla.local.jvm import Runtime, aot_cache_of, aot_in_use, java_command, kafka_version_of
from ottla.local.node import (
    applied_configs,
    check_ports,
    ensure_certificates,
    format_nodes,
    has_run,
    keep_applied,
    last_words,
    needs_format,
    start_node,
    stopped_cleanly,
    write_node_files,
)
from ottla.local.ports import BLOCK, LOOPBACK, accepts, free_block
from ottla.local.processes import command_line, find_processes, is_alive, stop_processes
from ottla.local.record import ClusterRecord, NodeAddress, new_cluster_id, read_record, write_record
from ottla.local.training import train
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ottla.local.layout import Layout
    from ottla.local.report import Reporter

START_TIMEOUT = 120.0
PORT_POLL = 0.02
PREFIX_TIMEOUT = 2.0
CLOCK_SLACK = 2.0  # the start time of a process is known less exactly than that of a file; training takes longer than this


@dataclass(frozen=True, slots=True)
class LocalCluster:
    """A cluster of combined nodes on this machine. ``heap`` is each JVM's, in bytes."""

    layout: Layout
    name: str
    kafka_version: str
    heap: int
    report: Reporter

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other runs on this environment out; one that comes second waits and says for whom."""
        private_folder(self.layout.root)
        with locked(self.layout.lock, waiting=lambda who: self.report.step(f"waiting for {who}, which works here too")):
            yield

    def record(self) -> ClusterRecord | None:
        """The cluster as it was made, or None."""
        return read_record(self.layout.record)

    def made(self) -> ClusterRecord:
        """The cluster as it was made. Raises LocalError where there is none."""
        record = self.record()
        if record is None:
            raise LocalError(f"no local cluster was made here yet ({self.layout.root})", hint="make it: ottla up")
        return record

    def running(self) -> dict[int, psutil.Process]:
        """The processes of nodes that run, by node_id. Needs no record, so that a damaged one can still be wiped."""
        return find_processes({node_id: self.layout.node(node_id).properties for node_id in self.layout.node_ids()})

    def up(
        self,
        configs: Mapping[int, Mapping[str, str]],
        *,
        hosts: Mapping[int, str] | None = None,
        prefixes: Mapping[int, Sequence[str]] | None = None,
    ) -> ClusterRecord:
        """Make the cluster if it is not there, start every node that does not run, and return at once.

        ``configs`` are the properties of each node. A node that ever came up starts with those it had: other ones are a
        change, for a plan (``restart_node``); the same goes for Kafka's version (``move_to``). ``hosts`` and ``prefixes``
        are used when the cluster is made. Raises PlanRefused where the nodes are other ones.
        """
        record = self.record() or self._make(sorted(configs), hosts or {}, prefixes or {})
        if {node.node_id for node in record.nodes} != set(configs):
            raise PlanRefused([_other_cluster(record, len(configs))])
        running = self.running()
        missing = [node for node in record.nodes if node.node_id not in running]
        if missing:
            self._start(record, missing, {**configs, **self.applied()})
        return record

    def applied(self) -> dict[int, dict[str, str]]:
        """The properties of the spec that each node last came up with; a node that never did is not there."""
        found = {node_id: applied_configs(self.layout.node(node_id)) for node_id in self.layout.node_ids()}
        return {node_id: configs for node_id, configs in found.items() if configs is not None}

    def _make(self, node_ids: Sequence[int], hosts: Mapping[int, str], prefixes: Mapping[int, Sequence[str]]) -> ClusterRecord:
        if any(not needs_format(self.layout.node(node_id)) for node_id in self.layout.node_ids()):
            raise LocalError(
                f"there are nodes with data in {self.layout.root}, and no {self.layout.record.name} that says whose they are",
                hint="restore the file from a copy, or start anew (all data is lost): ottla down --wipe",
            )
        nodes = []
        taken = self._ports_of_siblings()
        for node_id in node_ids:
            host = hosts.get(node_id, LOOPBACK)
            first = free_block(host, taken=taken)
            taken |= set(range(first, first + BLOCK))
            nodes.append(NodeAddress.in_block(node_id, host, first, tuple(prefixes.get(node_id, ()))))
        record = ClusterRecord(new_cluster_id(), self.kafka_version, tuple(nodes))
        write_record(self.layout.record, record)
        return record

    def _ports_of_siblings(self) -> set[int]:
        """What other environments of the spec listen on, also those that do not run now."""
        ports: set[int] = set()
        for path in self.layout.root.parent.glob(f"*/{self.layout.record.name}"):
            with suppress(LocalError):
                record = read_record(path)
                for node in record.nodes if record else ():
                    ports |= set(range(node.client_port, node.client_port + BLOCK))
        return ports

    def _start(self, record: ClusterRecord, nodes: Sequence[NodeAddress], configs: Mapping[int, Mapping[str, str]]) -> None:
        runtime = self.runtime(record.kafka_version)
        for node in nodes:
            check_ports(node)
        ensure_certificates(self.layout, self.name, nodes)
        for node in nodes:
            write_node_files(self.layout, record, node, configs[node.node_id])
        unformatted = [node.node_id for node in nodes if needs_format(self.layout.node(node.node_id))]
        self._refuse_blank_majority(record)
        if unformatted:
            self.report.step(f"formatting {_nodes(unformatted)}")
            format_nodes(runtime, self.layout, record, unformatted)
        killed = [node.node_id for node in nodes if not stopped_cleanly(self.layout.node(node.node_id))]
        if killed:
            self.report.note(
                f"{_nodes(killed)} did not end cleanly: Kafka waits for the old session to end first (9 s, unless set)"
            )
        known = [node for node in record.nodes if has_run(self.layout.node(node.node_id))]
        blank = [node for node in nodes if node not in known]
        self._start_processes(runtime, [node for node in nodes if node in known])
        if known and blank:
            # A blank node that led the quorum before would be told that it still does, and die of it: the others elect first.
            self._wait_for(known)
        self._start_processes(runtime, blank)

    def _start_processes(self, runtime: Runtime, nodes: Sequence[NodeAddress]) -> None:
        if nodes:
            self.report.step(f"starting {_nodes([node.node_id for node in nodes])}")
        for node in nodes:
            start_node(runtime, self.layout, node, heap=self.heap)

    def _refuse_blank_majority(self, record: ClusterRecord) -> None:
        """Nodes that lost their data may come back empty only while a majority of the voters still knows the metadata."""
        nodes = [node.node_id for node in record.nodes]
        blank = [node_id for node_id in nodes if needs_format(self.layout.node(node_id))]
        knowing = [node_id for node_id in nodes if has_run(self.layout.node(node_id))]
        if knowing and len(blank) * 2 >= len(nodes):
            reason = (
                f"{_nodes(blank)} lost their data, and only {_nodes(knowing)} still has any: blank nodes would outvote it, and "
                f"every topic would be forgotten. Put the data back into {self.layout.root / 'nodes'}, or start anew (all data "
                "is lost): ottla down --wipe"
            )
            raise PlanRefused([reason])

    def runtime(self, kafka_version: str) -> Runtime:
        """What nodes of that version run on; downloaded and trained if this machine has never done it."""
        plain = Runtime(java_command(), ensure_jars(kafka_version, report=self.report))
        return with_aot_cache(plain, kafka_version, train=train, report=self.report)

    def move_to(self, kafka_version: str) -> list[int]:
        """From now on nodes start with that Kafka. Returns the ids of those that still run another one.

        The jars are there before anything is promised. A run that is cut off after this is gone on with by the next.
        """
        record = self.made()
        self.runtime(kafka_version)
        if record.kafka_version != kafka_version:
            write_record(self.layout.record, replace(record, kafka_version=kafka_version))
        running = self.running().items()
        return sorted(node_id for node_id, process in running if kafka_version_of(command_line(process)) != kafka_version)

    def wait_for_ports(self, configs: Mapping[int, Mapping[str, str]]) -> None:
        """Wait until every node takes clients. Raises LocalError, with its last words, as soon as one dies.

        ``configs`` are what nodes that come up for the first time were started with: they are remembered.
        """
        processes = self._wait_for(self.made().nodes)
        for node_id in (processes.keys() & configs.keys()) - self.applied().keys():
            keep_applied(self.layout.node(node_id), configs[node_id])
        self._drop_refused_cache(processes)

    def _wait_for(self, nodes: Sequence[NodeAddress]) -> dict[int, psutil.Process]:
        waiting = {node.node_id: node for node in nodes}
        with suppress(WaitTimeout):  # behind a prefix, a moment passes before the process is java
            wait_until(
                self.running,
                lambda running: {node.node_id for node in nodes} <= set(running),
                what="the processes",
                timeout=PREFIX_TIMEOUT,
            )
        processes = self.running()

        def look() -> tuple[int, ...]:
            for node_id, node in list(waiting.items()):
                if accepts(node.host, node.client_port):
                    del waiting[node_id]
                elif node_id not in processes or not is_alive(processes[node_id]):
                    raise self._dead(node_id)
            return tuple(sorted(waiting))

        wait_until(
            look,
            lambda left: not left,
            what="nodes to take clients",
            timeout=START_TIMEOUT,
            every=PORT_POLL,
            hint="see why: ottla logs",
            changed=lambda left: self.report.step(f"waiting for {_nodes(left)}"),
        )
        return processes

    def _dead(self, node_id: int) -> LocalError:
        words = last_words(self.layout.node(node_id))
        return LocalError(f"node {node_id} ended before it took clients:\n{words}", hint=f"all of it: ottla logs {node_id}")

    def _drop_refused_cache(self, processes: Mapping[int, psutil.Process]) -> None:
        for node_id, process in processes.items():
            cache = aot_cache_of(command_line(process))
            if cache is None or aot_in_use(self.layout.node(node_id)):
                continue
            with suppress(OSError, psutil.Error):
                if cache.stat().st_mtime < process.create_time() + CLOCK_SLACK:  # else it was made anew since this node started
                    throw_away(cache)
                    self.report.note("the JVM refused its start-up cache; it is made anew at the next start")

    def stop(self, node_ids: Sequence[int] | None = None) -> list[int]:
        """Stop the nodes (None: all) in an orderly way; returns the ids of those that were running."""
        running = {node_id: process for node_id, process in self.running().items() if node_ids is None or node_id in node_ids}
        if running:
            self.report.step(f"stopping {_nodes(sorted(running))}")
            forced = stop_processes(running)
            if forced:
                self.report.note(f"{_nodes(forced)} did not stop in time and was ended by force; no acknowledged event is lost")
        return sorted(running)

    def restart_node(self, node_id: int, configs: Mapping[str, str]) -> None:
        """Stop one node, start it with other properties, and wait until it takes clients.

        Properties that it had, and ``configs`` does not name, stay. If it does not come up, it is
        started with the old ones, and LocalError is raised all the same.
        """
        record = self.made()
        node = next(node for node in record.nodes if node.node_id == node_id)
        wanted = {**self.applied().get(node_id, {}), **configs}
        self.stop([node_id])
        try:
            self._start(record, [node], {node_id: wanted})
            self.wait_for_ports({node_id: wanted})
        except LocalError:
            self.report.note(f"node {node_id} did not come up with its new properties, and goes back to the old ones")
            old = {each.node_id: configs for each in record.nodes}  # `up` prefers those that a node had
            self.up(old)
            self.wait_for_ports(old)
            raise
        keep_applied(self.layout.node(node_id), wanted)

    def wipe(self) -> None:
        """Stop everything and remove all that this cluster ever wrote.

        The folder is renamed first, so that a wipe that is cut off leaves nothing that looks like a cluster.
        """
        self.stop()
        root = self.layout.root
        with explained("remove", root):
            if root.exists():
                root.rename(root.with_name(f".{root.name}.removed-{os.getpid()}"))
            for grave in root.parent.glob(f".{root.name}.removed-*"):
                shutil.rmtree(grave)


def _nodes(node_ids: Sequence[int]) -> str:
    word = "node" if len(node_ids) == 1 else "nodes"
    return f"{word} {', '.join(str(node_id) for node_id in node_ids)}"


def _other_cluster(record: ClusterRecord, wanted: int) -> str:
    return (
        f"the cluster here was made with {len(record.nodes)} nodes; the spec asks for {wanted}. Its quorum was fixed when it "
        "was formatted: change the spec back, use another environment, or start anew (all data is lost): ottla down --wipe"
    )
