from __future__ import annotations

import inspect
from dataclasses import replace
from pathlib import Path

import pytest
from tests.doctor.evidence import (
    BESIDE,
    CASES,
    CLUSTER,
    GIB,
    HANGING,
    HEALTHY,
    IDLE,
    IN_LOG,
    LAGGING,
    OLD,
    PARTITION,
    PROMETHEUS,
    VOTERS_GONE,
    died,
    node,
    stopped,
    wanting,
    with_cluster,
    with_group,
    with_node,
)

from ottla.doctor import diagnosis
from ottla.doctor.diagnosis import diagnose
from ottla.doctor.evidence import NOT_TOLD, Evidence, TopicSeen
from ottla.doctor.finding import Finding, Severity
from ottla.doctor.guide import guide
from ottla.doctor.kinds import BY_NAME, KINDS
from ottla.doctor.limits import LagLimit, Limits
from ottla.doctor.signatures import SIGNATURES, recognised
from ottla.kafka.cluster_snapshot import SeenQuorum, SeenVoter
from ottla.metrics.lag import Retention
from ottla.model.topic import Partition

KEPT_7D = {"cleanup.policy": "delete", "retention.ms": "604800000", "retention.bytes": "-1"}
ROOT = Path(__file__).parent.parent.parent


def names(evidence: Evidence) -> list[str]:
    return [finding.kind.name for finding in diagnose(evidence)]


def only(evidence: Evidence) -> Finding:
    (finding,) = diagnose(evidence)
    return finding


def test_a_healthy_cluster_has_no_finding() -> None:
    assert names(HEALTHY) == []


@pytest.mark.parametrize("name", CASES)
def test_each_fault_is_found_and_nothing_else(name: str) -> None:
    finding = only(CASES[name])
    assert finding.kind.name == name
    assert finding.where
    assert finding.what
    assert finding.evidence
    assert finding.cause
    assert finding.command


@pytest.mark.parametrize("name", BESIDE)
def test_what_never_comes_alone_is_found_beside_its_cause(name: str) -> None:
    evidence, expected = BESIDE[name]
    assert names(evidence) == expected


def test_every_kind_has_a_case_a_section_and_a_word_in_the_checks() -> None:
    page = guide()
    sources = "".join(inspect.getsource(module) for module in vars(diagnosis).values() if inspect.ismodule(module))
    constants = {
        kind.name: name for name, kind in vars(__import__("ottla.doctor.kinds", fromlist=["x"])).items() if kind in KINDS
    }
    sources += "".join(f"of.{constants[each.kind.name]}," for each in SIGNATURES)
    assert {*CASES, *BESIDE} == BY_NAME.keys()
    assert [name for name in BY_NAME if f"\n## {name}\n" not in page] == []
    assert [name for name in BY_NAME if f"of.{constants[name]}" not in sources] == []


def test_the_page_of_the_docs_is_fresh() -> None:
    assert (ROOT / "docs/how-to/troubleshooting.md").read_text() == guide(), "run `make docs`"


def test_errors_come_first() -> None:
    both = replace(CASES["topic-missing"], refused=(OLD,), groups=CASES["unused-group"].groups)
    assert [finding.severity for finding in diagnose(both)] == [Severity.ERROR, Severity.WARNING, Severity.NOTE]


# What Kafka 4.3.1 wrote when a node was broken that way.
@pytest.mark.parametrize(
    ("line", "kind", "cause"),
    [
        (
            "org.apache.kafka.common.KafkaException: Socket server failed to bind to 127.0.0.1:9096: Address already in use.",
            "port-taken",
            "somebody listened on 127.0.0.1:9096 when the node started",
        ),
        (
            "java.nio.file.FileSystemException: /data/__cluster_metadata-0: Too many open files",
            "too-few-open-files",
            "it was started by a shell with too low a limit",
        ),
        (
            "InvalidConfigurationException: Failed to load PEM SSL keystore /nodes/1/node.pem",
            "certificate-wrong",
            "its certificate and key could not be read: /nodes/1/node.pem",
        ),
        ("java.io.IOException: No space left on device", "disk-full", "the node could not write"),
        (
            "java.lang.InternalError: a fault occurred in an unsafe memory access operation",
            "disk-full",
            "a file that it had mapped into memory found no room on its volume (SIGBUS)",
        ),
        ("java.io.IOException: Read-only file system", "disk-read-only", "its volume was mounted read-only"),
        (
            "Terminating due to java.lang.OutOfMemoryError: Java heap space",
            "heap-too-small",
            "Java had no memory left: Java heap space",
        ),
    ],
)
def test_last_words_of_a_node_are_recognised(line: str, kind: str, cause: str) -> None:
    (seen,) = recognised([f"{IN_LOG}Encountered fatal fault: caught exception", line, line])
    assert (seen.signature.kind.name, seen.cause, seen.line) == (kind, cause, line)
    assert only(died(line)).cause == cause


def test_a_port_that_is_taken_now_is_one_finding_with_what_the_log_says_of_it() -> None:
    words = ("KafkaException: Socket server failed to bind to 127.0.0.1:9112: Address already in use.",)
    evidence = with_node(stopped(3, is_voter=False, holders={9112: "nginx (pid 7)"}, words=words))
    assert names(evidence) == ["port-taken"]
    assert "nginx (pid 7)" in only(evidence).what


def test_words_that_nobody_knows_are_shown() -> None:
    finding = only(died(f"{IN_LOG}Something new"))
    assert (finding.kind.name, finding.evidence) == ("node-died", (f"{IN_LOG}Something new",))


def test_nodes_that_were_stopped_together_are_one_finding() -> None:
    nodes = tuple(stopped(node_id) for node_id in (1, 2, 3))
    finding = only(replace(HEALTHY, nodes=nodes, cluster=None))
    assert finding.where == "nodes 1, 2, 3"


def test_a_node_that_runs_on_the_data_of_another_cluster_is_found() -> None:
    assert only(CASES["wrong-cluster-id"]).where == "node 3"


def test_a_quorum_that_is_lost_is_told_by_the_processes() -> None:
    evidence = replace(HEALTHY, nodes=(HEALTHY.nodes[0], *VOTERS_GONE))
    assert names(evidence) == ["node-stopped", "quorum-lost"]
    assert "1 of 3 voters work, and 2 are needed" in diagnose(evidence)[1].what


def test_leaders_that_are_dead_are_offline_while_there_is_no_quorum() -> None:
    led_by_dead = replace(CLUSTER, partitions=(replace(PARTITION, leader=2),), quorum=None)
    evidence = replace(HEALTHY, nodes=(HEALTHY.nodes[0], stopped(2), stopped(3)), cluster=led_by_dead)
    assert names(evidence) == ["node-stopped", "quorum-lost", "offline-partitions"]


def test_a_quorum_of_one_never_has_a_spare_and_is_healthy() -> None:
    nodes = (node(1), node(2, is_voter=False), node(3, is_voter=False))
    quorum = SeenQuorum(1, 4, 900, (SeenVoter(1, 900, 1_000_000),), 2)
    assert names(replace(with_cluster(quorum=quorum), nodes=nodes)) == []


def test_a_replica_behind_says_by_how_much_and_whether_its_node_is_dead_or_slow() -> None:
    finding = only(CASES["isr-shrunk"])
    assert "it is slow" in finding.what
    assert "it has 3.91 KiB less than the leaders" in finding.evidence
    dead = with_node(stopped(3, is_voter=False), cluster=CASES["isr-shrunk"].cluster)
    assert "it is down" in diagnose(dead)[1].what


def test_a_topic_of_one_replica_that_is_in_sync_takes_writes_whatever_min_insync_replicas_is() -> None:
    """So it is in Kafka (Partition.effectiveMinIsr)."""
    assert names(with_cluster(partitions=(Partition("orders", 0, 1, (1,), (1,)),))) == []


def test_the_disk_of_the_spec_counts_beside_the_volume() -> None:
    log_dirs = (CLUSTER.log_dirs[0]._replace(used=9 * GIB, before=9 * GIB),)
    assert only(with_cluster(log_dirs=log_dirs)).what == "cluster.disk is 90% full: 9 GiB of 10 GiB"


def test_a_full_disk_says_what_retention_makes_of_its_largest_topics() -> None:
    full = CASES["disk-filling"]
    assert only(full).evidence == ("topic orders: 1000 B, compacted: retention takes nothing of it",)
    deleted = TopicSeen("orders", 5000, 1.0, in_spec=True, configs=KEPT_7D)
    assert only(replace(full, topics=(deleted,))).evidence == ("topic orders: 1000 B, kept for 7d",)
    unknown = deleted._replace(configs={"cleanup.policy": "delete"})
    assert only(replace(full, topics=(unknown,))).evidence == ("topic orders: 1000 B",)


def test_growth_of_seconds_is_a_note_that_says_how_short_a_time_was_seen() -> None:
    finding = only(CASES["disk-full-soon"])
    assert finding.severity is Severity.NOTE
    assert finding.what == "cluster.disk would be full in 15m 21s, if what 3.0 s showed went on"
    assert finding.evidence[0] == "it grew by 10 MiB/s, seen over 3.0 s only, and 9 GiB are left"


def test_a_broker_that_does_not_tell_sizes_has_no_full_disk() -> None:
    assert names(with_cluster(log_dirs=(CLUSTER.log_dirs[0]._replace(total=None, usable=None),))) == []


def test_lag_says_partition_member_since_when_and_that_it_does_not_move() -> None:
    finding = only(CASES["high-lag"])
    assert finding.where == "group billing, topic orders"
    assert finding.what == "5,000 records left to read, the oldest written 1m 30s ago"
    assert finding.evidence[0] == "partition 0: 5,000 records, since 1m 30s; read by reader at 10.0.0.7"
    assert finding.evidence[1] == "in 3.0 s it read 0 and 30 were written: it does not catch up"
    assert finding.evidence[2] == "retention may take the oldest in 6d"
    assert finding.cause.startswith("nothing was read between two looks")


def test_lag_that_retention_is_about_to_take_is_an_error() -> None:
    assert only(with_group(LAGGING._replace(kept_for=600.0))).severity is Severity.ERROR


def test_what_retention_will_do_is_said_as_far_as_it_is_known() -> None:
    def said(kept_for: float | None, retention: Retention | None) -> list[str]:
        finding = only(with_group(LAGGING._replace(kept_for=kept_for, retention=retention)))
        return [line for line in finding.evidence if line.startswith("retention")]

    assert said(None, None) == []
    assert said(None, Retention(604_800_000)) == []  # the age of the first unread record is not known
    assert said(None, Retention()) == ["retention takes none of it"]
    by_size = "retention takes the oldest of a partition beyond 1 GiB, however new they are"
    assert said(None, Retention(size=GIB)) == [by_size]
    assert said(6 * 86_400.0, Retention(604_800_000, GIB)) == ["retention may take the oldest in 6d", by_size]


def test_one_partition_that_stands_still_is_named() -> None:
    moving = LAGGING._replace(partition=1, read=500)
    assert only(with_group(LAGGING, moving)).cause.startswith("partition 0 stands still while others move")


def test_much_lag_that_is_read_in_time_is_no_finding() -> None:
    quick = LAGGING._replace(age=0.4, read=6000, written=6000)
    assert names(with_group(quick)) == []
    assert names(with_group(quick._replace(read=10, written=6000))) == ["high-lag"]


def test_the_limit_of_a_group_wins() -> None:
    patient = Limits(of_groups={"billing": LagLimit(records=10_000, seconds=600)})
    assert names(replace(with_group(LAGGING), limits=patient)) == []


def test_a_group_of_the_spec_that_has_read_everything_may_be_empty() -> None:
    assert names(with_group(IDLE, state="Empty", members=())) == []


def test_a_group_without_members_is_a_warning_only_beyond_its_limits() -> None:
    within = only(with_group(LAGGING._replace(lag=3, age=5.0), state="Empty", members=()))
    assert (within.kind.name, within.severity) == ("group-without-members", Severity.NOTE)
    assert only(CASES["group-without-members"]).severity is Severity.WARNING


@pytest.mark.parametrize(
    ("producer", "consumer", "what"),
    [
        ({"acks": "1"}, {}, "acks is 1"),
        ({"enable.idempotence": "false"}, {}, "a retry may write an event twice"),
        ({"max.request.size": "2000000"}, {}, "a client may send larger records than are taken"),
        ({"compression.type": "lz4"}, {}, "brokers compress every record anew"),
        ({}, {"session.timeout.ms": "1000"}, "members are refused for their session timeout"),
        ({}, {"auto.offset.reset": "latest"}, "a new group misses the state that compacted topics hold"),
    ],
)
def test_settings_that_do_not_fit_are_named(producer: dict[str, str], consumer: dict[str, str], what: str) -> None:
    finding = only(wanting(producer, consumer))
    assert finding.kind.name == "client-settings"
    assert finding.what.startswith(what)


def test_old_clients_are_one_finding_for_each_host() -> None:
    refused = (OLD, OLD._replace(request="Fetch", version=3), OLD._replace(host="10.0.0.10"))
    findings = diagnose(replace(HEALTHY, refused=refused))
    assert [finding.where for finding in findings] == ["client at 10.0.0.9", "client at 10.0.0.10"]
    assert "Produce version 2, 3 times, refused by node 1" in findings[0].evidence


def test_old_clients_of_long_ago_are_forgotten() -> None:
    assert names(replace(HEALTHY, refused=(OLD._replace(age=7200.0),))) == []


def test_a_transaction_that_may_still_be_open_is_no_finding() -> None:
    assert names(replace(HEALTHY, transactions=(HANGING._replace(age=600.0),))) == []


@pytest.mark.parametrize("state", ["Ongoing", "PrepareCommit", "PrepareAbort", "PrepareEpochFence"])
def test_a_live_transaction_is_judged_by_the_clock_of_its_coordinator_and_never_aborted(state: str) -> None:
    live = HANGING._replace(transactional_id="billing", state=state, age=1e9)  # its records are dated long ago
    assert names(replace(HEALTHY, transactions=(live, live._replace(running=600.0)))) == []
    finding = only(replace(HEALTHY, transactions=(live._replace(running=1200.0),)))
    assert (finding.kind.name, finding.severity) == ("long-transaction", Severity.NOTE)
    assert "kafka-transactions" not in finding.command


@pytest.mark.parametrize("state", [None, "Empty", "CompleteCommit", "CompleteAbort", "Dead"])
def test_a_transaction_that_no_coordinator_will_end_hangs_and_its_abort_can_be_typed(state: str | None) -> None:
    finding = only(replace(HEALTHY, transactions=(HANGING._replace(state=state),)))
    assert finding.kind.name == "hanging-transaction"
    assert finding.command.startswith("kafka-transactions.sh --bootstrap-server 127.0.0.1:9092 abort --topic orders ")
    assert "Kafka's own tool" in finding.command


def test_a_transaction_whose_coordinator_did_not_answer_is_no_finding() -> None:
    assert names(replace(HEALTHY, transactions=(HANGING._replace(state=NOT_TOLD),))) == []


def test_topics_that_are_read_or_written_or_kafkas_own_are_not_unused() -> None:
    def topic(name: str, newest: float | None) -> TopicSeen:
        return TopicSeen(name, 0, newest, in_spec=False, configs={})

    for used in (topic("__consumer_offsets", None), topic("trial", 60.0), topic("orders", None)):
        assert names(replace(HEALTHY, topics=(used,))) == []


def test_a_cluster_without_a_spec_is_judged_by_what_it_says_itself() -> None:
    seen = replace(CLUSTER, partitions=(Partition("orders", 0, None, (1, 2, 3), ()),))
    assert names(Evidence(has_spec=False, cluster=seen)) == ["offline-partitions"]


def test_what_runs_beside_the_nodes_is_missed_only_where_a_node_runs() -> None:
    paused = PROMETHEUS._replace(answers=False)
    assert only(replace(HEALTHY, beside=(paused,))).what == "runs and does not answer"
    assert names(replace(HEALTHY, beside=(PROMETHEUS,))) == []
    down = replace(HEALTHY, nodes=tuple(stopped(node_id) for node_id in (1, 2, 3)), cluster=None)
    assert names(replace(down, beside=(PROMETHEUS._replace(pid=None, answers=False),))) == ["node-stopped"]
