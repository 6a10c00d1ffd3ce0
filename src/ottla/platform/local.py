"""A platform on this machine: each verb is a few calls of the rooms below."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ottla.errors import LocalError, UsageError
from ottla.local.faults.held import refuse_held
from ottla.local.guards import named, not_running
from ottla.local.processes import is_paused
from ottla.local.ready import stay_alive
from ottla.local.roles import BROKER, node_roles
from ottla.local.scratch import end_left_behind, refuse_lived_in
from ottla.local.secured import OPEN, OWN_KEYS, UNTOLD, secured_properties
from ottla.local.trust import ensure_own_certificate
from ottla.model.node import AUTHORIZER, Node
from ottla.plan import diff, make_plan, only_creates, outside, reassess, refuse_unaccepted, topics_in_need_of_evidence
from ottla.platform.identity import own_settings, refuse_open
from ottla.platform.node_extras import EXTRAS, extras_of, extras_wanted
from ottla.platform.restart import restart_in_turn
from ottla.platform.status import PlatformStatus, read_status
from ottla.spec import Target, client_profile, desired_state
from ottla.spec.schema import Controllers

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from ottla.kafka.connection import Connection
    from ottla.kafka.events import Sender
    from ottla.kafka.settings import ClientSettings
    from ottla.local import LocalCluster
    from ottla.local.record import ClusterRecord
    from ottla.model.client import ClientProfile
    from ottla.model.login import Login
    from ottla.model.state import ClusterState
    from ottla.plan import AlterNodeProperties, Change, Plan
    from ottla.platform.access import Access
    from ottla.platform.identity import Identity
    from ottla.platform.upgrade import Upgrade
    from ottla.platform.verifying import Verification
    from ottla.reconcile import Check, Observation
    from ottla.spec import EnvironmentSpec, Fault
    from ottla.spec.exporter import ExporterSpec
    from ottla.telemetry.view import View

NOTHING_ALLOWED: frozenset[str] = frozenset()


def _only(node: Node, keys: AbstractSet[str]) -> Node:
    return replace(node, properties={key: value for key, value in node.properties.items() if key in keys})


@dataclass(frozen=True, slots=True)
class UpResult:
    """What ``up`` did: the cluster, what it created, and the plan of what it leaves to a person (None: nothing).

    ``upgrade`` is the Kafka that the spec asks for, where another one runs.
    """

    record: ClusterRecord
    created: tuple[Change, ...]
    pending: Plan | None
    upgrade: str | None


@dataclass(frozen=True, slots=True)
class LocalPlatform:
    """An environment whose target is this machine. ``neighbours`` share its cluster: each has the prefix of all its names."""

    environment: str
    spec: EnvironmentSpec
    cluster: LocalCluster
    identity: Identity
    warnings: tuple[Fault, ...] = ()  # what the spec says that is legal and probably not meant
    user: str | None = None  # as whom the cluster is looked at and changed; None: as Ottla itself
    neighbours: Mapping[str, str] = field(default_factory=dict)
    certificate_users: tuple[str, ...] = ()  # who logs in to the cluster with a certificate, the neighbours' users among them

    def __post_init__(self) -> None:
        if self.spec.target is not Target.LOCAL:
            raise ValueError(f"not a local environment: {self.environment}")

    @property
    def folder(self) -> Path:
        """Where this environment keeps what is its own, its secrets among it."""
        return self.cluster.layout.root

    @property
    def roles(self) -> dict[int, tuple[str, ...]]:
        """The roles of each node, by node_id."""
        return node_roles(self.spec.cluster.nodes, dedicated=self.spec.cluster.controllers is Controllers.DEDICATED)

    @property
    def desired(self) -> ClusterState:
        """The cluster that the spec asks for. Controllers of their own get the same properties as brokers."""
        desired = desired_state(self.spec)
        properties = {**next(iter(desired.nodes.values())).properties, **self._security()}
        properties |= extras_wanted(self.spec, self.cluster.record())
        return replace(desired, nodes={node_id: Node(node_id, properties) for node_id in self.roles})

    def _security(self) -> dict[str, str]:
        """What makes nodes locked; or open, where they are locked now."""
        if self.secured:
            return secured_properties(self.spec.security)
        record = self.cluster.record()
        return OPEN if record is not None and record.any_secured else {}

    @property
    def secured(self) -> bool:
        """Whether the spec asks for a locked platform."""
        return self.spec.security.enabled

    @property
    def properties(self) -> dict[int, Mapping[str, str]]:
        """The server properties that the spec has for each node: those of Kafka itself."""
        nodes = self.desired.nodes.values()
        return {node.node_id: _only(node, node.properties.keys() - EXTRAS).properties for node in nodes}

    @property
    def profile(self) -> ClientProfile:
        """The settings of every client."""
        return client_profile(self.spec)

    def up(self, *, meanwhile: Callable[[], None] | None = None) -> UpResult:
        """Make it so: start what does not run, create what is missing. What bears a risk is left as a plan.

        ``meanwhile`` is called once, while the nodes boot.
        """
        if self.secured:
            self.identity.require_references()
        with self.cluster.lock():
            end_left_behind(self.cluster, self.folder)
            record = self._started(meanwhile)
            with self.connected() as connection:
                self._wait_until_whole(connection)
                creates, others = only_creates(self._plan(connection, NOTHING_ALLOWED))
                now = self._observe(connection) if creates.changes else None
            if now is not None:
                self._carry_out(creates, now)
            self.cluster.forget_healed()
        created = tuple(planned.change for planned in creates.changes)
        return UpResult(record, created, others if others.changes else None, self.pending_upgrade)

    def _started(self, meanwhile: Callable[[], None] | None) -> ClusterRecord:
        configs = self.properties
        record = self.cluster.up(configs, roles=self.roles)
        if record.any_secured:
            ensure_own_certificate(self.cluster.layout)
            self.cluster.admission.ensure_certificates(())  # of users that are new in the spec, where nothing starts
        if meanwhile is not None:
            meanwhile()
        self.cluster.wait_for_ports(configs)
        return record

    @property
    def pending_upgrade(self) -> str | None:
        """The Kafka that the spec asks for, where a node runs, or would start with, another one."""
        record, wanted = self.cluster.record(), self.spec.cluster.kafka_version
        if record is None:
            return None
        return wanted if record.kafka_version != wanted or self.cluster.outdated(wanted) else None

    def upgrade(self) -> Upgrade:
        """Move every node to the spec's Kafka, one at a time. metadata.version stays, so the way back is open.

        Raises PlanRefused where the metadata is too new for that Kafka.
        """
        from ottla.platform.upgrade import upgrade

        with self.cluster.lock():
            return upgrade(self)

    def finalise(self) -> tuple[int, int]:
        """Raise metadata.version to what every node knows, for good; returns the level before and after."""
        from ottla.platform.upgrade import finalise

        with self.cluster.lock():
            return finalise(self)

    def _carry_out(self, plan: Plan, now: Observation) -> tuple[str, ...]:
        from ottla.reconcile import Credentials, apply_plan

        passwords = self.identity.passwords(planned.change for planned in plan.changes)

        def sent(changes: Iterable[Change]) -> None:
            self.identity.sent(changes, passwords)

        return apply_plan(
            plan,
            now,
            connect=self.connected,
            restart_node=self._restart,
            said=self.cluster.report.step,
            credentials=Credentials(passwords, sent),
        )

    def _wait_until_whole(self, connection: Connection) -> None:
        from ottla.kafka.cluster import warm_producer_ids
        from ottla.reconcile import wait_for_brokers, wait_for_isr

        def said_brokers(there: tuple[int, ...]) -> None:
            self.cluster.report.step(f"brokers in the cluster: {', '.join(map(str, there)) or 'none yet'}")

        def said_isr(seen: tuple[int, int]) -> None:
            self.cluster.report.step(f"waiting for replicas: {seen[0]} of {seen[1]} partitions in sync")

        alive = stay_alive(self.cluster)
        wait_for_brokers(connection, self.spec.cluster.nodes, alive=alive, changed=said_brokers)
        warm_producer_ids(connection, [node_id for node_id, roles in self.roles.items() if BROKER in roles])
        wait_for_isr(connection, alive=alive, changed=said_isr)

    def plan(self, *, allow: frozenset[str] = NOTHING_ALLOWED) -> Plan:
        """What apply would do now. Raises PlanRefused, ClusterError."""
        with self.connected() as connection:
            return self._plan(connection, allow)

    def apply(self, plan: Plan, *, accept: frozenset[str] = NOTHING_ALLOWED) -> tuple[str, ...]:
        """Carry out a plan that was shown. Raises PlanRefused, StalePlan, ApplyError."""
        from ottla.reconcile import read_evidence

        with self.cluster.lock():
            with self.connected() as connection:
                now = self._observe(connection)
                changes = [planned.change for planned in plan.changes]
                evidence = read_evidence(connection, now, topics_in_need_of_evidence(changes))
            # What a topic holds is no part of the fingerprints: it may have filled while somebody was thinking.
            refuse_unaccepted(reassess(plan, now.state, evidence), accept)
            return self._carry_out(plan, now)

    def verify(self, *, write_as: str | None = None, sender: Sender | None = None) -> Verification:
        """Compare the live cluster with the spec, reading only, unless ``write_as`` gives a name to this run.

        Then an event with that name goes through every topic that may take one. ``sender`` is one that was opened before.
        A node that does not run is wanting, and so are replicas; what is left of the cluster is looked at all the same.
        """
        from ottla.platform.exporter_check import exporter_checks
        from ottla.platform.verifying import Verification, not_written, topics_to_look_into, write_permissions
        from ottla.reconcile import observe, read_evidence, verify, verify_write

        answering = frozenset(node_id for node_id, process in self.cluster.running().items() if not is_paused(process))
        with self.connected() as connection:
            observation = observe(connection, answering=answering)
            found = {**observation.state.nodes, **self._controllers(answering)}
            nodes = {node_id: self._with_untold(node) for node_id, node in found.items()}
            state = self.identity.observed(replace(observation.state, nodes=nodes))
            observation = replace(observation, state=state)
            checks = (*verify(observation, self.identity.desired(self.desired)), self._kafka_version(), *exporter_checks(self))
            if write_as is None:
                return Verification(checks, (), ())
            asked = topics_to_look_into(self.spec, observation, answering)
            evidence = read_evidence(connection, observation, asked, answering=answering)
        permitted = write_permissions(self.spec, observation, evidence, answering)
        events = verify_write(sender or self.open_sender(), self.profile, permitted, run_id=write_as)
        return Verification(checks, events, not_written(self.spec, permitted))

    def _kafka_version(self) -> Check:
        from ottla.reconcile import Check

        wanted = self.pending_upgrade
        wanting = f"the spec asks for {wanted}; to move to it: ottla upgrade" if wanted else None
        return Check("cluster", "kafka_version", self.cluster.made().kafka_version, wanting)

    def login(self, user: str) -> Login:
        """How a user of the spec logs in. Raises UsageError for one that is not there, LocalError where there is no password."""
        return self.identity.login(self.cluster, user)

    def working_as(self, user: str | None) -> LocalPlatform:
        """The same platform, looked at and changed with no more than a user may (None: as Ottla itself)."""
        return replace(self, user=user)

    def rotate_password(self, user: str) -> None:
        """Give a user another generated password, and send it. Raises UsageError for one that has none, ApplyError."""
        from ottla.platform.passwords import plan_rotation, refuse_without_own_password

        name = refuse_without_own_password(self.identity, user)
        refuse_open(self.cluster.made())
        with self.cluster.lock():
            with self.connected() as connection:
                now = self._observe(connection)
            self._carry_out(plan_rotation(self.identity, name, now, environment=self.environment), now)

    def access(self, user: str | None = None) -> Access:
        """The cluster, to look at and to touch, as a user (None: the administrator, or anybody where it is open).

        Raises LocalError where none was made, UsageError for a user that is not there.
        """
        from ottla.kafka.connection import LOCAL_WAY_OUT
        from ottla.platform.access import LOCAL_TIMEOUT, Access

        record = self.cluster.made()
        return Access(
            name=self.spec.cluster.name,
            settings=self._client_settings(record, user or self.user),
            profile=self.profile,
            cluster_id=record.cluster_id,
            listed=frozenset(self.spec.topics_by_full_name),
            way_out=LOCAL_WAY_OUT,
            timeout=LOCAL_TIMEOUT,
        )

    def view(self, exporter: ExporterSpec) -> View:
        """What its ``exporter`` looks at."""
        from ottla.platform.exporting import view_of_environment

        record, view = self.cluster.record(), view_of_environment(self.spec, exporter)
        return replace(view, tls_addresses={} if record is None else record.sasl_addresses)

    def _client_settings(self, record: ClusterRecord, user: str | None) -> ClientSettings:
        from ottla.kafka.settings import ClientSettings, login_settings

        if user is None and not record.any_secured:
            return ClientSettings(record.bootstrap_servers)
        if user is None:
            return login_settings(self._administration().login(self.cluster, self.spec.security.administrator))
        return login_settings(self.login(user))

    def _administration(self) -> Identity:
        """Who knows the administrator's password."""
        return self.identity

    def open_sender(self) -> Sender:
        """A producer with the client profile; on a locked platform the administrator's.

        librdkafka looks for a broker that gives it a producer id only twice a second: made while the nodes boot, it waits less.
        """
        from ottla.kafka.events import Sender

        return Sender(self._client_settings(self.cluster.made(), self.user), self.profile)

    def restart(self, node_ids: Collection[int] | None = None) -> tuple[int, ...]:
        """Restart nodes (None: all) one at a time, without losing an acknowledged event; the order it was done in.

        Raises UsageError for a node that is not there, PlanRefused where one is missing already.
        """
        with self.cluster.lock():
            there = [node.node_id for node in self.cluster.made().nodes]
            unknown = sorted(set(node_ids or ()) - set(there))
            if unknown:
                raise UsageError(f"there is no {named(unknown)}; there are {', '.join(map(str, there))}")
            return restart_in_turn(
                self.cluster,
                node_ids or there,
                wait_until_whole=self.wait_until_whole,
                look=self.look,
                properties=self.properties,
            )

    def look(self) -> Observation:
        """The cluster as it is now. Raises ClusterError if anything cannot be read."""
        from ottla.reconcile import observe

        with self.connected() as connection:
            return observe(connection)

    def status(self) -> PlatformStatus:
        """Nodes, quorum, topics, disk: what can be seen now, running or not."""
        return read_status(self.environment, self.cluster)

    def down(self) -> list[int]:
        """Stop every node, and what runs beside them; all data stays. Returns the ids of the nodes that were running."""
        from ottla.platform.monitoring import stop_beside

        with self.cluster.lock():
            refuse_held(self.cluster.layout)
            stop_beside(self)
            return self.cluster.stop()

    def wipe(self) -> None:
        """Stop every node, and what runs beside them, and remove all data of this environment."""
        from ottla.platform.monitoring import stop_beside

        with self.cluster.lock():
            refuse_lived_in(self.folder)
            refuse_held(self.cluster.layout)
            end_left_behind(self.cluster, self.folder)
            stop_beside(self)
            self.cluster.wipe()

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        """A connection to the cluster that was made here, and to no other."""
        from ottla.kafka.connection import connect

        record = self.cluster.made()
        by_itself = self.user is None
        settings = own_settings(self.cluster.layout, record) if by_itself else self._client_settings(record, self.user)
        with connect(settings.bootstrap_servers, cluster_id=record.cluster_id, options=settings.for_admin) as connection:
            yield connection

    def _observe(self, connection: Connection) -> Observation:
        """Look at the cluster; of the nodes' properties only those that this spec sets, or set when they were started."""
        from ottla.reconcile import observe

        observation = observe(connection)
        nodes = {
            node_id: self._as_owned(node) for node_id, node in {**observation.state.nodes, **self._all_controllers()}.items()
        }
        state = self.own(replace(observation.state, nodes=nodes))
        if not self.secured:
            state = replace(state, users={}, acls=frozenset())  # they mean nothing on an open platform, and wait there
        return replace(observation, state=self.identity.observed(state))

    def own(self, state: ClusterState) -> ClusterState:
        """What of a cluster's state is of this environment, and of none that shares the cluster."""
        return outside(state, self.neighbours.values())

    def _as_owned(self, node: Node) -> Node:
        """A node with the properties that are looked at; on a platform that is to be open, what once locked it means nothing."""
        applied, desired = self.cluster.applied().get(node.node_id, {}), self.desired.nodes
        keys = {*applied, *(desired[node.node_id].properties if node.node_id in desired else ())}
        locks = frozenset() if self.secured else OWN_KEYS if AUTHORIZER in self._security() else OWN_KEYS | {AUTHORIZER}
        return _only(self._with_untold(node), keys - locks)

    def _with_untold(self, node: Node) -> Node:
        """A broker tells no property that it does not know the type of (law 1, bent): that is what it was started with.

        Nor does any node say what Ottla added to it.
        """
        extras = extras_of(self.cluster.made(), node.node_id)
        applied = self.cluster.applied().get(node.node_id, {})
        untold = {key: applied[key] for key in UNTOLD & applied.keys() if AUTHORIZER in node.properties}
        return replace(node, properties={**untold, **node.properties, **extras})

    def _controllers(self, running: AbstractSet[int]) -> dict[int, Node]:
        """Controllers of their own that run, with the properties they were started with: clients cannot ask them for any."""
        applied = self.cluster.applied()
        controllers = [node.node_id for node in self.cluster.made().nodes if not node.is_broker]
        return {node_id: Node(node_id, applied.get(node_id, {})) for node_id in controllers if node_id in running}

    def _all_controllers(self) -> dict[int, Node]:
        """As ``_controllers``; a dead one is a read error (LocalError), as a dead broker is."""
        found = self._controllers(self.cluster.running().keys())
        missing = [node.node_id for node in self.cluster.made().nodes if not node.is_broker and node.node_id not in found]
        if missing:
            raise LocalError(f"{not_running(missing)} (a controller)", hint="start what is missing: ottla up")
        return found

    def _plan(self, connection: Connection, allow: frozenset[str]) -> Plan:
        from ottla.reconcile import read_evidence

        observation = self._observe(connection)
        # A super user cannot be locked out, and as none but them is Ottla itself at work.
        own_user = None if self.user in {None, self.spec.security.administrator} else self.identity.user(str(self.user))[0]
        difference = diff(observation.state, self.identity.desired(self.desired), allow=allow, own_user=own_user)
        evidence = read_evidence(connection, observation, topics_in_need_of_evidence(difference.changes))
        return make_plan(difference, observation.state, evidence, cluster_id=observation.cluster_id, environment=self.environment)

    def _restart(self, change: AlterNodeProperties) -> None:
        self.wait_until_whole()  # a node that is missing now would leave too few in sync
        self.cluster.restart_node(change.node_id, self.properties[change.node_id])
        self.wait_until_whole()

    def wait_until_whole(self) -> int:
        """Wait until every broker is there, every replica in sync and every voter up to date; who leads the quorum.

        Raises LocalError as soon as a node ends meanwhile.
        """
        from ottla.reconcile import wait_for_voters

        with self.connected() as connection:
            self._wait_until_whole(connection)
            return wait_for_voters(connection, alive=stay_alive(self.cluster))
