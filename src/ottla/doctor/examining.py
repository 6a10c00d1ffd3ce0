"""An examination: everything is looked at, first on this machine, then in the cluster, and becomes one evidence."""

from __future__ import annotations

import datetime as dt
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ottla.doctor.evidence import Evidence, Unseen, Wanted
from ottla.doctor.limits import limits_of
from ottla.doctor.see_beside import see_beside
from ottla.doctor.see_certificates import see_certificates
from ottla.doctor.see_cluster import PATIENCE, Sight, cluster_seen, first_look, topics_seen, transactions_seen
from ottla.doctor.see_groups import GroupsSight
from ottla.doctor.see_nodes import see_machine, see_nodes
from ottla.doctor.see_refused import see_refused
from ottla.errors import OttlaError
from ottla.kafka.connection import connect
from ottla.local.faults.record import left_behind
from ottla.local.roles import BROKER
from ottla.metrics.lag import Isolation
from ottla.platform.identity import own_settings
from ottla.platform.monitoring_files import watched
from ottla.reconcile import observe, verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from ottla.kafka.connection import Connection
    from ottla.kafka.settings import ClientSettings
    from ottla.platform import LocalPlatform
    from ottla.platform.access import Access
    from ottla.reconcile import Check

BETWEEN = 3.0  # seconds from one look to the next
ISOLATION = "isolation.level"
TRANSACTION_TIMEOUT = "transaction.max.timeout.ms"


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the cluster is asked with: its client settings, the spec's topics and groups, who can answer.

    ``is_ours`` is about the name of a topic or group: others are those of an environment that lives in the same cluster.
    """

    settings: ClientSettings
    topics: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    reads_committed: bool = False
    answering: frozenset[int] | None = None
    has_quorum: bool = True
    checks: Callable[[Connection], tuple[Check, ...]] = lambda _: ()
    is_ours: Callable[[str], bool] = lambda _: True


def examine(platform: LocalPlatform, *, said: Callable[[str], None]) -> Evidence:
    """Look at a platform of this machine, running or not. Raises LocalError only where no cluster was made."""
    record = platform.cluster.made()
    evidence = _local(platform, said)
    working = frozenset(node.node_id for node in evidence.nodes if node.works and node.answers)
    if not working & {node.node_id for node in record.nodes if node.is_broker}:
        return evidence  # each node has a finding that says why
    spec = platform.spec
    asked = _Asked(
        own_settings(platform.cluster.layout, record),
        frozenset(spec.topics_by_full_name),
        frozenset(map(spec.full_name, spec.consumer_groups)),
        reads_committed=evidence.wanted.consumer.get(ISOLATION) == Isolation.READ_COMMITTED,
        answering=working,
        has_quorum=not evidence.quorum_lost,
        checks=lambda connection: _checks(platform, connection, working),
        is_ours=lambda name: name.startswith(spec.prefix) and not name.startswith((*platform.neighbours.values(),)),
    )

    @contextmanager
    def connected() -> Iterator[Connection]:
        options = asked.settings.for_admin
        servers = [
            server
            for server, node in zip(
                asked.settings.bootstrap_servers, (each for each in record.nodes if each.is_broker), strict=False
            )
            if node.node_id in working
        ]
        with connect(
            servers, timeout=PATIENCE, cluster_id=record.cluster_id, options=options, request_timeout=PATIENCE
        ) as connection:
            yield connection

    return _ask(evidence, asked, connected, said)


def examine_access(access: Access, *, said: Callable[[str], None]) -> Evidence:
    """Look at any cluster, without a spec and without its machines."""
    patient = replace(access, request_timeout=PATIENCE)
    evidence = Evidence(has_spec=False)
    return _ask(evidence, _Asked(access.settings), patient.connected, said)


def _local(platform: LocalPlatform, said: Callable[[str], None]) -> Evidence:
    said("looking at processes, ports, data and logs")
    cluster, spec, unseen = platform.cluster, platform.spec, list[Unseen]()
    record = cluster.made()
    certificates, left = [], []
    try:
        certificates = [*see_certificates(platform, now=dt.datetime.now(dt.UTC))]
    except OttlaError as error:
        unseen.append(Unseen("certificates", error.message))
    try:
        left = [str(fault) for fault in left_behind(cluster.layout)]
    except OttlaError as error:
        unseen.append(Unseen("faults of drills", error.message))
    logs = {node.node_id: cluster.layout.node(node.node_id).server_log for node in record.nodes if node.is_broker}
    profile = platform.profile
    return Evidence(
        cluster_id=record.cluster_id,
        wanted=Wanted(
            brokers=sum(BROKER in role for role in platform.roles.values()),
            disk=spec.cluster.disk,
            producer=profile.producer,
            consumer=profile.consumer,
        ),
        machine=see_machine(cluster),
        nodes=see_nodes(cluster),
        certificates=tuple(certificates),
        refused=see_refused(logs, now=dt.datetime.now()),  # noqa: DTZ005  (logs are in local time)
        left_faults=tuple(left),
        beside=tuple(see_beside(platform)),
        unseen=tuple(unseen),
        limits=limits_of(watched(platform)),
    )


def _ask(
    evidence: Evidence, asked: _Asked, connected: Callable[[], AbstractContextManager[Connection]], said: Callable[[str], None]
) -> Evidence:
    said("asking the cluster")
    try:
        with connected() as connection:
            sight = first_look(connection, asked.answering, has_quorum=asked.has_quorum)
            return _seen(evidence, asked, sight, said)
    except OttlaError as error:
        return replace(evidence, silence=error.message)


def _seen(evidence: Evidence, asked: _Asked, sight: Sight, said: Callable[[str], None]) -> Evidence:
    groups = GroupsSight(sight, reads_committed=asked.reads_committed)
    transactions = transactions_seen(sight, now=time.time())
    topics = topics_seen(sight, asked.topics, now=time.time())
    checks: tuple[Check, ...] = ()
    with sight.seeing("what the spec asks for"):
        checks = asked.checks(sight.connection)
    members = groups.members(asked.settings)
    left = BETWEEN - (time.monotonic() - sight.at)
    if left > 0:
        said(f"looking a second time in {left:.0f} s, to see what moves")
        threading.Event().wait(left)
    cluster = cluster_seen(sight)
    return replace(
        evidence,
        cluster=cluster,
        checks=checks,
        topics=tuple(topic for topic in topics if asked.is_ours(topic.name)),
        groups=tuple(group for group in groups.seen(members, asked.groups, now=time.time()) if asked.is_ours(group.group_id)),
        transactions=transactions,
        transaction_timeout=int(cluster.configs.get(TRANSACTION_TIMEOUT, 900_000)) / 1000,
        unseen=(*evidence.unseen, *sight.unseen),
    )


def _checks(platform: LocalPlatform, connection: Connection, answering: frozenset[int]) -> tuple[Check, ...]:
    """What `ottla verify` checks of topics, users, ACLs and quotas; nodes are looked at more closely here."""
    observation = observe(connection, answering=answering)
    desired = replace(platform.identity.desired(platform.desired), nodes={})
    return verify(replace(observation, state=platform.identity.observed(observation.state)), desired)
