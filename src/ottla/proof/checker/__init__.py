"""A history against what is expected: anomalies by name, liveness, and a verdict. Pure: it can be run again at will.

``checks`` is the table of all checks; ``ledger`` is what they ask. One module for a family of anomalies, one function for each:
``acknowledged`` (lost ...), ``appended`` (the log), ``polling`` (members), ``commits`` (the group), ``replicas``, ``conduct``
(the run itself), ``alerts`` (those that fired). Section numbers in them are those of the design's list of anomalies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.proof.checker.alerts import fired_after
from ottla.proof.checker.checks import CHECKS
from ottla.proof.checker.figures import figures
from ottla.proof.checker.ledger import Ledger
from ottla.proof.checker.liveness import measures
from ottla.proof.checker.verdict import Finding, Judgement, Measure, Verdict, merged

if TYPE_CHECKING:
    from ottla.proof.expected import Expected
    from ottla.proof.history.columns import History

__all__ = ["CHECKS", "Finding", "Judgement", "Measure", "Verdict", "check", "merged"]


def check(history: History, expected: Expected) -> Judgement:
    """What this history proves."""
    ledger = Ledger(history)
    findings = tuple(each.run(ledger, expected) for each in CHECKS if each.asked(ledger))
    liveness = measures(ledger, expected)
    verdict = merged([finding.verdict for finding in findings] + [measure.verdict for measure in liveness])
    return Judgement(verdict, findings, liveness, figures(ledger), expected, fired_after(ledger))
