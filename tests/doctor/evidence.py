"""A healthy cluster of three as evidence, and one for each kind of finding that has that fault and no other."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ottla.doctor.evidence import (
    Behind,
    BesideSeen,
    CertificateSeen,
    ClusterSeen,
    Evidence,
    GroupSeen,
    LogDirSeen,
    Machine,
    NodeSeen,
    NoWriting,
    OpenTransaction,
    RefusedClient,
    TopicSeen,
    Unseen,
    Wanted,
)
from ottla.doctor.limits import DAY
from ottla.kafka.cluster_snapshot import SeenQuorum, SeenVoter
from ottla.model.group import Member
from ottla.model.node import Broker
from ottla.model.topic import Partition
from ottla.reconcile import Check

if TYPE_CHECKING:
    from collections.abc import Mapping

CLUSTER_ID = "tUZPsrdhQiSknWBgXBPnEQ"
GIB = 1024**3
NODES = (1, 2, 3)
IN_LOG = "[2026-11-22 00:31:07,993] ERROR "
PARTITION = Partition("orders", 0, 1, (1, 2, 3), (1, 2, 3))
CONFIGS = {"cleanup.policy": "compact", "max.message.bytes": "1000012", "compression.type": "snappy"}
READER = Member("m-1", "reader", "10.0.0.7", (("orders", 0),))
IDLE = Behind("orders", 0, lag=0, age=None, read=50, written=50, elapsed=3.0)


def node(node_id: int, **seen: Any) -> NodeSeen:
    usual: dict[str, Any] = {
        "node_id": node_id,
        "is_broker": True,
        "is_voter": True,
        "address": f"127.0.0.1:{9082 + 10 * node_id}",
        "pid": 100 + node_id,
        "uptime": 60.0,
        "answers": True,
        "meta": {"cluster.id": CLUSTER_ID, "node.id": str(node_id)},
        "ended_cleanly": False,  # a node that runs has no mark of a clean end
        "folder": f"/nodes/{node_id}",
        "controller_port": 9084 + 10 * node_id,
        "disk_size": 250 * GIB,
        "disk_free": 80 * GIB,
        "heap": GIB // 2,
        "open_files": (300, 20_000),
    }
    return NodeSeen(**{**usual, **seen})


def stopped(node_id: int, **seen: Any) -> NodeSeen:
    return node(node_id, pid=None, answers=None, open_files=None, **{"ended_cleanly": True, **seen})


def log_dir(node_id: int, **seen: Any) -> LogDirSeen:
    usual: dict[str, Any] = {
        "path": "/data",
        "is_online": True,
        "total": 250 * GIB,
        "usable": 80 * GIB,
        "used": 1000,
        "before": 1000,
        "elapsed": 3.0,
        "largest": (("orders", 1000),),
    }
    return LogDirSeen(node_id, **{**usual, **seen})


QUORUM = SeenQuorum(1, 4, 900, tuple(SeenVoter(node_id, 900, 1_000_000) for node_id in NODES), 0)
CLUSTER = ClusterSeen(
    brokers=tuple(Broker(node_id, fenced=False, address=f"127.0.0.1:{9082 + 10 * node_id}") for node_id in NODES),
    partitions=(PARTITION,),
    min_isr={"orders": 2},
    quorum=QUORUM,
    log_dirs=tuple(log_dir(node_id) for node_id in NODES),
    sizes={(node_id, "orders", 0): 1000 for node_id in NODES},
    configs={"message.max.bytes": "1000012", "group.min.session.timeout.ms": "6000", "group.max.session.timeout.ms": "1800000"},
)
GROUP = GroupSeen("billing", "consumer", "Stable", (READER,), (IDLE,), in_spec=True)
HEALTHY = Evidence(
    cluster_id=CLUSTER_ID,
    wanted=Wanted(
        brokers=3,
        disk=10 * GIB,
        producer={"acks": "all", "enable.idempotence": "true", "max.request.size": "1000012", "compression.type": "snappy"},
        consumer={"auto.offset.reset": "earliest", "session.timeout.ms": "45000"},
    ),
    machine=Machine(16 * GIB),
    nodes=tuple(node(node_id) for node_id in NODES),
    certificates=(CertificateSeen("node 1", "/nodes/1/node.pem", 400 * DAY, None, "ottla restart 1"),),
    cluster=CLUSTER,
    checks=(Check("topic orders", "exists", "yes"),),
    topics=(TopicSeen("orders", 5000, 1.0, in_spec=True, configs=CONFIGS),),
    groups=(GROUP,),
)


def with_node(changed: NodeSeen, **more: Any) -> Evidence:
    nodes = tuple(changed if each.node_id == changed.node_id else each for each in HEALTHY.nodes)
    return replace(HEALTHY, nodes=nodes, **more)


def died(*words: str, **seen: Any) -> Evidence:
    """One of two observers that only is a broker: the quorum has nothing to do with it."""
    return with_node(stopped(3, is_voter=False, ended_cleanly=False, words=words, **seen))


def with_cluster(**changed: Any) -> Evidence:
    return replace(HEALTHY, cluster=replace(CLUSTER, **changed))


def certificate(left: float | None, problem: str | None = None) -> Evidence:
    return replace(HEALTHY, certificates=(CertificateSeen("node 1", "/nodes/1/node.pem", left, problem, "ottla restart 1"),))


def with_group(*behind: Behind, **changed: Any) -> Evidence:
    return replace(HEALTHY, groups=(replace(GROUP, behind=behind, **changed),))


def wanting(producer: Mapping[str, str] | None = None, consumer: Mapping[str, str] | None = None) -> Evidence:
    wanted = HEALTHY.wanted
    both = replace(wanted, producer={**wanted.producer, **(producer or {})}, consumer={**wanted.consumer, **(consumer or {})})
    return replace(HEALTHY, wanted=both)


VOTERS_GONE = (stopped(2, is_broker=False), stopped(3, is_broker=False))
LAGGING = Behind("orders", 0, lag=5000, age=90.0, read=0, written=30, elapsed=3.0, kept_for=6 * DAY)
OLD = RefusedClient(
    1, "10.0.0.9", "Produce", 2, 3, 60.0, "Received request for api with key 0 (Produce) and unsupported version 2"
)
HANGING = OpenTransaction("orders", 0, 4711, 0, 17, 1200.0, None, None)

PROMETHEUS = BesideSeen("prometheus", 77, True, "127.0.0.1:9090", "/monitoring/prometheus.log")  # noqa: FBT003

CASES: dict[str, Evidence] = {
    "never-started": with_node(stopped(3, is_voter=False, was_started=False, has_data=False, meta=None)),
    "node-stopped": with_node(stopped(3, is_voter=False)),
    "node-died": died(),
    "node-paused": with_node(node(3, is_voter=False, paused=True, answers=None)),
    "node-silent": with_node(node(3, answers=False)),
    "port-taken": with_node(stopped(3, is_voter=False, holders={9112: "nginx (pid 7)"})),
    "disk-full": with_node(stopped(3, is_voter=False, ended_cleanly=False, disk_free=4096)),
    "disk-read-only": with_node(stopped(3, is_voter=False, no_writing=NoWriting.READ_ONLY)),
    "heap-too-large": replace(HEALTHY, machine=Machine(GIB)),
    "heap-too-small": died("Terminating due to java.lang.OutOfMemoryError: Java heap space"),
    "killed-for-memory": replace(died(), machine=Machine(16 * GIB, ("Out of memory: Killed process 103 (java)",))),
    "wrong-cluster-id": with_node(node(3, meta={"cluster.id": "AAAAAAAAAAAAAAAAAAAAAA", "node.id": "3"})),
    "wrong-node-id": died(
        "java.lang.RuntimeException: Stored node id 9 doesn't match previous node id 3 in /data/meta.properties.",
        meta={"cluster.id": CLUSTER_ID, "node.id": "9"},
    ),
    "data-unreadable": died("java.lang.RuntimeException: No readable meta.properties files found.", meta=None),
    "data-in-use": with_node(stopped(3, is_voter=False, data_in_use=True)),
    "too-few-open-files": with_node(node(3, open_files=(950, 1024))),
    "property-refused": died("ConfigException: Invalid value abc for configuration num.io.threads: Not a number of type INT"),
    "certificate-expired": certificate(-3600.0),
    "certificate-expires": certificate(3 * DAY),
    "certificate-wrong": certificate(None, "is missing or damaged"),
    "fault-left-behind": replace(HEALTHY, left_faults=("kill of node 2, by a drill (pid 9) at 2026-11-22 00:00:00",)),
    "cluster-silent": replace(HEALTHY, cluster=None, silence="no Kafka answers at 127.0.0.1:9092"),
    "monitoring-down": replace(HEALTHY, beside=(PROMETHEUS._replace(pid=None, answers=False),)),
    "cannot-see": replace(HEALTHY, unseen=(Unseen("quorum", "DescribeQuorum failed"),)),
    "broker-missing": with_cluster(brokers=CLUSTER.brokers[:2]),
    "offline-partitions": with_cluster(partitions=(replace(PARTITION, leader=None, isr=(3,)),)),
    "isr-shrunk": with_cluster(
        partitions=(replace(PARTITION, isr=(1, 2)),),
        sizes={(1, "orders", 0): 5000, (2, "orders", 0): 5000, (3, "orders", 0): 1000},
    ),
    "quorum-lost": with_cluster(quorum=SeenQuorum(None, 9, 900, QUORUM.voters, 0)),
    "voter-behind": with_cluster(quorum=SeenQuorum(1, 4, 900, (*QUORUM.voters[:2], SeenVoter(3, 500, 940_000)), 0)),
    "log-dir-offline": with_cluster(log_dirs=(log_dir(1, is_online=False),)),
    "disk-filling": with_cluster(log_dirs=(log_dir(1, total=10 * GIB, usable=GIB, used=5 * GIB, before=5 * GIB),)),
    "disk-full-soon": with_cluster(log_dirs=(log_dir(1, used=GIB, before=GIB - 30 * 1024**2),)),
    "topic-missing": replace(HEALTHY, checks=(Check("topic orders", "exists", "no", "it is not there"),)),
    "differs": replace(HEALTHY, checks=(Check("topic orders", "retention.ms", "1", "1 is in force, the spec says 2"),)),
    "high-lag": with_group(LAGGING),
    "group-without-members": with_group(LAGGING, state="Empty", members=()),
    "records-lost": with_group(IDLE._replace(lost=20)),
    "client-settings": wanting({"acks": "1"}),
    "old-client": replace(HEALTHY, refused=(OLD,)),
    "hanging-transaction": replace(HEALTHY, transactions=(HANGING,)),
    "long-transaction": replace(
        HEALTHY, transactions=(HANGING._replace(transactional_id="billing", state="Ongoing", running=1200.0),)
    ),
    "unused-topic": replace(HEALTHY, topics=(TopicSeen("trial", 0, None, in_spec=False, configs={}),)),
    "unused-group": with_group(IDLE, state="Empty", members=(), in_spec=False),
}
# A voter that does not run is a finding of its own beside what it costs the quorum.
BESIDE = {
    "quorum-no-spare": (with_node(stopped(3, is_broker=False)), ["node-stopped", "quorum-no-spare"]),
    "under-min-isr": (
        with_cluster(partitions=(replace(PARTITION, isr=(1,)),)),
        ["under-min-isr", "isr-shrunk", "isr-shrunk"],
    ),
}
