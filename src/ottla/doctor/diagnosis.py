"""All checks over one evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.doctor.checks import beside, clients, disks, groups, quorum, replicas, running, starting, topics, transactions
from ottla.doctor.finding import ORDER

if TYPE_CHECKING:
    from ottla.doctor.evidence import Evidence
    from ottla.doctor.finding import Finding

CHECKS = (
    starting.check,
    running.check_answers,
    running.check_files,
    running.check_memory,
    running.check_certificates,
    running.check_faults,
    replicas.check_cluster,
    quorum.check,
    replicas.check_brokers,
    replicas.check_replicas,
    disks.check,
    topics.check_spec,
    groups.check,
    transactions.check,
    clients.check_settings,
    clients.check_old,
    beside.check,
    topics.check_unused,
)


def diagnose(evidence: Evidence) -> tuple[Finding, ...]:
    """What is wrong, the worst first; of the same severity what is nearest to the cause comes first. Pure."""
    findings = [finding for check in CHECKS for finding in check(evidence)]
    return tuple(sorted(findings, key=lambda finding: ORDER.index(finding.severity)))
