"""An environment in the cluster of another one: it has its own topics, users, ACLs and quotas there, and no node."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from ottla.errors import LocalError, PlanRefused
from ottla.local.guards import not_running, refuse_other_cluster
from ottla.plan import within
from ottla.platform.local import LocalPlatform, UpResult
from ottla.platform.restart import is_paused_or_gone
from ottla.platform.status import PlatformStatus, read_status
from ottla.spec import desired_state

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from ottla.local.record import ClusterRecord
    from ottla.model.state import ClusterState
    from ottla.platform.identity import Identity
    from ottla.spec import EnvironmentSpec


def refuse_shared(spec: EnvironmentSpec, command: str, *options: str) -> None:
    """Raise PlanRefused where a command would do something to the nodes of a cluster that is another environment's."""
    if spec.shares is not None:
        reason = f"this environment lives in the cluster of {spec.shares}, and is not the only one there"
        raise PlanRefused([reason], hint=f"if it is meant for all: {' '.join(['ottla', command, '-e', spec.shares, *options])}")


@dataclass(frozen=True, slots=True)
class SharedPlatform(LocalPlatform):
    """An environment that shares the cluster of another one. ``cluster`` is that one's, and so are its lock and its files.

    ``of_owner`` knows the administrator.
    """

    of_owner: Identity | None = None

    @property
    def owner(self) -> str:
        """The environment whose cluster it is."""
        return str(self.spec.shares)

    @property
    def folder(self) -> Path:
        """Where this environment keeps what is its own: beside the folder of the cluster."""
        return self.cluster.layout.root.parent / self.environment

    @property
    def desired(self) -> ClusterState:
        """What the spec asks for, by full names; no nodes."""
        return desired_state(self.spec)

    def own(self, state: ClusterState) -> ClusterState:
        """What of a cluster's state has this environment's prefix."""
        return within(state, self.spec.prefix)

    @property
    def pending_upgrade(self) -> None:
        """Which Kafka runs is for the owner of the cluster to say."""

    def up(self, *, meanwhile: Callable[[], None] | None = None) -> UpResult:
        """Create what is missing in a cluster that runs. Raises LocalError where it does not."""
        self._refuse_unless_it_runs()  # before the lock, which would make the owner's folder
        return LocalPlatform.up(self, meanwhile=meanwhile)

    def _started(self, meanwhile: Callable[[], None] | None) -> ClusterRecord:
        record = self.cluster.made()
        if record.any_secured:
            for remark in self.cluster.admission.ensure_certificates(()):  # of users; no node starts
                self.cluster.report.note(remark)
        if meanwhile is not None:
            meanwhile()
        return record

    def _administration(self) -> Identity:
        return self.of_owner or self.identity

    def _refuse_unless_it_runs(self) -> None:
        record, running = self.cluster.record(), self.cluster.running()
        start = f"start it: ottla up -e {self.owner}"
        if record is None or not running:
            raise LocalError(f"{self.environment} lives in the cluster of {self.owner}, which does not run", hint=start)
        missing = [node.node_id for node in record.nodes if is_paused_or_gone(running.get(node.node_id))]
        if missing:
            raise LocalError(f"{not_running(missing)} in the cluster of {self.owner}", hint=start)
        refuse_other_cluster(record, self.roles)

    def status(self) -> PlatformStatus:
        """How the cluster is, which is the owner's."""
        return read_status(self.owner, self.cluster)

    def down(self) -> NoReturn:
        """Raise PlanRefused: the nodes are the owner's."""
        self._refuse("down")

    def wipe(self) -> NoReturn:
        """Raise PlanRefused: the data are the owner's as well."""
        self._refuse("down", "--wipe")

    def restart(self, node_ids: Collection[int] | None = None) -> NoReturn:
        """Raise PlanRefused: the nodes are the owner's."""
        self._refuse("restart", *(str(node_id) for node_id in node_ids or ()))

    def upgrade(self) -> NoReturn:
        """Raise PlanRefused: the nodes are the owner's."""
        self._refuse("upgrade")

    def finalise(self) -> NoReturn:
        """Raise PlanRefused: the cluster's metadata are the owner's."""
        self._refuse("upgrade", "--finalize")

    def _refuse(self, command: str, *options: str) -> NoReturn:
        refuse_shared(self.spec, command, *options)
        raise AssertionError(f"{self.environment} shares no cluster")
