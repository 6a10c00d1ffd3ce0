"""The verdict for a machine. The envelope around it, with its version, is the command line's."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ottla.proof.checker.verdict import Finding, Judgement, Measure
    from ottla.proof.expected import Expected
    from ottla.proof.history.columns import Run


def verdict_document(run: Run, judgement: Judgement) -> dict[str, Any]:
    """The verdict as plain data: every check is in it, the good ones too."""
    return {
        "verdict": judgement.verdict.value,
        "run": {**asdict(run), "faults": [asdict(fault) for fault in run.faults], "nodes": list(run.nodes)},
        "expected": _expected(judgement.expected),
        "figures": dict(judgement.figures),
        "checks": [_finding(finding) for finding in judgement.findings],
        "alerts": dict(judgement.alerts),
        "liveness": [_measure(measure) for measure in judgement.liveness],
    }


def _expected(expected: Expected) -> dict[str, Any]:
    sets = {"refused_allowed": sorted(expected.refused_allowed), "may_alert": sorted(expected.may_alert)}
    return {**asdict(expected), **sets}


def _finding(finding: Finding) -> dict[str, Any]:
    return {**asdict(finding), "verdict": finding.verdict.value, "examples": list(finding.examples)}


def _measure(measure: Measure) -> dict[str, Any]:
    return {**asdict(measure), "verdict": measure.verdict.value}
