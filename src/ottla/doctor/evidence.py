"""What was seen, and nothing of what it means. What could not be seen is said in ``unseen``, with the reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from ottla.doctor.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ottla.kafka.cluster_snapshot import SeenQuorum
    from ottla.metrics.lag import Retention
    from ottla.model.group import Member
    from ottla.model.node import Broker
    from ottla.model.topic import Partition
    from ottla.reconcile import Check


class Unseen(NamedTuple):
    """What could not be seen, and why."""

    what: str
    why: str


class NoWriting(StrEnum):
    """Why nothing can be written into a folder."""

    READ_ONLY = "its volume is mounted read-only"
    NOT_ALLOWED = "whoever asks may not write there"


@dataclass(frozen=True, slots=True)
class NodeSeen:
    """A node of this machine: its process, its ports, its data, its last words.

    ``answer`` is Kafka's answer on its port (None: not asked). ``holders`` has who else listens on its ports. ``meta`` is
    meta.properties (None: not there; empty: it says nothing). ``words`` are the errors that its last run ended with, newest
    last, and ``silent_for`` how long ago that was (seconds). ``no_writing`` is why nothing can be written into its data (None: it
    can). ``controller_port`` is None where it is no voter. Sizes are bytes.
    """

    node_id: int
    is_broker: bool
    is_voter: bool
    address: str
    pid: int | None
    paused: bool = False
    uptime: float = 0.0
    answers: bool | None = None
    holders: Mapping[int, str] = field(default_factory=dict)
    controller_port: int | None = None
    was_started: bool = True
    has_data: bool = True
    meta: Mapping[str, str] | None = None
    data_in_use: bool = False
    ended_cleanly: bool = True
    words: tuple[str, ...] = ()
    silent_for: float | None = None
    folder: str = ""
    disk_size: int | None = None
    disk_free: int | None = None
    no_writing: NoWriting | None = None
    heap: int = 0
    open_files: tuple[int, int] | None = None  # open now, and the most there may be

    @property
    def works(self) -> bool:
        """Whether it runs and is not paused."""
        return self.pid is not None and not self.paused


class Machine(NamedTuple):
    """The memory of this machine (or of the container), and what its kernel ended for want of it."""

    memory: int
    killed: tuple[str, ...] = ()


class CertificateSeen(NamedTuple):
    """A certificate on disk. ``seconds_left`` is None where it cannot be read; ``problem`` says what else is wrong with it."""

    what: str
    path: str
    seconds_left: float | None
    problem: str | None
    command: str


class BesideSeen(NamedTuple):
    """The exporter, Prometheus or Alertmanager, where it is wanted. ``pid`` is None where it does not run."""

    name: str
    pid: int | None
    answers: bool
    address: str
    log: str


class RefusedClient(NamedTuple):
    """Requests in a version that the brokers no longer know, as their logs have them. ``age`` of the newest is in seconds."""

    node_id: int
    host: str
    request: str
    version: int
    times: int
    age: float
    line: str


class LogDirSeen(NamedTuple):
    """A log_dir. ``before`` is what its replicas took ``elapsed`` seconds earlier; ``used`` what they take now (bytes)."""

    node_id: int
    path: str
    is_online: bool
    total: int | None
    usable: int | None
    used: int
    before: int
    elapsed: float
    largest: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class ClusterSeen:
    """What the cluster says of itself. ``sizes`` is bytes by node_id, topic and partition; ``min_isr`` is by topic."""

    brokers: tuple[Broker, ...]
    partitions: tuple[Partition, ...]
    min_isr: Mapping[str, int]
    quorum: SeenQuorum | None
    log_dirs: tuple[LogDirSeen, ...] = ()
    sizes: Mapping[tuple[int, str, int], int] = field(default_factory=dict)
    configs: Mapping[str, str] = field(default_factory=dict)  # of a broker


class Behind(NamedTuple):
    """Where a group stands in a partition. ``age`` is that of the first unread record, in seconds; None: not known.

    ``read`` and ``written`` are offsets in the ``elapsed`` seconds between two looks; ``lost`` are those that retention took
    before they were read; ``kept_for`` is how long the first unread record is safe from retention by time (None: not known, or
    for good). ``retention`` is the topic's, None where it could not be read.
    """

    topic: str
    partition: int
    lag: int
    age: float | None
    read: int
    written: int
    elapsed: float
    lost: int = 0
    kept_for: float | None = None
    retention: Retention | None = None


@dataclass(frozen=True, slots=True)
class GroupSeen:
    """A group. ``members`` is None where they could not be read. Only partitions that it has committed are in ``behind``."""

    group_id: str
    type: str
    state: str
    members: tuple[Member, ...] | None
    behind: tuple[Behind, ...] = ()
    in_spec: bool = False


NOT_TOLD = "not told"


class OpenTransaction(NamedTuple):
    """A transaction that is open in a partition. ``age`` is since its last record by that record's own time, in seconds.

    ``state`` and ``transactional_id`` are what its coordinator knows of that producer_id: None where all coordinators answered
    and none knows it, the state NOT_TOLD where some did not answer. ``running`` is since its start by its coordinator's clock
    (seconds; None: not known).
    """

    topic: str
    partition: int
    producer_id: int
    epoch: int
    start_offset: int
    age: float
    transactional_id: str | None
    state: str | None
    running: float | None = None


class TopicSeen(NamedTuple):
    """A topic: its offsets in sum, how old its newest record is (seconds; None: it has none), its configs in force."""

    name: str
    records: int
    newest: float | None
    in_spec: bool
    configs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a spec says: how many brokers, how large the disk of a node, the settings of clients. None: it says nothing."""

    brokers: int | None = None
    disk: int | None = None
    producer: Mapping[str, str] = field(default_factory=dict)
    consumer: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that was seen. ``cluster`` is None where it did not answer (``silence`` says why) or nobody was asked."""

    cluster_id: str | None = None
    has_spec: bool = True
    limits: Limits = field(default_factory=Limits)
    wanted: Wanted = field(default_factory=Wanted)
    machine: Machine | None = None
    nodes: tuple[NodeSeen, ...] = ()
    certificates: tuple[CertificateSeen, ...] = ()
    refused: tuple[RefusedClient, ...] = ()
    left_faults: tuple[str, ...] = ()
    beside: tuple[BesideSeen, ...] = ()
    cluster: ClusterSeen | None = None
    silence: str | None = None
    checks: tuple[Check, ...] = ()
    topics: tuple[TopicSeen, ...] = ()
    groups: tuple[GroupSeen, ...] = ()
    transactions: tuple[OpenTransaction, ...] = ()
    transaction_timeout: float = 900.0  # transaction.max.timeout.ms, in seconds
    unseen: tuple[Unseen, ...] = ()

    @property
    def quorum_lost(self) -> bool:
        """Whether it is known from the processes that no majority of the voters works."""
        voters = [node for node in self.nodes if node.is_voter]
        return bool(voters) and sum(node.works for node in voters) * 2 <= len(voters)
