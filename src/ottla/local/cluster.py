"""The life of a local cluster: made once, started, converged, stopped, wiped. Each verb can be cut off and run again."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ottla.errors import LocalError, WaitTimeout
from ottla.files import explained, locked, private_folder, write_atomic
from ottla.local.addresses import new_addresses
from ottla.local.aot import drop_refused_cache, with_aot_cache
from ottla.local.artifacts import JSON_LAYOUT, ensure_jars
from ottla.local.faults.record import forget, left_behind, refuse_drilled
from ottla.local.guards import is_as_made, named, refuse_leftovers, refuse_other_cluster
from ottla.local.jmx_agent import ensure_agent
from ottla.local.jvm import JvmMode, Runtime, java_command, kafka_version_of
from ottla.local.node import applied_configs, keep_applied, needs_format
from ottla.local.processes import command_line, find_nodes, is_paused, resume, stop_processes
from ottla.local.ready import wait_for_nodes
from ottla.local.record import ClusterRecord, new_cluster_id, read_record, write_record
from ottla.local.roles import COMBINED
from ottla.local.secured import NOBODY
from ottla.local.start import start_nodes
from ottla.local.training import train
from ottla.spec.versions import LOG4J_VERSION

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    import psutil

    from ottla.local.layout import Layout
    from ottla.local.report import Reporter
    from ottla.local.secured import Admission


@dataclass(frozen=True, slots=True)
class LocalCluster:
    """A cluster of nodes on this machine. ``heap`` is the JVM's of each broker, in bytes; ``admission`` knows the users.

    With ``jmx_agent`` each node that is started has the JMX agent in it; with ``ecs_logs`` it writes its log as JSON.
    """

    layout: Layout
    name: str
    kafka_version: str
    heap: int
    report: Reporter
    admission: Admission = NOBODY
    jmx_agent: bool = False
    ecs_logs: bool = False
    jvm_mode: JvmMode = JvmMode.QUICK

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
        """The processes of nodes that run, by node_id. Needs no file, so that a damaged or removed one hides none."""
        return find_nodes(self.layout.nodes)

    def up(
        self,
        configs: Mapping[int, Mapping[str, str]],
        *,
        roles: Mapping[int, tuple[str, ...]] | None = None,
        hosts: Mapping[int, str] | None = None,
        prefixes: Mapping[int, Sequence[str]] | None = None,
    ) -> ClusterRecord:
        """Make the cluster if it is not there, start every node that does not run, and return at once.

        ``configs`` are the properties of each node. A node that ever came up starts with those it had, and with the Kafka it
        had: other ones are a change, for a plan (``restart_node``) or for ``move_to``. ``roles`` (None: all combined) must be
        those it was made with, else PlanRefused, and no drill of another process may have a fault on. ``hosts`` and
        ``prefixes`` are used when the cluster is made.
        """
        refuse_drilled(self.layout)
        wanted = roles or dict.fromkeys(configs, COMBINED)
        record = self._record_to_keep(wanted) or self._make(wanted, hosts or {}, prefixes or {})
        refuse_other_cluster(record, wanted)
        self._finish_what_was_cut_off()
        running = self.running()
        missing = [node.node_id for node in record.nodes if node.node_id not in running]
        return start_nodes(self, record, missing, {**configs, **self.applied()}) if missing else record

    def start(self, node_ids: Collection[int]) -> None:
        """Start those that do not run, as they last came up (properties, JMX agent), and wait until they take clients.

        Raises LocalError for one that never came up, or does not now.
        """
        record, running, applied = self.made(), self.running(), self.applied()
        missing = [node_id for node_id in node_ids if node_id not in running]
        never = [node_id for node_id in missing if node_id not in applied]
        if never:
            raise LocalError(f"{named(never)} never came up", hint="start everything: ottla up")
        if missing:
            record = start_nodes(self._as_before(record, missing), record, missing, applied)
        wait_for_nodes(self, [record.node(node_id) for node_id in node_ids])

    def _as_before(self, record: ClusterRecord, node_ids: Collection[int]) -> LocalCluster:
        """The same with what Ottla added to these nodes when they were last started."""
        jmx_agent, ecs_logs = record.with_jmx_agent, record.with_ecs_logs
        return replace(self, jmx_agent=not jmx_agent.isdisjoint(node_ids), ecs_logs=not ecs_logs.isdisjoint(node_ids))

    def applied(self) -> dict[int, dict[str, str]]:
        """The properties of the spec that each node last came up with; a node that never did is not there."""
        found = {node_id: applied_configs(self.layout.node(node_id)) for node_id in self.layout.node_ids()}
        return {node_id: configs for node_id, configs in found.items() if configs is not None}

    def _record_to_keep(self, roles: Mapping[int, tuple[str, ...]]) -> ClusterRecord | None:
        """The record; None where another cluster is wanted, and no node of it ever had data: then a new one loses nothing."""
        record = self.record()
        if record is None or self.running() or (is_as_made(record, roles) and record.kafka_version == self.kafka_version):
            return record
        blank = all(needs_format(self.layout.node(node.node_id)) for node in record.nodes)
        return None if blank else record

    def _make(
        self, roles: Mapping[int, tuple[str, ...]], hosts: Mapping[int, str], prefixes: Mapping[int, Sequence[str]]
    ) -> ClusterRecord:
        refuse_leftovers(self.layout, sorted(self.running()))
        record = ClusterRecord(new_cluster_id(), self.kafka_version, new_addresses(self.layout, roles, hosts, prefixes))
        write_record(self.layout.record, record)
        return record

    def _finish_what_was_cut_off(self) -> None:
        """Nodes that were being stopped are not running ones, though they still answer; paused ones do not answer."""
        stopping = [node_id for node_id in self.running() if self.layout.node(node_id).stopping.exists()]
        if stopping:
            self.report.note(f"an earlier run was cut off while it stopped {named(stopping)}: that is done first")
            self.stop(stopping)
        resumed = resume(self.running())
        if resumed:
            self.report.note(f"paused (SIGSTOP), and resumed now: {named(resumed)}")

    def runtime(self, kafka_version: str) -> Runtime:
        """What nodes of that version run on; downloaded and trained if this machine has never done it."""
        agent = ensure_agent(report=self.report) if self.jmx_agent else None
        layout = ensure_jars(LOG4J_VERSION, JSON_LAYOUT, report=self.report) if self.ecs_logs else ()
        jars = (*ensure_jars(kafka_version, report=self.report), *layout)
        plain = Runtime(java_command(), jars, agent=agent, ecs_logs=self.ecs_logs, mode=self.jvm_mode)
        return with_aot_cache(plain, kafka_version, train=train, report=self.report)

    def move_to(self, kafka_version: str) -> list[int]:
        """From now on nodes start with that Kafka. Returns the ids of those that still run another one.

        The jars are there before anything is promised. A run that is cut off after this is gone on with by the next.
        """
        record = self.made()
        self.runtime(kafka_version)
        if record.kafka_version != kafka_version:
            write_record(self.layout.record, replace(record, kafka_version=kafka_version))
        return self.outdated(kafka_version)

    def outdated(self, kafka_version: str) -> list[int]:
        """The nodes that run another Kafka."""
        running = self.running().items()
        return sorted(node_id for node_id, process in running if kafka_version_of(command_line(process)) != kafka_version)

    def wait_for_ports(self, configs: Mapping[int, Mapping[str, str]]) -> None:
        """Wait until every node takes clients. Raises LocalError, with its last words, as soon as one dies.

        ``configs`` are what nodes that come up for the first time were started with: they are remembered.
        """
        processes = wait_for_nodes(self, self.made().nodes)
        for node_id in (processes.keys() & configs.keys()) - self.applied().keys():
            keep_applied(self.layout.node(node_id), configs[node_id])
        drop_refused_cache(self.layout, processes, report=self.report)

    def forget_healed(self) -> None:
        """Say which faults of drills that were cut off are healed by now, and forget them: their nodes run and are not paused."""
        active = {node_id for node_id, process in self.running().items() if not is_paused(process)}
        for fault in left_behind(self.layout):
            if active.issuperset(fault.node_ids):
                forget(self.layout, fault.fault_id)
                self.report.note(f"a drill was cut off, and what it left is healed now: {fault}")

    def stop(self, node_ids: Sequence[int] | None = None) -> list[int]:
        """Stop the nodes (None: all) in an orderly way; returns the ids of those that were running.

        Brokers go first: they ask the controllers for their leave.
        """
        running = {node_id: process for node_id, process in self.running().items() if node_ids is None or node_id in node_ids}
        if running:
            self.report.step(f"stopping {named(sorted(running))}")
            for node_id in running:
                self._mark_stopping(node_id)
            brokers = {node_id: process for node_id, process in running.items() if node_id not in self._voters()}
            voters = {node_id: process for node_id, process in running.items() if node_id not in brokers}
            forced = [node_id for group in (brokers, voters) for node_id in self._stop_group(group)]
            for node_id in running:
                with suppress(OSError):
                    self.layout.node(node_id).stopping.unlink(missing_ok=True)
            if forced:
                self.report.note(f"ended by force, because it took too long: {named(forced)}; no acknowledged event is lost")
        return sorted(running)

    def _mark_stopping(self, node_id: int) -> None:
        with suppress(LocalError):  # a full disk, or a folder that was removed, keeps nobody from stopping
            if self.layout.node(node_id).folder.is_dir():
                write_atomic(self.layout.node(node_id).stopping, "")

    def _stop_group(self, group: Mapping[int, psutil.Process]) -> list[int]:
        if not group:
            return []
        voters = self._voters()
        others = (self.running().keys() & voters) - group.keys()
        return stop_processes(group, stuck_at=stuck_at(group.keys(), voters, len(others)))

    def _voters(self) -> frozenset[int]:
        """Who votes; where no record says so, every node that runs is taken for one."""
        with suppress(LocalError):
            record = self.record()
            if record is not None:
                return frozenset(node.node_id for node in record.voters)
        return frozenset(self.running())

    def restart_node(self, node_id: int, configs: Mapping[str, str]) -> None:
        """Stop one node, start it with other properties, and wait until it takes clients.

        Properties that it had, and ``configs`` does not name, stay. If it does not come up, it is started with the old ones,
        its JMX agent and the form of its log as they were, and LocalError or WaitTimeout is raised all the same. What it runs
        on is there before it is stopped: fetching jars and training the JVM take their time, and may fail.
        """
        record = self.made()
        self.runtime(record.kafka_version)
        before = self._as_before(record, [node_id])
        wanted = {**self.applied().get(node_id, {}), **configs}
        self.stop([node_id])
        try:
            start_nodes(self, record, [node_id], {node_id: wanted})
            self.wait_for_ports({node_id: wanted})
        except (LocalError, WaitTimeout):
            if wanted == self.applied().get(node_id) and before == self:
                raise
            self.report.note(f"node {node_id} did not come up with its new properties, and goes back to the old ones")
            old = {each.node_id: configs for each in record.nodes}  # `up` prefers those that a node had
            before.up(old, roles={each.node_id: each.roles for each in record.nodes})
            before.wait_for_ports(old)
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


def stuck_at(group: AbstractSet[int], voters: AbstractSet[int], others: int) -> int:
    """How many of a ``group`` that stops can no longer leave in an orderly way, once no more than these are left.

    A node leaves while a majority of the voters is there to let it go; ``others`` are voters that stay.
    """
    majority = len(voters) // 2 + 1
    if others >= majority:
        return 0
    return min(majority - 1 - others, len(group)) if group <= voters else len(group)
