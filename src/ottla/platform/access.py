"""A live cluster to look at and to touch, whether a spec describes it or only an address is known."""

from __future__ import annotations

from collections import Counter, defaultdict
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from ottla.errors import ClusterError, PlanRefused, UsageError, WaitTimeout
from ottla.kafka.cluster import read_brokers, read_log_dirs
from ottla.kafka.configs import ConfigSource, read_broker_configs, read_topic_configs
from ottla.kafka.connection import REQUEST_TIMEOUT, connect
from ottla.kafka.groups import describe_groups, list_groups, read_committed_offsets
from ottla.kafka.offsets import read_offset_ranges, read_offsets_at
from ottla.kafka.refused_login import refused_login
from ottla.kafka.topics import read_metadata
from ottla.model.group import PartitionLag
from ottla.model.topic import is_protected
from ottla.plan import diff, make_plan, reassess, refuse_unaccepted, topics_in_need_of_evidence
from ottla.reconcile import apply_plan, observe, read_evidence
from ottla.spec.names import name_faults

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from ottla.kafka.configs import ConfigEntry
    from ottla.kafka.connection import Connection
    from ottla.kafka.offsets import OffsetRange
    from ottla.kafka.settings import ClientSettings
    from ottla.model.client import ClientProfile
    from ottla.model.group import ConsumerGroup, GroupDescription
    from ottla.model.topic import Partition, Topic
    from ottla.plan import AlterNodeProperties, Plan
    from ottla.reconcile import Observation

BROKER_DEFAULT = -1
CONNECT_TIMEOUT = 5.0
LOGIN_TIMEOUT = 3.0  # then it is asked whether the login is refused
LOCAL_TIMEOUT = 15.0  # nodes that share two cores with everything else
FOREIGN_WAY_OUT = "look at --bootstrap-server, --command-config and -X"


@dataclass(frozen=True, slots=True)
class TopicSummary:
    """A topic in a list. ``in_sync`` counts partitions; ``size_bytes`` counts every replica, None where it cannot be read."""

    name: str
    partitions: int
    replication_factor: int
    in_sync: int
    size_bytes: int | None


@dataclass(frozen=True, slots=True)
class TopicDetails:
    """Everything of one topic: its partitions with begin and end, and its configs with where they come from."""

    name: str
    partitions: tuple[Partition, ...]
    ranges: Mapping[int, OffsetRange]
    configs: Mapping[str, ConfigEntry]
    size_bytes: int | None

    @property
    def own_configs(self) -> dict[str, str | None]:
        """The configs that are not Kafka's defaults."""
        return {key: entry.value for key, entry in self.configs.items() if entry.source is not ConfigSource.DEFAULT_CONFIG}


@dataclass(frozen=True, slots=True)
class Access:
    """A cluster that can be reached. ``name`` is what a person types to confirm; ``listed`` are the topics of its spec.

    ``timeout`` (seconds) is for the first answer, ``request_timeout`` for each.
    """

    name: str
    settings: ClientSettings
    profile: ClientProfile
    cluster_id: str | None = None
    listed: frozenset[str] = frozenset()
    way_out: str = FOREIGN_WAY_OUT
    timeout: float = CONNECT_TIMEOUT
    request_timeout: float = REQUEST_TIMEOUT

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        """A connection to it. Raises ClusterError."""
        with ExitStack() as stack:
            try:
                first = min(self.timeout, LOGIN_TIMEOUT) if self.settings.logs_in else self.timeout
                connection = stack.enter_context(self._connect(first))
            except ClusterError as error:
                if not self.settings.logs_in:
                    raise
                reason = refused_login(self.settings)
                if reason is not None:
                    hint = "who may log in, and how: ottla users list; the settings: --as, -X, --command-config"
                    raise ClusterError(f"the login is refused: {reason}", hint=hint) from error
                connection = stack.enter_context(self._connect(self.timeout))
            yield connection

    def _connect(self, timeout: float) -> AbstractContextManager[Connection]:
        return connect(
            self.settings.bootstrap_servers,
            cluster_id=self.cluster_id,
            options=self.settings.for_admin,
            way_out=self.way_out,
            timeout=timeout,
            request_timeout=self.request_timeout,
        )

    def topics(self, *, internal: bool = False) -> list[TopicSummary]:
        """Every topic by name; Kafka's own and those of tools beside it only if ``internal``."""
        with self.connected() as connection:
            partitions = read_metadata(connection).partitions
            sizes = _sizes(connection)
        return [_summary(name, partitions[name], sizes) for name in sorted(partitions) if internal or not is_protected(name)]

    def topic(self, name: str) -> TopicDetails:
        """One topic. Raises UsageError where there is none of that name."""
        with self.connected() as connection:
            partitions = _partitions(connection, name)
            ranges = _ranges_or_none(connection, name)
            configs = read_topic_configs(connection, [name])[name]
            size = _size(_sizes(connection), name)
        of_partition = {number: found for (_, number), found in ranges.items()}
        return TopicDetails(name, partitions, of_partition, configs, size)

    def partition_ranges(self, name: str, partitions: Collection[int] = ()) -> dict[int, OffsetRange]:
        """Begin and end of the ``partitions`` (none given: all) of a topic. Raises UsageError for one that is not there."""
        with self.connected() as connection:
            self._require(connection, name, partitions)
            ranges = read_offset_ranges(connection, [name])
        return {number: found for (_, number), found in sorted(ranges.items()) if not partitions or number in partitions}

    def require(self, name: str, partitions: Collection[int] = ()) -> None:
        """Raise UsageError unless the topic is there, with these partitions."""
        with self.connected() as connection:
            self._require(connection, name, partitions)

    @staticmethod
    def _require(connection: Connection, name: str, partitions: Collection[int]) -> None:
        there = {partition.partition for partition in _partitions(connection, name)}
        missing = sorted(set(partitions) - there)
        if missing:
            raise UsageError(f"topic {name} has no partition {', '.join(map(str, missing))}: it has {len(there)}, from 0")

    def offsets_at(self, name: str, timestamp: int) -> dict[int, int | None]:
        """The first offset of each partition that is not older than ``timestamp`` (milliseconds); None: there is none."""
        with self.connected() as connection:
            return read_offsets_at(connection, name, timestamp)

    def groups(self) -> tuple[ConsumerGroup, ...]:
        """Every group, of every kind."""
        with self.connected() as connection:
            return list_groups(connection)

    def group(self, group_id: str) -> tuple[GroupDescription | None, list[PartitionLag]]:
        """One group, with its members (None for kinds that cannot be asked), and its lag.

        Raises UsageError where there is none of that name.
        """
        with self.connected() as connection:
            [group] = _chosen(list_groups(connection), [group_id])
            lag = _lag(connection, [group])
        return describe_groups(self.settings, [group]).get(group_id), lag

    def lag(self, group_ids: Sequence[str] = ()) -> list[PartitionLag]:
        """How far groups (none given: all) are, by group, topic and partition. Raises UsageError for one that is not there."""
        with self.connected() as connection:
            return _lag(connection, _chosen(list_groups(connection), group_ids))

    def plan_create(self, topics: Sequence[Topic]) -> Plan:
        """The plan that adds topics. Raises PlanRefused for one that is there, or that the spec describes."""
        for topic in topics:
            self._refuse_listed(topic.name)
            if is_protected(topic.name):
                raise PlanRefused([f"topic {topic.name} belongs to Kafka or to a tool beside it, and is not made by hand"])
        with self.connected() as connection:
            observation = observe(connection)
            there = observation.state.topics
            refused = {name: why for name, why in name_faults([*there, *(topic.name for topic in topics)]) if name not in there}
            if refused:
                raise PlanRefused([f"topic {name!r} {why}" for name, why in refused.items()])
            taken = sorted(topic.name for topic in topics if topic.name in there)
            if taken:
                raise PlanRefused([f"topic {name} is there already" for name in taken], hint="look at it: ottla topics describe")
            whole = [_with_replicas(connection, topic) for topic in topics]
            return self._plan(connection, observation, added={topic.name: topic for topic in whole})

    def plan_delete(self, names: Sequence[str]) -> Plan:
        """The plan that deletes topics. Raises PlanRefused for one of Kafka's own or of the spec, UsageError for none."""
        for name in names:
            self._refuse_listed(name)
            if is_protected(name):
                raise PlanRefused([f"topic {name} belongs to Kafka or to a tool beside it, and is not deleted"])
        with self.connected() as connection:
            observation = observe(connection)
            for name in names:
                _of_topic(observation.partitions, name)
            return self._plan(connection, observation, removed=names)

    def apply(self, plan: Plan, *, accept: frozenset[str], said: Callable[[str], None]) -> tuple[str, ...]:
        """Carry out a plan that was shown. Raises PlanRefused, StalePlan, ApplyError."""
        with self.connected() as connection:
            now = observe(connection)
            changes = [planned.change for planned in plan.changes]
            evidence = read_evidence(connection, now, topics_in_need_of_evidence(changes))
        refuse_unaccepted(reassess(plan, now.state, evidence), accept)
        return apply_plan(plan, now, connect=self.connected, restart_node=_no_nodes, said=said)

    def _plan(
        self,
        connection: Connection,
        observation: Observation,
        *,
        added: Mapping[str, Topic] | None = None,
        removed: Iterable[str] = (),
    ) -> Plan:
        """What leads from what was observed to the same with some topics more or less."""
        there = replace(observation.state, users={}, acls=frozenset(), quotas={})  # a plan about topics is about nothing else
        gone = set(removed)
        wanted = {name: topic for name, topic in {**there.topics, **(added or {})}.items() if name not in gone}
        difference = diff(there, replace(there, topics=wanted), allow=frozenset({"topics"}) if gone else frozenset())
        evidence = read_evidence(connection, observation, topics_in_need_of_evidence(difference.changes))
        return make_plan(difference, there, evidence, cluster_id=observation.cluster_id, environment=self.name)

    def _refuse_listed(self, name: str) -> None:
        if name in self.listed:
            raise PlanRefused(
                [f"topic {name} is described by the spec, which would put it back"],
                hint="change the spec, then: ottla plan --allow topics",
            )


def _with_replicas(connection: Connection, topic: Topic) -> Topic:
    """The topic with the brokers' own replication_factor where it names none (-1, KIP-464), so that the plan can say it."""
    if topic.replication_factor != BROKER_DEFAULT:
        return topic
    brokers = read_broker_configs(connection, [read_brokers(connection)[0].node_id])
    value = next(iter(brokers.values()))["default.replication.factor"].value
    return replace(topic, replication_factor=int(value or 1))


def _no_nodes(change: AlterNodeProperties) -> None:
    raise AssertionError(f"a plan for topics has a change of node {change.node_id}")


def _partitions(connection: Connection, name: str) -> tuple[Partition, ...]:
    return _of_topic(read_metadata(connection).partitions, name)


def _of_topic(there: Mapping[str, tuple[Partition, ...]], name: str) -> tuple[Partition, ...]:
    if name not in there:
        hint = "see them: ottla topics list"
        raise UsageError(f"there is no topic {name!r}: {_nearest(name, there)}", hint=hint)
    return there[name]


def _nearest(name: str, there: Collection[str]) -> str:
    near = get_close_matches(name, there, n=1)
    return f"did you mean {near[0]!r}?" if near else "no other name is close to it"


def _sizes(connection: Connection) -> Counter[str] | None:
    """What each topic takes, over all replicas of the brokers that are there; None where one does not tell."""
    sizes: Counter[str] = Counter()
    try:
        for log_dir in read_log_dirs(connection, [broker.node_id for broker in read_brokers(connection) if not broker.fenced]):
            sizes.update(log_dir.topic_bytes)
    except ClusterError:  # a broker that died just now, or no right to ask: the rest is worth seeing
        return None
    return sizes


def _size(sizes: Counter[str] | None, name: str) -> int | None:
    return None if sizes is None else sizes[name]


def _ranges_or_none(connection: Connection, name: str) -> dict[tuple[str, int], OffsetRange]:
    """Begin and end of each partition; nothing where one has no leader that answers, which is when one wants to see the rest."""
    try:
        return read_offset_ranges(connection, [name])
    except WaitTimeout:
        return {}


def _summary(name: str, partitions: tuple[Partition, ...], sizes: Counter[str] | None) -> TopicSummary:
    return TopicSummary(
        name,
        len(partitions),
        min((len(partition.replicas) for partition in partitions), default=0),
        sum(len(partition.isr) == len(partition.replicas) for partition in partitions),
        _size(sizes, name),
    )


def _chosen(groups: Sequence[ConsumerGroup], wanted: Sequence[str]) -> list[ConsumerGroup]:
    by_name = {group.group_id: group for group in groups}
    for name in wanted:
        if name not in by_name:
            hint = "see them: ottla groups list"
            raise UsageError(f"there is no consumer group {name!r}: {_nearest(name, by_name)}", hint=hint)
    return [by_name[name] for name in wanted] if wanted else list(groups)


def _lag(connection: Connection, groups: Sequence[ConsumerGroup]) -> list[PartitionLag]:
    """Offsets of share groups are kept elsewhere (KIP-932), so those groups have no lag of this kind."""
    asked = [group.group_id for group in groups if group.type != "share"]
    committed = read_committed_offsets(connection, asked)
    topics = {topic for offsets in committed.values() for topic, _ in offsets}
    there = topics & read_metadata(connection).partitions.keys() if topics else set()
    ranges = read_offset_ranges(connection, there) if there else {}
    lags: dict[str, list[PartitionLag]] = defaultdict(list)
    for group_id, offsets in committed.items():
        for (topic, partition), offset in sorted(offsets.items()):
            seen = ranges.get((topic, partition))
            span = (seen.start, seen.end) if seen else (None, None)
            lags[group_id].append(PartitionLag(group_id, topic, partition, offset, *span))
    return [lag for group_id in sorted(lags) for lag in lags[group_id]]
