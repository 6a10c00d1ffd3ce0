"""The verdict for a person, in lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.model.units import counted, format_duration
from ottla.proof.checker.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ottla.proof.checker.verdict import Finding, Judgement, Measure
    from ottla.proof.history.columns import Run

FEW_EXAMPLES = 3
MARKS = {Verdict.VALID: "ok", Verdict.UNKNOWN: "??", Verdict.INVALID: "!!"}
LIVENESS_HEADER = ("liveness", "seen", "allowed", "")


def verdict_lines(run: Run, judgement: Judgement, *, examples: int = FEW_EXAMPLES) -> Iterator[str]:
    """What was done, what was counted, what was found, how long things took, and the verdict last."""
    yield f"{run.drill}: {faults_text(run)}"
    yield from (f"  {line}" for line in figure_lines(judgement))
    for finding in judgement.troubles:
        yield from _finding(finding, examples)
    for finding in judgement.counted:
        yield f"{MARKS[finding.verdict]} {finding.anomaly}: {finding.count:,} ({finding.note})"
    yield from _table([LIVENESS_HEADER, *liveness_rows(judgement)])
    yield verdict_line(judgement)


def verdict_line(judgement: Judgement) -> str:
    """The verdict in one line, with what caused it; what beside that could not be told is counted, and accuses nobody."""
    checks = [(each.anomaly, each.verdict) for each in judgement.troubles]
    checks += [(each.name, each.verdict) for each in judgement.liveness if each.verdict is not Verdict.VALID]
    causes = ", ".join(name for name, verdict in checks if verdict is judgement.verdict)
    untold = sum(verdict is not judgement.verdict for _, verdict in checks)
    beside = f"; {counted(untold, 'check')} cannot tell" if untold else ""
    reason = f"{causes}{beside}" if checks else f"all {len(judgement.findings)} checks passed"
    return f"verdict: {judgement.verdict.value} ({reason})"


def faults_text(run: Run) -> str:
    """What was done, and to whom."""
    none = "no fault" if run.complete else "cut off before its faults were written down"
    return " and ".join(f"{fault.name} ({fault.target})" for fault in run.faults) or none


def figure_lines(judgement: Judgement) -> Iterator[str]:
    """The counts, in words."""
    count = judgement.figures
    outcomes = ", ".join(f"{count[kind]:,} {kind}" for kind in ("acknowledged", "refused", "unknown"))
    yield f"{count['attempts']:,} sent: {outcomes}"
    if count["unknown"]:
        resolved = f"{count['unknown_absent']:,} are not in the log, {count['unknown_once']:,} once"
        yield f"of the unknown ones {resolved}, {count['unknown_several']:,} more than once"
    again = f", {count['delivered_again']:,} of them again" if count["delivered_again"] else ""
    yield f"{count['in_the_final_log']:,} in the final log; {count['delivered']:,} delivered to the group{again}"
    if count["acknowledged_during_the_fault"]:
        yield f"{count['acknowledged_during_the_fault']:,} acknowledged during the fault"
    if count["alerts_watched"]:
        fired = ", ".join(f"{name} after {ms / 1000:.1f} s" for name, ms in judgement.alerts.items())
        yield f"{counted(count['alerts_watched'], 'alert')} watched: {fired or 'none fired'}"


def liveness_rows(judgement: Judgement) -> list[tuple[str, str, str, str]]:
    """Name, seen, allowed, where; as cells."""
    return [
        (
            f"{MARKS[measure.verdict]} {measure.name}",
            seen_text(measure),
            "-" if measure.allowed_ms is None else format_duration(measure.allowed_ms),
            measure.note if measure.milliseconds is not None else "",
        )
        for measure in judgement.liveness
    ]


def seen_text(measure: Measure) -> str:
    """A duration, or why there is none."""
    if measure.milliseconds is None:
        return measure.note or "not seen"
    return f"{measure.milliseconds / 1000:.3f} s"


def _finding(finding: Finding, examples: int) -> Iterator[str]:
    count = f": {finding.count:,}" if finding.count else ""
    yield f"{MARKS[finding.verdict]} {finding.anomaly}{count}  {finding.note or finding.meaning}"
    yield from (f"     {example}" for example in finding.examples[:examples])
    if finding.count > examples and finding.examples:
        yield f"     and {finding.count - min(examples, len(finding.examples)):,} more"


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
