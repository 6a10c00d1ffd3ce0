"""The drills there are: which fault, done to whom, for how long, on what shape of cluster, and what is legal meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from ottla.errors import UsageError
from ottla.kafka.offices import read_offices
from ottla.local.faults.kill import KillNodes
from ottla.local.faults.pause import PauseNodes
from ottla.local.processes import is_paused
from ottla.platform.scratch import Shape
from ottla.proof.faults import ApplyPartitions, ApplyTopicConfig, RevokeAcls, RollingRestart, RotateCertificates, RotatePassword
from ottla.proof.targets import Role, Target, choose
from ottla.spec.faults import did_you_mean
from ottla.spec.identity import UserSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from ottla.local.faults.fault import Fault
    from ottla.platform import LocalPlatform

OF_A_NODE = 20.0  # seconds: twice a session and more
WITHIN_A_SESSION = 5.0
AS_METADATA_AGES = 15.0  # producers hear of new partitions within 10 s
MORE_PARTITIONS = 3
USER = "ottla-drill"  # as whom the load logs in where the cluster is locked: what is done to it is done to nobody else
COMBINED, DEDICATED = Shape(dedicated=False), Shape(dedicated=True)
LOCKED = Shape(dedicated=False, secured=True, users={USER: UserSpec(admin=True)})


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a drill happens: the cluster, the load's topic and group, and the seed that chooses among equals.

    ``renew_clients`` has those of the load made anew, as their owners do, and waits for it.
    """

    platform: LocalPlatform
    topic: str
    group: str
    seed: int
    renew_clients: Callable[[], None]

    def choose(self, role: Role) -> Target:
        """The nodes that have a role at this moment. Raises ClusterError where nobody has it.

        A node that was killed a moment ago leads on paper until its session ends; nobody does anything to it twice.
        """
        with self.platform.connected() as connection:
            offices = read_offices(connection, self.topic, [self.group])
        alive = {node_id for node_id, process in self.platform.cluster.running().items() if not is_paused(process)}
        led = tuple(each for each in offices.partitions if each.leader in alive)
        offices = replace(offices, partitions=led)
        return choose(role, offices, nodes=self.platform.roles, group=self.group, seed=self.seed)


@dataclass(frozen=True, slots=True)
class Act:
    """A fault to be done, ``after`` seconds after the one before: ``make`` chooses whom to do it to, at that very moment."""

    make: Callable[[Scene], tuple[Fault, str]]
    after: float = 0.0


@dataclass(frozen=True, slots=True)
class Drill:
    """A fault under load. ``expects`` is its row of ``ottla.proof.expected``; ``hold`` seconds pass before it is healed.

    ``here``: it may be done to the platform itself, whose data it does not touch; a ``shape`` is for a cluster of its own.
    """

    name: str
    what: str
    expects: str
    acts: tuple[Act, ...]
    hold: float = OF_A_NODE
    shape: Shape = COMBINED
    here: bool = True

    @property
    def user(self) -> str | None:
        """As whom the load logs in to a cluster of its own; None: nobody does."""
        return next(iter(self.shape.users), None)


def _kill(scene: Scene, *, role: Role) -> tuple[Fault, str]:
    target = scene.choose(role)
    return KillNodes(scene.platform.cluster, target.node_ids), target.text


def _pause(scene: Scene, *, role: Role) -> tuple[Fault, str]:
    target = scene.choose(role)
    return PauseNodes(scene.platform.cluster, target.node_ids), target.text


def _verb(scene: Scene, *, make: Callable[[Scene], Fault]) -> tuple[Fault, str]:
    fault = make(scene)
    return fault, fault.target


def verb(make: Callable[[Scene], Fault]) -> Act:
    """What an administrator does."""
    return Act(partial(_verb, make=make))


def kill(role: Role) -> Act:
    """SIGKILL of whoever has the role."""
    return Act(partial(_kill, role=role))


def pause(role: Role, *, after: float = 0.0) -> Act:
    """SIGSTOP of whoever has the role."""
    return Act(partial(_pause, role=role), after)


DRILLS = (
    Drill("none", "nothing is done: the load, the ledger and the machine alone", "none", (), hold=10.0),
    Drill("kill-broker", "kill -9 of the leader of a partition", "kill-leader", (kill(Role.LEADER),)),
    Drill("kill-follower", "kill -9 of a follower", "kill-follower", (kill(Role.FOLLOWER),)),
    Drill("kill-coordinator", "kill -9 of the group's coordinator", "kill-coordinator", (kill(Role.COORDINATOR),)),
    Drill(
        "kill-controller",
        "kill -9 of the active controller, which is a broker too",
        "kill-controller",
        (kill(Role.ACTIVE_CONTROLLER),),
    ),
    Drill(
        "kill-dedicated-controller",
        "kill -9 of the active one of controllers that are no brokers",
        "kill-controller-dedicated",
        (kill(Role.ACTIVE_CONTROLLER),),
        shape=DEDICATED,
    ),
    Drill("lose-quorum", "kill -9 of two of three nodes, and they come back", "quorum-lost", (kill(Role.CONTROLLER_MAJORITY),)),
    Drill(
        "lose-dedicated-quorum",
        "kill -9 of two of three controllers that are no brokers, and they come back",
        "quorum-lost-dedicated",
        (kill(Role.CONTROLLER_MAJORITY),),
        shape=DEDICATED,
    ),
    Drill("kill-all", "kill -9 of every node at once", "kill-all", (kill(Role.ALL),)),
    Drill("pause", "SIGSTOP of a leader, for less than its session", "pause-short", (pause(Role.LEADER),), hold=WITHIN_A_SESSION),
    Drill("pause-beyond-session", "SIGSTOP of a leader until it is fenced, and longer", "pause-long", (pause(Role.LEADER),)),
    Drill(
        "rolling-restart",
        "every node restarted, one at a time",
        "rolling-restart",
        (verb(lambda scene: RollingRestart(scene.platform)),),
        hold=5.0,
    ),
    Drill(
        "rotate-certificates",
        "another CA for clients and brokers, from its beginning to its end",
        "rotate-certificates",
        (verb(lambda scene: RotateCertificates(scene.platform, scene.renew_clients)),),
        hold=5.0,
        shape=LOCKED,
        here=False,
    ),
    Drill(
        "rotate-password",
        "another password for the user that sends and reads",
        "rotate-passwords",
        (verb(lambda scene: RotatePassword(scene.platform, USER)),),
        hold=WITHIN_A_SESSION,
        shape=LOCKED,
        here=False,
    ),
    Drill(
        "revoke-acl",
        "everything that the user who sends and reads may do is taken away, and given back",
        "revoke-acl",
        (verb(lambda scene: RevokeAcls(scene.platform, USER)),),
        hold=WITHIN_A_SESSION,
        shape=LOCKED,
        here=False,
    ),
    Drill(
        "apply-config",
        "a config of the topic is changed by a plan, and changed back",
        "apply-config",
        (verb(lambda scene: ApplyTopicConfig(scene.platform, scene.topic, "retention.ms", "86400000")),),
        hold=WITHIN_A_SESSION,
    ),
    Drill(
        "apply-partitions",
        f"{MORE_PARTITIONS} more partitions for the topic, by a plan",
        "apply-partitions",
        (verb(lambda scene: ApplyPartitions(scene.platform, scene.topic, MORE_PARTITIONS)),),
        hold=AS_METADATA_AGES,
    ),
    Drill(
        "kill-and-pause",
        "kill -9 of a leader, and SIGSTOP of the leader of what is left",
        "kill-and-pause",
        (kill(Role.LEADER), pause(Role.LEADER, after=WITHIN_A_SESSION)),
    ),
)


def find_drill(name: str) -> Drill:
    """A drill by its name. Raises UsageError."""
    known = {drill.name: drill for drill in DRILLS}
    if name not in known:
        raise UsageError(f"there is no drill {name!r}: {did_you_mean(name, known)}", hint="which there are: ottla drill list")
    return known[name]
