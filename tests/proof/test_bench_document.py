"""Two benches side by side: each rate beside the same rate, and what is not there is not made up."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ottla.errors import UsageError
from ottla.proof.bench_document import KIND, VERSION, compare, differences, read_document

if TYPE_CHECKING:
    from pathlib import Path

FIGURES = ("p50", "p99", "p999", "highest")


def run(rate: int, p99: float | None, *, security: str = "plain", verdict: str = "met") -> dict[str, Any]:
    latencies = dict.fromkeys(FIGURES, p99)
    return {
        "security": security,
        "verdict": verdict,
        "reasons": [] if verdict == "met" else ["a", "b"],
        "load": {"rate": rate},
        "achieved": rate,
        "lag": 0,
        "latencies": {"ack": latencies, "end_to_end": latencies},
    }


def bench(*runs: dict[str, Any]) -> dict[str, Any]:
    return {"topic": "orders", "kafka_version": "4.3.1", "host": {}, "runs": list(runs)}


def test_each_rate_is_compared_with_the_same_rate() -> None:
    before, after = bench(run(100, 10.0), run(200, 20.0)), bench(run(200, 30.0), run(100, 5.0), run(400, 1.0))
    found = {each.rate: each for each in compare(before, after) if each.figure == "end-to-end p99"}
    assert {rate: (each.before, each.after, each.ratio) for rate, each in found.items()} == {
        100: (10.0, 5.0, 0.5),
        200: (20.0, 30.0, 1.5),
    }


def test_a_latency_that_there_was_not_stays_none_and_has_no_ratio() -> None:
    (found,) = (each for each in compare(bench(run(1, None)), bench(run(1, 4.0))) if each.figure == "ack p99")
    assert (found.before, found.after, found.ratio) == (None, 4.0, None)
    (found,) = (each for each in compare(bench(run(1, 4.0)), bench(run(1, None))) if each.figure == "ack p99")
    assert (found.before, found.after, found.ratio) == (4.0, None, None)


def test_an_invalid_run_is_told_with_all_its_reasons() -> None:
    assert differences(bench(run(1, 1.0)), bench(run(1, 1.0, verdict="invalid"))) == ["the second is invalid: a; b"]


def test_what_was_saved_is_read(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    path.write_text(json.dumps({"kind": KIND, "version": VERSION, "data": bench(run(1, 1.0))}))
    assert read_document(path) == bench(run(1, 1.0))


@pytest.mark.parametrize(
    "data", [None, [], {}, {"runs": []}, bench({}), bench({**run(1, 1.0), "latencies": []}), {**bench(), "runs": 5}]
)
def test_a_document_of_another_shape_is_a_usage_error(tmp_path: Path, data: object) -> None:
    path = tmp_path / "no.json"
    path.write_text(json.dumps({"kind": KIND, "version": VERSION, "data": data}))
    with pytest.raises(UsageError, match=r"no\.json"):
        read_document(path)
