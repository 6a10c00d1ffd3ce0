"""Whether a cluster is as a spec says: what is common to a platform on this machine and to one that is only an address."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ottla.model.node import Node
from ottla.spec import WriteProbe, client_profile, desired_state
from ottla.spec.desired import server_properties

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from ottla.kafka.configs import ConfigEntry
    from ottla.model.state import ClusterState, Evidence
    from ottla.platform.access import Access
    from ottla.reconcile import Check, Observation
    from ottla.reconcile.write_probe import WritePermission
    from ottla.spec import EnvironmentSpec


@dataclass(frozen=True, slots=True)
class Verification:
    """What ``verify`` found: the checks that only read, those of events that were written, and the topics that took none."""

    checks: tuple[Check, ...]
    events: tuple[Check, ...]
    left_alone: tuple[str, ...]


def verify_elsewhere(spec: EnvironmentSpec, access: Access, *, write_as: str | None) -> Verification:
    """Compare a cluster that somebody else runs with an environment: its topics, and server properties of its brokers.

    Users, ACLs and quotas are looked at by whoever made them. With ``write_as``, the name of this run, an event goes through
    every topic that may take one. Raises ClusterError if anything cannot be read.
    """
    from ottla.kafka.configs import read_broker_configs
    from ottla.kafka.events import Sender
    from ottla.reconcile import observe, read_evidence, verify, verify_write

    with access.connected() as connection:
        observation = observe(connection)
        answering = frozenset(observation.state.nodes)
        # What is in force there, whoever set it: somebody else's brokers may have it as Kafka's own default
        entries = read_broker_configs(connection, sorted(answering))
        nodes = {node_id: Node(node_id, _values(of_node)) for node_id, of_node in entries.items()}
        observation = replace(observation, state=replace(observation.state, nodes=nodes))
        checks = verify(observation, _desired(spec, answering))
        if write_as is None:
            return Verification(checks, (), ())
        asked = topics_to_look_into(spec, observation, answering)
        evidence = read_evidence(connection, observation, asked, answering=answering)
    permitted = write_permissions(spec, observation, evidence, answering)
    profile = client_profile(spec)
    events = verify_write(Sender(access.settings, profile), profile, permitted, run_id=write_as)
    return Verification(checks, events, not_written(spec, permitted))


def _values(entries: Mapping[str, ConfigEntry]) -> dict[str, str]:
    return {key: entry.value for key, entry in entries.items() if entry.value is not None}


def _desired(spec: EnvironmentSpec, brokers: AbstractSet[int]) -> ClusterState:
    properties = server_properties(spec) if spec.shares is None else {}
    return replace(
        desired_state(spec),
        nodes={node_id: Node(node_id, properties) for node_id in sorted(brokers)},
        users={},
        acls=frozenset(),
        quotas={},
    )


def topics_to_look_into(spec: EnvironmentSpec, observation: Observation, answering: AbstractSet[int]) -> list[str]:
    """Those that may be written only while they are empty."""
    return [name for name in _led(spec, observation, answering) if _probe(spec, name) is WriteProbe.WHEN_EMPTY]


def write_permissions(
    spec: EnvironmentSpec, observation: Observation, evidence: Evidence, answering: AbstractSet[int]
) -> list[WritePermission]:
    """The topics that are empty, or whose records do not matter to the spec."""
    from ottla.reconcile.write_probe import WritePermission

    empty = {name for name, seen in evidence.topics.items() if not seen.records}
    there = [name for name in _led(spec, observation, answering) if name in observation.partitions]
    permitted = [name for name in there if _probe(spec, name) is WriteProbe.ALWAYS or name in empty]
    policies = {name: observation.effective[name].get("cleanup.policy") or "" for name in permitted}
    return [WritePermission(name, compacted="compact" in policy) for name, policy in policies.items()]


def not_written(spec: EnvironmentSpec, permitted: list[WritePermission]) -> tuple[str, ...]:
    """The topics that take no event."""
    written = {permission.topic for permission in permitted}
    return tuple(name for name in spec.topics_by_full_name if name not in written)


def _led(spec: EnvironmentSpec, observation: Observation, answering: AbstractSet[int]) -> list[str]:
    """The topics whose partitions all have a leader that answers."""
    partitions = observation.partitions
    return [name for name in spec.topics_by_full_name if all(each.leader in answering for each in partitions.get(name, ()))]


def _probe(spec: EnvironmentSpec, topic: str) -> WriteProbe:
    return spec.topics[topic.removeprefix(spec.prefix)].verify_write or spec.topic_defaults.verify_write
