"""A cluster of its own for a drill: made from the same spec, on other ports, with other secrets, and gone when the drill ends.

Nothing of the platform is in it, and nothing of the platform can be reached from it: its data, its passwords, its CA.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ottla.errors import UsageError
from ottla.local import Layout, LocalCluster
from ottla.local.guards import named
from ottla.local.jvm import JvmMode
from ottla.local.memory import check_memory
from ottla.local.ports import FIRST_PORT, LOOPBACK, free_port
from ottla.local.record import NodeAddress
from ottla.local.report import Silent
from ottla.local.scratch import end_left_behind, held
from ottla.platform.admission import LocalAdmission
from ottla.platform.identity import Identity
from ottla.platform.local import LocalPlatform
from ottla.secrets import SecretStore
from ottla.spec.exporter import Listen
from ottla.spec.identity import Authentication
from ottla.spec.monitoring import NO_WEBHOOK
from ottla.spec.schema import Controllers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ottla.spec import EnvironmentSpec
    from ottla.spec.identity import SecuritySpec, UserSpec
    from ottla.spec.schema import TopicSpec

# Kafka's own, where a laptop has shorter ones: what a drill finds is to hold elsewhere too.
OF_KAFKA = {"broker.session.timeout.ms": "9s", "broker.heartbeat.interval.ms": "2s"}
REPLICAS = 3
LOOK = 1_000  # ms
FIRST_OF_MONITORING = 9_400
MIN_ISR = "min.insync.replicas"
REPLICATED = ("default", "offsets.topic", "transaction.state.log", "share.coordinator.state.topic")
KEPT_IN_SYNC = (MIN_ISR, "transaction.state.log.min.isr", "share.coordinator.state.topic.min.isr")


@dataclass(frozen=True, slots=True)
class Shape:
    """How a scratch cluster differs from the spec; None: it does not.

    With other ``nodes``, topics have three replicas, or as many as there are nodes, and all but one have to be in sync.
    ``heap`` is in bytes. ``config`` are server properties; those of sessions are Kafka's defaults if it does not name them.
    ``users`` are there beside those of the spec. ``monitored``: nodes have their JMX agents, and monitoring has free ports, and
    looks every second. What is measured or proven is so on a JVM that runs at its full speed.
    """

    nodes: int | None = None
    dedicated: bool | None = None
    secured: bool | None = None
    heap: int | None = None
    config: Mapping[str, str] = field(default_factory=dict)
    users: Mapping[str, UserSpec] = field(default_factory=dict)
    monitored: bool = False
    jvm_mode: JvmMode = JvmMode.STEADY


AS_WRITTEN = Shape()


@contextmanager
def scratch(platform: LocalPlatform, run: str, shape: Shape = AS_WRITTEN) -> Iterator[LocalPlatform]:
    """A cluster like that of ``platform``, up and whole, for the length of a ``with`` block; ``run`` names its folder.

    It is ended and removed at the end of the block, whatever ends it. If this process is killed, the next ``up`` of the
    platform, or the next scratch cluster, does that. Raises LocalError where the memory does not do for it, UsageError.
    """
    made = scratch_platform(platform, run, shape)
    with platform.cluster.lock():
        end_left_behind(platform.cluster, platform.folder)
    _check_memory(platform, made)
    with held(made.cluster):
        made.up()
        yield made


def scratch_platform(platform: LocalPlatform, run: str, shape: Shape = AS_WRITTEN) -> LocalPlatform:
    """The platform that a scratch cluster is: nothing of it is made yet."""
    spec, layout = scratch_spec(platform.spec, shape), Layout(platform.folder).scratch(run)
    identity = Identity(spec, SecretStore.within(layout.root), platform.identity.folder)
    users = spec.users_by_full_name.items()
    certified = tuple(name for name, user in users if user.authentication is Authentication.CERTIFICATE)
    cluster = LocalCluster(
        layout=layout,
        name=spec.cluster.name,
        kafka_version=spec.cluster.kafka_version,
        heap=spec.cluster.heap,
        report=platform.cluster.report,
        admission=LocalAdmission(identity, layout, certified),
        jmx_agent=spec.cluster.jmx_agent,
        ecs_logs=platform.cluster.ecs_logs,
        jvm_mode=shape.jvm_mode,
    )
    return LocalPlatform(platform.environment, spec, cluster, identity, certificate_users=certified)


def scratch_spec(spec: EnvironmentSpec, shape: Shape = AS_WRITTEN) -> EnvironmentSpec:
    """The spec of a scratch cluster. Raises UsageError where it is to be locked, and has no administrator."""
    nodes = shape.nodes or spec.cluster.nodes
    fitted = spec if nodes == spec.cluster.nodes else _fitted(spec, nodes)
    secured = spec.security.enabled if shape.secured is None else shape.secured
    if secured and spec.security.administrator not in spec.users:
        raise UsageError(
            f"the spec has no user {spec.security.administrator}, who would administer a locked cluster",
            hint="add one to `users` with `admin: true`, or let the drill's cluster be open",
        )
    cluster: dict[str, Any] = {"nodes": nodes, "config": {**fitted.cluster.config, **OF_KAFKA, **shape.config}}
    if shape.dedicated is not None:
        cluster["controllers"] = Controllers.DEDICATED if shape.dedicated else Controllers.COMBINED
    if shape.heap is not None:
        cluster["heap"] = shape.heap
    if shape.monitored:
        cluster["jmx_agent"] = True
    return fitted.model_copy(
        update={
            **(_monitoring(spec) if shape.monitored else _unwatched(spec)),
            "shares": None,  # it has the cluster to itself
            "cluster": fitted.cluster.model_copy(update=cluster),
            "security": _own_security(spec.security, enabled=secured),
            "users": {name: _own_password(user) for name, user in {**spec.users, **shape.users}.items()},
        }
    )


def _unwatched(spec: EnvironmentSpec) -> dict[str, Any]:
    canary = spec.exporter.canary.model_copy(update={"enabled": False})
    return {"exporter": spec.exporter.model_copy(update={"enabled": False, "canary": canary})}


def _monitoring(spec: EnvironmentSpec) -> dict[str, Any]:
    """An exporter that nobody else asks, and servers that tell nobody."""
    taken: set[int] = set()
    exporter, prometheus, alertmanager = (_listen(taken) for _ in range(3))
    monitoring, often = spec.monitoring, {"scrape_interval": LOOK}
    return {
        "exporter": _unwatched(spec)["exporter"].model_copy(
            update={"enabled": True, "listen": exporter, "interval": LOOK, "basic_auth": None, "tls": None, "user": None}
        ),
        "monitoring": monitoring.model_copy(
            update={
                "webhook": NO_WEBHOOK,
                "prometheus": monitoring.prometheus.model_copy(update={"listen": prometheus, **often}),
                "alertmanager": monitoring.alertmanager.model_copy(update={"listen": alertmanager}),
            }
        ),
    }


def _listen(taken: set[int]) -> Listen:
    port = free_port(LOOPBACK, taken=taken, start=FIRST_OF_MONITORING)
    taken.add(port)
    return Listen(LOOPBACK, port)


def _own_security(security: SecuritySpec, *, enabled: bool) -> SecuritySpec:
    """No CA of yours signs what a drill breaks, and no issuer is asked for its keys."""
    return security.model_copy(update={"enabled": enabled, "authority": None, "oauth": None})


def _own_password(user: UserSpec) -> UserSpec:
    """A user whose password is generated: the true one is not needed, and not read."""
    return user.model_copy(update={"password": None})


def _fitted(spec: EnvironmentSpec, nodes: int) -> EnvironmentSpec:
    """The spec with replicas for so many nodes."""
    replicas = min(REPLICAS, nodes)
    in_sync = max(1, replicas - 1)
    config = {
        **spec.cluster.config,
        **{f"{name}.replication.factor": replicas for name in REPLICATED},
        **dict.fromkeys(KEPT_IN_SYNC, in_sync),
    }
    defaults = {
        "replication_factor": replicas,
        "min_insync_replicas": in_sync,
        "config": _without_min_isr(spec.topic_defaults.config),
    }
    return spec.model_copy(
        update={
            "cluster": spec.cluster.model_copy(update={"config": config}),
            "topic_defaults": spec.topic_defaults.model_copy(update=defaults),
            "topics": {name: _by_default(topic) for name, topic in spec.topics.items()},
        }
    )


def _by_default(topic: TopicSpec) -> TopicSpec:
    return topic.model_copy(
        update={"replication_factor": None, "min_insync_replicas": None, "config": _without_min_isr(topic.config)}
    )


def _without_min_isr(config: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in config.items() if key != MIN_ISR}


def _check_memory(platform: LocalPlatform, made: LocalPlatform) -> None:
    """Before anything is made: the nodes of the platform may be what takes the memory."""
    nodes = [NodeAddress.in_block(node_id, LOOPBACK, FIRST_PORT, roles=roles) for node_id, roles in made.roles.items()]
    running = sorted(platform.cluster.running())
    beside = f"stop the platform meanwhile (it runs {named(running)}): ottla down; or " if running else ""
    way_out = f"{beside}take a smaller cluster.heap, fewer nodes (-e laptop), or stop what else takes the memory"
    check_memory(nodes, made.cluster.heap, report=Silent(), way_out=way_out)
