"""The report of a drill: one HTML page that can be put before an auditor. Nothing is fetched, no script runs."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from ottla.model.units import format_duration, format_size
from ottla.proof.checker.verdict import Verdict
from ottla.proof.html import document, pairs, section, table
from ottla.proof.text import faults_text, figure_lines, seen_text
from ottla.proof.timeline_picture import timeline_picture

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.proof.checker.verdict import Finding, Judgement
    from ottla.proof.history.columns import History, Run

NS_PER_SECOND = 1_000_000_000
MEANINGS = {
    Verdict.VALID: "Every check passed, and every gap was within what is allowed.",
    Verdict.UNKNOWN: "Something could not be told. Nothing is proven by this run.",
    Verdict.INVALID: "Something happened that must not happen.",
}


def report_page(history: History, judgement: Judgement) -> str:
    """The whole page."""
    run = history.run
    parts = [
        f"<h1>Drill {escape(run.drill)}: {escape(faults_text(run))}</h1>",
        _verdict(judgement),
        section("What was done", pairs(_done(run, judgement))),
        section("What happened", _happenings(history)),
        section("Timeline", timeline_picture(history)),
        section("Findings", _findings(judgement)),
        section("How long things took", _liveness(judgement)),
        section("What was checked", _checks(judgement)),
        section("Run it again", f"<pre>{escape(run.command)}</pre>"),
    ]
    return document(f"{run.drill}: {judgement.verdict.value}", parts)


def _verdict(judgement: Judgement) -> str:
    verdict = judgement.verdict
    counts = "".join(f"<br>{escape(line)}" for line in figure_lines(judgement))
    return f'<p class="verdict {verdict.value}"><b>{verdict.value}</b>: {MEANINGS[verdict]}<small>{counts}</small></p>'


def _done(run: Run, judgement: Judgement) -> Iterator[tuple[str, str]]:
    load = run.load
    yield "fault", faults_text(run)
    yield "what is legal", f"{judgement.expected.name}: {judgement.expected.reason}"
    yield "load", f"{load.rate:,} events/s of {format_size(load.size)} for {format_duration(load.duration_ms)}"
    topic = f"{run.topic}, {run.partitions} partitions, replication factor {run.replication_factor}"
    yield "topic", f"{topic}, min.insync.replicas {run.min_insync_replicas}"
    yield "clients", f"{run.producers} producers (acks={run.acks}, {_idempotence(run)}), {run.readers} members of {run.group}"
    yield "cluster", f"{run.cluster_id}, Kafka {run.kafka_version}, session time-out {format_duration(run.session_ms)}"
    yield "JVM", " ".join(run.jvm)
    yield "began", run.began
    yield "seed", str(run.seed)
    yield "Ottla", run.ottla_version


def _idempotence(run: Run) -> str:
    return "idempotent" if run.idempotent else "not idempotent"


def _happenings(history: History) -> str:
    """Faults, heals, notes, leaders: with what was seen as evidence."""
    origin = history.first("load-begins") or history.run.began_ns
    rows = []
    for event in history.timeline:
        if event.what in {"isr", "group"}:
            continue
        facts = {key: value for key, value in event.facts.items() if key not in {"evidence", "shown"}}
        told = ", ".join(f"{key} {value}" for key, value in facts.items())
        evidence = [str(line) for line in event.facts.get("evidence", [])]
        if event.facts.get("shown") is False:
            evidence.append("could not be shown")
        seconds = f"{(event.at - origin) / NS_PER_SECOND:.3f} s"
        rows.append((seconds, escape(event.what), escape(told), "<br>".join(escape(line) for line in evidence)))
    return table(("after the load began", "what", "of what", "evidence"), rows)


def _findings(judgement: Judgement) -> str:
    parts = [_finding(finding) for finding in (*judgement.troubles, *judgement.counted)]
    return "\n".join(parts) or "<p>None.</p>"


def _finding(finding: Finding) -> str:
    examples = "\n".join(finding.examples)
    more = finding.count - len(finding.examples)
    if more > 0 and finding.examples:
        examples += f"\nand {more:,} more"
    note = f" ({escape(finding.note)})" if finding.note else ""
    count = f": {finding.count:,}" if finding.count else ""
    head = f'<p><b class="{finding.verdict.value}">{finding.anomaly}{count}</b><br>{escape(finding.meaning)}{note}</p>'
    return f"{head}<pre>{escape(examples)}</pre>" if examples else head


def _liveness(judgement: Judgement) -> str:
    rows = [
        (
            _mark(measure.verdict),
            f"{escape(measure.name)}<br><small>{escape(measure.meaning)}</small>",
            escape(seen_text(measure)),
            "-" if measure.allowed_ms is None else format_duration(measure.allowed_ms),
            escape(measure.note) if measure.milliseconds is not None else "",
        )
        for measure in judgement.liveness
    ]
    return table(("", "what", "seen", "allowed", "where"), rows)


def _checks(judgement: Judgement) -> str:
    rows = [
        (_mark(finding.verdict), finding.anomaly, f"{finding.count:,}", escape(finding.meaning)) for finding in judgement.findings
    ]
    return table(("", "anomaly", "found", "what it is"), rows)


def _mark(verdict: Verdict) -> str:
    return f'<span class="{verdict.value}">{verdict.value}</span>'
