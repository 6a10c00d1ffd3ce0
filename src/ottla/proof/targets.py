"""Which nodes a fault is done to: by what they are at this moment, and by the seed where several are the same. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from random import Random
from typing import TYPE_CHECKING

from ottla.errors import ClusterError
from ottla.local.guards import named

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ottla.kafka.offices import Offices
    from ottla.model.topic import Partition

WAY_OUT = "see how it is: ottla status; start what is missing: ottla up"


class Role(Enum):
    """What a node is to the load, or to the cluster."""

    LEADER = "leader"
    FOLLOWER = "follower"
    COORDINATOR = "coordinator"
    ACTIVE_CONTROLLER = "active-controller"
    CONTROLLER_MAJORITY = "controller-majority"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Target:
    """The nodes that were chosen, and why them: ``leader of task-events-3: node 2``."""

    role: Role
    node_ids: tuple[int, ...]
    text: str


def choose(role: Role, offices: Offices, *, nodes: Collection[int], group: str | None = None, seed: int) -> Target:
    """The nodes that have ``role`` now. Of ``nodes`` are all; ``group`` is for the coordinator. One seed, one choice.

    Raises ClusterError where nobody has the role, so that no fault is done to somebody else.
    """
    chance = Random(seed)  # noqa: S311  (a drill can be run again; nobody has to be kept from guessing)
    match role:
        case Role.LEADER:
            return leader(offices, chance)
        case Role.FOLLOWER:
            return follower(offices, chance)
        case Role.COORDINATOR:
            return coordinator(offices, group)
        case Role.ACTIVE_CONTROLLER:
            return active_controller(offices)
        case Role.CONTROLLER_MAJORITY:
            return controller_majority(offices, chance)
        case Role.ALL:
            return _target(role, "all", sorted(nodes))


def leader(offices: Offices, chance: Random) -> Target:
    """The leader of one of the partitions that have one; not the active controller, if another one leads."""
    led = [(each, each.leader) for each in offices.partitions if each.leader is not None]
    if not led:
        raise ClusterError("no partition has a leader", hint=WAY_OUT)
    chosen, node_id = chance.choice(_apart_from_controller(led, offices))
    return _target(Role.LEADER, f"leader of {_name(chosen)}", [node_id])


def follower(offices: Offices, chance: Random) -> Target:
    """A follower of a partition that is in its isr, and leads as few of the others as any follower does.

    It is not the active controller, if there is another one that does.
    """
    pairs = [(each, node_id) for each in offices.partitions for node_id in sorted(each.isr) if node_id != each.leader]
    if not pairs:
        raise ClusterError("no partition has a follower in sync", hint=WAY_OUT)
    leads = {node_id: sum(each.leader == node_id for each in offices.partitions) for _, node_id in pairs}
    least = [pair for pair in pairs if leads[pair[1]] == min(leads.values())]
    chosen, node_id = chance.choice(_apart_from_controller(least, offices))
    return _target(Role.FOLLOWER, f"follower of {_name(chosen)}", [node_id])


def coordinator(offices: Offices, group: str | None) -> Target:
    """The node that coordinates the group."""
    if group is None or group not in offices.coordinators:
        raise ClusterError(f"nobody coordinates group {group}", hint=WAY_OUT)
    return _target(Role.COORDINATOR, f"coordinator of group {group}", [offices.coordinators[group]])


def active_controller(offices: Offices) -> Target:
    """The leader of the metadata quorum (DescribeQuorum)."""
    if offices.quorum.leader is None:
        raise ClusterError("the quorum has no leader", hint=WAY_OUT)
    return _target(Role.ACTIVE_CONTROLLER, "active controller", [offices.quorum.leader])


def controller_majority(offices: Offices, chance: Random) -> Target:
    """The active controller, and as many other voters as it takes for the rest to be no majority any more."""
    first = active_controller(offices).node_ids
    voters = sorted(offices.quorum.voters)
    others = chance.sample([node_id for node_id in voters if node_id not in first], quorum_loss(len(voters)) - 1)
    return _target(Role.CONTROLLER_MAJORITY, f"majority of {len(voters)} controllers", sorted((*first, *others)))


def quorum_loss(voters: int) -> int:
    """How many of so many voters must be gone before the rest is no majority."""
    return voters - voters // 2


def _apart_from_controller(pairs: list[tuple[Partition, int]], offices: Offices) -> list[tuple[Partition, int]]:
    """Those that are not the active controller, if there are any: to lose that one is a drill of its own, with a longer gap."""
    return [pair for pair in pairs if pair[1] != offices.quorum.leader] or pairs


def _target(role: Role, what: str, node_ids: Sequence[int]) -> Target:
    return Target(role, tuple(node_ids), f"{what}: {named(node_ids)}")


def _name(partition: Partition) -> str:
    return f"{partition.topic}-{partition.partition}"
