"""Is the cluster as the spec says? Read-only; one check for each fact, so that "wanting" always has a name."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ottla.model.topic import same_config

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.model.acl import AclBinding
    from ottla.model.node import Node
    from ottla.model.state import ClusterState
    from ottla.model.topic import Topic
    from ottla.reconcile.observe import Observation


@dataclass(frozen=True, slots=True)
class Check:
    """A fact that was checked: of what, which one, and what is wanting (None: nothing)."""

    subject: str
    name: str
    seen: str
    wanting: str | None = None


def verify(observation: Observation, desired: ClusterState) -> tuple[Check, ...]:
    """Existence, partitions, replication_factor, isr and configs in force of every topic; properties of every node.

    And every credential, each principal's ACLs and each quota. A password cannot be read back: what is checked of a credential
    is that it is there, and its iterations.
    """
    checks: list[Check] = []
    for name, topic in desired.topics.items():
        checks += _topic_checks(observation, name, topic)
    for node_id, node in desired.nodes.items():
        checks += _node_checks(observation.state.nodes.get(node_id), node)
    return (*checks, *_access_checks(observation.state, desired))


def _access_checks(there: ClusterState, wanted: ClusterState) -> Iterator[Check]:
    for credential_key, credential in wanted.users.items():
        found = there.users.get(credential_key)
        subject, name = f"user {credential.user}", str(credential.mechanism)
        if found is None:
            yield Check(subject, name, "no", "it is not there")
        else:
            yield _equal(subject, f"{name} iterations", found.iterations, credential.iterations)
            if None not in {found.version, credential.version}:
                wanting = None if found.version == credential.version else "another one was sent last than the spec has now"
                yield Check(subject, f"{name} password", "sent", wanting)
    of_principals: dict[str, set[AclBinding]] = defaultdict(set)
    for binding in wanted.acls:
        of_principals[binding.principal].add(binding)
    for principal, bindings in sorted(of_principals.items()):
        missing = "; ".join(sorted(str(each) for each in bindings - there.acls))
        yield Check(
            principal, "acls", f"{len(bindings & there.acls)}/{len(bindings)}", f"not there: {missing}" if missing else None
        )
    for entity, values in wanted.quotas.items():
        for key, value in sorted(values.items()):
            seen = there.quotas.get(entity, {}).get(key)
            wanting = None if seen == value else f"{'none' if seen is None else f'{seen:,.15g}'}, the spec says {value:,.15g}"
            yield Check(f"quota of {entity}", key, "none" if seen is None else f"{seen:,.15g}", wanting)


def _topic_checks(observation: Observation, name: str, wanted: Topic) -> Iterator[Check]:
    there = observation.state.topics.get(name)
    subject = f"topic {name}"
    if there is None:
        yield Check(subject, "exists", "no", "it is not there")
        return
    yield Check(subject, "exists", "yes")
    yield _equal(subject, "partitions", there.partitions, wanted.partitions)
    yield _equal(subject, "replication_factor", there.replication_factor, wanted.replication_factor)
    yield _isr(observation, subject, name)
    for key, value in sorted(wanted.configs.items()):
        effective = observation.effective[name].get(key)
        same = same_config(key, effective, value)
        yield Check(subject, key, str(effective), None if same else f"{effective} is in force, the spec says {value}")


def _equal(subject: str, name: str, there: int, wanted: int) -> Check:
    return Check(subject, name, str(there), None if there == wanted else f"{there}, the spec says {wanted}")


def _isr(observation: Observation, subject: str, name: str) -> Check:
    partitions = observation.partitions[name]
    short = [partition for partition in partitions if set(partition.isr) != set(partition.replicas)]
    headless = [partition.partition for partition in partitions if partition.leader is None]
    in_sync = sum(len(partition.isr) for partition in partitions)
    replicas = sum(len(partition.replicas) for partition in partitions)
    wanting = None
    if headless:
        wanting = f"no leader for partitions {headless}"
    elif short:
        wanting = f"only {in_sync} of {replicas} replicas are in sync"
    return Check(subject, "isr", f"{in_sync}/{replicas}", wanting)


def _node_checks(there: Node | None, wanted: Node) -> Iterator[Check]:
    subject = f"node {wanted.node_id}"
    if there is None:
        yield Check(subject, "exists", "no", "it does not answer, or is not in the cluster")
        return
    for key, value in sorted(wanted.properties.items()):
        effective = there.properties.get(key)
        same = same_config(key, effective, value)
        yield Check(subject, key, str(effective), None if same else f"{effective} is in force, the spec says {value}")
