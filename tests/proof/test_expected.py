from __future__ import annotations

from dataclasses import replace

import pytest
from tests.proof.runs import a_run

from ottla.errors import UsageError
from ottla.proof.expected import TABLE, expected_of
from ottla.proof.history.columns import Fault, Load

KILL = (Fault("kill", "node 2"),)


def test_the_gap_after_a_kill_is_the_session_and_three_seconds() -> None:
    for name in ("kill-leader", "kill-follower", "pause-long"):
        assert expected_of(a_run(expects=name, faults=KILL, session_ms=6_000)).produce_gap_ms == 9_000


def test_a_service_that_stays_is_shown_by_a_thousand_acknowledgements_or_a_second_of_a_smaller_load() -> None:
    run = a_run(expects="kill-leader", faults=KILL, load=Load(rate=10_000, size=1_024, duration_ms=60_000))
    assert expected_of(run).least_acked_during == 1_000
    assert expected_of(replace(run, load=replace(run.load, rate=50))).least_acked_during == 50
    assert expected_of(replace(run, expects="kill-all")).least_acked_during == 0


def test_no_row_leaves_a_run_without_acknowledgements_valid() -> None:
    idle = Load(rate=0, size=1, duration_ms=0)
    assert all(expected_of(a_run(expects=name, load=idle)).least_acked >= 1 for name in TABLE)


def test_only_a_revoked_right_explains_a_refusal_and_only_an_outage_an_unknown_outcome() -> None:
    assert {name for name, row in TABLE.items() if row.refused_allowed} == {"revoke-acl"}
    assert {name for name, row in TABLE.items() if row.unknown_allowed} == {"quorum-lost", "kill-all", "kill-and-pause"}
    assert all(not row.served for row in TABLE.values() if row.unknown_allowed or row.refused_allowed)


def test_each_row_has_a_reason() -> None:
    assert [name for name, row in TABLE.items() if len(row.reason) < 30] == []


def test_an_unknown_row_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"legal for .meteor.\n  one of: none, kill-leader"):
        expected_of(a_run(expects="meteor"))
