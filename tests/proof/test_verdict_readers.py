"""The verdict as text, as JSON and as a page: three readers of the same judgement."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from tests.proof.good import good_history
from tests.proof.planting import backlog_left, duplicate_append, event_gone, event_with, lost, never_whole, stopped_early
from tests.proof.plantings import PLANTINGS

from ottla.proof.checker import CHECKS, check
from ottla.proof.expected import expected_of
from ottla.proof.history.columns import Fault
from ottla.proof.json import verdict_document
from ottla.proof.report import report_page
from ottla.proof.text import verdict_lines
from ottla.proof.timeline_picture import timeline_picture

if TYPE_CHECKING:
    from ottla.proof.history.columns import History

KILLED = good_history(expects="kill-leader", seed=1)


def lines_of(history: History) -> list[str]:
    return list(verdict_lines(history.run, check(history, expected_of(history.run))))


def page_of(history: History) -> str:
    return report_page(history, check(history, expected_of(history.run)))


def test_a_good_run_is_told_in_figures_and_ends_with_its_verdict() -> None:
    lines = lines_of(good_history())
    assert lines[:2] == ["baseline: no fault", "  600 sent: 600 acknowledged, 0 refused, 0 unknown"]
    assert lines[-1] == f"verdict: valid (all {len(CHECKS)} checks passed)"


def test_a_run_that_was_cut_off_does_not_say_that_nothing_was_done_to_it() -> None:
    assert lines_of(stopped_early(good_history()))[0] == "baseline: cut off before its faults were written down"


def test_what_was_found_is_named_counted_and_shown_by_examples() -> None:
    lines = lines_of(lost(good_history(expects="kill-leader", seed=1)))
    assert any(line.startswith("!! lost: 1  An acknowledged record is nowhere") for line in lines)
    assert any(
        re.match(r"     producer 0, seq \d+, acknowledged at partition 0, offset \d+, \d+\.\d+ s after the fault", x)
        for x in lines
    )
    assert lines[-1] == "verdict: invalid (lost, read-then-gone)"


def test_many_examples_are_cut_and_the_rest_is_counted() -> None:
    lines = lines_of(backlog_left(good_history(expects="kill-coordinator")))
    (at,) = [number for number, line in enumerate(lines) if line.startswith("!! backlog-left: ")]
    assert all(line.startswith("     partition 1, offset ") for line in lines[at + 1 : at + 4])
    assert re.fullmatch(r"     and \d+ more", lines[at + 4])


def test_what_is_legal_here_is_told_as_such() -> None:
    assert any(line.startswith("ok redelivered: ") and "legal here" in line for line in lines_of(KILLED))


def test_what_never_came_is_told_as_never() -> None:
    lines = lines_of(never_whole(good_history(expects="kill-leader", seed=1)))
    assert any(re.match(r"!! isr-whole +never +1m", line) for line in lines)
    assert lines[-1] == "verdict: invalid (isr-whole)"


def test_what_could_not_be_told_is_counted_beside_what_was_found_and_accuses_nobody() -> None:
    cut_off = stopped_early(never_whole(good_history(expects="kill-leader", seed=1)))
    last = lines_of(cut_off)[-1]
    assert re.fullmatch(r"verdict: invalid \(isr-whole; \d+ checks cannot tell\)", last), last
    unknown = lines_of(stopped_early(good_history()))[-1]
    assert unknown.startswith("verdict: unknown (")
    assert "cannot tell" not in unknown


def test_watched_alerts_are_told_where_none_fired_too() -> None:
    assert "  3 alerts watched: BrokerDown after " in "\n".join(lines_of(KILLED))
    control = lines_of(event_with("alerts-watched", within={"BrokerDown": 1, "Watchdog": 1})(good_history()))
    assert "  2 alerts watched: none fired" in control
    assert not [line for line in lines_of(event_gone("alerts-watched")(KILLED)) if "watched" in line]


def test_unknown_outcomes_are_told_with_what_the_log_says_of_them() -> None:
    assert any(
        re.search(r"of the unknown ones \d+ are not in the log, \d+ once", line)
        for line in lines_of(good_history(expects="kill-all"))
    )


@pytest.mark.parametrize("number", range(0, len(PLANTINGS), 5))
def test_the_document_is_json_and_has_every_check(number: int) -> None:
    history = PLANTINGS[number][1](good_history(expects="kill-leader", seed=1))
    judgement = check(history, expected_of(history.run))
    document = json.loads(json.dumps(verdict_document(history.run, judgement)))
    assert document["verdict"] == judgement.verdict.value
    assert [each["anomaly"] for each in document["checks"]] == [each.name for each in CHECKS]
    assert document["run"]["faults"] == [{"name": each.name, "target": each.target} for each in history.run.faults]
    assert document["liveness"][0].keys() >= {"name", "milliseconds", "allowed_ms", "verdict"}


def test_the_page_holds_what_an_auditor_asks_for() -> None:
    page = page_of(duplicate_append(good_history(expects="kill-leader", seed=1)))
    for told in (
        "<b>invalid</b>",
        "duplicate-append: 1",
        "it stands at partition 0 offset",
        "pid 4711 is gone",
        "node 2",
        "its partitions wait for its session to end",
        "ottla drill run baseline --seed 7",
        "produce-gap",
        "<svg",
    ):
        assert told in page


def test_the_page_fetches_nothing_and_runs_nothing() -> None:
    page = page_of(KILLED)
    assert not re.search(r"<script|<link|<img|@import|url\(|src=|javascript:", page)
    assert set(re.findall(r"https?://[^\"' <]+", page)) == {"http://www.w3.org/2000/svg"}


def test_what_comes_from_outside_is_escaped() -> None:
    odd = replace(KILLED, run=replace(KILLED.run, drill="<b>", command="a && b <c>", faults=(Fault("<i>", "&"),)))
    page = page_of(odd)
    assert "<i>" not in page
    assert "<b></h1>" not in page
    assert "a &amp;&amp; b &lt;c&gt;" in page


def test_the_picture_is_well_formed_and_shows_fault_and_heal() -> None:
    root = ET.fromstring(timeline_picture(KILLED))  # noqa: S314  (our own picture)
    classes = [each.get("class") for each in root.iter()]
    assert (classes.count("fault"), classes.count("heal")) == (4, 4)
    titles = [each.text for each in root.iter() if each.get("class") == "title"]
    assert titles == [
        "Throughput",
        "Acknowledged: from intended send to acknowledgement",
        "End to end: from intended send to first delivery",
        "Replicas in sync",
    ]


def test_a_history_of_nothing_has_a_picture_too() -> None:
    empty = replace(KILLED, timeline=(), attempts=(), members=(), final=None)
    assert timeline_picture(empty).startswith("<svg")
    assert "<b>unknown</b>" in page_of(empty) or "<b>invalid</b>" in page_of(empty)
