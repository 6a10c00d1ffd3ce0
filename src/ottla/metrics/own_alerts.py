"""Alerts about those who watch, about the canary and certificates, and the one that always fires."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.metrics import exporter_metrics
from ottla.metrics.alert import KEPT, MINUTE, About, Alert, LeftOut, Severity
from ottla.metrics.cluster_metrics import CERTIFICATE_EXPIRY
from ottla.metrics.promql import EXPORTER_JOB, of, seconds, up
from ottla.model.metric_family import Family

if TYPE_CHECKING:
    from ottla.metrics.metric import Metric
    from ottla.metrics.watched import Watched

NO_EXPORTER = "there is no exporter: set exporter.enabled: true"
NO_CANARY = "the canary is off: set exporter.canary.enabled: true"
NO_TLS = "brokers present no certificate: the platform is open (security.enabled: false)"
STALE_ROUNDS = 3
CANARY = "canary"
FAILING = 0.1  # of the canary's records
SETTLED = 600_000
READ_BY_EXPORTER = (
    "CollectorFailed",
    "DiskAlmostFull",
    "DiskFullSoon",
    "LagRecords",
    "LagSeconds",
    "LagStalled",
    "NearRetention",
    "RecordsLost",
    "CanaryFailing",
)  # and not certificates: one that has expired makes the exporter blind, and it still says what it last saw of them
IF_NO_AGENT = (
    "BrokerFenced",
    "NoActiveController",
    "QuorumNoSpare",
    "OfflinePartitions",
    "UnderMinIsr",
    "UnderReplicated",
    "LogDirOffline",
)


def exporter_alerts(watched: Watched) -> tuple[Alert | LeftOut, ...]:
    """The alerts about the exporter and its canary."""
    if not watched.exporter:
        return tuple(LeftOut(name, NO_EXPORTER) for name in ("ExporterStale", "CollectorFailed", "CanaryFailing"))
    return exporter_stale(watched), collector_failed(watched), canary_failing(watched)


def exporter_stale(watched: Watched) -> Alert:
    """A monitor that sees nothing: it does not answer, is not asked, or what it gives is old."""
    age = of(exporter_metrics.SNAPSHOT_AGE, watched.cluster)
    answering = f"(count({up(EXPORTER_JOB, watched.cluster)} == 1) or vector(0))"
    return Alert(
        name="ExporterStale",
        severity=Severity.PAGE,
        about=About.MONITORING,
        expression=f"max({age}) > {seconds(STALE_ROUNDS * watched.interval)} or {answering} < 1",
        lasting=MINUTE,
        summary="The exporter of {{ $labels.cluster }} sees nothing",
        description="It does not answer, or its figures are older than three rounds: lag, disks and the canary are not watched.",
        step=watched.round,
        silences=READ_BY_EXPORTER if watched.agent else (*READ_BY_EXPORTER, *IF_NO_AGENT),
    )


def collector_failed(watched: Watched) -> Alert:
    """One of the exporter's collectors cannot read all that it asks for."""
    without = (("collector", "!=", CANARY),) if watched.canary else ()
    return Alert(
        name="CollectorFailed",
        severity=Severity.TICKET,
        about=About.MONITORING,
        expression=f"{of(exporter_metrics.COLLECTOR_SUCCESS, watched.cluster, *without)} == 0",
        lasting=2 * MINUTE,
        summary="The exporter of {{ $labels.cluster }} cannot read {{ $labels.collector }}",
        description="What it could not read has no series, and alerts that read it cannot fire. It says why in its log.",
        step=watched.round,
    )


def canary_failing(watched: Watched) -> Alert | LeftOut:
    """The users' truth: of what the canary sends through each broker, too much is refused, late or lost."""
    if not watched.canary:
        return LeftOut("CanaryFailing", NO_CANARY)

    def rate(*metrics: Metric) -> str:
        each = (f"rate({of(metric, watched.cluster, last=MINUTE)})" for metric in metrics)
        return f"sum by (cluster, node_id) ({' + '.join(each)})"

    failed = rate(exporter_metrics.CANARY_REFUSED, exporter_metrics.CANARY_LATE, exporter_metrics.CANARY_LOST)
    stopped = of(exporter_metrics.COLLECTOR_SUCCESS, watched.cluster, ("collector", "=", CANARY))
    return Alert(
        name="CanaryFailing",
        severity=Severity.PAGE,
        about=About.MONITORING,
        expression=f"{failed} / {rate(exporter_metrics.CANARY_SENT)} > {FAILING:g} or {stopped} == 0",
        lasting=MINUTE,
        keep=KEPT,
        summary="The canary of {{ $labels.cluster }} does not come through {{ with $labels.node_id }}broker {{ . }}{{ end }}",
        description=f"More than {FAILING:.0%} of its records were refused, late or lost in a minute, or it cannot fly at all: "
        "so fare people's records.",
        step=watched.round,
        silences=("CollectorFailed",),
    )


def certificate_alerts(watched: Watched) -> tuple[Alert | LeftOut, ...]:
    """The alerts about the certificates that brokers present."""
    names = ("CertificateExpiring", "CertificateExpired")
    if not watched.tls:
        return tuple(LeftOut(name, NO_TLS) for name in names)
    if not watched.reads(Family.BROKERS):
        return tuple(LeftOut(name, f"{NO_EXPORTER}, with the family brokers") for name in names)
    return certificate_expiring(watched), certificate_expired(watched)


def certificate_expiring(watched: Watched) -> Alert:
    """A certificate that brokers present will soon let nobody in."""
    return Alert(
        name="CertificateExpiring",
        severity=Severity.TICKET,
        about=About.CERTIFICATES,
        expression=f"{of(CERTIFICATE_EXPIRY, watched.cluster)} - time() < {seconds(watched.expire_within)}",
        lasting=SETTLED,
        summary="The certificate of broker {{ $labels.node_id }} expires in {{ $value | humanizeDuration }}",
        description="It is the one presented at {{ $labels.address }}. Once it has expired, no client gets in.",
        step=watched.round,
    )


def certificate_expired(watched: Watched) -> Alert:
    """No client gets in any more."""
    return Alert(
        name="CertificateExpired",
        severity=Severity.PAGE,
        about=About.CERTIFICATES,
        expression=f"{of(CERTIFICATE_EXPIRY, watched.cluster)} - time() < 0",
        lasting=MINUTE,
        summary="The certificate of broker {{ $labels.node_id }} of {{ $labels.cluster }} has expired",
        description="It is the one presented at {{ $labels.address }}: clients that check it do not get in.",
        step=watched.round,
        silences=("CertificateExpiring",),
        equal=("cluster", "node_id", "address"),
    )


def watchdog(watched: Watched) -> Alert:
    """It always fires: where it does not arrive, no other alert would."""
    return Alert(
        name="Watchdog",
        severity=Severity.NONE,
        about=About.MONITORING,
        expression="vector(1)",
        lasting=0,
        summary="Alerts of {{ $labels.cluster }} are delivered",
        description="It fires always. Let somebody tell you when it stops.",
        step=watched.scrape,
    )
