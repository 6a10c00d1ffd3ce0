"""A bench as a document: what a machine reads, a report shows, and another bench is compared with."""

from __future__ import annotations

import json
import platform as machine
from dataclasses import asdict, dataclass
from importlib.metadata import version
from statistics import fmean
from typing import TYPE_CHECKING, Any

import psutil

from ottla.errors import UsageError
from ottla.files import private_folder, write_atomic
from ottla.proof.bench_page import page
from ottla.proof.latency import percentiles

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ottla.platform import LocalPlatform
    from ottla.proof.benching import Run
    from ottla.proof.host import HostSample
    from ottla.proof.judging import Aims
    from ottla.proof.measurement import Second

KIND = "bench"
VERSION = 1
SAVED = "ottla bench saves each run as .ottla/ENVIRONMENT/bench/TIME.json"


def document(runs: Sequence[Run], aims: Aims, platform: LocalPlatform) -> dict[str, Any]:
    """Everything about a bench; times are ms, sizes bytes, durations seconds. Histograms are HDR, V2, base64.

    Of each run: ``achieved`` is of the measured events; the other counts are of all, and ``read`` counts one that came again
    after a rebalance again. ``waiting`` is the share of the time in which somebody waited for a processor (None: unknown).
    Latencies of the warm-up count from the real send, all others from the intended one.
    """
    return {
        "platform": platform.spec.platform,
        "environment": platform.environment,
        "topic": runs[0].topic if runs else None,
        "kafka_version": platform.spec.cluster.kafka_version,
        "ottla_version": version("ottla"),
        "host": {"processors": psutil.cpu_count(), "system": machine.platform(), "python": machine.python_version()},
        "aims": asdict(aims),
        "runs": [_run(run) for run in runs],
    }


def _run(run: Run) -> dict[str, Any]:
    measurement = run.measurement
    histograms = {"ack": measurement.ack, "end_to_end": measurement.end_to_end}
    return {
        "security": run.security.value,
        "began": run.began.isoformat(timespec="seconds"),
        "verdict": run.judgement.verdict.value,
        "reasons": list(run.judgement.reasons),
        "load": asdict(measurement.load),
        "achieved": round(measurement.achieved, 1),
        "sent": measurement.sent,
        "acked": measurement.acked,
        "failed": measurement.failed,
        "unanswered": measurement.unanswered,
        "read": measurement.read,
        "damaged": measurement.damaged,
        "held_up": measurement.held_up,
        "lag": measurement.lag,
        "waiting": _waiting(measurement.hosts),
        "latencies": {name: asdict(each) for name, each in measurement.summary().items()},
        "histograms": {name: each.encoded().decode() for name, each in histograms.items()},
        "seconds": [{"second": number, **_second(second)} for number, second in sorted(measurement.seconds.items())],
        "jvm": list(run.jvm),
    }


def _waiting(hosts: Sequence[HostSample]) -> float | None:
    known = [each.waiting for each in hosts if each.waiting is not None]
    return fmean(known) if known else None


def _second(second: Second) -> dict[str, Any]:
    counts = {"sent": second.sent, "acked": second.acked, "failed": second.failed, "read": second.read, "lag": second.lag}
    latencies = {"ack": asdict(percentiles(second.ack)), "end_to_end": asdict(percentiles(second.end_to_end))}
    return {**counts, **latencies, "host": None if second.host is None else asdict(second.host)}


@dataclass(frozen=True, slots=True)
class Compared:
    """A figure of two benches, None where there was none; ``rate`` was offered; ``ratio`` is the second by the first."""

    security: str
    rate: int
    figure: str
    before: float | None
    after: float | None

    @property
    def ratio(self) -> float | None:
        """None where there is nothing to divide by."""
        return self.after / self.before if self.before and self.after is not None else None


def compare(before: dict[str, Any], after: dict[str, Any]) -> list[Compared]:
    """The figures of two documents side by side, for each kind of security at each rate that both have."""
    others = {_key(run): _figures(run) for run in after["runs"]}
    return [
        Compared(*_key(run), name, figure, others[_key(run)][name])
        for run in before["runs"]
        if _key(run) in others
        for name, figure in _figures(run).items()
    ]


def _key(run: dict[str, Any]) -> tuple[str, int]:
    return str(run["security"]), int(run["load"]["rate"])


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Why two documents may not be compared as they stand: another load, other machines, a run that is invalid."""
    found = [
        f"{name}: {before[name]} and {after[name]}" for name in ("topic", "kafka_version", "host") if before[name] != after[name]
    ]
    loads = [document["runs"][0]["load"] if document["runs"] else None for document in (before, after)]
    if loads[0] != loads[1]:
        found.append(f"load: {loads[0]} and {loads[1]}")
    for name, each in (("first", before), ("second", after)):
        found += [f"the {name} is invalid: {'; '.join(run['reasons'])}" for run in each["runs"] if run["verdict"] == "invalid"]
    return found


def _figures(run: dict[str, Any]) -> dict[str, float | None]:
    latencies = {
        f"{name.replace('_', '-')} {which}": None if (found := run["latencies"][name][which]) is None else float(found)
        for name in ("ack", "end_to_end")
        for which in ("p50", "p99", "p999", "highest")
    }
    return {"achieved": float(run["achieved"]), **latencies, "lag": float(run["lag"])}


def read_document(path: Path) -> dict[str, Any]:
    """A document as it was saved. Raises UsageError where there is none."""
    try:
        envelope = json.loads(path.read_text(encoding="utf-8"))
        known = envelope["kind"] == KIND and envelope["version"] == VERSION
        data: dict[str, Any] = envelope["data"]
        if known:  # whatever is compared is there
            compare(data, data)
            differences(data, data)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise UsageError(f"{path}: not a bench", hint=SAVED) from error
    if not known:
        raise UsageError(f"{path}: a bench of another version of Ottla ({envelope['kind']}, version {envelope['version']})")
    return data


def save(path: Path, data: dict[str, Any]) -> Path:
    """Write a document for machines, and beside it a page for people; the document's path. Raises LocalError."""
    private_folder(path.parent)
    write_atomic(path, json.dumps({"kind": KIND, "version": VERSION, "data": data}))
    write_atomic(path.with_suffix(".html"), page(data))
    return path
