from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.proof.good import good_history
from tests.proof.planting import commit_went_back, duplicate_append, event_gone, lost, nothing_sent, reordered
from tests.proof.plantings import PLANTINGS, SILENCES

from ottla.proof.checker import CHECKS, Judgement, Verdict, check, merged
from ottla.proof.expected import TABLE, expected_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ottla.proof.history.columns import History

    Planting = Callable[[History], History]

seeds = st.integers(0, 2**32)


def judged(history: History) -> Judgement:
    return check(history, expected_of(history.run))


def named(plantings: list[tuple[str, Planting, str]]) -> list[str]:
    return [f"{name}-{number}" for number, (name, *_) in enumerate(plantings)]


def names_of(judgement: Judgement) -> set[str]:
    return {finding.anomaly for finding in judgement.troubles}


@given(seeds, st.sampled_from(list(TABLE)), st.integers(200, 260), st.integers(1, 6), st.integers(1, 3), st.integers(1, 3))
@settings(deadline=None, max_examples=60)
def test_a_good_history_is_valid(seed: int, expects: str, attempts: int, partitions: int, producers: int, readers: int) -> None:
    history = good_history(
        expects=expects, seed=seed, attempts=attempts, partitions=partitions, producers=producers, readers=readers
    )
    judgement = judged(history)
    assert judgement.troubles == ()
    assert [measure for measure in judgement.liveness if measure.verdict is not Verdict.VALID] == []
    assert judgement.verdict is Verdict.VALID


@pytest.mark.parametrize(("anomaly", "plant", "expects"), PLANTINGS, ids=named(PLANTINGS))
@given(seed=seeds)
@settings(deadline=None, max_examples=5)
def test_a_planted_anomaly_is_found_under_its_name(anomaly: str, plant: Planting, expects: str, seed: int) -> None:
    judgement = judged(plant(good_history(expects=expects, seed=seed)))
    (causes,) = [each.causes for each in CHECKS if each.name == anomaly]
    (finding,) = [each for each in judgement.findings if each.anomaly == anomaly]
    assert finding.count >= 1
    assert finding.verdict is causes
    assert 1 <= len(finding.examples) <= 10
    assert judgement.verdict is not Verdict.VALID
    assert causes is Verdict.UNKNOWN or judgement.verdict is Verdict.INVALID


def test_a_run_whose_alerts_nobody_watched_is_not_asked_for_them() -> None:
    unwatched = event_gone("alerts-watched")(good_history(expects="kill-leader"))
    asked = {finding.anomaly for finding in judged(unwatched).findings}
    assert {check.name for check in CHECKS} - asked == {
        "alert-not-fired",
        "alert-late",
        "alert-without-reason",
        "alert-not-resolved",
        "alerts-unseen",
    }
    assert judged(unwatched).verdict is Verdict.VALID


def test_every_check_has_an_anomaly_planted_for_it() -> None:
    assert {check.name for check in CHECKS} == {name for name, *_ in PLANTINGS}


def test_every_check_says_what_it_looks_for() -> None:
    assert [check.name for check in CHECKS if len(check.meaning) < 20] == []


@pytest.mark.parametrize(("name", "plant", "expects"), SILENCES, ids=named(SILENCES))
def test_a_silence_beyond_what_is_allowed_is_not_valid(name: str, plant: Planting, expects: str) -> None:
    (measure,) = [each for each in judged(plant(good_history(expects=expects, seed=3))).liveness if each.name == name]
    assert measure.verdict is not Verdict.VALID


def test_only_what_was_planted_is_named() -> None:
    assert names_of(judged(duplicate_append(good_history(seed=5)))) == {"duplicate-append", "backlog-left"}
    assert names_of(judged(lost(good_history(seed=5)))) == {"lost", "read-then-gone"}


def test_an_empty_run_is_invalid() -> None:
    judgement = judged(nothing_sent(good_history()))
    assert judgement.verdict is Verdict.INVALID
    assert {"nothing-sent", "too-few-acknowledged"} <= names_of(judgement)


@pytest.mark.parametrize("name", ["producer-0.intents", "producer-1.outcomes", "final.reads", "reader-0.reads", "replicas.json"])
def test_without_a_file_the_checks_that_need_it_are_unknown_and_find_nothing(name: str) -> None:
    judgement = judged(replace(good_history(expects="kill-leader"), missing=(name,)))
    assert judgement.verdict is Verdict.UNKNOWN
    unknown = [finding for finding in judgement.troubles if finding.anomaly != "missing-file"]
    assert unknown
    assert all(finding.verdict is Verdict.UNKNOWN and name in finding.note for finding in unknown)


def test_nothing_read_at_all_is_unknown_and_not_lost() -> None:
    history = replace(
        good_history(), final=None, members=(), replicas=(), missing=("final.json", "reader-0.reads", "replicas.json")
    )
    judgement = judged(history)
    assert judgement.verdict is Verdict.UNKNOWN
    assert not [finding for finding in judgement.troubles if finding.verdict is Verdict.INVALID]


@pytest.mark.parametrize("plant", [duplicate_append, reordered])
def test_what_idempotence_promises_is_only_counted_without_it(plant: Planting) -> None:
    history = plant(good_history(expects="kill-leader"))
    judgement = judged(replace(history, run=replace(history.run, idempotent=False)))
    assert {finding.anomaly for finding in judgement.counted} & {"duplicate-append", "reordered"}
    assert not names_of(judgement) & {"duplicate-append", "reordered", "reordered-key"}


@pytest.mark.parametrize("moved", ["kill-all", "kill-coordinator", "rolling-restart"])
def test_a_commit_that_goes_back_for_a_moment_is_legal_where_a_coordinator_takes_over_and_nowhere_else(moved: str) -> None:
    for_good = commit_went_back(good_history(expects=moved))
    assert "commit-went-back" in names_of(judged(for_good))
    *others, last = for_good.timeline
    came_back = next(each for each in reversed(good_history(expects=moved).timeline) if each.what == "group")
    for_a_moment = replace(for_good, timeline=(*others, last, replace(came_back, at=last.at + 1)))
    judgement = judged(for_a_moment)
    assert "commit-went-back" not in names_of(judgement)
    assert "commit-went-back" in {finding.anomaly for finding in judgement.counted}
    elsewhere = replace(for_a_moment, run=replace(for_a_moment.run, expects="apply-config"))
    assert "commit-went-back" in names_of(judged(elsewhere))


def test_unknown_outcomes_are_resolved_by_the_log() -> None:
    figures = judged(good_history(expects="kill-all", seed=1)).figures
    assert figures["unknown"] == figures["unknown_absent"] + figures["unknown_once"] > 0
    assert figures["unknown_several"] == 0


def test_invalid_beats_unknown_and_unknown_beats_valid() -> None:
    valid, unknown, invalid = Verdict.VALID, Verdict.UNKNOWN, Verdict.INVALID
    assert merged([valid, valid]) is valid
    assert merged([valid, unknown]) is unknown
    assert merged([unknown, invalid, valid]) is invalid
    assert merged([]) is unknown
