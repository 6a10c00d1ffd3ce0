"""What each alert is tried with: series that are well, series that are not, and what is left where they end."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ottla.metrics.alert import Pace, prometheus_time
from ottla.metrics.alert_rules import rules_document
from ottla.metrics.alerts import alerts_of
from ottla.metrics.watched import Claims, LagLimit, Watched
from ottla.model.metric_family import Family

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ottla.metrics.alert import Alert

TICK = 10  # seconds
LEAD, BETWEEN = 6, 6  # ticks before the fault, and of it after the alert fires
HOUR = 3600
EVERYTHING = Watched(
    cluster="shop",
    brokers=3,
    voters=3,
    agent=True,
    exporter=True,
    families=frozenset({Family.BROKERS, Family.TOPICS, Family.CONSUMER_GROUPS, Family.LOG_DIRS, Family.QUORUM}),
    canary=True,
    tls=True,
    scrape=TICK * 1000,
    interval=TICK * 1000,
    lag=LagLimit(1000, 60_000),
    lasting=300_000,
    disk_used=0.85,
    full_within=4 * HOUR * 1000,
    expire_within=21 * 24 * HOUR * 1000,
    disk=100_000_000_000,
    groups={"slow": LagLimit(50_000, 600_000)},
)
NO_AGENT = replace(EVERYTHING, agent=False)
IN_KUBERNETES = replace(EVERYTHING, claims=Claims("kafka", "data(-[0-9]+)?-shop-(broker|controller)-[0-9]+"))

NODES = [f'up{{cluster="shop",job="kafka",node="{node}",role="combined"}}' for node in (1, 2, 3)]
EXPORTER = 'up{cluster="shop",job="ottla-exporter"}'
SEES_BROKERS = 'ottla_exporter_collector_success{cluster="shop",collector="brokers"}'
OTHERS = {series.replace('"shop"', '"other"'): 0.0 for series in NODES}  # of a cluster that is none of ours


@dataclass(frozen=True)
class Grows:
    """A counter, or whatever grows (or shrinks) by so much in each scrape."""

    by: float
    first: float = 0.0


@dataclass(frozen=True)
class Case:
    """How an alert is tried. ``bad`` are the values of a fault, ``good`` those before and after it.

    ``onset`` is how many seconds pass until the expression sees it, ``ending`` until it sees that it is over. ``blind`` is
    whether it fires where there is no series at all, ``dies`` which series end in the middle of the fault (all, if not said).
    """

    alert: str
    good: Mapping[str, float | Grows]
    bad: Mapping[str, float | Grows]
    labels: Mapping[str, str]
    onset: int = 0
    ending: int = 0
    blind: bool = False
    after_death: bool = False  # whether it goes on firing where those are gone
    dies: tuple[str, ...] = ()
    lingers: int = 0  # seconds for which the expression still sees what has ended
    lead: int = LEAD
    watched: Watched = EVERYTHING
    how: str = ""

    def __str__(self) -> str:
        return f"{self.alert} {self.how}".strip()


def jmx(name: str, *, node: int = 1, extra: str = "") -> str:
    """A series of a node."""
    return f'{name}{{cluster="shop",node="{node}",role="combined"{extra}}}'


def exported(name: str, **labels: str) -> str:
    """A series of the exporter."""
    return f"{name}{{{','.join(f'{key}=' + chr(34) + value + chr(34) for key, value in {'cluster': 'shop', **labels}.items())}}}"


def one(alert: str, series: str, good: float | Grows, bad: float | Grows, **labels: str) -> Case:
    """A case of one series that is looked at as it is."""
    return Case(alert, {series: good}, {series: bad}, labels)


GROUP = {"consumer_group": "readers", "topic": "orders"}
SLOW = {"consumer_group": "slow", "topic": "orders"}
LAG, AGE = "ottla_kafka_consumer_group_topic_lag_records", "ottla_kafka_consumer_group_topic_lag_seconds"
COMMITTED = "ottla_kafka_consumer_group_topic_committed_offsets"
LEFT = "ottla_kafka_consumer_group_topic_retention_seconds"
LOG_DIR = {"node_id": "1", "log_dir": "/data"}
USABLE, TOTAL, SIZE = (f"ottla_kafka_log_dir_{what}_bytes" for what in ("usable", "total", "size"))
CANARY = {"node_id": "2"}
CERTIFICATE = {"node_id": "1", "address": "127.0.0.1:9093"}
EXPIRY = "ottla_kafka_certificate_expiry_timestamp_seconds"
ALL_UP: dict[str, float | Grows] = dict.fromkeys(NODES, 1.0)
ACTIVE = "kafka_controller_kafkacontroller_activecontrollercount"
FENCED = "kafka_controller_kafkacontroller_fencedbrokercount"
OFFLINE = "kafka_controller_kafkacontroller_offlinepartitionscount"
AT_MIN = "kafka_server_replicamanager_atminisrpartitioncount"
MISSING = "kafka_server_replicamanager_underreplicatedpartitions"
APPLIED = "kafka_server_broker_metadata_metrics_last_applied_record_lag_seconds"
SENT, REFUSED, LATE, LOST = (f"ottla_canary_{what}_total" for what in ("sent", "refused", "late", "lost"))


def of_canary(refused: float) -> dict[str, float | Grows]:
    """A canary that sends ten records in each scrape."""
    return {
        exported(SENT, **CANARY): Grows(10),
        exported(REFUSED, **CANARY): Grows(refused),
        exported(LATE, **CANARY): Grows(0),
        exported(LOST, **CANARY): Grows(0),
    }


def of_group(lag: float, age: float, commits: float) -> dict[str, float | Grows]:
    """A group, and one with limits of its own that is as far behind as that may be."""
    return {
        exported(LAG, **GROUP): lag,
        exported(AGE, **GROUP): age,
        exported(COMMITTED, **GROUP): Grows(commits),
        exported(LAG, **SLOW): 40_000,
        exported(AGE, **SLOW): 500,
        exported(COMMITTED, **SLOW): Grows(0),
    }


BY_NODES = (
    Case("BrokerDown", ALL_UP, {**ALL_UP, NODES[2]: 0}, {"node": "3", "role": "combined", "job": "kafka"}),
    Case("BrokersMissing", {**ALL_UP, **OTHERS}, {**ALL_UP, **OTHERS, NODES[2]: 0}, {}, blind=True, after_death=True),
    # Two controllers say it of the same broker: it is one
    Case("BrokerFenced", {jmx(FENCED): 0, jmx(FENCED, node=2): 0}, {jmx(FENCED): 1, jmx(FENCED, node=2): 1}, {}),
    one("RequestHandlersBusy", jmx("kafka_server_kafkarequesthandlerpool_brokerrequesthandleridle_ratio"), 0.9, 0.1, node="1"),
    one("MetadataErrors", jmx("kafka_controller_kafkacontroller_metadataerrors_total"), 0, 2, node="1"),
    Case(
        "NoActiveController",
        {jmx(ACTIVE): 1, jmx(ACTIVE, node=2): 0},
        {jmx(ACTIVE): 0, jmx(ACTIVE, node=2): 0},
        {},
        blind=True,
        after_death=True,
    ),
    Case("TwoActiveControllers", {jmx(ACTIVE): 1, jmx(ACTIVE, node=2): 0}, {jmx(ACTIVE): 1, jmx(ACTIVE, node=2): 1}, {}),
    # One broker that is cut off all the time is no lost quorum
    Case("QuorumStuck", {jmx(APPLIED): 0.4, jmx(APPLIED, node=2): 500}, {jmx(APPLIED): 30, jmx(APPLIED, node=2): 500}, {}),
    Case("QuorumNoSpare", ALL_UP, {**ALL_UP, NODES[2]: 0}, {}, blind=True, after_death=True),
    Case("OfflinePartitions", {jmx(OFFLINE): 0, jmx(OFFLINE, node=2): 0}, {jmx(OFFLINE): 4, jmx(OFFLINE, node=2): 4}, {}),
    one("UnderMinIsr", jmx("kafka_server_replicamanager_underminisrpartitioncount"), 0, 3),
    # All partitions are at min_insync_replicas in health too, where there are no more replicas than that; and others lack some
    one("AtMinIsr", exported("ottla_kafka_topic_at_min_isr_partitions", topic="orders"), 0, 2),
    Case(
        "AtMinIsr",
        {jmx(AT_MIN): 7, jmx(MISSING): 0, jmx(AT_MIN, node=2): 0, jmx(MISSING, node=2): 3},
        {jmx(AT_MIN): 7, jmx(MISSING): 2, jmx(AT_MIN, node=2): 0, jmx(MISSING, node=2): 3},
        {"node": "1"},
        watched=replace(EVERYTHING, exporter=False, canary=False),
        how="by nodes",
    ),
    one("UnderReplicated", jmx(MISSING), 0, 5),
    replace(one("IsrFlapping", jmx("kafka_server_replicamanager_isrshrinks_total"), Grows(0), Grows(1)), ending=290),
    replace(
        one("UncleanElection", jmx("kafka_controller_controllerstats_uncleanleaderelections_total"), Grows(0), Grows(1)),
        ending=590,
    ),
    one("LogDirOffline", exported("ottla_kafka_log_dir_online", **LOG_DIR), 1, 0, **LOG_DIR),
)
BY_EXPORTER = (
    Case(
        "DiskAlmostFull",
        {exported(USABLE, **LOG_DIR): 20e9, exported(TOTAL, **LOG_DIR): 100e9, exported(SIZE, **LOG_DIR): 1e9},
        {exported(USABLE, **LOG_DIR): 10e9, exported(TOTAL, **LOG_DIR): 100e9, exported(SIZE, **LOG_DIR): 1e9},
        {"node_id": "1"},
    ),
    Case(
        "DiskAlmostFull",
        {exported(USABLE, **LOG_DIR): 900e9, exported(TOTAL, **LOG_DIR): 1000e9, exported(SIZE, **LOG_DIR): 80e9},
        {exported(USABLE, **LOG_DIR): 900e9, exported(TOTAL, **LOG_DIR): 1000e9, exported(SIZE, **LOG_DIR): 90e9},
        {"node_id": "1"},
        how="by the spec's disk",
    ),
    Case(
        "DiskFullSoon",
        {exported(USABLE, **LOG_DIR): 50e9, exported(SIZE, **LOG_DIR): 1e9},
        {exported(USABLE, **LOG_DIR): Grows(-5e7, first=50e9), exported(SIZE, **LOG_DIR): 1e9},
        {"node_id": "1"},
        onset=HOUR,  # a start is no trend
        lingers=HOUR,
        ending=280,  # until the way it went in the last hour leads to no end any more
        lead=0,
    ),
    Case("LagRecords", of_group(0, 0, 1), of_group(2000, 10, 1), GROUP),
    Case("LagSeconds", of_group(0, 0, 1), of_group(10, 90, 1), GROUP),
    Case("LagStalled", of_group(10, 1, 1), of_group(10, 90, 0), GROUP, onset=290, lead=31),
    # What an exporter that was just started says for the first time has not stood still yet
    Case("LagStalled", of_group(0, 0, 0), of_group(10, 90, 0), GROUP, onset=300, lead=0, how="of a start"),
    Case(
        "NearRetention",
        {exported(AGE, **GROUP): 100, exported(LEFT, **GROUP): 1000},
        {exported(AGE, **GROUP): 1000, exported(LEFT, **GROUP): 100},
        GROUP,
    ),
    one("RecordsLost", exported("ottla_kafka_consumer_group_topic_lost_records", **GROUP), 0, 12, **GROUP),
    Case(
        "ExporterStale",
        {exported("ottla_exporter_snapshot_age_seconds"): 4, EXPORTER: 1},
        {exported("ottla_exporter_snapshot_age_seconds"): 60, EXPORTER: 1},
        {},
        blind=True,
        after_death=True,
    ),
    Case("ExporterStale", {EXPORTER: 1}, {EXPORTER: 0}, {}, blind=True, after_death=True, how="dead"),
    one("CollectorFailed", exported("ottla_exporter_collector_success", collector="topics"), 1, 0, collector="topics"),
    Case("CanaryFailing", of_canary(0), of_canary(10), CANARY, ending=50),
    replace(
        one("CanaryFailing", exported("ottla_exporter_collector_success", collector="canary"), 1, 0, collector="canary"),
        how="not flying",
    ),
    one("CertificateExpiring", exported(EXPIRY, **CERTIFICATE), 9_000_000, 1_000_000, **CERTIFICATE),
    one("CertificateExpired", exported(EXPIRY, **CERTIFICATE), 9_000_000, 5, **CERTIFICATE),
)


SEES: dict[str, float | Grows] = {EXPORTER: 1, SEES_BROKERS: 1}


def _without_agent(case: Case) -> Case:
    return replace(case, how="by the exporter", watched=NO_AGENT, good={**SEES, **case.good}, bad={**SEES, **case.bad})


PRESENT, LEADER = exported("ottla_kafka_brokers_present"), exported("ottla_kafka_quorum_leader")
FOLLOWING = [exported("ottla_kafka_quorum_voter_lag_seconds", node_id=str(node)) for node in (1, 2, 3)]
WITHOUT_AGENT = tuple(
    _without_agent(case)
    for case in (
        # Where the exporter reads brokers and finds none there is none; where it reads nothing, nothing is known
        replace(one("BrokersMissing", PRESENT, 3, 2), dies=(PRESENT,), after_death=True),
        one("BrokerFenced", exported("ottla_kafka_broker_fenced", node_id="2"), 0, 1),
        Case("NoActiveController", {LEADER: 1}, {}, {}, dies=(LEADER,), after_death=True),
        replace(
            Case("QuorumNoSpare", dict.fromkeys(FOLLOWING, 0.1), {**dict.fromkeys(FOLLOWING, 0.1), FOLLOWING[0]: 60}, {}),
            dies=tuple(FOLLOWING),
            after_death=True,
        ),
        one("OfflinePartitions", exported("ottla_kafka_offline_partitions"), 0, 2),
        one("UnderMinIsr", exported("ottla_kafka_below_min_isr_partitions"), 0, 2),
        one("UnderReplicated", exported("ottla_kafka_under_replicated_partitions"), 0, 2),
    )
)


def of_claim(used: float, *, claim: str = "data-0-shop-broker-2", namespace: str = "kafka") -> dict[str, float | Grows]:
    """A volume of 100 bytes, as a kubelet tells of it."""
    labels = f'{{namespace="{namespace}",persistentvolumeclaim="{claim}",node="machine-7",job="kubelet"}}'
    return {f"kubelet_volume_stats_used_bytes{labels}": used, f"kubelet_volume_stats_capacity_bytes{labels}": 100}


# Full volumes that are somebody else's: of another cluster, of one whose name begins alike, in another namespace
FOREIGN = (
    of_claim(99, claim="data-0-other-broker-2") | of_claim(99, claim="data-0-shop-two-broker-2") | of_claim(99, namespace="x")
)
BY_KUBELETS = (
    Case(
        "VolumeAlmostFull",
        FOREIGN | of_claim(80),
        FOREIGN | of_claim(90),
        {"namespace": "kafka", "persistentvolumeclaim": "data-0-shop-broker-2", "node_id": "2"},
        watched=IN_KUBERNETES,
    ),
)
CASES = (*BY_NODES, *BY_EXPORTER, *WITHOUT_AGENT, *BY_KUBELETS)
KINDS = ("healthy", "pending", "firing", "resolved", "stale", "missing")


def alert_of(case: Case) -> Alert:
    """The alert that a case is about."""
    return next(alert for alert in alerts_of(case.watched).alerts if alert.name == case.alert)


def rules_of(watched: Watched, *only: str) -> dict[str, Any]:
    """The rules (only some, to be quick) without their texts, which promtool would compare to the letter."""
    chosen = [alert for alert in alerts_of(watched).alerts if not only or alert.name in only]
    document = rules_document(chosen, cluster=watched.cluster, runbooks="https://example.com")
    for group in document["groups"]:
        for rule in group["rules"]:
            del rule["annotations"]
    return document


def promtool_tests(case: Case) -> dict[str, list[dict[str, Any]]]:
    """promtool's tests of a case, by their kinds."""
    alert = alert_of(case)
    lasting, keep = (milliseconds // 1000 for milliseconds in (Pace().lasting(alert), Pace().keep(alert)))
    begins = case.lead * TICK + case.onset
    fires = begins + lasting
    over = fires // TICK + BETWEEN  # the tick in which it is well again, or dead
    well = over * TICK + case.ending + (keep + TICK if keep else 0)
    after = over + (case.ending + keep) // TICK + BETWEEN + 2
    series = _series(case, over, after)
    calm = {name: _values(value, None, after, after, after) for name, value in case.good.items()}
    dead = _series(case, over, over, dies=True)
    pending = [(begins, "pending"), (fires - TICK, "pending")] if lasting else []
    kept = [(well - 2 * TICK, "firing")] if keep else []
    still = "firing" if case.after_death else None
    return {
        "healthy": [_test(case, calm, [(time * TICK, None) for time in range(after)])],
        "pending": [_test(case, series, [*([(begins - TICK, None)] if begins else []), *pending])],
        "firing": [_test(case, series, [(fires, "firing"), ((over - 1) * TICK, "firing")])],
        "resolved": [_test(case, series, [*kept, (well, None)])],
        "stale": [
            _test(
                case,
                dead,
                [
                    ((over - 1) * TICK, "firing"),
                    (over * TICK, still or ("firing" if keep or case.ending else None)),
                    (well + case.lingers + HOUR // 3, still),
                ],
            )
        ],
        "missing": [_test(case, {}, [(HOUR // 3, "firing" if case.blind else None)])],
    }


def _series(case: Case, over: int, after: int, *, dies: bool = False) -> dict[str, str]:
    names = {**case.good, **case.bad}
    dying = (case.dies or tuple(names)) if dies else ()
    series = {}
    for name in names:
        good, bad = case.good.get(name), case.bad.get(name)
        end = over if name in dying else max(after, over)
        series[name] = _values(good, bad, case.lead, over, end) + (" stale" if name in dying else "")
        if dies and name not in dying:
            series[name] = _values(good, bad, case.lead, 10 * HOUR, over + HOUR // TICK)
    return series


def _values(good: float | Grows | None, bad: float | Grows | None, lead: int, over: int, end: int) -> str:
    """One value for each scrape: well, then not, then well again."""
    values, last = [], 0.0
    for tick in range(end):
        now = bad if lead <= tick < over else good
        if now is None:
            values.append("stale" if tick == lead else "_")
            continue
        last = _grown(now, last, tick) if isinstance(now, Grows) else now
        values.append(f"{last:.12g}")
    return " ".join(values)


def _grown(series: Grows, last: float, tick: int) -> float:
    return series.first + series.by * tick if series.first else last + (series.by if tick else 0)


def _test(case: Case, series: Mapping[str, str], looks: list[tuple[int, str | None]]) -> dict[str, Any]:
    return {
        "interval": f"{TICK}s",
        "name": case.alert,
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [_look(case, time, state) for time, state in looks],
    }


def _look(case: Case, time: int, state: str | None) -> dict[str, Any]:
    severity = str(alert_of(case).severity)
    labels = {"alertname": case.alert, "cluster": "shop", "severity": severity, "alertstate": str(state), **case.labels}
    shown = ",".join(f'{name}="{value}"' for name, value in sorted(labels.items()))
    return {
        "expr": f'ALERTS{{alertname="{case.alert}"}}',
        "eval_time": prometheus_time(time * 1000),
        "exp_samples": [{"labels": f"ALERTS{{{shown}}}", "value": 1}] if state else [],
    }
